"""Mosaic: four views in the quarters of one."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from rsnotes.datasets import Sample
from rsnotes.training import Samples


@dataclass(frozen=True)
class Mosaic:
    """A random view of a sample, now and then with three of its quarters taken from views of other samples.

    The four meet at a point drawn from the middle half of each side, and each keeps the part of its view that lies in
    its own quarter. A pure function of the sample and a seed, as the training loop wants it.

    Attributes:
        samples: where the other three come from, drawn evenly.
        view: a pure function of a sample and a seed that gives views of one size, as
            :class:`~rsnotes.datasets.Augment` is.
        share: probability of a mosaic; otherwise it is the view alone.
    """

    samples: Samples
    view: Callable[[Sample, int], Sample]
    share: float = 0.25

    def __call__(self, sample: Sample, seed: int) -> Sample:
        """View or mosaic drawn by ``seed``, whose lower 32 bits count."""
        first = self.view(sample, seed)
        draw = torch.Generator().manual_seed((seed & 0xFFFFFFFF) + 2**32)  # not the stream that the view reads
        if torch.rand((), generator=draw) >= self.share:
            return first
        chosen = torch.randint(len(self.samples), (3,), generator=draw).tolist()
        seeds = torch.randint(2**32, (3,), generator=draw).tolist()
        views = [first, *(self.view(self.samples[index], each) for index, each in zip(chosen, seeds, strict=True))]
        height, width = first.mask.shape
        down, across = (0.25 + 0.5 * torch.rand(2, generator=draw)).tolist()
        row, column = round(down * height), round(across * width)
        image, mask = first.image.clone(), first.mask.clone()
        quarters = [(slice(row), slice(column, None)), (slice(row, None), slice(column)),
                    (slice(row, None), slice(column, None))]  # fmt: skip
        for view, (rows, columns) in zip(views[1:], quarters, strict=True):
            image[:, rows, columns] = view.image[:, rows, columns]
            mask[rows, columns] = view.mask[rows, columns]
        return Sample(image, mask)
