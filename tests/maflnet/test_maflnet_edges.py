"""The pyramid against OpenCV and by hand, reverse attention, and the module that joins the two."""

import math

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rsnotes.maflnet import LHFEM, laplacian, laplacian_pyramid, reverse_attention
from rsnotes.maflnet.pyramid import expand, gaussian, reduce

torch.set_num_threads(1)
SIZES = [(8, 8), (6, 10), (7, 9), (5, 6), (3, 4), (2, 2), (2, 5), (1, 4), (1, 1)]


def maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def opencv_laplacian(plane: np.ndarray) -> np.ndarray:
    return plane - cv2.pyrUp(cv2.pyrDown(plane), dstsize=plane.shape[::-1])


@pytest.mark.equation("maflnet", "17")
@pytest.mark.equation("maflnet", "18")
@pytest.mark.parametrize("size", SIZES)
def test_laplacian_is_opencvs_borders_included(size):
    x = maps(2, 3, *size)
    got = laplacian(x).numpy()
    for b in range(2):
        for c in range(3):
            np.testing.assert_allclose(got[b, c], opencv_laplacian(x[b, c].numpy()), atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_blur_and_reduction_are_opencvs(size):
    x = maps(1, 1, *size)
    taps = np.array([1, 4, 6, 4, 1]) / 16
    blurred = cv2.sepFilter2D(x[0, 0].numpy(), cv2.CV_64F, taps, taps, borderType=cv2.BORDER_REFLECT_101)
    np.testing.assert_allclose(gaussian(x)[0, 0].numpy(), blurred, atol=1e-12)
    np.testing.assert_allclose(reduce(x)[0, 0].numpy(), cv2.pyrDown(x[0, 0].numpy()), atol=1e-12)


@pytest.mark.equation("maflnet", "18")
def test_laplacian_of_one_bright_pixel_by_hand():
    x = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
    x[0, 0, 8, 8] = 1
    # along one axis an even pixel leaves 6/16 and twice 1/16 after reduction, and gets 2 (36 + 1 + 1) / 256 back
    assert laplacian(x)[0, 0, 8, 8].item() == pytest.approx(1 - (76 / 256) ** 2, abs=1e-14)
    # an odd one leaves twice 4/16 and gets 2 (16 + 16) / 256 back
    assert laplacian(x.roll((1, 1), (2, 3)))[0, 0, 9, 9].item() == pytest.approx(1 - (64 / 256) ** 2, abs=1e-14)


@pytest.mark.parametrize("size", SIZES)
def test_a_flat_map_has_no_detail(size):
    assert laplacian(torch.full((1, 2, *size), 3.0, dtype=torch.float64)).abs().max() < 1e-14


@pytest.mark.parametrize("levels", [0, 1, 3])
def test_a_pyramid_adds_up_to_its_map(levels):
    x = maps(1, 2, 22, 13)
    pyramid = laplacian_pyramid(x, levels)
    assert [p.shape[2:] for p in pyramid] == [(22, 13), (11, 7), (6, 4), (3, 2)][: levels + 1]
    total = pyramid[-1]
    for detail in pyramid[-2::-1]:
        total = expand(total, detail.shape[2:]) + detail
    torch.testing.assert_close(total, x)
    if levels:
        np.testing.assert_allclose(pyramid[0][0, 0].numpy(), opencv_laplacian(x[0, 0].numpy()), atol=1e-12)


@pytest.mark.parametrize("size", [(4, 6), (3, 5)])
def test_gradients_are_those_of_finite_differences(size):
    assert torch.autograd.gradcheck(laplacian, (maps(1, 2, *size).requires_grad_(),))


@pytest.mark.equation("maflnet", "16")
def test_reverse_attention_by_hand():
    edge = torch.tensor([0.0, math.log(3), -math.log(3)]).reshape(1, 1, 1, 3)
    torch.testing.assert_close(reverse_attention(edge).flatten(), torch.tensor([0.5, 0.25, 0.75]))


def built(mask: bool = False) -> LHFEM:
    torch.manual_seed(0)
    module = LHFEM(4, 6, mask=mask).double().eval()
    norm = module.cbr[1]
    nn.init.uniform_(norm.weight, 0.5, 2)
    nn.init.uniform_(norm.bias, -0.3, 0.3)
    nn.init.uniform_(norm.running_mean, -0.3, 0.3)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    nn.init.uniform_(module.edge_head.weight, -3, 3)
    return module


@pytest.mark.equation("maflnet", "19")
def test_lhfem_against_numpy_and_opencv():
    module, features, deeper = built(), maps(2, 4, 8, 6), maps(2, 6, 4, 3, seed=1)
    got = module(features, deeper).detach().numpy()
    head, bias = module.edge_head.weight[0, :, 0, 0].detach().numpy(), module.edge_head.bias.item()
    weight, norm = module.cbr[0].weight[:, :, 0, 0].detach().numpy(), module.cbr[1]
    gain, shift, mean, var = (
        t.detach().numpy()[:, None, None] for t in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    for b in range(2):
        coarse = np.tensordot(head, deeper[b].numpy(), 1) + bias
        edge = 1 / (1 + np.exp(-cv2.resize(coarse, (6, 8), interpolation=cv2.INTER_LINEAR)))
        x = features[b].numpy()
        mixed = np.tensordot(weight[:, :4], x * (1 - edge), 1) + np.tensordot(
            weight[:, 4:], x * opencv_laplacian(edge), 1
        )
        expected = np.maximum((mixed - mean) / np.sqrt(var + norm.eps) * gain + shift, 0)
        np.testing.assert_allclose(got[b], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.equation("maflnet", "19")
def test_without_edges_only_reverse_attention_is_left():
    module, features = built(), maps(1, 4, 8, 6)
    nn.init.zeros_(module.edge_head.weight)
    expected = module(features, maps(1, 6, 4, 3))
    with torch.no_grad():
        module.cbr[0].weight[:, 4:] = 100
    torch.testing.assert_close(module(features, maps(1, 6, 4, 3, seed=2)), expected)


def test_the_further_mask_weighs_the_result():
    plain, masked = built(), built(mask=True)
    masked.load_state_dict(plain.state_dict(), strict=False)
    features, deeper = maps(1, 4, 8, 6), maps(1, 6, 4, 3)
    assert masked.mask is not None
    expected = plain(features, deeper)
    weight = torch.sigmoid(masked.mask(expected))
    torch.testing.assert_close(masked(features, deeper), torch.einsum("bchw,bohw->bchw", expected, weight))
    nn.init.zeros_(masked.mask.weight)
    nn.init.zeros_(masked.mask.bias)
    torch.testing.assert_close(masked(features, deeper), expected / 2)


def test_every_parameter_of_lhfem_learns():
    module = built(mask=True).train()
    module(maps(2, 4, 8, 6), maps(2, 6, 4, 3, seed=1)).square().sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-8, name


def test_the_difference_is_taken_in_full_precision_under_autocast(monkeypatch):
    seen = []

    def spy(x: Tensor) -> Tensor:
        seen.append((x, laplacian(x)))
        return seen[0][1]

    monkeypatch.setattr("rsnotes.maflnet.edges.laplacian", spy)
    module = LHFEM(4, 6)
    with torch.autocast("cpu", torch.bfloat16):
        module(torch.rand(2, 4, 8, 6), torch.rand(2, 6, 4, 3))
    sigmoid, fine = seen[0]
    assert sigmoid.dtype == torch.float32
    torch.testing.assert_close(fine, laplacian(sigmoid), rtol=0, atol=0)
