"""Fixed-point numbers: a sign, integer bits, fraction bits, and what rounding to them costs."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class FixedPoint:
    """Two's complement with a binary point: a sign bit, ``integer`` bits before the point, ``fraction`` after it.

    Either may be negative: ``FixedPoint(-2, 9)`` has its seven bits from 2⁻³ down to 2⁻⁹.

    Attributes:
        integer: bits from 2⁰ upward.
        fraction: bits from 2⁻¹ downward.

    Raises:
        ValueError: no bit is left beside the sign, or more than 31.
    """

    integer: int
    fraction: int

    def __post_init__(self) -> None:
        if not 1 <= self.integer + self.fraction <= 31:
            raise ValueError(
                f"a fixed-point format has 1 to 31 bits beside the sign, got {self.integer} before and "
                f"{self.fraction} after the point"
            )

    @property
    def bits(self) -> int:
        """All bits, the sign's too."""
        return 1 + self.integer + self.fraction

    @property
    def step(self) -> float:
        """The smallest positive number, a power of two."""
        return 2.0**-self.fraction

    @property
    def lowest(self) -> float:
        """The most negative number."""
        return -(2.0**self.integer)

    @property
    def highest(self) -> float:
        """The largest number: every bit 1 but the sign's."""
        return 2.0**self.integer - self.step


class Errors(NamedTuple):
    """Shares of a tensor's numbers, in [0, 1], that a format changes.

    Attributes:
        underflow: not 0, become 0.
        overflow: beyond the largest or smallest number, become it.
        precision: any other that changes.
    """

    underflow: float
    overflow: float
    precision: float


def to_integers(x: Tensor, form: FixedPoint) -> Tensor:
    """``x`` in steps of the format: rounded, halves away from zero, and saturated; what is stored.

    Args:
        x: any float tensor without NaN; infinities saturate.
        form: the format.

    Returns:
        int8, int16 or int32, whichever holds the format's bits.

    Raises:
        ValueError: ``x`` has a NaN.
    """
    if bool(x.isnan().any()):
        raise ValueError("a NaN has no fixed-point number; look for what made it")
    steps = (x.double() / form.step).clamp(form.lowest / form.step, form.highest / form.step)
    whole = steps.trunc()
    rounded = whole + (steps - whole).abs().ge(0.5) * steps.sign()
    dtype = torch.int8 if form.bits <= 8 else torch.int16 if form.bits <= 16 else torch.int32
    return rounded.to(dtype)


def quantize(x: Tensor, form: FixedPoint) -> Tensor:
    """The format's number nearest to each of ``x``, see :func:`to_integers`; of the type and shape of ``x``."""
    return to_integers(x, form).to(x.dtype) * form.step


def quantization_errors(x: Tensor, form: FixedPoint) -> Errors:
    """How many of a tensor's numbers underflow, overflow or lose precision in a format."""
    q = quantize(x, form)
    under = (x != 0) & (q == 0)
    over = (x > form.highest) | (x < form.lowest)
    lost = (q != x) & ~under & ~over
    total = max(1, x.numel())
    return Errors(*(int(which.sum()) / total for which in (under, over, lost)))
