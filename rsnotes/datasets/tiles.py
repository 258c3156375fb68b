"""The tile index: which windows cover an image."""

from math import ceil
from typing import NamedTuple


class Window(NamedTuple):
    """A rectangle of pixels; ``top`` and ``left`` count from 0."""

    top: int
    left: int
    height: int
    width: int


def tile_windows(height: int, width: int, side: int, overlap: int = 0, pad: bool = False) -> list[Window]:
    """Square windows that cover an image without a gap, row by row.

    Args:
        height: rows of the image, from 1.
        width: columns of the image, from 1.
        side: side of a window in pixels, from 1.
        overlap: pixels that neighbouring windows share, in [0, side).
        pad: let the last window of a row or column hang over the border, so that without overlap every pixel lies
            in exactly one window. Otherwise the last window is moved back until it ends at the border. An image
            smaller than ``side`` gets one window that hangs over in either case.

    Returns:
        Windows of ``side`` × ``side``; the part beyond the border is for the reader to fill.

    Raises:
        ValueError: a size below 1, or an overlap outside [0, side).
    """
    if min(height, width, side) < 1 or not 0 <= overlap < side:
        raise ValueError(
            f"need height, width and side from 1 and 0 <= overlap < side, got an image of {height}x{width}, "
            f"side {side} and overlap {overlap}"
        )
    tops, lefts = (_starts(length, side, overlap, pad) for length in (height, width))
    return [Window(top, left, side, side) for top in tops for left in lefts]


def _starts(length: int, side: int, overlap: int, pad: bool) -> list[int]:
    """First pixels of the windows along one axis."""
    count = max(1, ceil((length - overlap) / (side - overlap)))
    starts = [k * (side - overlap) for k in range(count)]
    if not pad:
        starts[-1] = max(0, length - side)
    return starts
