"""Segmentation networks on timm backbones."""

from rsnotes.networks.deeplabv3plus import DeepLabV3Plus, deeplabv3plus
from rsnotes.networks.deploy import LogitsOnly
from rsnotes.networks.hrnet import DeepLabHRNet, deeplab_hrnet
from rsnotes.networks.modes import evaluating
from rsnotes.networks.output import SegmentationOutput
from rsnotes.networks.polarized import PolarizedSelfAttention
from rsnotes.networks.pspnet import PSPNet, pspnet

__all__ = [
    "DeepLabHRNet",
    "DeepLabV3Plus",
    "LogitsOnly",
    "PSPNet",
    "PolarizedSelfAttention",
    "SegmentationOutput",
    "deeplab_hrnet",
    "deeplabv3plus",
    "evaluating",
    "pspnet",
]
