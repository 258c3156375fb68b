"""Paired differences against SciPy's own test, and readings off a curve by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from rsnotes.experiments import at_seconds, at_step, paired_difference

BASELINE = {0: 60.0, 1: 61.0, 2: 59.5, 3: 60.5, 4: 62.0}
VARIANT = {0: 61.0, 1: 62.5, 2: 60.0, 3: 62.5, 4: 63.5}


def test_the_interval_is_that_of_the_paired_t_test() -> None:
    found = paired_difference(VARIANT, BASELINE)
    test = stats.ttest_rel(list(VARIANT.values()), list(BASELINE.values()))
    interval = test.confidence_interval(0.95)
    assert found.mean == pytest.approx(1.3)
    assert found.mean - found.half_width == pytest.approx(interval.low)
    assert found.mean + found.half_width == pytest.approx(interval.high)
    assert found.pairs == 5
    assert found.shows_an_effect == (test.pvalue < 0.05)


def test_the_sign_is_variant_minus_baseline_and_pairs_are_by_seed() -> None:
    reordered = dict(reversed(VARIANT.items()))
    assert paired_difference(reordered, BASELINE) == paired_difference(VARIANT, BASELINE)
    assert paired_difference(BASELINE, VARIANT).mean == pytest.approx(-1.3)
    only = paired_difference({0: 61.0, 9: 0.0}, BASELINE)
    assert (only.mean, only.pairs, only.half_width) == (1.0, 1, math.inf)


def test_four_pairs_or_an_interval_over_zero_show_nothing() -> None:
    sure = {seed: value + 1 + 0.01 * seed for seed, value in BASELINE.items()}
    assert paired_difference(sure, BASELINE).shows_an_effect
    assert paired_difference(sure, BASELINE).verdict == "a gain"
    assert paired_difference(BASELINE, sure).verdict == "a loss"
    four = paired_difference({s: sure[s] for s in range(4)}, BASELINE)
    assert (four.shows_an_effect, four.verdict) == (False, "too few seeds")
    noisy = {seed: value + (-1) ** seed for seed, value in BASELINE.items()}
    assert not paired_difference(noisy, BASELINE).shows_an_effect
    assert paired_difference(noisy, BASELINE).verdict == "undecided"
    with pytest.raises(ValueError, match="no seed in common"):
        paired_difference({7: 1.0}, BASELINE)


def test_a_curve_is_read_on_straight_lines_and_never_beyond_its_ends() -> None:
    curve = [{"seconds": 0.0, "miou": 0.1}, {"seconds": 10.0, "miou": 0.5}, {"seconds": 30.0, "miou": 0.6}]
    assert at_seconds(curve, 5.0, "miou") == pytest.approx(0.3)
    assert at_seconds(curve, 25.0, "miou") == pytest.approx(0.575)
    assert np.isclose(at_seconds(curve, 30.0, "miou"), 0.6)
    with pytest.raises(ValueError, match=r"31\.0 s lies outside the curve from 0\.0 to 30\.0 s"):
        at_seconds(curve, 31.0, "miou")


def test_a_curve_is_read_by_steps_as_by_seconds() -> None:
    curve = [{"step": 300, "seconds": 1.0, "miou": 0.5}, {"step": 600, "seconds": 9.0, "miou": 0.6}]
    assert at_step(curve, 450, "miou") == pytest.approx(0.55)
    assert at_step(curve, 600, "miou") == pytest.approx(0.6)
    with pytest.raises(ValueError, match=r"650\.0 steps lies outside the curve from 300\.0 to 600\.0 steps"):
        at_step(curve, 650, "miou")
