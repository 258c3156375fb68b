"""The table of seeds and the generators of the stages."""

from itertools import combinations

import numpy as np
import pytest

from rsnotes.scenes import SEEDS
from rsnotes.scenes.seeds import generator, split_range


def test_ranges_are_disjoint_and_not_empty():
    for (a, (a0, a1)), (b, (b0, b1)) in combinations(SEEDS.items(), 2):
        assert a1 <= b0 or b1 <= a0, f"{a} and {b} overlap"
    assert all(0 <= low < high for low, high in SEEDS.values())


def test_the_splits_that_pages_need_exist():
    assert {"training", "validation", "test", "calibration"} <= set(SEEDS)
    assert any(name.startswith("experiments") for name in SEEDS)


def test_split_range_is_half_open():
    seeds = split_range("validation")
    assert (seeds[0], seeds[-1] + 1) == SEEDS["validation"]


def test_unknown_split_names_the_splits():
    with pytest.raises(ValueError, match=r"no split 'train'.*training, validation"):
        split_range("train")


def test_generators_differ_by_seed_stage_and_key_and_repeat():
    first = generator(3, "hedges", 1, -2).random(4)
    np.testing.assert_array_equal(first, generator(3, "hedges", 1, -2).random(4))
    for other in (generator(4, "hedges", 1, -2), generator(3, "beds", 1, -2), generator(3, "hedges", -2, 1)):
        assert not np.any(first == other.random(4))


def test_a_longer_key_is_another_key():
    assert generator(3, "beds", 1).random() != generator(3, "beds", 1, 0).random()
