"""Configurations: what is refused, and the way from one domain to another."""

from dataclasses import fields, replace

import pytest

from rsnotes.scenes import AXES, IMAGE_ONLY, TEACHING, VILLAGE, WINTER, SceneConfig, Switches, interpolate


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_axes_outside_the_unit_interval_are_refused(axis, value):
    with pytest.raises(ValueError, match=rf"{axis} must lie in \[0, 1\]"):
        SceneConfig(**{axis: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 31}, "32 pixels or more, got 31"),
        ({"label_noise": "loud"}, "off, mild, strong, got 'loud'"),
        (dict.fromkeys(("suburb", "old_town", "industry", "village"), 0.0), "needs a weight above 0"),
    ],
)
def test_other_values_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SceneConfig(**change)


def test_all_axes_are_the_float_fields():
    assert set(AXES) == {f.name for f in fields(SceneConfig)} - {"size", "label_noise", "switches"}


def test_image_only_switches_exist():
    assert set(IMAGE_ONLY) < {f.name for f in fields(Switches)}


def test_sampling_distance_is_geometric():
    assert SceneConfig(sampling=0.0).gsd == pytest.approx(0.2)
    assert SceneConfig(sampling=0.5).gsd == pytest.approx(0.4)
    assert SceneConfig(sampling=1.0).gsd == pytest.approx(0.8)


def test_mixed_depends_on_ratios_only():
    config = SceneConfig(suburb=0.2, old_town=0.2, industry=0.0, village=0.0)
    assert config.mixed(1.0, 3.0, 100.0, 100.0) == pytest.approx(2.0)


def test_interpolation_hits_both_ends_and_the_middle():
    assert interpolate(TEACHING, WINTER, 0.0) == TEACHING
    assert interpolate(TEACHING, WINTER, 1.0) == WINTER
    middle = interpolate(TEACHING, VILLAGE, 0.25)
    assert middle.suburb == pytest.approx(0.75 * TEACHING.suburb + 0.25 * VILLAGE.suburb)
    assert middle.village == pytest.approx(0.75 * TEACHING.village + 0.25 * VILLAGE.village)


@pytest.mark.parametrize("t", [-0.1, 1.5])
def test_interpolation_does_not_extrapolate(t):
    with pytest.raises(ValueError, match=r"t must lie in \[0, 1\]"):
        interpolate(TEACHING, WINTER, t)


@pytest.mark.parametrize("change", [{"size": 64}, {"label_noise": "mild"}, {"switches": Switches(blur=False)}])
def test_interpolation_wants_the_rest_to_be_equal(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        interpolate(TEACHING, replace(WINTER, **change), 0.5)


def test_without_switches_off_what_is_named_and_nothing_else():
    config = TEACHING.without("hedges", "blur")
    assert config.switches == Switches(hedges=False, blur=False)
    assert replace(config, switches=Switches()) == TEACHING
