"""Eroded borders and boundary F1 against brute force over all pairs of pixels."""

import itertools
import math

import pytest
import torch

from rsnotes import metrics
from rsnotes.datasets import IGNORE
from rsnotes.metrics.boundary import boundary

torch.set_num_threads(1)


def patches(seed: int, height: int, width: int, ignored: float = 0.1, classes: int = 3):
    """A random mask with regions of a few pixels."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(0, classes, (-(-height // 3), -(-width // 3)), generator=generator)
    mask = coarse.repeat_interleave(3, 0).repeat_interleave(3, 1)[:height, :width].clone()
    mask[torch.rand(height, width, generator=generator) < ignored] = IGNORE
    return mask


def pixels(mask):
    return list(itertools.product(range(mask.shape[0]), range(mask.shape[1])))


def brute_erosion(mask, radius):
    eroded = mask.clone()
    for p, q in itertools.product(pixels(mask), repeat=2):
        if math.dist(p, q) <= radius and mask[p] != mask[q] and IGNORE not in (mask[p], mask[q]):
            eroded[p] = IGNORE
    return eroded


@pytest.mark.parametrize("radius", [0, 1, 1.5, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 12), (11, 13)])
def test_eroded_borders_equal_brute_force(radius, size):
    for seed in range(3):
        mask = patches(seed, *size)
        assert torch.equal(metrics.erode_borders(mask, radius), brute_erosion(mask, radius))


def test_a_straight_border_loses_radius_pixels_on_each_side():
    mask = torch.zeros(9, 20, dtype=torch.int64)
    mask[:, 10:] = 254
    eroded = metrics.erode_borders(mask)
    assert (eroded[:, 7:13] == IGNORE).all()
    assert torch.equal(eroded[:, :7], mask[:, :7])
    assert torch.equal(eroded[:, 13:], mask[:, 13:])
    assert (mask != IGNORE).all()  # the mask given is left as it is


def test_a_batch_is_eroded_image_by_image():
    masks = torch.stack([patches(seed, 12, 12) for seed in range(3)])
    expected = torch.stack([metrics.erode_borders(mask, 2) for mask in masks])
    assert torch.equal(metrics.erode_borders(masks, 2), expected)


def brute_boundary(mask, valid, k):
    found = []
    for i, j in pixels(mask):
        neighbours = [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
        inside = [q for q in neighbours if 0 <= q[0] < mask.shape[0] and 0 <= q[1] < mask.shape[1] and valid[q]]
        if valid[i, j] and mask[i, j] == k and any(mask[q] != k for q in inside):
            found.append((i, j))
    return found


def brute_f1(prediction, mask, k, tolerance):
    valid = mask != IGNORE
    predicted, true = brute_boundary(prediction, valid, k), brute_boundary(mask, valid, k)
    if not predicted and not true:
        return math.nan
    if not predicted or not true:
        return 0.0
    precision = sum(any(math.dist(p, t) <= tolerance for t in true) for p in predicted) / len(predicted)
    recall = sum(any(math.dist(t, p) <= tolerance for p in predicted) for t in true) / len(true)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("tolerance", [0, 1, math.sqrt(2), 2.5])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (12, 10)])
def test_boundary_f1_equals_brute_force(tolerance, size):
    for seed in range(4):
        mask, prediction = patches(seed, *size), patches(seed + 100, *size, ignored=0)
        ours = metrics.boundary_f1(metrics.boundary_counts(prediction, mask, 4, tolerance))
        expected = [brute_f1(prediction, mask, k, tolerance) for k in range(4)]
        assert ours.tolist() == pytest.approx(expected, nan_ok=True)


def square(left: int):
    mask = torch.zeros(16, 16, dtype=torch.int64)
    mask[4:10, left : left + 6] = 1
    return mask


def test_boundary_of_a_square_is_its_rim_and_the_edge_of_the_image_is_none():
    region = square(0) == 1
    rim = boundary(region, torch.ones_like(region))
    assert int(rim.sum()) == 6 * 6 - 5 * 4  # rim above, below and right; none along the image's left edge
    assert not rim[5, 0]
    assert rim[4, 0]


@pytest.mark.parametrize(
    ("shift", "tolerance", "perfect"), [(0, 0, True), (2, 2, True), (2, 1.9, False), (1, 0, False)]
)
def test_a_shifted_outline_is_found_within_the_tolerance(shift, tolerance, perfect):
    f1 = metrics.boundary_f1(metrics.boundary_counts(square(4 + shift), square(4), 2, tolerance))
    assert bool((f1 == 1).all()) == perfect


def test_precision_and_recall_columns_are_not_swapped():
    # One spurious square: every true pixel is met, half of the predicted ones are.
    mask = square(0)
    prediction = mask.clone()
    prediction[4:10, 9:15] = 1
    met_predicted, predicted, met_true, true = metrics.boundary_counts(prediction, mask, 2, 0)[1].tolist()
    assert met_true == true == 16
    assert (met_predicted, predicted) == (16, 16 + 20)


def test_swapping_prediction_and_labels_keeps_f1():
    a, b = patches(1, 14, 14, ignored=0), patches(2, 14, 14, ignored=0)
    forth, back = metrics.boundary_counts(a, b, 3, 1), metrics.boundary_counts(b, a, 3, 1)
    assert torch.equal(forth[:, [2, 3, 0, 1]], back)
    torch.testing.assert_close(metrics.boundary_f1(forth), metrics.boundary_f1(back))


def test_counts_add_up_over_images():
    # Beside each other with an ignored column between, two images are one.
    images = [(patches(s, 9, 9, 0), patches(s + 50, 9, 9, 0)) for s in range(2)]
    summed = sum(metrics.boundary_counts(p, m, 3, 0) for p, m in images)
    column = torch.full((9, 1), IGNORE)
    prediction = torch.cat([images[0][0], column, images[1][0]], 1)
    mask = torch.cat([images[0][1], column, images[1][1]], 1)
    assert torch.equal(metrics.boundary_counts(prediction, mask, 3, 0), summed)


def test_tolerance_as_a_share_of_the_diagonal():
    assert metrics.diagonal_tolerance(300, 400) == pytest.approx(3.75)
    assert metrics.diagonal_tolerance(3, 4, 1.0) == 5


def test_bad_shapes_and_tolerances_are_named():
    flat = torch.zeros(4, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"two \(H, W\) of one shape"):
        metrics.boundary_counts(flat[None], flat[None], 2, 1)
    with pytest.raises(ValueError, match=r"two \(H, W\) of one shape"):
        metrics.boundary_counts(flat, flat[:2], 2, 1)
    with pytest.raises(ValueError, match="distance in pixels"):
        metrics.boundary_counts(flat, flat, 2, -1)
