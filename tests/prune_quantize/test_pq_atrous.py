"""Atrous convolution and pyramid: by hand, and against PyTorch and the network."""

import pytest
import torch
from torch.nn import functional as F

from rsnotes.prune_quantize import atrous_convolution, atrous_pyramid


@pytest.mark.equation("prune_quantize", "1")
def test_a_filter_reads_every_other_pixel_without_being_turned_over():
    row = torch.tensor([1.0, 2, 3, 4, 5]).reshape(1, 1, 1, 5)
    weight = torch.tensor([1.0, 10, 100]).reshape(1, 1, 1, 3)
    # at the third pixel: 1 · 1 + 10 · 3 + 100 · 5; at the first, 0 left of it
    out = atrous_convolution(row, weight, (1, 2)).flatten().tolist()
    assert out == [310, 420, 531, 42, 53]
    assert atrous_convolution(row, weight).flatten().tolist() == [210, 321, 432, 543, 54]


@pytest.mark.equation("prune_quantize", "1")
@pytest.mark.parametrize("rates", [(1, 1), (2, 3), (6, 6)])
@pytest.mark.parametrize("size", [(3, 3), (1, 1), (5, 3)])
def test_against_pytorch(rates, size):
    torch.manual_seed(0)
    x, weight = torch.randn(2, 4, 9, 11), torch.randn(5, 4, *size)
    padding = [rate * (side // 2) for rate, side in zip(rates, size, strict=True)]
    expected = F.conv2d(x, weight, padding=padding, dilation=rates)
    torch.testing.assert_close(atrous_convolution(x, weight, rates), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.equation("prune_quantize", "2")
def test_pyramid_is_the_networks(network_of):
    aspp = network_of("resnet18").aspp
    x = torch.randn(2, 32, 20, 22)
    ours = atrous_pyramid(x, [(branch[0], branch[1]) for branch in aspp.branches])
    assert ours.shape == (2, 64, 20, 22)
    torch.testing.assert_close(ours, aspp(x), rtol=1e-4, atol=1e-5)
