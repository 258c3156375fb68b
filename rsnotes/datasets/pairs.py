"""Images with their label pictures: found, read, and served as samples window by window."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from rsnotes.datasets.classes import IGNORE, Classes
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.labels import Colours, Indices
from rsnotes.datasets.raster import read_header, read_image
from rsnotes.datasets.sample import Sample
from rsnotes.datasets.tiles import Window, tile_windows


class Pair(NamedTuple):
    """An image and its labels.

    Attributes:
        name: what the data set calls it.
        image: image file.
        mask: label picture of the same height and width; None where there are no labels.
        labels: how the label picture is read.
    """

    name: str
    image: Path
    mask: Path | None
    labels: Colours | Indices


class ImageMaskPairs:
    """A data set of image files and label pictures, read from disk as they are asked for.

    Without ``side`` an item is a whole image. With it the items are square windows of all images in turn, and only
    the window is read. Where a window hangs over the border the image is 0 and the mask ignored; labels are decoded
    before they are padded, so that padding is never taken for a class. Windows larger than a network's input leave
    room for the random crops of :class:`~rsnotes.datasets.augment.Augment`.

    Attributes:
        pairs: the images and label pictures.
        classes: the class table.
        bands: names of the bands, in the order of the image's channels.
        value_range: values of the files that become 0 and 1; None for 8-bit images.
        missing: names of what the split should hold and the folder does not; empty unless ``partial`` was given.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        classes: Classes,
        bands: tuple[str, ...],
        *,
        value_range: tuple[float, float] | None = None,
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
        missing: Sequence[str] = (),
    ) -> None:
        """See :func:`~rsnotes.datasets.tiles.tile_windows` for ``side``, ``overlap`` and ``pad``.

        Raises:
            DataError: an image and its labels differ in size, or a header cannot be read. Only headers are read
                here, and none without ``side``; damaged pixels show when they are asked for.
        """
        self.pairs = tuple(pairs)
        self.classes = classes
        self.bands = bands
        self.value_range = value_range
        self.missing = tuple(missing)
        self._index: list[tuple[Pair, Window | None]] = [
            (pair, window)
            for pair in self.pairs
            for window in (tile_windows(*image_size(pair), side, overlap, pad) if side else [None])
        ]

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Sample:
        """Sample ``index``; ``DataError`` if its files cannot be read as expected."""
        return self.read(*self._index[index])

    def where(self, index: int) -> tuple[str, Window | None]:
        """Name of the image that item ``index`` comes from, and its window (None for the whole image)."""
        pair, window = self._index[index]
        return pair.name, window

    def read(self, pair: Pair, window: Window | None = None) -> Sample:
        """Window of ``pair``, or all of it; pixels without data, and beyond the border, are ignored."""
        height, width = image_size(pair)
        window = window or Window(0, 0, height, width)
        rows, columns = min(window.height, height - window.top), min(window.width, width - window.left)
        inside = Window(window.top, window.left, rows, columns)
        image, missing = read_image(pair.image, self.bands, inside, self.value_range)
        mask = np.full(missing.shape, IGNORE, np.int64) if pair.mask is None else pair.labels.read(pair.mask, inside)
        mask[missing] = IGNORE
        beyond = ((0, window.height - rows), (0, window.width - columns))
        image = np.pad(image, ((0, 0), *beyond))
        mask = np.pad(mask, beyond, constant_values=IGNORE)
        return Sample(torch.from_numpy(image), torch.from_numpy(mask))


def image_size(pair: Pair) -> tuple[int, int]:
    """Height and width of a pair; ``DataError`` if image and labels differ."""
    image = read_header(pair.image)
    if pair.mask is not None:
        mask = read_header(pair.mask)
        if (image.height, image.width) != (mask.height, mask.width):
            raise DataError.at(
                pair.mask,
                f"{mask.height}x{mask.width} pixels, its image {pair.image} has {image.height}x{image.width}",
                "Labels must lie on their image pixel by pixel; find the label picture that belongs to it",
            )
    return image.height, image.width


def require_folder(path: str | PathLike[str]) -> Path:
    """``path``, if it is a folder; ``DataError`` otherwise."""
    if not Path(path).is_dir():
        raise DataError.at(path, "no such folder", "Check the path, or download the data set and unpack it there")
    return Path(path)


def first_file(candidates: Iterable[Path]) -> Path | None:
    """The first candidate that exists: copies of a data set differ in their folders."""
    return next((path for path in candidates if path.is_file()), None)


def tile_names(text: str) -> tuple[str, ...]:
    """Names written in a row, for tables of splits."""
    return tuple(text.split())


def split_tiles(splits: dict[str, dict[str, tuple[str, ...]]], paper: str, split: str) -> tuple[str, ...]:
    """Tiles of a paper's split; ``ValueError`` names the papers and splits there are."""
    if paper not in splits:
        raise ValueError(f"no splits of {paper!r}; there are those of {', '.join(splits)}")
    if split not in splits[paper]:
        raise ValueError(f"{paper} has no split {split!r}; it has {', '.join(splits[paper])}")
    return splits[paper][split]


def require_complete(root: Path, split: str, found: int, missing: Sequence[str], partial: bool) -> None:
    """Refuse a split of which nothing is there, or, unless ``partial``, of which something is missing."""
    if found and (partial or not missing):
        return
    listed = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
    if not found:
        raise DataError.at(
            root,
            f"nothing there of the split {split}" + (f", which should hold {listed}" if missing else ""),
            "Check that the path is the folder the data set's own folders lie in",
        )
    raise DataError.at(
        root,
        f"the split {split} lacks {listed}",
        "Complete the folder, or pass partial=True to go on without them",
    )
