"""Fusion of two maps and MACA: by hand, against loops, and what the spatial weight amounts to."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate
from scipy.special import softmax
from torch import Tensor, nn

from rsnotes.maflnet import MACA, FusionModule

torch.set_num_threads(1)


def maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def fusion() -> FusionModule:
    torch.manual_seed(0)
    module = FusionModule(4).double()
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -1, 1)
    return module


def perceptron(layers: nn.Sequential, x: np.ndarray) -> np.ndarray:
    (w1, b1), (w2, b2) = (
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in (layers[0], layers[2])
    )
    return w2 @ np.maximum(w1 @ x + b1, 0) + b2


def descriptor(layers: nn.Sequential, x: np.ndarray) -> np.ndarray:
    """One number a channel of x (C, H, W)."""
    return perceptron(layers, x.mean(axis=(1, 2))) + perceptron(layers, x.max(axis=(1, 2)))


@pytest.mark.equation("maflnet", "9")
@pytest.mark.equation("maflnet", "10")
@pytest.mark.equation("maflnet", "11")
def test_mixtures_against_loops(fusion):
    f1, f2 = maps(2, 4, 3, 5), maps(2, 4, 3, 5, seed=1)
    mixed = [m.detach().numpy() for m in fusion.mix(f1, f2)]
    for b in range(2):
        x, y = f1[b].numpy(), f2[b].numpy()
        a1, a2 = descriptor(fusion.first.mlp, x), descriptor(fusion.second.mlp, y)
        for i in range(4):
            first, second = softmax(a1[i] * a2), softmax(a2[i] * a1)
            np.testing.assert_allclose(mixed[0][b, i], sum(first[j] * x[j] for j in range(4)), rtol=1e-9)
            np.testing.assert_allclose(mixed[1][b, i], sum(second[j] * y[j] for j in range(4)), rtol=1e-9)


@pytest.mark.equation("maflnet", "12")
def test_spatial_weight_against_scipy(fusion):
    x = maps(2, 4, 3, 5)
    weight = fusion.spatial_weight(x).detach().numpy()
    first, last = (layer.weight[0].detach().numpy() for layer in (fusion.refine[0], fusion.refine[1]))
    for b in range(2):
        pooled = [x[b].numpy().mean(axis=0), x[b].numpy().max(axis=0)]
        hidden = sum(correlate(p, w, mode="constant") for p, w in zip(pooled, first, strict=True))
        hidden = hidden + fusion.refine[0].bias.item()
        np.testing.assert_allclose(weight[b, 0], softmax(correlate(hidden, last[0], mode="constant")), rtol=1e-9)


@pytest.mark.equation("maflnet", "13")
def test_without_preference_every_pixel_gains_its_share(fusion):
    nn.init.zeros_(fusion.refine[1].weight)
    for height, width in ((1, 1), (3, 5), (64, 64)):
        f1, f2 = maps(1, 4, height, width), maps(1, 4, height, width, seed=1)
        # α = 1 / (H W) everywhere: the weight doubles a map of one pixel and hardly touches a large one
        torch.testing.assert_close(fusion(f1, f2), (f1 + f2) * (1 + 1 / (height * width)))


@pytest.mark.equation("maflnet", "13")
def test_the_maps_themselves_are_weighted_not_their_mixtures(fusion):
    f1, f2 = maps(2, 4, 3, 5), maps(2, 4, 3, 5, seed=1)
    weights = [fusion.spatial_weight(mixed) for mixed in fusion.mix(f1, f2)]
    expected = torch.einsum("bchw,bohw->bchw", f1, 1 + weights[0]) + torch.einsum("bchw,bohw->bchw", f2, 1 + weights[1])
    torch.testing.assert_close(fusion(f1, f2), expected)
    assert (weights[0] - weights[1]).abs().max() > 1e-3


def test_the_two_branches_play_the_same_part(fusion):
    f1, f2 = maps(2, 4, 3, 5), maps(2, 4, 3, 5, seed=1)
    expected = fusion(f1, f2)
    fusion.first, fusion.second = fusion.second, fusion.first
    torch.testing.assert_close(fusion(f2, f1), expected)


def test_gradients_are_those_of_finite_differences(fusion):
    f1, f2 = maps(1, 4, 2, 3).requires_grad_(), maps(1, 4, 2, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(fusion, (f1, f2))


@pytest.fixture
def maca() -> MACA:
    torch.manual_seed(0)
    return MACA(8, heads=2).double()


@pytest.mark.equation("maflnet", "14")
def test_branches_are_the_attentions_of_the_flattened_map(maca):
    x = maps(2, 8, 3, 5)
    rows = torch.stack([x[:, :, i, j] for i in range(3) for j in range(5)], dim=1)  # (B, N, C), row by row
    for branch, tokens in zip(maca.branches(x), (maca.laa(rows, (3, 5)), maca.xca(rows)), strict=True):
        for i in range(3):
            for j in range(5):
                torch.testing.assert_close(branch[:, :, i, j], tokens[:, 5 * i + j])


@pytest.mark.equation("maflnet", "15")
def test_maca_fuses_angular_first_and_covariance_second(maca):
    x = maps(2, 8, 3, 5)
    angular, covariance = maca.branches(x)
    torch.testing.assert_close(maca(x), maca.fusion(angular, covariance))
    assert (maca(x) - maca.fusion(covariance, angular)).abs().max() > 1e-6


def test_turning_the_map_turns_the_result_when_the_kernels_turn_too(maca):
    x = maps(1, 8, 4, 4)
    expected = maca(x).mT
    with torch.no_grad():
        for layer in (maca.laa.dconv, maca.fusion.refine[0], maca.fusion.refine[1]):
            layer.weight.copy_(layer.weight.mT.clone())
    torch.testing.assert_close(maca(x.mT), expected)


def test_every_parameter_of_maca_learns(maca):
    maca(maps(2, 8, 3, 5)).square().sum().backward()
    for name, parameter in maca.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-12, name


def test_the_normalising_option_reaches_the_attention():
    assert MACA(8, heads=2, normalise=True).laa.normalise
    assert not MACA(8, heads=2).laa.normalise
