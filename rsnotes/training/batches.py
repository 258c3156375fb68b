"""What a step sees, as a function of seed and step number."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rsnotes.datasets import Sample


class Samples(Protocol):
    """A data set: a length, and a :class:`~rsnotes.datasets.Sample` for each index below it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


class Batch(NamedTuple):
    """The samples of one step.

    Attributes:
        image: (B, C, H, W) float in [0, 1].
        mask: (B, H, W) int64.
        indices: (B,) int64, which samples of the data set these are.
        seeds: (B,) int64, what their augmentation was drawn from.
    """

    image: Tensor
    mask: Tensor
    indices: Tensor
    seeds: Tensor


class Draw(NamedTuple):
    """One sample of a batch before it is loaded."""

    sample: int
    seed: int


@lru_cache(maxsize=4)
def _permutation(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def draws(count: int, batch_size: int, seed: int, number: int) -> list[Draw]:
    """The samples of step ``number``: every sample once an epoch, in an order of its own each epoch.

    Args:
        count: samples in the data set.
        batch_size: samples a step; a batch may reach into the next epoch.
        seed: seed of the run.
        number: step number from 0.
    """
    chosen = []
    for position in range(number * batch_size, (number + 1) * batch_size):
        epoch, place = divmod(position, count)
        augmentation = int(np.random.SeedSequence([seed, position]).generate_state(1)[0])
        chosen.append(Draw(int(_permutation(count, seed, epoch)[place]), augmentation))
    return chosen


class _Steps:
    """Batch sampler over the steps from ``first`` to ``last``; process ``rank`` of ``world`` takes every world-th."""

    def __init__(self, count: int, batch_size: int, seed: int, first: int, last: int, rank: int, world: int) -> None:
        self.arguments = (count, batch_size, seed)
        self.first, self.last, self.rank, self.world = first, last, rank, world

    def __iter__(self) -> Iterator[list[Draw]]:
        for number in range(self.first, self.last):
            yield draws(*self.arguments, number)[self.rank :: self.world]

    def __len__(self) -> int:
        return self.last - self.first


class _Drawn(Dataset[Batch]):
    """A data set addressed by :class:`Draw`."""

    def __init__(self, samples: Samples, augment: Callable[[Sample, int], Sample] | None) -> None:
        self.samples, self.augment = samples, augment

    def __getitem__(self, draw: Draw) -> Batch:
        sample = self.samples[draw.sample]
        if self.augment is not None:
            sample = self.augment(sample, draw.seed)
        return Batch(sample.image, sample.mask, draw.sample, draw.seed)  # type: ignore[arg-type]  # collate makes tensors


def batches(
    samples: Samples,
    augment: Callable[[Sample, int], Sample] | None,
    *,
    batch_size: int,
    seed: int,
    first: int,
    last: int,
    workers: int = 0,
    rank: int = 0,
    world: int = 1,
) -> DataLoader[Batch]:
    """The batches of steps ``first`` to ``last - 1``, each the same however the run was cut up.

    Args:
        samples: the data set.
        augment: pure function of a sample and a seed, or None.
        batch_size: samples a step over all processes; a multiple of ``world``.
        workers: loading processes; 0 loads in this one.
        rank: number of this process among ``world``.
    """
    if len(samples) == 0:
        raise ValueError("the data set is empty: nothing to train on")
    if batch_size % world:
        raise ValueError(f"batch_size {batch_size} is not a multiple of the {world} processes")
    steps = _Steps(len(samples), batch_size, seed, first, last, rank, world)
    return DataLoader(_Drawn(samples, augment), batch_sampler=steps, num_workers=workers)
