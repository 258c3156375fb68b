"""Label noise: an annotator's errors, and only those."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from rsnotes.scenes import TEACHING, render
from rsnotes.scenes.label_noise import _jitter, _merge, _miss

SEEDS = range(4)


@pytest.fixture(scope="module")
def noisy() -> dict[str, list]:
    return {
        level: [render(s, replace(TEACHING, label_noise=level)) for s in SEEDS] for level in ("off", "mild", "strong")
    }


def disagreement(noisy, level: str) -> float:
    return float(np.mean([(a.mask != b.mask).mean() for a, b in zip(noisy[level], noisy["off"], strict=True)]))


def test_the_image_stays_as_it_is(noisy):
    for level in ("mild", "strong"):
        for scene, clean in zip(noisy[level], noisy["off"], strict=True):
            np.testing.assert_array_equal(scene.rgb, clean.rgb)
            np.testing.assert_array_equal(scene.height, clean.height)


def test_strong_is_worse_than_mild_and_both_are_plausible(noisy):
    assert 0.01 < disagreement(noisy, "mild") < 0.09
    assert disagreement(noisy, "mild") + 0.03 < disagreement(noisy, "strong") < 0.22


def test_errors_lie_near_outlines(noisy):
    """The mild annotator errs within 1.2 m of an outline, or misses an object."""
    reach = 2 * round(1.2 / TEACHING.gsd) + 1
    for scene, clean in zip(noisy["mild"], noisy["off"], strict=True):
        edge = cv2.morphologyEx(clean.mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        near = cv2.dilate(edge.astype(np.uint8), np.ones((reach, reach), np.uint8)).astype(bool)
        wrong = scene.mask != clean.mask
        assert near[wrong].mean() > 0.9


def test_class_shares_stay(noisy):
    shares = {
        level: np.mean([np.bincount(s.mask.ravel(), minlength=6) for s in noisy[level]], axis=0) / 256**2
        for level in ("off", "strong")
    }
    assert np.abs(shares["off"] - shares["strong"])[[0, 1, 2, 3, 5]].max() < 0.04
    assert shares["strong"][4] > 0.4 * shares["off"][4]


def test_small_objects_are_missed_and_large_ones_not():
    shown = np.zeros((100, 100), bool)
    shown[5:95:10, 5:45:10] = True  # 36 small ones
    shown[20:80, 60:95] = True
    left = _miss(np.random.default_rng(0), shown, 0.5, 50.0)
    assert left[20:80, 60:95].all()
    assert 8 < left[:, :50].sum() < 28
    assert not (left & ~shown).any()
    assert (_miss(np.random.default_rng(0), shown, 0.0, 50.0) == shown).all()


def test_neighbours_closer_than_the_gap_are_merged():
    shown = np.zeros((40, 60), bool)
    shown[10:30, 10:20] = shown[10:30, 22:32] = shown[10:30, 42:52] = True
    count, _ = cv2.connectedComponents(_merge(shown, 3.0).astype(np.uint8))
    assert count - 1 == 2
    assert (_merge(shown, 0.5) == shown).all()


def test_jitter_moves_an_outline_by_about_its_amount_and_keeps_what_is_inside():
    layer = np.zeros((200, 200), np.uint8)
    layer[:, 100:] = 1
    moved = _jitter(np.random.default_rng(0), layer, 3.0)
    at = moved.argmax(axis=1) - 100.0
    assert 1.0 < at.std() < 4.0
    assert abs(at.mean()) < 1.5
    assert np.abs(np.diff(at)).max() <= 3.0, "the outline stays smooth"
    assert (moved[:, 120:] == 1).all()
    assert (moved[:, :80] == 0).all()
