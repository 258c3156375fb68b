"""Going through whole images in little memory; whether two data sets share images."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsnotes.datasets.classes import IGNORE
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, image_size
from rsnotes.datasets.tiles import Window

STRIP = 1024
"""Rows read at a time."""


class Survey(NamedTuple):
    """What going through an image found.

    Attributes:
        size: height and width in pixels.
        fingerprint: hash of the pixels: the same for copies under another name or in another lossless format.
        pixels: (K + 1,) number of pixels a class, and of ignored ones at the end.
    """

    size: tuple[int, int]
    fingerprint: str
    pixels: NDArray[np.int64]


def survey(dataset: ImageMaskPairs, pair: Pair) -> Survey:
    """Read ``pair`` from top to bottom as ``dataset`` would; ``DataError`` for whatever is wrong with it."""
    height, width = image_size(pair)
    digest = blake2b(repr((height, width)).encode(), digest_size=16)
    pixels = np.zeros(IGNORE + 1, np.int64)
    for top in range(0, height, STRIP):
        sample = dataset.read(pair, Window(top, 0, min(STRIP, height - top), width))
        digest.update(sample.image.permute(1, 2, 0).numpy().tobytes())  # row by row, however high the strips are
        pixels += np.bincount(sample.mask.numpy().ravel(), minlength=IGNORE + 1)
    counted = np.append(pixels[: len(dataset.classes)], pixels[IGNORE])
    return Survey((height, width), digest.hexdigest(), counted)


def shared_images(first: Mapping[str, str], second: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names of images, one of each, whose fingerprints are the same; both map names to fingerprints."""
    names = {fingerprint: name for name, fingerprint in second.items()}
    return [(name, names[fingerprint]) for name, fingerprint in first.items() if fingerprint in names]


def require_disjoint(train: ImageMaskPairs, test: ImageMaskPairs) -> None:
    """Refuse two data sets that share an image; reads every image of both.

    An image is shared when its pixels are the same, whatever its file is called. Overlapping cut-outs of one larger
    image are not found.

    Raises:
        DataError: names the two files.
    """
    found = [
        {str(pair.image): survey(each, pair._replace(mask=None)).fingerprint for pair in each.pairs}
        for each in (train, test)
    ]
    for here, there in shared_images(*found):
        raise DataError.at(there, f"in the test set, has the same pixels as {here} in the training set", "Drop one")
