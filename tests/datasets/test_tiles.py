"""The tile index covers every pixel."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsnotes.datasets.tiles import tile_windows


def cover(height, width, windows):
    """How many windows each pixel lies in; the part beyond the border is cut off."""
    count = np.zeros((height, width), int)
    for top, left, rows, columns in windows:
        count[top : top + rows, left : left + columns] += 1
    return count


sizes = st.integers(1, 70)


@settings(max_examples=100, deadline=None)
@given(height=sizes, width=sizes, side=st.integers(1, 40), data=st.data(), pad=st.booleans())
def test_every_pixel_is_covered_by_squares_that_begin_inside(height, width, side, data, pad):
    overlap = data.draw(st.integers(0, max(0, side - 3)))
    windows = tile_windows(height, width, side, overlap, pad)
    assert cover(height, width, windows).min() >= 1
    assert len(set(windows)) == len(windows)
    for window in windows:
        assert (window.height, window.width) == (side, side)
        assert 0 <= window.top < height
        assert 0 <= window.left < width


@settings(max_examples=100, deadline=None)
@given(height=sizes, width=sizes, side=st.integers(1, 40))
def test_padded_windows_without_overlap_hold_every_pixel_once(height, width, side):
    assert (cover(height, width, tile_windows(height, width, side, pad=True)) == 1).all()


@settings(max_examples=100, deadline=None)
@given(height=sizes, width=sizes, side=st.integers(1, 40), data=st.data())
def test_shifted_windows_stay_inside_and_neighbours_share_the_overlap(height, width, side, data):
    overlap = data.draw(st.integers(0, side - 1))
    windows = tile_windows(height, width, side, overlap)
    for window in windows:
        assert window.top + side <= max(height, side)
        assert window.left + side <= max(width, side)
    tops = sorted({window.top for window in windows})
    assert all(b - a == side - overlap for a, b in pairwise(tops[:-1]))
    assert all(b - a <= side - overlap for a, b in pairwise(tops))


def test_by_hand():
    # 10 columns in windows of 4 that share 1: 0-3, 3-6, 6-9
    assert [w.left for w in tile_windows(4, 10, 4, overlap=1)] == [0, 3, 6]
    # 11 columns: the fourth window is moved back from 9 to 7, or hangs over
    assert [w.left for w in tile_windows(4, 11, 4, overlap=1)] == [0, 3, 6, 7]
    assert [w.left for w in tile_windows(4, 11, 4, overlap=1, pad=True)] == [0, 3, 6, 9]
    assert [tuple(w) for w in tile_windows(3, 5, 8)] == [(0, 0, 8, 8)]
    # Vaihingen's area 1, 2569 x 1919, and Potsdam's 6000 x 6000 in windows of 512
    assert len(tile_windows(2569, 1919, 512)) == 6 * 4
    assert len(tile_windows(6000, 6000, 512)) == 12 * 12


@pytest.mark.parametrize("arguments", [(0, 5, 4), (5, 5, 0), (5, 5, 4, 4), (5, 5, 4, -1)])
def test_impossible_tilings_are_refused(arguments):
    with pytest.raises(ValueError, match="0 <= overlap < side"):
        tile_windows(*arguments)
