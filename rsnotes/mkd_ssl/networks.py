"""The networks by the names of table 1, and the small one of the scenes."""

from torch import nn

from rsnotes.networks import PolarizedSelfAttention, deeplab_hrnet, pspnet
from rsnotes.networks.hrnet import Attention, DeepLabHRNet

TABLE1: dict[str, tuple[str, Attention | None]] = {
    "ResNet-101": ("resnet101", None),
    "ResNext-101": ("resnext101_32x8d", None),
    "Xception71": ("xception71", None),
    "HRNetV2-W48": ("hrnet_w48", None),
    "HRNetV2-W48_PSA": ("hrnet_w48", "psa"),
}
"""timm's networks for the rows of table 1. Resnet101_ibn_a is not in timm. Which ResNeXt is meant is not said."""


def table1_network(name: str, classes: int, **options: object) -> DeepLabHRNet:
    """The DeepLabV3+ of a row of table 1.

    Args:
        name: one of :data:`TABLE1`.
        classes: number of classes.
        options: ``width``, ``bands`` and ``pretrained`` of :func:`~rsnotes.networks.deeplab_hrnet`.

    Raises:
        ValueError: no such row, or one whose backbone timm does not have.
    """
    if name not in TABLE1:
        why = "timm does not have its backbone" if "ibn" in name.lower() else "table 1 has no such row"
        raise ValueError(f"{name}: {why}; there are {', '.join(TABLE1)}")
    backbone, attention = TABLE1[name]
    return deeplab_hrnet(classes, attention, backbone, **options)  # type: ignore[arg-type]


def small_network(classes: int, attention: Attention | None = "psa", width: float = 1 / 8) -> nn.Module:
    """The network that is trained on scenes: a PSPNet, whose pyramid's map goes through polarized self-attention.

    A thin HRNet takes three times as long a step on one core (0.37 s against 0.11 s for 16 squares of 128 pixels), so
    the transfers are tried on this one, through the same stages.

    Args:
        classes: number of classes.
        attention: "psa" for the two attentions of :class:`~rsnotes.networks.DeepLabHRNet`, None for none.
        width: factor on the number of channels.
    """
    network = pspnet("resnet18", classes, width)
    if attention == "psa":
        channels = network.classifier.in_channels
        gates = (PolarizedSelfAttention(channels, "parallel"), PolarizedSelfAttention(channels, "sequential"))
        network.pyramid = nn.Sequential(network.pyramid, *gates)  # type: ignore[assignment]
    return network
