"""A data set held in memory."""

from typing import Protocol

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.sample import Sample


class Readable(Protocol):
    """A data set as every reader gives it."""

    classes: Classes
    bands: tuple[str, ...]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sample: ...


class InMemory:
    """All samples of a data set, read once.

    Attributes:
        classes, bands: of the data set.

    Args:
        dataset: any data set; at 256² and three bands a sample takes 1.3 MB.
    """

    def __init__(self, dataset: Readable) -> None:
        self.classes, self.bands = dataset.classes, dataset.bands
        self.samples = [dataset[index] for index in range(len(dataset))]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]
