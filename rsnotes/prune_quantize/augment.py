"""The paper's augmentation: left and right exchanged, and a shift by a few pixels."""

from collections.abc import Callable

import torch

from rsnotes.datasets import IGNORE, Sample


def reflect_and_shift(reach: int = 10) -> Callable[[Sample, int], Sample]:
    """A random view as a pure function of a sample and a seed.

    Section 3.2 has images flipped "within a range of [-10, 10] pixels". A reflection has no range; MATLAB's
    augmenter takes a reflection and a translation side by side, which is what this is.

    Args:
        reach: most pixels that a view is shifted by, along either axis. What moves in is 0, and ignored.
    """

    def augment(sample: Sample, seed: int) -> Sample:
        flip, right, down = torch.rand(3, generator=torch.Generator().manual_seed(seed)).tolist()
        image, mask = sample.image, sample.mask
        if flip < 0.5:
            image, mask = image.flip(-1), mask.flip(-1)
        by = tuple(int(u * (2 * reach + 1)) - reach for u in (down, right))
        moved, labels = torch.zeros_like(image), torch.full_like(mask, IGNORE)
        to, of = zip(*(_overlap(length, step) for length, step in zip(mask.shape, by, strict=True)), strict=True)
        moved[:, *to], labels[to] = image[:, *of], mask[of]
        return Sample(moved, labels)

    return augment


def _overlap(length: int, step: int) -> tuple[slice, slice]:
    """Where a line shifted by ``step`` comes to lie within its old length, and what part of it."""
    return slice(max(step, 0), length + min(step, 0)), slice(max(-step, 0), length + min(-step, 0))
