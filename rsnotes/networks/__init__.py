"""Segmentation networks on timm backbones."""

from rsnotes.networks.deploy import LogitsOnly
from rsnotes.networks.modes import evaluating
from rsnotes.networks.output import SegmentationOutput
from rsnotes.networks.pspnet import PSPNet, pspnet

__all__ = ["LogitsOnly", "PSPNet", "SegmentationOutput", "evaluating", "pspnet"]
