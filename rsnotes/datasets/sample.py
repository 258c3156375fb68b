"""What every data set gives, real or synthetic."""

from typing import NamedTuple

from torch import Tensor


class Sample(NamedTuple):
    """One image with its labels.

    Attributes:
        image: (C, H, W) float32 in [0, 1], one channel a name in the data set's ``bands``.
        mask: (H, W) int64, class ids from 0, :data:`~rsnotes.datasets.classes.IGNORE` where ignored.
    """

    image: Tensor
    mask: Tensor
