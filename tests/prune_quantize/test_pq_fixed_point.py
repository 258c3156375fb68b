"""Fixed-point numbers and windows of bits: the paper's example corrected, every case by hand, and properties."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rsnotes.prune_quantize import (
    FixedPoint,
    choose_range,
    msb_histogram,
    quantization_errors,
    quantize,
    to_integers,
)

PAPER = FixedPoint(integer=4, fraction=3)
"""Section 2.3: sign, 2³ to 2⁻³; the smallest positive number is 0.125."""

FORMATS = st.integers(-20, 20).flatmap(
    lambda integer: st.integers(1, 15).map(lambda bits: FixedPoint(integer, bits - integer))
)
NUMBERS = st.floats(-1e6, 1e6, width=32)


def rounded(value: float, form: FixedPoint) -> Fraction:
    """In exact arithmetic: nearest step, half away from zero, saturated."""
    step = Fraction(2) ** -form.fraction
    steps = abs(Fraction(value)) / step
    whole = math.floor(steps + Fraction(1, 2))
    signed = whole if value >= 0 else -whole
    most = 2 ** (form.integer + form.fraction)
    return min(max(signed, -most), most - 1) * step


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.03125, 0.0),  # underflow
        (2.1, 2.125),  # precision loss: rounded, not cut to 2
        (16.25, 15.875),  # overflow; printed 15.874
        (-16.25, -16.0),
        (-2.1, -2.125),
        (0.0625, 0.125),  # printed: all below 0.125 become 0; the cut is half of it, away from zero
        (-0.0625, -0.125),
        (0.0624, 0.0),
        (-0.0624, 0.0),
        (0.1875, 0.25),  # half to even would give 0.25 too,
        (0.3125, 0.375),  # and here 0.25
        (-0.3125, -0.375),
        (15.9375, 15.875),  # rounds beyond the largest
        (-16.0, -16.0),
        (math.inf, 15.875),
        (-math.inf, -16.0),
        (0.0, 0.0),
    ],
)
def test_the_worked_example_and_its_neighbours(value, expected):
    assert quantize(torch.tensor([value]), PAPER).item() == expected


def test_the_papers_format():
    assert (PAPER.bits, PAPER.step, PAPER.lowest, PAPER.highest) == (8, 0.125, -16, 15.875)


@pytest.mark.parametrize(("form", "dtype"), [((3, 4), torch.int8), ((3, 5), torch.int16), ((0, 16), torch.int32)])
def test_what_is_stored(form, dtype):
    form = FixedPoint(*form)
    values = torch.tensor([form.lowest, -form.step, 0, form.step, form.highest])
    stored = to_integers(values, form)
    assert stored.dtype == dtype
    most = 2 ** (form.bits - 1)
    assert stored.tolist() == [-most, -1, 0, 1, most - 1]


def test_a_number_just_below_a_half_goes_down():
    # adding a half and cutting would carry in float32: 0.49999997 + 0.5 is 1
    assert quantize(torch.tensor([0.49999997]), FixedPoint(7, 0)).item() == 0
    assert quantize(torch.tensor([0.49999997]) * 2**-30, FixedPoint(-23, 30)).item() == 0


@given(NUMBERS, FORMATS)
def test_against_exact_arithmetic(value, form):
    assert Fraction(quantize(torch.tensor([value]), form).item()) == rounded(value, form)


@given(st.lists(NUMBERS, min_size=1, max_size=8), FORMATS)
def test_quantizing_twice_changes_nothing(values, form):
    once = quantize(torch.tensor(values), form)
    assert torch.equal(quantize(once, form), once)


@given(NUMBERS, NUMBERS, FORMATS)
def test_order_is_kept_and_the_error_is_half_a_step(a, b, form):
    small, large = sorted((a, b))
    low, high = quantize(torch.tensor([small, large], dtype=torch.float64), form).tolist()
    assert low <= high
    if form.lowest <= a <= form.highest:
        assert abs(quantize(torch.tensor([a], dtype=torch.float64), form).item() - a) <= form.step / 2


@given(NUMBERS, FORMATS)
def test_signs_are_mirrored_but_for_the_lowest(value, form):
    ours, mirrored = quantize(torch.tensor([value, -value], dtype=torch.float64), form).tolist()
    assert ours == -mirrored or {ours, mirrored} == {form.lowest, form.highest}


@given(NUMBERS, st.integers(1, 8), st.integers(-10, 10))
def test_moving_the_point_scales(value, bits, integer):
    form, moved = FixedPoint(integer, bits - integer), FixedPoint(integer + 3, bits - integer - 3)
    here, there = (quantize(torch.tensor([v], dtype=torch.float64), f) for v, f in ((value, form), (8 * value, moved)))
    assert torch.equal(8 * here, there)


def test_types_and_shapes_stay():
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    assert quantize(x, PAPER).dtype == torch.float64
    assert quantize(x.half(), PAPER).dtype == torch.float16
    assert quantize(x, PAPER).shape == x.shape
    with pytest.raises(ValueError, match="a NaN has no fixed-point number"):
        quantize(torch.tensor([math.nan]), PAPER)


@pytest.mark.parametrize("bits", [(0, 0), (4, -4), (20, 12)])
def test_impossible_formats_are_refused(bits):
    with pytest.raises(ValueError, match="1 to 31 bits beside the sign"):
        FixedPoint(*bits)


def test_errors_are_counted_by_kind():
    values = torch.tensor([0.03125, 2.1, 16.25, -16.25, 0.0, 1.5, -0.01, 15.9])
    # 15.9 lies beyond the largest number
    errors = quantization_errors(values, PAPER)
    assert errors.underflow == 2 / 8
    assert errors.overflow == 3 / 8
    assert errors.precision == 1 / 8
    assert quantization_errors(torch.zeros(0), PAPER) == (0, 0, 0)


def test_positions_of_leading_bits_by_hand():
    values = torch.tensor([0.03125, 2.1, 16.25, 0.0, -0.75, 1.0, 0.999, -8.0, 7.99])
    assert msb_histogram(values) == Counter({-5: 1, 1: 1, 4: 1, -1: 2, 0: 1, 3: 1, 2: 1})
    assert msb_histogram(torch.zeros(3)) == Counter()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_positions_against_logarithms(values):
    tensor = torch.tensor(values)
    expected = Counter(int(p) for p in np.floor(np.log2(np.abs(tensor[tensor != 0].double().numpy()))))
    assert msb_histogram(tensor) == expected


def test_histograms_add_up():
    a, b = torch.randn(50), 100 * torch.randn(70)
    assert msb_histogram(a) + msb_histogram(b) == msb_histogram(torch.cat([a, b]))


@pytest.mark.parametrize(
    ("histogram", "bits", "expected"),
    [
        ({3: 1, -3: 1}, 8, FixedPoint(4, 3)),  # seven positions from 3 to -3
        ({4: 1, 3: 5, -3: 5}, 8, FixedPoint(4, 3)),  # the single 16 overflows
        ({4: 6, 3: 5, -3: 5}, 8, FixedPoint(5, 2)),  # the 0.125s underflow instead
        ({4: 5, 3: 5, -3: 5}, 8, FixedPoint(5, 2)),  # a tie: the larger numbers
        ({0: 1}, 8, FixedPoint(1, 6)),  # no idle bit above
        ({0: 1}, 2, FixedPoint(1, 0)),
        ({-9: 2, -5: 2}, 4, FixedPoint(-4, 7)),  # a tie: -5 to -7 and not -9 to -11
        ({9: 0, 0: 1}, 8, FixedPoint(1, 6)),
        ({-30: 3, 20: 2}, 8, FixedPoint(-23, 30)),
        ({}, 8, FixedPoint(0, 7)),
        ({2: 0}, 4, FixedPoint(0, 3)),
    ],
)
def test_windows_by_hand(histogram, bits, expected):
    assert choose_range(histogram, bits) == expected
    assert expected.bits == bits


def test_without_overflow_the_window_begins_at_the_highest_bit():
    assert choose_range({4: 1, 3: 5, -3: 5}, 8, overflow=False) == FixedPoint(5, 2)
    assert choose_range({-30: 3, 20: 2}, 8, overflow=False) == FixedPoint(21, -14)
    assert choose_range({9: 0, 0: 1}, 8, overflow=False) == FixedPoint(1, 6)


@given(st.dictionaries(st.integers(-12, 12), st.integers(1, 50), min_size=1), st.integers(2, 16))
def test_no_window_covers_more(histogram, bits):
    form = choose_range(histogram, bits)

    def covered(top: int) -> int:
        return sum(count for position, count in histogram.items() if top - (bits - 1) < position <= top)

    best = max(range(min(histogram), max(histogram) + 1), key=lambda top: (covered(top), top))
    assert form == FixedPoint(best + 1, bits - 2 - best)


def test_the_window_covers_what_it_claims():
    # numbers whose leading bit lies inside neither overflow nor underflow
    values = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 3
    form = choose_range(msb_histogram(values))
    position = values.abs().log2().floor()
    inside = (position < form.integer) & (position >= -form.fraction)
    errors = quantization_errors(values[inside & (values <= form.highest)], form)
    assert errors.overflow == errors.underflow == 0
    assert inside.double().mean() > 0.95
