"""Rendering: the same bytes again, and every detail and axis does what it says and no more."""

from dataclasses import fields, replace
from hashlib import sha256
from itertools import pairwise

import cv2
import numpy as np
import pytest

from rsnotes.datasets import ISPRS
from rsnotes.scenes import (
    AUTUMN,
    IMAGE_ONLY,
    TEACHING,
    VILLAGE,
    Scene,
    SceneConfig,
    Switches,
    interpolate,
    layers,
    render,
)

SMALL = replace(TEACHING, size=128, sampling=0.5)
FLAT_SENSOR = replace(SMALL, grain=0.0, softness=0.0, variety=0.0)
SWITCHES = [f.name for f in fields(Switches)]


def digest(scene: Scene) -> str:
    return sha256(b"".join(layer.tobytes() for layer in scene)).hexdigest()


def test_layers_have_their_shapes_types_and_ranges():
    scene = render(5, TEACHING)
    assert scene.rgb.shape == (256, 256, 3)
    assert scene.nir.shape == scene.height.shape == scene.mask.shape == (256, 256)
    assert [layer.dtype for layer in scene] == [np.uint8, np.uint8, np.float32, np.uint8]
    assert scene.mask.max() < len(ISPRS)
    assert 0.0 <= scene.height.min() < 0.01
    assert 5.0 < scene.height.max() < 30.0
    assert all(layer.flags["C_CONTIGUOUS"] for layer in scene)


def test_same_seed_same_bytes_whatever_the_threads_and_what_was_drawn_before():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        first = digest(render(11, SMALL))
        render(12, AUTUMN)
        cv2.setNumThreads(3)
        assert digest(render(11, SMALL)) == first
    finally:
        cv2.setNumThreads(before)
    assert digest(render(12, SMALL)) != first


def test_negative_seeds_are_refused():
    with pytest.raises(ValueError, match="0 or more, got -1"):
        render(-1, SMALL)


@pytest.fixture(scope="module")
def complete() -> dict[int, Scene]:
    return {seed: render(seed, SMALL) for seed in range(6)}


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_changes_pixels(switch, complete):
    changed = False
    for seed, scene in complete.items():
        other = render(seed, SMALL.without(switch))
        if switch in IMAGE_ONLY:
            np.testing.assert_array_equal(other.mask, scene.mask)
        differs = (other.rgb != scene.rgb).any(axis=2)
        if differs.mean() > 0.001:
            changed = True
            break
    assert changed, f"{switch} changed nothing in {len(complete)} scenes"


@pytest.mark.parametrize(
    ("switch", "untouched"),
    [("parked_cars", "building"), ("tree_clumps", "building"), ("hedges", "car"), ("beds", "tree"), ("paths", "tree")],
)
def test_a_stage_switched_off_leaves_the_others_alone(switch, untouched, complete):
    class_id = ISPRS.index(untouched)
    for seed in (0, 1):
        other = render(seed, SMALL.without(switch))
        if switch == "tree_clumps":  # fewer crowns lay buildings bare, and hide none
            assert (other.mask[complete[seed].mask == class_id] == class_id).all()
        else:
            np.testing.assert_array_equal(other.mask == class_id, complete[seed].mask == class_id)


def test_what_the_switched_off_detail_was():
    scene, bare = render(1, FLAT_SENSOR), render(1, FLAT_SENSOR.without("shadows"))
    darker = scene.rgb.mean(axis=2) < bare.rgb.mean(axis=2) - 8.0
    brighter = scene.rgb.mean(axis=2) > bare.rgb.mean(axis=2) + 8.0
    assert darker.mean() > 0.05
    assert not brighter.any()


@pytest.mark.parametrize(
    "axis", ["season", "sun_elevation", "sun_azimuth", "haze", "cast", "contrast", "softness", "grain"]
)
def test_sensor_sun_and_season_move_the_image_smoothly_and_the_mask_not_at_all(axis):
    start = replace(SMALL, variety=0.0, **{axis: 0.3})
    scenes = [render(2, replace(start, **{axis: value})) for value in (0.3, 0.31, 0.6)]
    near, far = (np.abs(s.rgb.astype(int) - scenes[0].rgb).mean() for s in scenes[1:])
    assert 0.0 < near < min(2.0, 0.7 * far)
    for scene in scenes[1:]:
        np.testing.assert_array_equal(scene.mask, scenes[0].mask)


def test_layouts_are_mixture_weights():
    one = replace(VILLAGE, suburb=0.2, village=0.6, size=128)
    twice = replace(one, suburb=0.1, village=0.3)
    assert digest(render(3, one)) == digest(render(3, twice)), "only ratios count"
    town = SceneConfig(suburb=0.0, old_town=1.0, industry=0.0, village=0.0, size=128)
    fields_ = SceneConfig(suburb=0.0, old_town=0.0, industry=0.0, village=1.0, size=128)
    share = {c: np.mean([(render(s, c).mask == 1).mean() for s in range(5)]) for c in (town, fields_)}
    assert share[town] > 2.0 * share[fields_]


def test_walking_to_another_season_changes_more_the_further():
    there = replace(AUTUMN, size=128)
    start = render(4, SMALL).rgb.astype(int)
    steps = [np.abs(render(4, interpolate(SMALL, there, t)).rgb - start).mean() for t in (0.1, 0.4, 0.8)]
    assert steps[0] < steps[1] < steps[2]


def test_sampling_zooms_about_the_middle():
    fine, coarse = (render(6, replace(SMALL, sampling=s, lean=0.0)).mask for s in (0.25, 0.75))
    inner = cv2.resize(coarse[32:96, 32:96], (128, 128), interpolation=cv2.INTER_NEAREST)
    assert (inner == fine).mean() > 0.75
    assert (coarse == fine).mean() < 0.65


def test_height_agrees_with_the_mask():
    scenes = [render(seed, TEACHING.without("lean")) for seed in range(4)]
    heights = np.concatenate([s.height.ravel() for s in scenes])
    masks = np.concatenate([s.mask.ravel() for s in scenes])
    impervious, building, _, tree, car, _ = (heights[masks == k] for k in range(6))
    assert np.median(impervious) == 0.0
    assert np.percentile(building, 5) > 1.9
    assert np.percentile(tree, 5) > 1.0
    assert 0.5 < np.median(car) < 2.5


def test_cars_are_large_enough_to_be_seen():
    mask = np.concatenate([render(seed, TEACHING.without("tree_clumps")).mask for seed in range(4)])
    _, _, stats, _ = cv2.connectedComponentsWithStats((mask == 4).astype(np.uint8), connectivity=4)
    sides = np.sort(stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]], axis=1)
    assert len(sides) > 40
    assert np.median(stats[1:, cv2.CC_STAT_AREA]) >= 32
    assert np.median(sides[:, 1]) >= 8


def test_vegetation_is_bright_in_the_near_infrared():
    scene = render(7, TEACHING)
    red, nir = scene.rgb[..., 0].astype(float), scene.nir.astype(float)
    ndvi = (nir - red) / np.maximum(nir + red, 1.0)
    green, grey = np.isin(scene.mask, [2, 3]), np.isin(scene.mask, [0, 4])
    assert np.median(ndvi[green]) > np.median(ndvi[grey]) + 0.15


def test_layers_end_in_the_scene_and_start_with_bare_ground():
    steps, scene = layers(8, TEACHING), render(8, TEACHING)
    np.testing.assert_array_equal(steps["sensor"], scene.rgb)
    np.testing.assert_array_equal(steps["mask"], scene.mask)
    order = [
        "ground",
        "parcels",
        "gardens",
        "roads",
        "markings",
        "objects",
        "cars",
        "buildings",
        "trees",
        "texture",
        "light",
    ]
    assert [name for name in steps if name in order] == order
    for before, after in pairwise(order):
        assert (steps[before] != steps[after]).any(), f"{after} adds nothing to {before}"
    assert len(np.unique(steps["ground"].reshape(-1, 3), axis=0)) < 40
