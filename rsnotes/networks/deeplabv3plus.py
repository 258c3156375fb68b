"""DeepLabV3+ on plain ResNets, laid out as MATLAB's ``deeplabv3plusLayers``."""

import os
from typing import Literal

import torch
from torch import Tensor, nn

from rsnotes.networks.output import SegmentationOutput
from rsnotes.networks.plain_resnet import map_channels, plain_resnet

Layout = Literal["matlab", "interpolate"]

RATES = (1, 6, 12, 18)
"""Dilation of the four branches; the first is a 1×1 convolution."""


class BilinearUpsampling(nn.ConvTranspose2d):
    """A dense transposed convolution that enlarges a map four times, frozen to bilinear weights, bias 0.

    Every channel goes to itself alone: of the C² kernels of 8×8 all but C are zero. They are stored, counted and
    multiplied all the same, which is what MATLAB's layout does. At the map's edge what lies outside counts as 0.

    Args:
        channels: of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, kernel_size=8, stride=4, padding=2)
        self.requires_grad_(False)

    def reset_parameters(self) -> None:
        """The weights of bilinear interpolation, 1/8, 3/8, 5/8, 7/8 and back."""
        ramp = torch.tensor([1, 3, 5, 7, 7, 5, 3, 1]) / 8
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(self.in_channels), range(self.in_channels)] = torch.outer(ramp, ramp).to(self.weight)
            if self.bias is not None:
                self.bias.zero_()


def conv_bn_relu(inputs: int, outputs: int, kernel: int, rate: int = 1) -> nn.Sequential:
    """A convolution with bias that keeps the size, batch normalisation, ReLU."""
    padding = rate * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=rate), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: four convolutions of different dilation side by side, no image pooling.

    Args:
        inputs: channels of the map.
        outputs: channels of each branch; the result has four times as many.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(conv_bn_relu(inputs, outputs, 1 if r == 1 else 3, r) for r in RATES)

    def forward(self, x: Tensor) -> Tensor:  # (B, inputs, h, w) -> (B, 4 outputs, h, w)
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class DeepLabV3Plus(nn.Module):
    """A ResNet of stride 16, ASPP, and a decoder that joins it with layer1's map at a quarter of the resolution.

    Attributes:
        backbone: (B, bands, H, W) to layer1's map (H / 4) and layer4's (H / 16).
        aspp: layer4's map to 4 × 256 channels.
        reduce: these to 256.
        upsample: four times larger.
        low_level: layer1's map to 48 channels.
        decoder: two 3×3 convolutions to 256 channels, the map other methods distil.
        classifier: 1×1 convolution to the classes.
        enlarge: four times larger.
    """

    def __init__(self, backbone: nn.Module, classes: int, width: float = 1.0, layout: Layout = "matlab") -> None:
        super().__init__()
        low, deep = map_channels(backbone)
        head, side = max(1, round(256 * width)), max(1, round(48 * width))
        self.backbone = backbone
        self.aspp = ASPP(deep, head)
        self.reduce = conv_bn_relu(4 * head, head, 1)
        self.upsample = _upsampling(head, layout)
        self.low_level = conv_bn_relu(low, side, 1)
        self.decoder = nn.Sequential(*conv_bn_relu(head + side, head, 3), *conv_bn_relu(head, head, 3))
        self.classifier = nn.Conv2d(head, classes, 1)
        self.enlarge = _upsampling(classes, layout)

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, bands, H, W)
        low, deep = self.backbone(images)  # (B, 64 or 256, H/4, W/4), (B, 512 or 2048, H/16, W/16)
        context = self.upsample(self.reduce(self.aspp(deep)))  # (B, 256, at least H/4, at least W/4)
        joined = torch.cat([_crop(context, low), self.low_level(low)], dim=1)  # (B, 304, H/4, W/4)
        features = self.decoder(joined)  # (B, 256, H/4, W/4)
        logits = self.enlarge(self.classifier(features))  # (B, classes, at least H, at least W)
        return SegmentationOutput(_crop(logits, images), features)


def deeplabv3plus(
    backbone: str,
    classes: int,
    layout: Layout = "matlab",
    width: float = 1.0,
    *,
    bands: int = 3,
    pretrained: bool | str | os.PathLike[str] = False,
) -> DeepLabV3Plus:
    """DeepLabV3+ with the parameters the paper counts: 20.6 million on ResNet-18, 43.9 million on ResNet-50.

    MATLAB's backbones have biases before their batch normalisations, timm's do not: with them, one a filter, the
    counts are 20.611 and 43.983 million for six classes. 4.195 million belong to one frozen interpolation, see
    :class:`BilinearUpsampling`. Any image size is taken; logits have it, features a quarter of it.

    Args:
        backbone: a ResNet of timm with the plain stem, ``resnet18`` or ``resnet50``.
        classes: number of classes.
        layout: "matlab", or "interpolate" for the same with ``nn.Upsample`` in the place of the two transposed
            convolutions: equal but for the maps' edges, without their parameters and multiplications.
        width: factor on the number of channels: 1 is the paper's, 1/8 the book's live size.
        bands: number of image bands.
        pretrained: ``True`` for timm's ImageNet weights in the backbone, or a local file of them; at width 1 only.

    Returns:
        A module from (B, bands, H, W) to :class:`~rsnotes.networks.SegmentationOutput` without auxiliary logits.

    Raises:
        ValueError: for a backbone, layout, width or class number that gives no network.
        RuntimeError: when the weights cannot be had or do not fit.
    """
    if classes < 1:
        raise ValueError(f"a segmentation network needs at least one class, got {classes}")
    trunk = plain_resnet(backbone, width, bands=bands, pretrained=pretrained)
    return DeepLabV3Plus(trunk, classes, width, layout)


def _upsampling(channels: int, layout: Layout) -> nn.Module:
    if layout == "matlab":
        return BilinearUpsampling(channels)
    if layout == "interpolate":
        return nn.Upsample(scale_factor=4, mode="bilinear")
    raise ValueError(f"no layout {layout!r}; there are matlab and interpolate")


def _crop(x: Tensor, like: Tensor) -> Tensor:
    """The upper left part of ``x`` (B, C, h, w) with the height and width of ``like``."""
    return x[:, :, : like.shape[2], : like.shape[3]]
