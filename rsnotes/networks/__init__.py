"""Segmentation networks on timm backbones."""

from rsnotes.networks.output import SegmentationOutput

__all__ = ["SegmentationOutput"]
