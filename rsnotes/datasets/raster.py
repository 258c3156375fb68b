"""Reading image files, whole or a window of them, with one named error for whatever is wrong with them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterWindow

from rsnotes.datasets.errors import DataError
from rsnotes.datasets.tiles import Window

FORMATS = ("GTiff", "PNG", "JPEG", "BMP")
"""GDAL's names of the formats that are read."""

GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no listing of the folder for every window
    "GDAL_PAM_ENABLED": "NO",  # no .aux.xml beside the image is read or written
    "GDAL_ERROR_ON_LIBJPEG_WARNING": "YES",  # a truncated JPEG is an error, not a grey area
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO",  # the fast path for whole images gives random pixels for a truncated PNG
}

MOST_COMPRESSED = 10_000
"""A header that claims more than this many bytes of pixels a byte of file is taken as damaged."""

Pixels = NDArray[Any]


class Header(NamedTuple):
    """What the header of an image file says: size in pixels, number of bands, NumPy type, palette if any."""

    height: int
    width: int
    bands: int
    dtype: str
    palette: dict[int, tuple[int, int, int]] | None


def read_header(path: str | PathLike[str]) -> Header:
    """Header of the image at ``path``; reads no pixels. ``DataError`` if there is no readable image."""
    with open_image(path) as source:
        return _header(source)


def read_pixels(path: str | PathLike[str], window: Window | None = None) -> tuple[Header, Pixels]:
    """Header and raw values of a window, which must lie inside the image; of the whole image by default.

    Returns:
        The header, and (bands, height, width) in the file's own type.

    Raises:
        DataError: the file is missing, not an image, damaged or cut short.
    """
    with open_image(path) as source:
        return _header(source), source.read(window=_raster_window(window))


def read_image(
    path: str | PathLike[str],
    bands: tuple[str, ...],
    window: Window | None = None,
    value_range: tuple[float, float] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Image in [0, 1], and where it has no data.

    A pixel has no data where any band holds the file's no-data value or is not a number, or where an alpha channel
    beyond the named bands is 0. There the image is 0.

    Args:
        path: image file.
        bands: names of the bands, in the file's order; their number is checked.
        window: part to read, inside the image; all of it by default.
        value_range: values that become 0 and 1; what lies beyond is clipped. Not needed for 8-bit images.

    Returns:
        Image (C, H, W) float32 and missing (H, W) bool.

    Raises:
        DataError: as :func:`read_pixels`, or another number of bands, or a type whose range is not known.
    """
    with open_image(path) as source:
        alpha = source.count == len(bands) + 1 and source.colorinterp[-1] == ColorInterp.alpha
        if source.count != len(bands) and not alpha:
            raise DataError.at(
                path,
                f"{source.count} bands where {len(bands)} are expected ({', '.join(bands)})",
                "Name the bands of the file in its order, or export it with these bands",
            )
        pixels, nodata = source.read(window=_raster_window(window)), source.nodata
    missing = pixels[-1] == 0 if alpha else np.zeros(pixels.shape[1:], bool)
    pixels = pixels[: len(bands)]
    if nodata is not None:
        missing |= (pixels == nodata).any(0)
    if pixels.dtype.kind == "f":
        missing |= ~np.isfinite(pixels).all(0)
    image = _to_unit_range(path, pixels, value_range)
    image[:, missing] = 0
    return image, missing


@contextmanager
def open_image(path: str | PathLike[str]) -> Iterator[rasterio.DatasetReader]:
    """Open ``path`` with rasterio; whatever GDAL reports about it in the block becomes a ``DataError``."""
    if not Path(path).is_file():
        raise DataError.at(path, "no such file", "Check the path, or download the data set again")
    try:
        with rasterio.Env(**GDAL_OPTIONS), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a PNG has no place on Earth, and needs none
            with rasterio.open(path) as source:
                _require_plausible(path, source)
                yield source
    except (RasterioError, OSError, MemoryError, UnicodeError) as error:
        reason = " ".join(str(error.__cause__ or error).split()) or type(error).__name__
        raise DataError.at(
            path,
            f"cannot be read as an image ({reason})",
            "The file is damaged, cut short or of another format; copy or download it again",
        ) from error


def _require_plausible(path: str | PathLike[str], source: rasterio.DatasetReader) -> None:
    """Refuse unknown formats, complex numbers, and headers that claim far more pixels than the file can hold."""
    if source.driver not in FORMATS:
        raise DataError.at(path, f"is a {source.driver} file", f"Convert it to one of {', '.join(FORMATS)}")
    if source.count == 0 or any(np.dtype(name).kind not in "uif" for name in source.dtypes):
        raise DataError.at(path, f"holds values of type {source.dtypes}", "Export real numbers or integers")
    size, claimed = Path(path).stat().st_size, source.height * source.width * source.count
    if claimed > MOST_COMPRESSED * size:
        raise DataError.at(
            path,
            f"the header claims {source.count} bands of {source.height}x{source.width} pixels, the file has {size} "
            "bytes",
            "The file is damaged or cut short; copy or download it again",
        )


def _header(source: rasterio.DatasetReader) -> Header:
    palette = None
    if source.count == 1 and source.colorinterp[0] == ColorInterp.palette:
        palette = {index: tuple(colour[:3]) for index, colour in source.colormap(1).items()}
    return Header(source.height, source.width, source.count, source.dtypes[0], palette)


def _raster_window(window: Window | None) -> RasterWindow | None:
    return None if window is None else RasterWindow(window.left, window.top, window.width, window.height)


def _to_unit_range(
    path: str | PathLike[str], pixels: Pixels, value_range: tuple[float, float] | None
) -> NDArray[np.float32]:
    """Values as float32 in [0, 1]."""
    if value_range is None:
        if pixels.dtype != np.uint8:
            raise DataError.at(
                path,
                f"holds {pixels.dtype} values, whose range in use is not known",
                "Give value_range=(value that becomes 0, value that becomes 1)",
            )
        value_range = (0, 255)
    low, high = value_range
    if not low < high:
        raise ValueError(f"value_range must be (low, high) with low < high, got {value_range}")
    scaled = (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(np.nan_to_num(scaled), 0, 1)
