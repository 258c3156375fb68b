"""The teacher's encoder: a SAM2 trunk that stays as it is, and small adapters that train in front of its blocks."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

import timm
import torch
from timm.models import load_state_dict
from torch import Tensor, nn

from rsnotes.maflnet.standardise import standardise

ADAPTER_WIDTH = 32
"""Of SAM2-UNet, whose adapters these are; the paper describes none."""

Place = Literal["block", "level"]


class Adapter(nn.Module):
    """x + GELU(W₂ GELU(W₁ x)) at each token, 32 wide inside (SAM2-UNet).

    Args:
        channels: C of the tokens.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(channels, ADAPTER_WIDTH), nn.GELU(), nn.Linear(ADAPTER_WIDTH, channels), nn.GELU()
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, h, w, C) -> (B, h, w, C)
        return x + self.layers(x)


class HieraEncoder(nn.Module):
    """A Hiera trunk with adapters, from an image to four maps.

    Attributes:
        trunk: timm's network, its blocks wrapped where an adapter stands before them.
        channels: of the four maps, at strides 4, 8, 16 and 32.

    Args:
        trunk: timm's ``sam2_hiera_...``, made with ``features_only=True``.
        adapters: "block" puts one before every block, as SAM2-UNet does. "level" puts four, each before the first
            block that takes in the full width of its level, or the last of all where there is none. The paper says
            "in front of each hierarchical level".

    Raises:
        ValueError: another word for their place.
    """

    def __init__(self, trunk: nn.Module, adapters: Place = "block") -> None:
        super().__init__()
        if adapters not in ("block", "level"):
            raise ValueError(f"no adapters before every {adapters!r}; there are block and level")
        timm_trunk = cast(Any, trunk)
        self.trunk = trunk
        self.channels: tuple[int, ...] = tuple(timm_trunk.feature_info.channels())
        blocks = timm_trunk.model.blocks
        widths = [block.attn.qkv.in_features for block in blocks]
        full = [[index for index, width in enumerate(widths) if width == level] for level in self.channels]
        chosen = range(len(blocks)) if adapters == "block" else [([*found, len(blocks) - 1])[0] for found in full]
        for index in chosen:
            blocks[index] = AdaptedBlock(Adapter(widths[index]), blocks[index])

    def forward(self, image: Tensor) -> list[Tensor]:
        """Four maps (B, C, h, w), from fine to coarse.

        Args:
            image: (B, 3, H, W) in [0, 1], H and W multiples of 32.
        """
        if image.shape[2] % 32 or image.shape[3] % 32:
            raise ValueError(f"Hiera takes images whose sides are multiples of 32, got {tuple(image.shape)}; crop them")
        return self.trunk(standardise(image))

    def freeze(self) -> None:
        """Only the adapters train from now on."""
        for parameter in self.pretrained_parameters():
            parameter.requires_grad_(False)

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The trunk's own parameters, without the adapters'."""
        return (parameter for name, parameter in self.trunk.named_parameters() if ".adapter." not in name)


class AdaptedBlock(nn.Module):
    """A block of the trunk behind its adapter."""

    def __init__(self, adapter: Adapter, block: nn.Module) -> None:
        super().__init__()
        self.adapter, self.block = adapter, block

    def forward(self, x: Tensor) -> Tensor:  # (B, h, w, C) -> (B, h', w', C')
        return self.block(self.adapter(x))


def sam2_trunk(name: str, pretrained: bool | str | os.PathLike[str] = False) -> nn.Module:
    """SAM2's image trunk as timm has it.

    Args:
        name: ``sam2_hiera_tiny``, ``sam2_hiera_small``, ``sam2_hiera_base_plus`` or ``sam2_hiera_large``.
        pretrained: ``True`` for timm's weights, or a local file of weights with timm's names.

    Raises:
        ValueError: for another name.
        RuntimeError: when the weights cannot be had or do not fit; says what to do.
    """
    if name not in timm.list_models("sam2_hiera_*"):
        known = ", ".join(timm.list_models("sam2_hiera_*"))
        raise ValueError(f"{name!r} is no SAM2 trunk of timm; choose from {known}")
    trunk: Any = timm.create_model(name, features_only=True)
    if pretrained is not False:
        state = _timm_weights(name) if pretrained is True else _local_weights(Path(pretrained))
        state = {key: value for key, value in state.items() if not key.startswith("head.")}
        try:
            trunk.model.load_state_dict(state)
        except RuntimeError as error:
            source = name if pretrained is True else pretrained
            raise RuntimeError(
                f"the weights of {source} do not fit timm's {name}; expected its names: {error}"
            ) from error
    return trunk


def _timm_weights(name: str) -> dict[str, Tensor]:
    """timm's own weights for the trunk of that name, downloaded or from its cache."""
    try:
        return timm.create_model(name, pretrained=True).state_dict()
    except Exception as error:  # the hub client raises whatever its transport raises
        with torch.device("meta"):
            plain: Any = timm.create_model(name)
        raise RuntimeError(
            f"timm's weights for {name} could not be downloaded ({type(error).__name__}). Use pretrained=False, or "
            f"fetch model.safetensors of https://huggingface.co/{plain.pretrained_cfg['hf_hub_id']} elsewhere and "
            "give its path as pretrained="
        ) from error


def _local_weights(path: Path) -> dict[str, Tensor]:
    """Weights from a file, by timm's reader: safetensors, or a pickle of tensors only."""
    if not path.is_file():
        raise RuntimeError(f"pretrained= names {path}, which is no file; expected weights with timm's names")
    return load_state_dict(str(path), weights_only=True)
