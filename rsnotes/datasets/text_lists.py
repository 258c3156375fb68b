"""Lists of names in text files, and a few of them drawn for training with few labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from rsnotes.datasets.errors import DataError

T = TypeVar("T")


def read_list(path: Path) -> list[str]:
    """Names in a text file, one a line: the first word, without folders and suffix. Empty lines are passed over.

    Raises:
        DataError: there is no such file, it is no text, or a name stands in it twice.
    """
    if not path.is_file():
        raise DataError.at(path, "no such file", "It should list the split's images, one name a line")
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError.at(path, "is no text", "It should list the split's images, one name a line") from error
    names = [Path(line.split()[0].replace("\\", "/")).stem for line in lines if line.strip()]
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise DataError.at(path, f"{twice} stands in it twice", "List every image once")
    return names


def few(items: Sequence[T], share: float, seed: int) -> tuple[list[T], list[T]]:
    """A share of the items drawn at random, and the others, each in the order given.

    A larger share of the same seed holds a smaller one.

    Args:
        items: to draw from.
        share: in (0, 1]; rounded to a whole number, at least one item.
        seed: which ones.

    Raises:
        ValueError: a share outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"the labelled share must lie in (0, 1], got {share}")
    count = min(len(items), max(1, round(share * len(items))))
    chosen = set(np.random.default_rng(seed).permutation(len(items))[:count].tolist())
    return [x for k, x in enumerate(items) if k in chosen], [x for k, x in enumerate(items) if k not in chosen]
