"""What every segmentation network returns."""

from typing import NamedTuple

from torch import Tensor


class SegmentationOutput(NamedTuple):
    """Output of a segmentation network for a batch of (B, bands, H, W) images.

    Attributes:
        logits: (B, classes, H, W), at the size of the input.
        features: (B, C, h, w), the feature map the papers distil.
        auxiliary: further logits (B, classes, H, W), at the size of the input; empty when there are none.
    """

    logits: Tensor
    features: Tensor
    auxiliary: tuple[Tensor, ...] = ()
