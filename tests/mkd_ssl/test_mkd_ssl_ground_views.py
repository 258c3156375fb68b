"""Views from the ground: deterministic, with a horizon, every class, and no effect on the scenes."""

import numpy as np
import pytest
import torch

from rsnotes.datasets import ISPRS
from rsnotes.scenes.ground_dataset import GROUND, SEEN_FROM_ABOVE, GroundViews
from rsnotes.scenes.ground_view import CAR, GRASS, NAMES, PERSON, ROAD, SKY, TREE, render_ground_view

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def views():
    return [render_ground_view(seed, 64) for seed in range(24)]


def test_a_seed_gives_one_view_whatever_was_drawn_before(views):
    again = render_ground_view(3, 64)
    assert np.array_equal(again.rgb, views[3].rgb)
    assert np.array_equal(again.mask, views[3].mask)
    assert not np.array_equal(views[3].rgb, views[4].rgb)


def test_every_class_occurs_and_none_other(views):
    counts = sum(np.bincount(view.mask.ravel(), minlength=8) for view in views)
    assert len(counts) == 8
    assert (counts > 0).all()
    share = counts / counts.sum()
    assert share[[SKY, ROAD]].min() > 0.1
    assert share.max() < 0.6


def test_sky_is_above_and_the_road_below(views):
    height = {k: np.mean([np.nonzero(v.mask == k)[0].mean() for v in views if (v.mask == k).any()]) for k in range(8)}
    assert height[SKY] < height[TREE] < height[ROAD]
    assert all((view.mask[-1] != SKY).all() for view in views)
    assert all((view.mask[0] != ROAD).all() for view in views)


def test_the_road_narrows_with_distance(views):
    width = np.mean([(view.mask == ROAD).sum(axis=1) for view in views], axis=0)  # of the road in each row
    assert width[38] > 2 * width[28] > 2 * 2 * width[23] > 0


def test_colours_are_what_the_class_says(views):
    means = {k: np.mean([v.rgb[v.mask == k].mean(0) for v in views if (v.mask == k).sum() > 20], axis=0) for k in
             (SKY, ROAD, GRASS, TREE)}  # fmt: skip
    assert means[SKY].argmax() == 2
    assert means[GRASS].argmax() == means[TREE].argmax() == 1
    assert np.ptp(means[ROAD]) < 15  # grey
    assert means[TREE].mean() < means[SKY].mean()


def test_samples_follow_the_contract_and_splits_are_disjoint():
    data = GroundViews("training", 3, 64)
    image, mask = data[2]
    assert image.shape == (3, 64, 64)
    assert image.dtype == torch.float32
    assert 0 <= image.min() <= image.max() <= 1
    assert mask.dtype == torch.int64
    assert torch.equal(GroundViews("training", 1, 64, start=2)[0].image, image)
    assert data.classes.names == NAMES
    assert not set(data.seeds) & set(GroundViews("validation", 3).seeds)
    with pytest.raises(ValueError, match="asked for 3 from number 999999"):
        GroundViews("training", 3, start=999_999)


def test_names_seen_from_above():
    assert set(SEEN_FROM_ABOVE) == set(GROUND.names) - {"sky", "person"}
    assert set(SEEN_FROM_ABOVE.values()) == set(ISPRS.names) - {"clutter"}
    assert (GROUND.index("car"), GROUND.index("person")) == (CAR, PERSON)


@pytest.mark.parametrize(("seed", "size"), [(-1, 64), (0, 16)])
def test_bad_arguments(seed, size):
    with pytest.raises(ValueError, match="seed from 0 and a size from 32"):
        render_ground_view(seed, size)
