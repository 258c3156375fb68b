"""Domain distances against loops, closed forms and limits; features, renamed classes, the union of two domains."""

import math

import numpy as np
import pytest
import torch

from rsnotes.datasets import IGNORE, ISPRS, Sample
from rsnotes.mkd_ssl import frechet_distance, image_features, maximum_mean_discrepancy, proxy_a_distance, t_sne
from rsnotes.mkd_ssl.domains import BRIDGE, FAR_BRIDGE, JOINT, TARGET, TO_BRIDGE, Renamed, Union, bridge_at
from rsnotes.networks import SegmentationOutput
from rsnotes.scenes import TEACHING
from rsnotes.scenes.ground_dataset import GROUND

torch.set_num_threads(1)


def cloud(rows, columns, shift=0.0, seed=0):
    return np.random.default_rng(seed).normal(shift, 1.0, (rows, columns))


def test_mmd_by_loops():
    a, b, sigma = cloud(4, 3), cloud(5, 3, 1.0, 1), 1.3

    def k(x, y):
        return math.exp(-sum((i - j) ** 2 for i, j in zip(x, y, strict=True)) / (2 * sigma**2))

    within_a = sum(k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j) / (4 * 3)
    within_b = sum(k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j) / (5 * 4)
    across = sum(k(x, y) for x in a for y in b) / 20
    assert maximum_mean_discrepancy(a, b, sigma) == pytest.approx(within_a + within_b - 2 * across, rel=1e-9)


def test_mmd_takes_the_median_distance():
    a, b = cloud(6, 2), cloud(7, 2, 2.0, 1)
    both = np.concatenate([a, b])
    pairs = [math.dist(both[i], both[j]) for i in range(13) for j in range(i)]
    assert maximum_mean_discrepancy(a, b) == pytest.approx(maximum_mean_discrepancy(a, b, np.median(pairs)), rel=1e-9)


def test_all_three_grow_with_the_shift_and_are_near_0_for_one_domain():
    for measure in (maximum_mean_discrepancy, frechet_distance, proxy_a_distance):
        values = [measure(cloud(150, 4), cloud(150, 4, shift, 1)) for shift in (0.0, 0.7, 2.0)]
        assert values == sorted(values), measure.__name__
        assert values[1] > 3 * abs(values[0]) - 0.3
    assert abs(maximum_mean_discrepancy(cloud(300, 4), cloud(300, 4, seed=1))) < 0.01
    assert proxy_a_distance(cloud(100, 3), cloud(100, 3, 20.0, 1)) == 2
    assert proxy_a_distance(cloud(100, 3), cloud(100, 3, seed=1)) < 0.4


def test_frechet_distance_of_gaussians_with_known_moments():
    # columns of ±1 in every combination: mean 0, covariance 4/3 I (four rows, unbiased)
    base = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
    moved = base * [2.0, 3.0] + [5.0, -1.0]
    variance = 4 / 3
    expected = 25 + 1 + variance * ((2 - 1) ** 2 + (3 - 1) ** 2)
    assert frechet_distance(base, moved) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(base, base) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(base, moved) == pytest.approx(frechet_distance(moved, base), rel=1e-6)


def test_tables_that_do_not_fit_are_refused():
    for measure in (maximum_mean_discrepancy, frechet_distance, proxy_a_distance):
        with pytest.raises(ValueError, match=r"got \(4, 3\), \(4, 2\)"):
            measure(cloud(4, 3), cloud(4, 2))


def test_t_sne_keeps_far_clusters_apart_and_the_order():
    planes = t_sne([cloud(12, 5), cloud(8, 5, 30.0, 1)], perplexity=5)
    assert [plane.shape for plane in planes] == [(12, 2), (8, 2)]
    within = max(np.ptp(plane, axis=0).max() for plane in planes)
    assert np.linalg.norm(planes[0].mean(0) - planes[1].mean(0)) > 0.5 * within


class Means(torch.nn.Module):
    """Features are the image's bands, logits their weighted copies."""

    def __init__(self, classes=2):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(classes))

    def forward(self, x):
        return SegmentationOutput(x[:, :1] * self.weight[None, :, None, None], x)


def test_features_are_means_over_the_pixels_in_order():
    samples = [Sample(torch.rand(3, 4, 4), torch.zeros(4, 4, dtype=torch.int64)) for _ in range(5)]
    features = image_features(Means(), samples, batch_size=2)
    np.testing.assert_allclose(features, torch.stack([s.image.mean(dim=(1, 2)) for s in samples]), rtol=1e-5)
    assert image_features(Means(), samples, count=3).shape == (3, 3)


class Fixed(torch.nn.Module):
    def __init__(self, probabilities):
        super().__init__()
        self.logits = torch.tensor(probabilities).log()[None, :, None, None]

    def forward(self, x):
        return SegmentationOutput(self.logits.expand(len(x), -1, *x.shape[-2:]), x)


def test_renamed_classes_add_up():
    # sky, road, pavement, facade, grass, tree, car, person
    network = Renamed(Fixed([0.30, 0.11, 0.12, 0.2, 0.05, 0.1, 0.02, 0.1]), GROUND.names, ISPRS.names)
    scores = network(torch.zeros(1, 3, 2, 2))[0, :, 0, 0]
    torch.testing.assert_close(scores, torch.tensor([0.23, 0.2, 0.05, 0.1, 0.02, 0.0]))
    assert ISPRS.names[scores.argmax()] == "impervious"


def test_the_union_has_both_domains_in_common_classes():
    above = [Sample(torch.zeros(3, 2, 2), torch.tensor([[0, 5], [IGNORE, 3]]))]
    ground = [Sample(torch.ones(3, 2, 2), torch.tensor([[0, 1], [IGNORE, 7]]))]
    union = Union(above, ground)
    assert len(union) == 2
    assert torch.equal(union[0].mask, above[0].mask)
    names = [[IGNORE if k == IGNORE else JOINT.names[k] for k in row] for row in union[1].mask.tolist()]
    assert names == [["sky", "impervious"], [IGNORE, "person"]]
    assert {b for _, b in TO_BRIDGE} == set(ISPRS.names) - {"clutter"}


def test_the_bridge_moves_from_far_to_the_target():
    assert bridge_at(0) == FAR_BRIDGE
    assert bridge_at(0.5) == TEACHING
    assert bridge_at(1) == TARGET
    assert BRIDGE.gsd == TARGET.gsd
