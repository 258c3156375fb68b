"""Distances: brute force on random masks down to one pixel, SciPy, kornia, and masks with one value."""

import itertools

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from rsnotes.hi_resnet import cascaded_distance, edge_distance, manhattan_distance

torch.set_num_threads(1)


def brute_force(mask: Tensor) -> Tensor:
    """For each pixel inside, the smallest number of steps to a pixel outside, by looking at all of them."""
    outside = (~mask).nonzero().tolist()
    result = torch.zeros(mask.shape)
    for row, column in mask.nonzero().tolist():
        result[row, column] = min((abs(row - r) + abs(column - c) for r, c in outside), default=0)
    return result


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (1, 9), (7, 1), (2, 2), (5, 8), (16, 11), (17, 33)])
def test_distance_is_that_of_brute_force(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(sum(size))
    for share in (0.1, 0.5, 0.9, 0.98):
        mask = torch.rand(size, generator=generator) < share
        assert manhattan_distance(mask).tolist() == brute_force(mask).tolist(), (size, share)


def test_distance_of_a_batch_is_scipys_taxicab() -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 5, 6, generator=generator)
    mask = torch.nn.functional.interpolate(coarse, size=(67, 90), mode="bilinear") > 0.45
    expected = [ndimage.distance_transform_cdt(image, "taxicab") for image in mask.flatten(0, 1).numpy()]
    found = manhattan_distance(mask)
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.flatten(0, 1).numpy(), np.stack(expected))
    assert torch.equal(manhattan_distance(mask.long() * 3), found)


def test_distances_beyond_what_sixteen_bits_hold() -> None:
    mask = torch.ones(1, 40_000, dtype=torch.bool)
    mask[0, 0] = False
    assert torch.equal(manhattan_distance(mask)[0], torch.arange(40_000.0))


@pytest.mark.parametrize("transform", [manhattan_distance, cascaded_distance])
def test_images_of_one_value_have_no_distance(transform) -> None:
    mixed = torch.tensor([[1, 1, 0]]).bool()
    batch = torch.stack([torch.zeros(1, 3).bool(), torch.ones(1, 3).bool(), mixed])
    found = transform(batch)
    assert found[0].tolist() == found[1].tolist() == [[0, 0, 0]]
    assert found[2, 0, 0] > 1.5  # an image without outside does not touch its neighbours in the batch


def test_turned_and_mirrored_masks_have_turned_and_mirrored_distances() -> None:
    mask = torch.rand(13, 9, generator=torch.Generator().manual_seed(1)) < 0.85
    whole = manhattan_distance(mask)
    assert torch.equal(manhattan_distance(mask.mT), whole.mT)
    assert torch.equal(manhattan_distance(mask.flip(0)), whole.flip(0))
    assert torch.equal(manhattan_distance(mask.flip(1)), whole.flip(1))


def test_the_edge_distance_is_one_on_both_sides_of_an_edge() -> None:
    region = torch.tensor([[False, False, True, True, True]])
    assert edge_distance(region).tolist() == [[2, 1, 1, 2, 3]]
    assert torch.equal(edge_distance(region), edge_distance(~region))
    assert edge_distance(torch.zeros(2, 3).bool()).tolist() == [[0] * 3] * 2


def test_the_cascade_is_kornias() -> None:
    distance_transform = pytest.importorskip("kornia.contrib").distance_transform
    mask = torch.rand(2, 3, 20, 27, generator=torch.Generator().manual_seed(2)) < 0.97
    expected = distance_transform((~mask).float(), 3, 0.35)
    torch.testing.assert_close(cascaded_distance(mask), expected, atol=1e-4, rtol=1e-4)


def test_the_cascade_counts_a_diagonal_step_as_one_round() -> None:
    mask = torch.ones(21, 21).bool()
    mask[10, 10] = False
    found, places = cascaded_distance(mask), torch.arange(21) - 10
    chessboard = torch.maximum(places.abs()[:, None], places.abs()[None])
    far = chessboard > 1
    assert (found - chessboard)[far].abs().max() < 0.5
    assert found[10, 13] == pytest.approx(3 - 0.35 * np.log(1 + 2 * np.exp((1 - 2**0.5) / 0.35)), abs=1e-4)
    assert found[0, 0] == pytest.approx(10 + 2**0.5 - 1, abs=1e-3)  # 20 steps in city blocks
    pairs = itertools.pairwise(cascaded_distance(mask, h=h)[10, 13].item() for h in (0.5, 0.35, 0.1))
    assert all(softer < harder for softer, harder in pairs)
    assert cascaded_distance(mask, h=0.05)[10, 13] == pytest.approx(3, abs=1e-3)


def test_the_distance_stays_on_the_device_of_its_mask() -> None:
    found = manhattan_distance(torch.ones(2, 5, 7, dtype=torch.bool, device="meta"))  # no memory, so no copy either
    assert (found.device.type, found.shape) == ("meta", (2, 5, 7))
