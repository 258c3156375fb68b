"""Paired differences between variants, with their spread and what they can show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

FEWEST = 5
"""Pairs below which nothing is said to be shown."""


@dataclass(frozen=True)
class Difference:
    """A paired difference over seeds, in the unit of the figures.

    Attributes:
        mean: mean of variant minus baseline.
        deviation: standard deviation over the pairs (n - 1); NaN for one pair.
        half_width: half of the 95 % interval of the mean, by Student's t; infinite for one pair.
        pairs: number of seeds that both have.
    """

    mean: float
    deviation: float
    half_width: float
    pairs: int

    @property
    def shows_an_effect(self) -> bool:
        """Five pairs or more, and the interval leaves out zero."""
        return self.pairs >= FEWEST and abs(self.mean) > self.half_width

    @property
    def verdict(self) -> str:
        """The difference in words: "a gain", "a loss", "undecided" or "too few seeds"."""
        if not self.shows_an_effect:
            return "undecided" if self.pairs >= FEWEST else "too few seeds"
        return "a gain" if self.mean > 0 else "a loss"


def paired_difference(variant: Mapping[int, float], baseline: Mapping[int, float]) -> Difference:
    """Difference of two variants over the seeds that both have.

    Args:
        variant, baseline: the figure by seed.

    Raises:
        ValueError: no seed in common.
    """
    seeds = sorted(variant.keys() & baseline.keys())
    if not seeds:
        raise ValueError(f"no seed in common: {sorted(variant)} and {sorted(baseline)}")
    values = np.array([variant[seed] - baseline[seed] for seed in seeds])
    if len(values) == 1:
        return Difference(float(values[0]), float("nan"), float("inf"), 1)
    deviation = float(values.std(ddof=1))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * deviation / len(values) ** 0.5
    return Difference(float(values.mean()), deviation, half, len(values))


def at_seconds(curve: Sequence[Mapping[str, Any]], seconds: float, figure: str) -> float:
    """A figure read off a run's curve after ``seconds`` of training, on a straight line between evaluations.

    Args:
        curve: points with "seconds" and the figure, in order.
        seconds: between the first and the last point's.

    Raises:
        ValueError: the time lies outside the curve; nothing is extrapolated.
    """
    return _read_off(curve, "seconds", seconds, "s", figure)


def at_step(curve: Sequence[Mapping[str, Any]], step: float, figure: str) -> float:
    """A figure read off a run's curve after ``step`` steps, on a straight line between evaluations.

    Args:
        curve: points with "step" and the figure, in order.
        step: between the first and the last point's; need not be whole.

    Raises:
        ValueError: the step lies outside the curve; nothing is extrapolated.
    """
    return _read_off(curve, "step", step, "steps", figure)


def _read_off(curve: Sequence[Mapping[str, Any]], axis: str, place: float, unit: str, figure: str) -> float:
    places = [point[axis] for point in curve]
    if not places[0] <= place <= places[-1]:
        raise ValueError(f"{place:.1f} {unit} lies outside the curve from {places[0]:.1f} to {places[-1]:.1f} {unit}")
    return float(np.interp(place, places, [point[figure] for point in curve]))
