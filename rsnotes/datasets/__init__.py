"""Data sets: one contract (:class:`Sample`), one module a data set."""

from rsnotes.datasets.augment import Augment
from rsnotes.datasets.classes import IGNORE, ISPRS, Classes
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.folder import ImageMaskFolder
from rsnotes.datasets.labels import Colours, Indices
from rsnotes.datasets.overlap import require_disjoint
from rsnotes.datasets.pairs import ImageMaskPairs, Pair
from rsnotes.datasets.potsdam import Potsdam
from rsnotes.datasets.sample import Sample
from rsnotes.datasets.vaihingen import Vaihingen

__all__ = [
    "IGNORE",
    "ISPRS",
    "Augment",
    "Classes",
    "Colours",
    "DataError",
    "ImageMaskFolder",
    "ImageMaskPairs",
    "Indices",
    "Pair",
    "Potsdam",
    "Sample",
    "Vaihingen",
    "require_disjoint",
]
