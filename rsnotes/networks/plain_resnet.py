"""ResNets from timm as published: one 7×7 convolution as stem, stride 16 by dilation in the last layer."""

import os
from typing import Any

import timm
from timm.models.resnet import BasicBlock, Bottleneck
from torch import nn

STEM = 64
"""Channels of the stem at width 1; every layer of a ResNet has a multiple of it."""


def plain_resnet(
    name: str, width: float = 1.0, *, bands: int = 3, pretrained: bool | str | os.PathLike[str] = False
) -> nn.Module:
    """A timm ResNet that gives layer1's map at a quarter of the resolution and layer4's at a sixteenth.

    Args:
        name: a ResNet of timm with the plain stem: ``resnet18``, ``resnet50``...
        width: factor on the number of channels, stem included; ``round(64 * width)`` must be at least 1.
        bands: number of input channels.
        pretrained: ``True`` for timm's ImageNet weights, or a local file of them; at width 1 only.

    Returns:
        A module that maps (B, bands, H, W) to a list of two maps, (B, C, h, w) each.

    Raises:
        ValueError: for a width or name that gives no such network.
        RuntimeError: when the weights cannot be had or do not fit; says what to do.
    """
    base = round(STEM * width)
    if base < 1:
        raise ValueError(f"width {width} leaves no channel: round(64 * width) must be at least 1")
    if not name.startswith("resnet") or not timm.is_model(name):
        raise ValueError(f"{name!r} is no ResNet of timm; use resnet18 or resnet50, for example")
    if pretrained is not False and base != STEM:
        raise ValueError(f"pretrained weights are those of width 1, not {width:g}. Use pretrained=False")
    options: dict[str, Any] = {"features_only": True, "output_stride": 16, "out_indices": (1, 4), "in_chans": bands}
    backbone: nn.Module = _with_weights(name, pretrained, options) if pretrained else timm.create_model(name, **options)
    if not isinstance(backbone.conv1, nn.Conv2d):
        raise ValueError(f"{name!r} has a stem of three convolutions; use resnet18 or resnet50, for example")
    if base != STEM:
        _thin(backbone, base)
    return backbone


def map_channels(backbone: nn.Module) -> tuple[int, int]:
    """Channels of the two maps of a :func:`plain_resnet`."""
    low, deep = (list(backbone.get_submodule(layer).modules()) for layer in ("layer1", "layer4"))
    first, last = ([m.num_features for m in modules if isinstance(m, nn.BatchNorm2d)][-1] for modules in (low, deep))
    return first, last


def _with_weights(name: str, pretrained: bool | str | os.PathLike[str], options: dict[str, Any]) -> nn.Module:
    """timm's own loading: from the hub or its cache, or from a file."""
    if not isinstance(pretrained, bool):
        options = {**options, "pretrained_cfg_overlay": {"file": os.fspath(pretrained)}}
    try:
        return timm.create_model(name, pretrained=True, **options)
    except Exception as error:  # the hub client raises whatever its transport raises
        source = "timm's weights" if pretrained is True else f"the weights of {pretrained}"
        raise RuntimeError(
            f"{source} for {name} could not be loaded ({type(error).__name__}: {error}). Use pretrained=False, or give "
            f"pretrained= the path of a file with timm's weights for {name}"
        ) from error


def _thin(backbone: nn.Module, base: int) -> None:
    """Give every convolution and batch normalisation ``base`` channels for every 64, freshly initialised."""
    for parent in list(backbone.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d):
                if child is not backbone.conv1:
                    child.in_channels = child.in_channels * base // STEM
                child.out_channels = child.out_channels * base // STEM
                empty = child.weight.new_empty(child.out_channels, child.in_channels, *child.kernel_size)
                child.weight = nn.Parameter(empty)
                nn.init.kaiming_normal_(child.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, nn.BatchNorm2d(child.num_features * base // STEM))
    for block in backbone.modules():
        if isinstance(block, BasicBlock | Bottleneck):
            block.zero_init_last()
