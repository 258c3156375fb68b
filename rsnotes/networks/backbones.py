"""Deep-stem ResNets from timm that keep an eighth of the input's resolution."""

import os
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import adapt_input_conv, load_state_dict
from torch import Tensor, nn

DILATION = {"layer3": 2, "layer4": 4}


def dilated_resnet(
    name: str, width: float = 1.0, *, bands: int = 3, pretrained: bool | str | os.PathLike[str] = False
) -> nn.Module:
    """A timm ResNet with three 3×3 convolutions as stem and stride 8, as the public PSPNet of SKD and IFVD has it.

    Two things differ from timm's ``output_stride=8``: *every* 3×3 convolution of layer3 has dilation 2 and of layer4
    dilation 4, timm's first ones being half that; and the max-pooling rounds up, so that an input side ``n`` gives
    ``ceil((ceil(n / 2) - 1) / 2) + 1`` after the stem (512 gives a map of 65, not 64).

    The stem has ``round(64 * width)`` channels, twice as many after it; the four layers ``round(64 * width)`` times 1,
    2, 4 and 8 (times the block's expansion, 4 from ResNet-50 on).

    Args:
        name: a ResNet of timm: ``resnet18``, ``resnet50s``, ``resnet101s``...
        width: factor on the number of channels, any positive number that leaves at least one channel.
        bands: number of input channels.
        pretrained: ``True`` for timm's weights, or a local file of weights with timm's names for three bands
            (safetensors, or a pickle of tensors only). Other numbers of bands repeat or sum the first convolution's.

    Returns:
        A module that maps (B, bands, H, W) to a list of two: layer3's output and layer4's, both (B, C, h, w).

    Raises:
        ValueError: for a width or name that gives no such network, or when timm has no weights for it.
        RuntimeError: when the weights cannot be had or do not fit; says what to do.
    """
    base = round(64 * width)
    if base < 1:
        raise ValueError(f"width {width} leaves no channel: round(64 * width) must be at least 1")
    if not name.startswith("resnet") or not timm.is_model(name):
        raise ValueError(f"{name!r} is no ResNet of timm; use resnet18, resnet50s or resnet101s, for example")
    backbone: nn.Module = timm.create_model(
        name,
        features_only=True,
        output_stride=8,
        out_indices=(3, 4),
        in_chans=bands,
        stem_type="deep",
        stem_width=base,
        channels=tuple(base * factor for factor in (1, 2, 4, 8)),
    )
    backbone.maxpool.ceil_mode = True  # type: ignore[union-attr]
    for layer, dilation in DILATION.items():
        for module in backbone.get_submodule(layer).modules():
            if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
                module.dilation = module.padding = (dilation, dilation)
    if pretrained is not False:
        state = _timm_weights(name, width) if pretrained is True else _local_weights(Path(pretrained))
        _load(backbone, state, bands, name if pretrained is True else str(pretrained))
    return backbone


def _timm_weights(name: str, width: float) -> dict[str, Tensor]:
    """timm's own weights for the network of that name, downloaded or from its cache."""
    with torch.device("meta"):
        plain: Any = timm.create_model(name)
    hub = plain.pretrained_cfg.get("hf_hub_id")
    if width != 1 or not isinstance(plain.conv1, nn.Sequential) or not hub:
        raise ValueError(
            f"timm has no pretrained weights for {name} at width {width:g} with the deep stem; it has them for "
            f"resnet50s, resnet101s and resnet152s at width 1. Use pretrained=False, or give pretrained= a file"
        )
    try:
        return timm.create_model(name, pretrained=True).state_dict()
    except Exception as error:  # the hub client raises whatever its transport raises
        raise RuntimeError(
            f"timm's weights for {name} could not be downloaded ({type(error).__name__}). Use pretrained=False, or "
            f"fetch model.safetensors of https://huggingface.co/{hub} elsewhere and give its path as pretrained="
        ) from error


def _local_weights(path: Path) -> dict[str, Tensor]:
    """Weights from a file, by timm's reader: safetensors, or a pickle of tensors only."""
    if not path.is_file():
        raise RuntimeError(f"pretrained= names {path}, which is no file; expected weights with timm's names")
    return load_state_dict(str(path), weights_only=True)


def _load(backbone: nn.Module, state: dict[str, Tensor], bands: int, source: str) -> None:
    """Fill every tensor of the backbone from ``state``; what the backbone does not have (a classifier) is left."""
    wanted = backbone.state_dict()
    first = "conv1.0.weight"
    if first in state:
        state = {**state, first: adapt_input_conv(bands, state[first])}
    unfit = [
        key
        for key, value in wanted.items()
        if "num_batches" not in key and getattr(state.get(key), "shape", 0) != value.shape
    ]
    if unfit:
        raise RuntimeError(
            f"the weights of {source} do not fit: {len(unfit)} of {len(wanted)} tensors are missing or of another "
            f"shape, the first {unfit[0]}. Expected the same ResNet, deep stem and width, with timm's names"
        )
    backbone.load_state_dict({key: state.get(key, value) for key, value in wanted.items()})
