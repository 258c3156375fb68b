"""Crops of larger images: where each lies on Earth, and whether training and test show the same ground."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rsnotes.datasets.errors import DataError
from rsnotes.datasets.pairs import ImageMaskPairs
from rsnotes.datasets.raster import open_image


class Place(NamedTuple):
    """Where an image lies, in the units of its coordinate system (metres for UTM).

    Attributes:
        system: the coordinate system's name.
        left, bottom, right, top: its bounds.
    """

    system: str
    left: float
    bottom: float
    right: float
    top: float


def place(path: Path) -> Place | None:
    """Where the image at ``path`` lies; None without georeference. Reads the header only."""
    with open_image(path) as source:
        if source.crs is None or source.transform.is_identity:
            return None
        return Place(source.crs.to_string(), *source.bounds)


def overlaps(
    first: Sequence[Place | None], second: Sequence[Place | None], margin: float = 0.0
) -> list[tuple[int, int]]:
    """Pairs of indices whose images share ground, or lie nearer to each other than ``margin``.

    Images that only share an edge do not overlap. Those without a place are passed over.

    Args:
        first, second: places of two sets of images.
        margin: in the units of the coordinate system, from 0.

    Returns:
        Index in ``first``, index in ``second``, in order.
    """
    known = [k for k, p in enumerate(second) if p is not None]
    if not known:
        return []
    boxes = np.array([second[k][1:] for k in known])  # type: ignore[index]  # (M, 4)
    systems = np.array([second[k].system for k in known])  # type: ignore[union-attr]
    sliver = 1e-6 * (boxes[0, 2] - boxes[0, 0])  # bounds are rounded; a shared edge is no shared ground
    found = []
    for number, p in enumerate(first):
        if p is None:
            continue
        wide = np.minimum(boxes[:, 2], p.right) - np.maximum(boxes[:, 0], p.left) + margin
        high = np.minimum(boxes[:, 3], p.top) - np.maximum(boxes[:, 1], p.bottom) + margin
        hit = (wide > sliver) & (high > sliver) & (systems == p.system)
        found += [(number, known[k]) for k in np.flatnonzero(hit)]
    return found


def require_apart(train: ImageMaskPairs, test: ImageMaskPairs, margin: float = 0.0) -> None:
    """Refuse two sets of georeferenced crops that show the same ground: a test on them measures memory.

    :func:`~rsnotes.datasets.overlap.require_disjoint` finds equal images under other names; this finds crops of one
    larger image that overlap. Without georeference nothing can be found.

    Args:
        train, test: two splits.
        margin: how far apart crops have to be, in the units of their coordinate system (metres for UTM).

    Raises:
        DataError: names one pair and says how many there are.
    """
    one, two = ([place(pair.image) for pair in each.pairs] for each in (train, test))
    if found := overlaps(one, two, margin):
        a, b = found[0]
        crops = len({second for _, second in found})
        raise DataError.at(
            test.pairs[b].image,
            f"a test crop that shows ground of the training crop {train.pairs[a].image.name}; so do {crops} of "
            f"{len(two)} test crops",
            "Use lists that split by larger image, or pass overlapping=True to score on memorised ground all the same",
        )
