"""PSPNet on dilated ResNets, the network that the distillation papers share."""

import os

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.networks.backbones import dilated_resnet
from rsnotes.networks.output import SegmentationOutput


def conv_bn_relu(inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> nn.Sequential:
    """A convolution that keeps the size, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class PyramidPooling(nn.Module):
    """Means over 1, 4, 9 and 36 regions of the map, joined to it and mixed by a 3×3 convolution.

    Zhao et al., Pyramid scene parsing network, CVPR 2017. Each level has as many channels as the output.

    Args:
        inputs: channels of the map.
        outputs: channels of the result.
        bins: regions a side, one number a level.
    """

    def __init__(self, inputs: int, outputs: int, bins: tuple[int, ...] = (1, 2, 3, 6)) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(bin), *conv_bn_relu(inputs, outputs, 1)) for bin in bins
        )
        self.bottleneck = conv_bn_relu(inputs + len(bins) * outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:  # (B, inputs, h, w) -> (B, outputs, h, w)
        self._check_batch(x.shape[0])
        pooled = [F.interpolate(level(x), x.shape[-2:], mode="bilinear") for level in self.levels]
        return self.bottleneck(torch.cat([x, *pooled], dim=1))

    def _check_batch(self, size: int) -> None:
        norms = (module for module in self.levels.modules() if isinstance(module, nn.BatchNorm2d))
        if size == 1 and any(norm.training for norm in norms):
            raise ValueError(
                "PSPNet trains on batches of two images or more: its coarsest level has one value a channel and "
                "image, and batch normalisation of one value is undefined. Use a larger batch, drop_last=True in the "
                "loader, or put the batch normalisations in eval mode"
            )


class PSPNet(nn.Module):
    """A dilated ResNet, pyramid pooling, a classifier, and an auxiliary classifier on layer3.

    The auxiliary logits are computed in eval mode too, so that a network has one behaviour and one cost.

    Attributes:
        backbone: (B, bands, H, W) to layer3's and layer4's maps, about (H / 8, W / 8).
        pyramid: layer4's C channels to C / 4, the map the papers distil.
        classifier: 1×1 convolution to the classes.
        auxiliary_head: layer3's map to the classes, or ``None``.
    """

    def __init__(self, backbone: nn.Module, classes: int, *, auxiliary: bool = True) -> None:
        super().__init__()
        middle, deep = backbone.feature_info.channels()  # type: ignore[union-attr, operator]
        self.backbone = backbone
        self.pyramid = PyramidPooling(deep, deep // 4)
        self.classifier = nn.Conv2d(deep // 4, classes, 1)
        self.auxiliary_head = (
            nn.Sequential(*conv_bn_relu(middle, deep // 4, 3, bias=True), nn.Conv2d(deep // 4, classes, 1))
            if auxiliary
            else None
        )

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, bands, H, W)
        size = images.shape[-2:]
        middle, deep = self.backbone(images)  # (B, C/2, h, w), (B, C, h, w)
        features = self.pyramid(deep)  # (B, C/4, h, w)
        logits = F.interpolate(self.classifier(features), size, mode="bilinear")  # (B, classes, H, W)
        if self.auxiliary_head is None:
            return SegmentationOutput(logits, features)
        auxiliary = F.interpolate(self.auxiliary_head(middle), size, mode="bilinear")
        return SegmentationOutput(logits, features, (auxiliary,))


def pspnet(
    backbone: str,
    classes: int,
    width: float = 1.0,
    *,
    bands: int = 3,
    auxiliary: bool = True,
    pretrained: bool | str | os.PathLike[str] = False,
) -> PSPNet:
    """PSPNet as the distillation papers count it: 70.44, 13.07 and 3.27 million parameters for 19 classes.

    Those are ``resnet101s``, ``resnet18`` and ``resnet18`` at width 0.5, with the auxiliary head. Any image size is
    taken; logits have it, features have about an eighth (see :func:`~rsnotes.networks.backbones.dilated_resnet`, which
    also says how channels follow from ``width``). Training needs batches of two or more.

    Args:
        backbone: a ResNet of timm; the deep stem is put in whatever its name.
        classes: number of classes.
        width: factor on the number of channels: 1 and 0.5 are the papers', 11/32 and 1/8 the book's sizes.
        bands: number of image bands.
        auxiliary: whether there is a second classifier on layer3.
        pretrained: ``True`` for timm's ImageNet weights in the backbone (``resnet50s``, ``resnet101s`` and
            ``resnet152s`` at width 1 only; the deep-stem ResNet-18 has none), or a local file of weights.

    Returns:
        A module from (B, bands, H, W) to :class:`~rsnotes.networks.SegmentationOutput` with one auxiliary tensor, or
        none.

    Raises:
        ValueError: for a backbone, width or class number that gives no network, or when timm has no weights.
        RuntimeError: when the weights cannot be had or do not fit.
    """
    if classes < 1:
        raise ValueError(f"a segmentation network needs at least one class, got {classes}")
    return PSPNet(dilated_resnet(backbone, width, bands=bands, pretrained=pretrained), classes, auxiliary=auxiliary)
