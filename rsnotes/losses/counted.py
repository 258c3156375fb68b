"""Class weights of a data set some of whose classes are not counted."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from rsnotes.datasets import Classes, Sample
from rsnotes.losses.cross_entropy import class_counts, class_weights


class Held(Protocol):
    """Samples in memory and what their ids mean."""

    @property
    def classes(self) -> Classes: ...

    @property
    def samples(self) -> Sequence[Sample]: ...


def counted_weights(dataset: Held) -> Tensor:
    """Weights of :func:`class_weights` for the counted classes, 0 for the others.

    Returns:
        (K,) float32 with mean 1 over the counted classes.
    """
    counted = torch.tensor(dataset.classes.counted)
    weights = torch.zeros(len(dataset.classes))
    weights[counted] = class_weights(class_counts(dataset.samples, len(dataset.classes))[counted])
    return weights
