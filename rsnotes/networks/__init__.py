"""Segmentation networks on timm backbones."""

from rsnotes.networks.deeplabv3plus import DeepLabV3Plus, deeplabv3plus
from rsnotes.networks.deploy import LogitsOnly
from rsnotes.networks.modes import evaluating
from rsnotes.networks.output import SegmentationOutput
from rsnotes.networks.pspnet import PSPNet, pspnet

__all__ = [
    "DeepLabV3Plus",
    "LogitsOnly",
    "PSPNet",
    "SegmentationOutput",
    "deeplabv3plus",
    "evaluating",
    "pspnet",
]
