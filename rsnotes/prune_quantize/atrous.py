"""Atrous convolution and the pyramid made of it, written out (equations 1 and 2)."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def atrous_convolution(x: Tensor, weight: Tensor, rates: tuple[int, int] = (1, 1)) -> Tensor:
    """A convolution whose filter reads every ``rates``-th pixel, the filter's middle on the output pixel.

    The sum over u and v is a sum of shifted copies of the map; the sum over channels, which the equation leaves out,
    is a product with the filter's entry (u, v). What lies outside the map is 0.

    Equation: prune_quantize 1

    Args:
        x: (B, C, H, W), X_a.
        weight: (D, C, U, V), W_a, U and V odd.
        rates: r_H and r_W.

    Returns:
        (B, D, H, W), Y_a.
    """
    height, width = x.shape[-2:]
    reach = [rate * (size // 2) for rate, size in zip(rates, weight.shape[-2:], strict=True)]
    padded = F.pad(x, (reach[1], reach[1], reach[0], reach[0]))
    out = x.new_zeros(len(x), len(weight), height, width)
    for u in range(weight.shape[2]):
        for v in range(weight.shape[3]):
            top, left = u * rates[0], v * rates[1]
            shifted = padded[..., top : top + height, left : left + width]  # (B, C, H, W)
            out += torch.einsum("bchw,dc->bdhw", shifted, weight[:, :, u, v])
    return out


def atrous_pyramid(x: Tensor, branches: Iterable[tuple[nn.Conv2d, nn.BatchNorm2d]]) -> Tensor:
    """Branches side by side: atrous convolution, batch normalisation by its running statistics, ReLU.

    Equation: prune_quantize 2

    Args:
        x: (B, C, H, W), X.
        branches: a convolution and a normalisation each; their weights and dilation are used, not their code.

    Returns:
        (B, D, H, W), F, with the channels of all branches one after the other.
    """
    maps = []
    for convolution, norm in branches:
        y = atrous_convolution(x, convolution.weight, (convolution.dilation[0], convolution.dilation[1]))
        if convolution.bias is not None:
            y = y + convolution.bias[:, None, None]
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()  # (D,)
        maps.append((scale[:, None, None] * (y - norm.running_mean[:, None, None]) + norm.bias[:, None, None]).relu())
    return torch.cat(maps, dim=1)
