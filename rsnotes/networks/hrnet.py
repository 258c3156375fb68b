"""DeepLabV3+ on HRNet, a trunk that keeps a quarter of the resolution, and on other backbones under the same head."""

import copy
import os
from typing import Any, Literal

import timm
import torch
from timm.models.hrnet import HighResolutionNetFeatures, cfg_cls
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.networks.output import SegmentationOutput
from rsnotes.networks.polarized import PolarizedSelfAttention

Attention = Literal["psa"]

RATES = (6, 12, 18)
"""Dilations of the pyramid's three 3×3 branches."""


class HRNetTrunk(nn.Module):
    """timm's HRNet without its classifier.

    Attributes:
        net: timm's network.
        low_channels: channels of the early map.
        channels: of the four late maps together.
    """

    def __init__(self, net: HighResolutionNetFeatures) -> None:
        super().__init__()
        self.net = net
        self.low_channels = net.stage1_cfg["num_channels"][0] * 4
        self.channels = sum(net.stage4_cfg["num_channels"])

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, bands, H, W) to layer1's map and to the four branches joined, both at a quarter of the resolution."""
        net = self.net
        x = net.act2(net.bn2(net.conv2(net.act1(net.bn1(net.conv1(images))))))
        low = net.layer1(x)  # (B, 256, h, w)
        maps = net.stage2([step(low) for step in net.transition1])
        maps = net.stage3(_widen(net.transition2, maps))
        maps = net.stage4(_widen(net.transition3, maps))  # (B, 48, h, w), (B, 96, h/2, w/2), ...
        size = maps[0].shape[-2:]
        rest = [F.interpolate(each, size, mode="bilinear") for each in maps[1:]]
        return low, torch.cat([maps[0], *rest], dim=1)  # (B, 720, h, w)


class PlainTrunk(nn.Module):
    """A classification network of timm, its early map and its last one at an eighth of the resolution."""

    def __init__(self, name: str, bands: int, **more: Any) -> None:
        super().__init__()
        options: dict[str, Any] = {"features_only": True, "output_stride": 8, "out_indices": (1, 4), "in_chans": bands}
        self.net: nn.Module = timm.create_model(name, **options, **more)
        self.low_channels, self.channels = self.net.feature_info.channels()  # type: ignore[union-attr, operator]

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.net(images)


def _widen(transition: nn.ModuleList, maps: list[Tensor]) -> list[Tensor]:
    """The branches and one more, which is made from the coarsest."""
    known = len(maps)
    return [step(maps[min(k, known - 1)]) for k, step in enumerate(transition)]


def conv_bn_relu(inputs: int, outputs: int, kernel: int, rate: int = 1) -> nn.Sequential:
    """A convolution with bias that keeps the size, batch normalisation, ReLU."""
    padding = rate * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=rate), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class PooledASPP(nn.Module):
    """Atrous spatial pyramid pooling with the mean of the whole map as fifth branch, brought to ``outputs`` channels.

    Args:
        inputs: channels of the map.
        outputs: channels of each branch and of the result.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [conv_bn_relu(inputs, outputs, 1), *(conv_bn_relu(inputs, outputs, 3, rate) for rate in RATES)]
        )
        self.pooled = conv_bn_relu(inputs, outputs, 1)
        self.project = conv_bn_relu((len(RATES) + 2) * outputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, inputs, h, w) -> (B, outputs, h, w)
        pooled = self.pooled(x.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *x.shape[-2:])
        return self.project(torch.cat([*(branch(x) for branch in self.branches), pooled], dim=1))


class DeepLabHRNet(nn.Module):
    """A trunk, fusion of HRNet's branches, attention, pyramid pooling, and a decoder that joins the early map.

    Attributes:
        backbone: the trunk, the part that ImageNet weights can fill.
        fuse: 1×1 and 3×3 convolution of the joined branches; nothing on other trunks.
        attention: polarized self-attention, parallel then sequential, or nothing.
        aspp: to 256 channels.
        low_level: the early map to 256 channels.
        decoder: two 3×3 convolutions to 256 channels, the map other methods distil.
        classifier: 1×1 convolution to the classes, what the paper calls the fully connected layer.
    """

    def __init__(self, backbone: HRNetTrunk | PlainTrunk, classes: int, attention: Attention | None, head: int) -> None:
        super().__init__()
        wide = backbone.channels
        self.backbone = backbone
        self.fuse = (
            nn.Sequential(*conv_bn_relu(wide, wide, 1), *conv_bn_relu(wide, wide, 3))
            if isinstance(backbone, HRNetTrunk)
            else nn.Identity()
        )
        self.attention = (
            nn.Sequential(PolarizedSelfAttention(wide, "parallel"), PolarizedSelfAttention(wide, "sequential"))
            if attention == "psa"
            else nn.Identity()
        )
        self.aspp = PooledASPP(wide, head)
        self.low_level = conv_bn_relu(backbone.low_channels, head, 1)
        self.decoder = nn.Sequential(*conv_bn_relu(2 * head, head, 3), *conv_bn_relu(head, head, 3))
        self.classifier = nn.Conv2d(head, classes, 1)

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, bands, H, W)
        size = images.shape[-2:]
        if images.shape[0] == 1 and self.aspp.pooled.training:
            raise ValueError(
                "DeepLabV3+ trains on batches of two images or more: its pooled branch has one value a channel and "
                "image, and batch normalisation of one value is undefined. Use a larger batch"
            )
        low, deep = self.backbone(images)  # (B, 256, H/4, W/4), (B, 720, H/4, W/4)
        context = self.aspp(self.attention(self.fuse(deep)))  # (B, 256, H/4, W/4)
        context = F.interpolate(context, low.shape[-2:], mode="bilinear")  # it has that size already on HRNet
        features = self.decoder(torch.cat([context, self.low_level(low)], dim=1))  # (B, 256, H/4, W/4)
        return SegmentationOutput(F.interpolate(self.classifier(features), size, mode="bilinear"), features)


def deeplab_hrnet(
    classes: int,
    attention: Attention | None = None,
    backbone: str = "hrnet_w48",
    width: float = 1.0,
    *,
    bands: int = 3,
    pretrained: bool | str | os.PathLike[str] = False,
) -> DeepLabHRNet:
    """DeepLabV3+ on HRNetV2-W48: 78 029 862 parameters for six classes, 79 943 892 with attention.

    Args:
        classes: number of classes.
        attention: "psa" for polarized self-attention after the joined branches, parallel then sequential.
        backbone: an HRNet of timm; ``hrnet_w18_small`` has the same four branches with fewer blocks. Another network
            of timm that can be dilated (``resnet101``, ``resnext101_32x8d``, ``xception71``) gives a plain DeepLabV3+.
        width: factor on the number of channels of trunk and head, for HRNets; the stem's second convolution keeps 64.
        bands: number of image bands.
        pretrained: ``True`` for timm's ImageNet weights in the trunk, or a local file of them; at width 1 only.

    Returns:
        A module from (B, bands, H, W), sides multiples of 32, to :class:`~rsnotes.networks.SegmentationOutput` without
        auxiliary logits; features have a quarter of the input's sides.

    Raises:
        ValueError: for a backbone, width, attention or class number that gives no network.
        RuntimeError: when the weights cannot be had or do not fit.
    """
    if classes < 1:
        raise ValueError(f"a segmentation network needs at least one class, got {classes}")
    if attention not in (None, "psa"):
        raise ValueError(f"no attention {attention!r}; there are None and 'psa'")
    if width <= 0:
        raise ValueError(f"width {width:g} leaves no channel: it must be above 0")
    if width != 1 and (pretrained is not False or backbone not in cfg_cls):
        raise ValueError(f"{backbone} with width {width:g}: only an HRNet without pretrained weights can be thin")
    if not timm.is_model(backbone):
        raise ValueError(f"{backbone!r} is no network of timm; its HRNets are {', '.join(sorted(cfg_cls))}")
    trunk = _trunk(backbone, width, bands, pretrained)
    return DeepLabHRNet(trunk, classes, attention, max(2, round(256 * width)))


def _trunk(name: str, width: float, bands: int, pretrained: bool | str | os.PathLike[str]) -> HRNetTrunk | PlainTrunk:
    high: dict[str, Any] = {"feature_location": "", "out_indices": (1, 2, 3, 4)}
    if name in cfg_cls and pretrained is False:
        return HRNetTrunk(HighResolutionNetFeatures(_thin(cfg_cls[name], width), bands, **high))
    more: dict[str, Any] = {"pretrained": pretrained is not False}
    if not isinstance(pretrained, bool):
        more["pretrained_cfg_overlay"] = {"file": os.fspath(pretrained)}
    try:
        if name in cfg_cls:
            return HRNetTrunk(timm.create_model(name, features_only=True, in_chans=bands, **high, **more))  # type: ignore[arg-type]
        return PlainTrunk(name, bands, **more)
    except Exception as error:  # the hub client raises whatever its transport raises
        if pretrained is False:
            raise ValueError(f"{name} of timm cannot be dilated to an eighth of the resolution: {error}") from error
        source = "timm's weights" if pretrained is True else f"the weights of {pretrained}"
        raise RuntimeError(
            f"{source} for {name} could not be loaded ({type(error).__name__}: {error}). Use pretrained=False, or give "
            f"pretrained= the path of a file with timm's weights for {name}"
        ) from error


def _thin(configuration: dict[str, Any], width: float) -> dict[str, Any]:
    """timm's table of an HRNet with its channels multiplied by ``width``, each an even number."""
    thin = copy.deepcopy(configuration)
    for stage in thin.values():
        if isinstance(stage, dict):
            stage["num_channels"] = tuple(max(2, 2 * round(c * width / 2)) for c in stage["num_channels"])
    return thin
