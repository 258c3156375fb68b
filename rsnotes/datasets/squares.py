"""A data set cut into squares."""

from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.sample import Sample


class Squares:
    """The squares of ``side`` pixels that a data set's samples are cut into, row by row, whole ones only.

    Attributes:
        classes, bands: of the data set.
        samples: the squares, those of the first sample first.
    """

    def __init__(self, dataset: InMemory, side: int) -> None:
        self.classes, self.bands = dataset.classes, dataset.bands
        self.samples = [square for sample in dataset.samples for square in _cut(sample, side)]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


def _cut(sample: Sample, side: int) -> list[Sample]:
    height, width = (length - length % side for length in sample.mask.shape)
    corners = [(row, column) for row in range(0, height, side) for column in range(0, width, side)]
    return [
        Sample(sample.image[:, r : r + side, c : c + side], sample.mask[r : r + side, c : c + side]) for r, c in corners
    ]
