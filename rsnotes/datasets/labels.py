"""Reading label pictures: by colour or by index."""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from rsnotes.datasets.classes import IGNORE, Classes
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.raster import Header, Pixels, read_pixels
from rsnotes.datasets.tiles import Window

RGB = tuple[int, int, int]

INTERPOLATED = 64
"""More unknown colours than this in one window are a sign of interpolation, not of a forgotten class."""

UNKNOWN = -1


@dataclass(frozen=True)
class Colours:
    """Labels painted in the colours of a class table; palette pictures are read by their colours too.

    Attributes:
        classes: the class table; its colours are (red, green, blue).
        ignored: colours that become :data:`~rsnotes.datasets.classes.IGNORE`, such as black for eroded borders.
        tolerance: a colour of no table is read as the nearest one when no channel differs by more than this. 0
            refuses it. For label pictures that were compressed with loss or resampled, and cannot be had otherwise.
    """

    classes: Classes
    ignored: tuple[RGB, ...] = ()
    tolerance: int = 0

    def read(self, path: str | PathLike[str], window: Window | None = None) -> NDArray[np.int64]:
        """Class ids (H, W) of a window; ``DataError`` names unknown colours, their pixels and nearest neighbours."""
        header, pixels = read_pixels(path, window)
        return self.decode(_as_rgb(path, header, pixels), path)

    def decode(self, rgb: Pixels, path: str | PathLike[str]) -> NDArray[np.int64]:
        """Class ids (H, W) of a picture (3, H, W) of uint8; ``path`` is named in errors."""
        codes = _code(rgb)  # (H, W), one integer a colour
        ids = np.full(codes.shape, UNKNOWN, np.int64)
        for colour, index in self._table().items():
            ids[codes == _code(np.array(colour))] = index
        unknown = ids == UNKNOWN
        if unknown.any():
            ids[unknown] = self._nearest(codes[unknown], path)
        return ids

    def _table(self) -> dict[RGB, int]:
        """Every known colour with its id."""
        return dict.fromkeys(self.ignored, IGNORE) | {c: k for k, c in enumerate(self.classes.colours)}

    def _nearest(self, codes: NDArray[np.int32], path: str | PathLike[str]) -> NDArray[np.int64]:
        """Ids of colours (N,) that are in no table: the nearest one's, or an error."""
        table = self._table()
        colours, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
        rgb = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1)  # (U, 3)
        offsets = np.abs(rgb[:, None] - np.array(list(table))[None])  # (U, known, 3)
        nearest = (offsets**2).sum(2).argmin(1)
        if offsets[np.arange(len(rgb)), nearest].max() > self.tolerance:
            raise self._unknown(rgb, counts, nearest, path)
        return np.array(list(table.values()))[nearest][inverse]

    def _unknown(
        self, rgb: NDArray[np.int32], counts: NDArray[np.int64], nearest: NDArray[np.int64], path: str | PathLike[str]
    ) -> DataError:
        """The error about colours (U, 3) that are in no table, most frequent first."""
        if len(rgb) > INTERPOLATED:
            return DataError.at(
                path,
                f"{len(rgb)} colours on {counts.sum()} pixels stand in no table: the labels were interpolated or "
                "compressed with loss",
                "Export them again with nearest-neighbour resampling and without loss, or pass "
                "Colours(..., tolerance=...) to take the nearest colour",
            )
        table = list(self._table().items())
        listed = [
            f"{hex_colour(rgb[u])} on {counts[u]} pixels (nearest is {self._describe(*table[nearest[u]])})"
            for u in np.argsort(-counts, kind="stable")[:5]
        ]
        more = f" and {len(rgb) - 5} more" if len(rgb) > 5 else ""
        return DataError.at(
            path,
            f"colours that stand in no table: {', '.join(listed)}{more}",
            "Add them to the class table, or to the ignored colours",
        )

    def _describe(self, colour: RGB, index: int) -> str:
        return f"{'ignored' if index == IGNORE else self.classes.names[index]} {hex_colour(colour)}"


@dataclass(frozen=True)
class Indices:
    """Labels that hold a number a class, in one band.

    Attributes:
        classes: the class table.
        table: the class id (or :data:`~rsnotes.datasets.classes.IGNORE`) of every value that occurs.
    """

    classes: Classes
    table: Mapping[int, int]

    def __post_init__(self) -> None:
        wrong = sorted(k for k in set(self.table.values()) if k != IGNORE and not 0 <= k < len(self.classes))
        if wrong:
            raise ValueError(f"the index table gives {wrong}, which are neither class ids nor {IGNORE} (ignored)")

    def read(self, path: str | PathLike[str], window: Window | None = None) -> NDArray[np.int64]:
        """Class ids (H, W) of a window; ``DataError`` names unknown values and their pixels."""
        header, pixels = read_pixels(path, window)
        if header.bands != 1 or pixels.dtype.kind not in "ui":
            raise DataError.at(
                path,
                f"{header.bands} bands of {header.dtype} where one band of integers is expected",
                "Labels by index have one band; for painted labels give a colour table",
            )
        values, inverse, counts = np.unique(pixels[0], return_inverse=True, return_counts=True)
        unknown = [u for u, value in enumerate(values.tolist()) if value not in self.table]
        if unknown:
            listed = ", ".join(f"{values[u]} on {counts[u]} pixels" for u in unknown[:5])
            raise DataError.at(
                path,
                f"{len(unknown)} values that stand in no table: {listed}",
                f"Add them to the index table, as {IGNORE} if they are to be ignored",
            )
        ids = np.array([self.table[value] for value in values.tolist()], np.int64)
        return ids[inverse].reshape(pixels.shape[1:])


def hex_colour(colour: NDArray[np.int32] | RGB) -> str:
    """(red, green, blue) as #RRGGBB."""
    return "#{:02X}{:02X}{:02X}".format(*(int(value) for value in colour))


def _code(rgb: Pixels) -> NDArray[np.int32]:
    """One integer a colour, of a picture or a colour with the channels first."""
    red, green, blue = rgb.astype(np.int32)
    return red << 16 | green << 8 | blue


def _as_rgb(path: str | PathLike[str], header: Header, pixels: Pixels) -> Pixels:
    """Label picture as (3, H, W): a palette is looked up, an alpha channel dropped."""
    if pixels.dtype != np.uint8 or header.bands not in (1, 3, 4) or (header.bands == 1 and header.palette is None):
        raise DataError.at(
            path,
            f"{header.bands} bands of {header.dtype} without a palette where a picture in 8-bit colours is expected",
            "For labels that hold one number a class, give an index table instead of a colour table",
        )
    if header.palette is None:
        return pixels[:3]
    colours = np.full((256, 3), 0, np.uint8)
    for index, colour in header.palette.items():
        colours[index] = colour
    strange = np.setdiff1d(pixels, list(header.palette))
    if strange.size:
        raise DataError.at(path, f"index {strange[0]} is not in its palette", "The file is damaged; copy it again")
    return colours[pixels[0]].transpose(2, 0, 1)
