"""UAVid's eight classes on the scenes: the same pixels, roads and moving cars found, everything else as before."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from rsnotes.datasets import ISPRS
from rsnotes.datasets.uavid import CLASSES
from rsnotes.scenes import INDUSTRY, TEACHING, SceneConfig, SceneDataset, layers, render, roads
from rsnotes.scenes.plan import Plan
from rsnotes.scenes.render import _Drawing
from rsnotes.scenes.streets import street_network
from rsnotes.scenes.surfaces import Surface
from rsnotes.scenes.uavid import UAVidScenes, moving_cars, uavid_mask

SEEDS = (0, 3)
CASES = [(seed, TEACHING) for seed in SEEDS] + [(2, INDUSTRY)]


def where(mask: np.ndarray, name: str) -> np.ndarray:
    return mask == CLASSES.index(name)


def six(mask: np.ndarray, name: str) -> np.ndarray:
    return mask == ISPRS.index(name)


@pytest.mark.parametrize(("seed", "config"), CASES)
def test_the_six_classes_are_only_split(seed: int, config: SceneConfig) -> None:
    before, after = render(seed, config).mask, uavid_mask(seed, config)
    for name in ("building", "low vegetation", "tree"):
        np.testing.assert_array_equal(where(after, name), six(before, name))
    np.testing.assert_array_equal(where(after, "moving car") | where(after, "static car"), six(before, "car"))
    np.testing.assert_array_equal(
        where(after, "road") | where(after, "clutter"), six(before, "impervious") | six(before, "clutter")
    )
    assert not where(after, "human").any()


def test_a_moving_car_is_one_that_traffic_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    after = [uavid_mask(seed, config) for seed, config in CASES]
    cars = [six(render(seed, config).mask, "car") for seed, config in CASES]
    monkeypatch.setattr(roads.cars, "traffic", lambda plan, street: None)
    parked = [six(render(seed, config).mask, "car") for seed, config in CASES]
    assert sum(where(mask, "moving car").sum() for mask in after) > 300
    for mask, all_cars, still in zip(after, cars, parked, strict=True):
        assert (where(mask, "moving car") != (all_cars & ~still)).sum() <= 0.02 * all_cars.sum()


@pytest.mark.parametrize(("seed", "config"), CASES)
def test_road_is_the_streets_asphalt(seed: int, config: SceneConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    mask, surface = uavid_mask(seed, config), layers(seed, config)["surface"]
    road = where(mask, "road")
    assert (surface[road] == Surface.ASPHALT).all()
    monkeypatch.setattr(import_module("rsnotes.scenes.render"), "lay_streets", lambda plan, streets: None)
    without = layers(seed, config)["surface"]
    other = (surface == Surface.ASPHALT) & ~road
    assert (without[other] != Surface.ASPHALT).sum() <= 0.01 * other.sum()
    assert other.any() or config is TEACHING  # halls have their yards
    changed = (surface == Surface.ASPHALT) & (without != Surface.ASPHALT)
    assert road[changed].all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cue_is_the_place(seed: int) -> None:
    """On every street moving cars keep nearer to its middle than those at its kerbs."""
    whole = _Drawing(seed, TEACHING).plan()
    moving = moving_cars(seed, TEACHING, whole)
    assert 0 < len(moving) < len(whole.cars)
    assert set(moving) <= set(whole.cars)
    gaps = []
    for street in street_network(seed, TEACHING, whole.frame, whole.reach).streets:
        steps = np.arange(street.start, street.end, 0.25)
        axis = np.array([whole.frame.place(*street.point(along, 0.0))[:2] for along in steps])
        aside = []
        for place in (roads.cars.traffic, roads.cars.along_kerbs):
            plan = Plan(seed, TEACHING, whole.frame, whole.materials, whole.reach)
            place(plan, street)
            aside.append([np.hypot(*(axis - (car.x, car.y)).T).min() for car in plan.cars])
        if all(aside):
            gaps.append(np.median(aside[1]) - np.median(aside[0]))
    assert 0.25 < min(gaps) < 0.8  # metres: two or three pixels on the narrowest streets
    assert max(gaps) > 0.8


def test_the_data_set_serves_the_same_images() -> None:
    ours, theirs = UAVidScenes("test", 2, start=1), SceneDataset("test", 2, start=1)
    assert len(ours) == 2
    assert ours.classes is CLASSES
    assert ours.bands == ("red", "green", "blue")
    for index in range(2):
        assert np.array_equal(ours[index].image, theirs[index].image)
        assert np.array_equal(ours[index].mask, uavid_mask(theirs.seeds[index], TEACHING))


def test_label_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="six classes of ISPRS only, got 'mild'"):
        UAVidScenes("test", 1, replace(TEACHING, label_noise="mild"))


def test_the_six_class_scene_is_left_alone() -> None:
    before = render(3, TEACHING)
    uavid_mask(3, TEACHING)
    after = render(3, TEACHING)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, two)
