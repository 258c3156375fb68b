"""Choosing windows of a data set so that rare classes are not rare among them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsnotes.datasets.classes import IGNORE
from rsnotes.datasets.memory import Readable
from rsnotes.datasets.sample import Sample


def window_counts(dataset: Readable) -> NDArray[np.int64]:
    """Labelled pixels of each class in every sample, (N, K); reads all of them.

    Classes that do not count in the scores have none. "Unlabelled" is such a class in Mapillary Vistas, and were it
    counted, a window full of it would pass for one that holds much of what is rare.
    """
    classes = len(dataset.classes)
    counts = np.zeros((len(dataset), classes), np.int64)
    for index in range(len(dataset)):
        mask = dataset[index].mask.numpy()
        counts[index] = np.bincount(mask[mask != IGNORE], minlength=classes)
    return counts * np.array(dataset.classes.counted)


def balanced_subset(counts: NDArray[np.int64], keep: int) -> NDArray[np.int64]:
    """The windows that hold most of what is rare.

    The paper "hi_resnet" (section III-C2) keeps 400 000 of 2 million windows by "the proportion of pixel classes" and
    says no more. Here a window's worth is the sum over its classes of the class's share in the window, divided by the
    class's share in all windows: a window that is like the whole has the worth 1 for each class there is.

    Args:
        counts: (N, K) pixels, see :func:`window_counts`.
        keep: how many windows to keep, from 1 to N.

    Returns:
        (keep,) indices in rising order; of windows of equal worth the earlier ones.

    Raises:
        ValueError: more windows are asked for than there are, or none.
    """
    if not 1 <= keep <= len(counts):
        raise ValueError(f"asked to keep {keep} of {len(counts)} windows")
    totals = counts.sum(axis=0)
    overall = np.where(totals > 0, totals / max(1, totals.sum()), 1)  # (K,)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)  # (N, K)
    worth = (shares / overall).sum(axis=1)
    return np.sort(np.argsort(-worth, kind="stable")[:keep])


class Chosen:
    """Some samples of a data set.

    Attributes:
        classes, bands: of the data set.

    Args:
        dataset: any data set.
        indices: which samples, in which order.
    """

    def __init__(self, dataset: Readable, indices: Sequence[int] | NDArray[np.int64]) -> None:
        self.classes, self.bands = dataset.classes, dataset.bands
        self.dataset, self.indices = dataset, [int(index) for index in indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.dataset[self.indices[index]]
