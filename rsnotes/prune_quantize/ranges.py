"""Where the leading bits of numbers lie, and the window of bits that covers most of them."""

from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor

from rsnotes.prune_quantize.fixed_point import FixedPoint

Histogram = Counter[int]
"""How many numbers have their most significant bit at each position; position p is worth 2^p. Histograms add up."""


def msb_histogram(values: Tensor) -> Histogram:
    """Count the positions of the most significant bits of magnitudes; 0 has none and is not counted.

    Args:
        values: any shape; finite.
    """
    magnitudes = values.detach().double().abs().flatten()
    _, exponents = torch.frexp(magnitudes[magnitudes > 0])  # in [0.5, 1) times 2^exponent
    positions, counts = (exponents - 1).unique(return_counts=True)
    return Counter(dict(zip(positions.tolist(), counts.tolist(), strict=True)))


def choose_range(histogram: Mapping[int, int], bits: int = 8, *, overflow: bool = True) -> FixedPoint:
    """The format whose ``bits - 1`` magnitude bits cover most leading bits; of equals that of the larger numbers.

    The paper's window must "encompass the majority" of the leading bits, sign bit included; which of many such
    windows is taken it does not say. Its top bit here is never above the highest leading bit, where it would be idle.

    Args:
        histogram: from :func:`msb_histogram`.
        bits: of the format, the sign's included; 2 to 32.
        overflow: whether the highest leading bits may be left out to save a larger number of small ones. A number
            left out above becomes the largest there is, however large it was; one left out below is off by half a
            step at most. Without it no number of the histogram is cut by a step or more: what lies between the
            largest number and the next power of two still is, by less.

    Returns:
        The format; of a histogram without counts the one with no integer bits.
    """
    width = bits - 1
    if not any(histogram.values()):
        return FixedPoint(0, width)
    seen = [position for position, count in histogram.items() if count > 0]
    low, high = min(seen), max(seen)

    def covered(top: int) -> int:
        return sum(histogram.get(position, 0) for position in range(top - width + 1, top + 1))

    top = max(range(low, high + 1), key=lambda position: (covered(position), position)) if overflow else high
    return FixedPoint(top + 1, width - 1 - top)
