"""Relation maps and their losses: by hand, against loops and SciPy, and their limits."""

import math

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics.pairwise import cosine_similarity
from torch import Tensor

from rsnotes.drd import (
    ChannelProjection,
    channel_relation,
    channel_relation_loss,
    spatial_relation,
    spatial_relation_loss,
)

torch.set_num_threads(1)


def features(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_loud_pixel(at: int, value: float) -> Tensor:
    """(1, 1, 2, 2): one channel, all zero but one pixel."""
    out = torch.zeros(1, 1, 4, dtype=torch.float64)
    out[..., at] = value
    return out.reshape(1, 1, 2, 2)


@pytest.mark.equation("drd", "1")
def test_spatial_relation_by_hand():
    # products are 0 but the last pixel's with itself, ln 3: exp gives 1, 1, 1, 3
    relation = spatial_relation(one_loud_pixel(3, math.sqrt(math.log(3))))
    expected = torch.full((4, 4), 1 / 4, dtype=torch.float64)
    expected[3] = torch.tensor([1, 1, 1, 3]) / 6
    torch.testing.assert_close(relation, expected[None])


@pytest.mark.equation("drd", "4")
def test_channel_relation_by_hand():
    # two channels, each one pixel of height sqrt(ln 3), not the same one
    maps = math.sqrt(math.log(3)) * torch.eye(2, 4, dtype=torch.float64).reshape(1, 2, 2, 2)
    expected = torch.tensor([[3, 1], [1, 3]], dtype=torch.float64) / 4
    torch.testing.assert_close(channel_relation(maps), expected[None])


@pytest.mark.equation("drd", "2")
@pytest.mark.parametrize("block", [None, 1, 3])
def test_spatial_loss_by_hand(block):
    student, teacher = torch.zeros(1, 1, 2, 2, dtype=torch.float64), one_loud_pixel(3, math.sqrt(math.log(3)))
    # only the last row differs: (3 (1/4 - 1/6)² + (1/4 - 1/2)²) / 4² = (1/12) / 16
    torch.testing.assert_close(spatial_relation_loss(student, teacher, block=block).item(), 1 / 192)


@pytest.mark.equation("drd", "3")
def test_channel_loss_by_hand():
    student = math.sqrt(math.log(3)) * torch.eye(2, 4, dtype=torch.float64).reshape(1, 2, 2, 2)
    # four entries, each 1/4 away from 1/2
    torch.testing.assert_close(channel_relation_loss(student, torch.zeros_like(student)).item(), 1 / 16)


@pytest.mark.equation("drd", "1")
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_spatial_relation_against_loops(temperature):
    maps = features(2, 3, 2, 4)
    relation = spatial_relation(maps, temperature=temperature)
    columns = maps.flatten(2).numpy()
    for b in range(2):
        for i in range(8):
            products = [float(np.dot(columns[b, :, j], columns[b, :, i])) / temperature for j in range(8)]
            np.testing.assert_allclose(relation[b, i].numpy(), softmax(products), rtol=1e-12)


@pytest.mark.equation("drd", "4")
def test_channel_relation_against_loops():
    maps = features(2, 3, 2, 4)
    relation = channel_relation(maps, temperature=0.7)
    for b in range(2):
        for i in range(3):
            products = [float((maps[b, j] * maps[b, i]).sum()) / 0.7 for j in range(3)]
            np.testing.assert_allclose(relation[b, i].numpy(), softmax(products), rtol=1e-12)


@pytest.mark.parametrize("relation", [spatial_relation, channel_relation])
def test_normalised_products_are_cosines(relation):
    maps = features(1, 3, 2, 4, scale=5)
    nodes = maps.flatten(2)[0]
    cosines = cosine_similarity(nodes.T if relation is spatial_relation else nodes)
    expected = softmax(cosines / 0.1, axis=1)
    np.testing.assert_allclose(relation(maps, normalise=True, temperature=0.1)[0].numpy(), expected, rtol=1e-10)
    torch.testing.assert_close(relation(7 * maps, normalise=True), relation(maps, normalise=True))


@pytest.mark.parametrize("relation", [spatial_relation, channel_relation])
def test_rows_not_columns_sum_to_one(relation):
    sums = [relation(features(2, 5, 3, 4, scale=0.5)).sum(dim=axis) for axis in (1, 2)]
    torch.testing.assert_close(sums[1], torch.ones_like(sums[1]))
    assert (sums[0] - 1).abs().max() > 0.1


def test_shapes_need_not_be_square():
    assert spatial_relation(features(2, 5, 3, 4)).shape == (2, 12, 12)
    assert channel_relation(features(2, 5, 3, 4)).shape == (2, 5, 5)


def test_permuting_pixels_permutes_the_spatial_map_only():
    maps, order = features(2, 5, 12), torch.randperm(12, generator=torch.Generator().manual_seed(1))
    permuted = maps[..., order]
    torch.testing.assert_close(spatial_relation(permuted), spatial_relation(maps)[:, order][:, :, order])
    torch.testing.assert_close(channel_relation(permuted), channel_relation(maps))


def test_permuting_channels_permutes_the_channel_map_only():
    maps, order = features(2, 5, 12), torch.tensor([3, 1, 4, 0, 2])
    permuted = maps[:, order]
    torch.testing.assert_close(channel_relation(permuted), channel_relation(maps)[:, order][:, :, order])
    torch.testing.assert_close(spatial_relation(permuted), spatial_relation(maps))


LOSSES = [
    pytest.param(lambda s, t: spatial_relation_loss(s, t, block=None), spatial_relation, id="spatial"),
    pytest.param(lambda s, t: spatial_relation_loss(s, t, block=5), spatial_relation, id="blockwise"),
    pytest.param(channel_relation_loss, channel_relation, id="channel"),
]


@pytest.mark.parametrize(("loss", "relation"), LOSSES)
def test_losses_are_the_mean_square_over_the_map(loss, relation):
    student, teacher = features(2, 4, 3, 4), features(2, 4, 3, 4, seed=1)
    difference = (relation(student) - relation(teacher)).numpy()
    expected = sum(np.square(one).sum() / one.shape[0] ** 2 for one in difference) / 2
    np.testing.assert_allclose(loss(student, teacher).item(), expected, rtol=1e-12)


@pytest.mark.parametrize(("loss", "relation"), LOSSES)
def test_equal_networks_give_zero_and_only_the_student_a_gradient(loss, relation):
    student = features(2, 4, 3, 4).requires_grad_()
    teacher = features(2, 4, 3, 4, seed=1).requires_grad_()
    assert loss(student, student.detach()).item() == 0
    loss(student, teacher).backward()
    assert student.grad is not None
    assert student.grad.abs().max() > 1e-4
    assert teacher.grad is None


@pytest.mark.parametrize(("loss", "relation"), LOSSES)
def test_gradients_are_those_of_finite_differences(loss, relation):
    student = features(2, 3, 2, 3, scale=0.7).requires_grad_()
    teacher = features(2, 3, 2, 3, seed=1)
    assert torch.autograd.gradcheck(lambda x: loss(x, teacher), (student,))


@pytest.mark.parametrize("bound", ["2 / N", "2 / C"])
def test_bounds_are_tight(bound):
    # every row of the student points at the first node, every row of the teacher at the last
    student, teacher = torch.ones(1, 6, 6), torch.ones(1, 6, 6)
    if bound == "2 / N":
        student[:, :, 0], teacher[:, :, -1] = 50, 50
        losses = [spatial_relation_loss(student, teacher, block=block).item() for block in (None, 4)]
    else:
        student[:, 0], teacher[:, -1] = 50, 50
        losses = [channel_relation_loss(student, teacher).item()]
    for loss in losses:
        assert loss == pytest.approx(2 / 6, rel=1e-6)


@pytest.mark.parametrize("block", [1, 7, 32, 100])
@pytest.mark.parametrize("normalise", [False, True])
def test_blockwise_equals_plain(block, normalise):
    def value_and_gradient(block):
        student = (0.3 * features(2, 16, 8, 8).float()).requires_grad_()
        teacher = 0.3 * features(2, 24, 8, 8, seed=1).float()
        loss = spatial_relation_loss(student, teacher, normalise, 0.5, block=block)
        loss.backward()
        return loss.detach(), student.grad

    (plain, plain_gradient), (blockwise, gradient) = value_and_gradient(None), value_and_gradient(block)
    torch.testing.assert_close(blockwise, plain, rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient, plain_gradient, rtol=0, atol=1e-6 * plain_gradient.abs().max().item())


def test_auto_takes_blocks_for_a_large_map(monkeypatch):
    seen = []
    monkeypatch.setattr("rsnotes.drd.relations._relation_loss", lambda s, t, block: seen.append(block))
    for side in (16, 64, 128):
        maps = torch.zeros(1, 1, side, side)
        spatial_relation_loss(maps, maps)
    assert seen == [None, 256, 64]


def test_full_precision_under_autocast():
    student, teacher = features(1, 64, 6, 6).float(), features(1, 64, 6, 6, seed=1).float()
    expected = (
        spatial_relation(student),
        spatial_relation_loss(student, teacher),
        channel_relation_loss(student, teacher),
    )
    with torch.autocast("cpu", torch.bfloat16):
        got = (
            spatial_relation(student),
            spatial_relation_loss(student, teacher),
            channel_relation_loss(student, teacher),
        )
        half = spatial_relation_loss(student.bfloat16(), teacher=teacher.bfloat16(), block=5)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert half.dtype == torch.float32
    torch.testing.assert_close(
        half, spatial_relation_loss(student.bfloat16().float(), teacher.bfloat16().float()), rtol=1e-5, atol=0
    )


def test_blockwise_backward_under_autocast():
    student = features(1, 64, 6, 6).float().requires_grad_()
    teacher = features(1, 64, 6, 6, seed=1).float()
    (expected,) = torch.autograd.grad(spatial_relation_loss(student, teacher, block=None), student)
    with torch.autocast("cpu", torch.bfloat16):
        (got,) = torch.autograd.grad(spatial_relation_loss(student, teacher, block=5), student)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-9)


def test_the_projection_is_a_matrix_over_channels():
    projection = ChannelProjection(3, 5)
    maps = features(2, 3, 4, 4).float()
    assert sum(parameter.numel() for parameter in projection.parameters()) == 15
    expected = torch.einsum("dc,bchw->bdhw", projection.weight[:, :, 0, 0], maps)
    torch.testing.assert_close(projection(maps), expected)


def test_maps_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match=r"same batch and pixels, got \(1, 3, 2, 2\) and \(1, 3, 2, 3\)"):
        spatial_relation_loss(torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 3))
    with pytest.raises(ValueError, match=r"same batch and channels.*ChannelProjection"):
        channel_relation_loss(torch.zeros(1, 3, 2, 2), torch.zeros(1, 4, 2, 2))
    with pytest.raises(ValueError, match="temperature above 0, got 0"):
        spatial_relation(torch.zeros(1, 3, 2, 2), temperature=0)
    assert spatial_relation_loss(torch.zeros(1, 3, 2, 2), torch.zeros(1, 7, 2, 2)).item() == 0
