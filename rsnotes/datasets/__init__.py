"""Data sets: one contract (:class:`Sample`), one module a data set."""

from rsnotes.datasets.classes import IGNORE, ISPRS, Classes
from rsnotes.datasets.sample import Sample

__all__ = ["IGNORE", "ISPRS", "Classes", "Sample"]
