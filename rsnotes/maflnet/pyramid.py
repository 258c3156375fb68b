"""The Laplacian pyramid: what a small blur takes away (equations 17 and 18)."""

import torch
from torch import Tensor

TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""The binomial kernel of Burt and Adelson's pyramid; the 5×5 Gaussian is its product with itself."""


def gaussian(x: Tensor) -> Tensor:
    """Blur every channel with the 5×5 kernel; beyond its edge the map is mirrored about its outermost pixels.

    Sums of shifted maps, which autocast leaves in the precision they come in, unlike a convolution.

    Args:
        x: (B, C, H, W), any height and width from 1.

    Returns:
        (B, C, H, W)
    """
    for axis in (2, 3):
        mirrored = x.index_select(axis, _mirrored(x.shape[axis], x.device))  # 2 more at either end
        shifted = [tap * mirrored.narrow(axis, start, x.shape[axis]) for start, tap in enumerate(TAPS)]
        x = torch.stack(shifted).sum(dim=0)
    return x


def reduce(x: Tensor) -> Tensor:
    """Blur and keep every other row and column: (B, C, H, W) to (B, C, ceil(H / 2), ceil(W / 2))."""
    return gaussian(x)[..., ::2, ::2]


def expand(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Put a zero beside every pixel and blur at four times the strength: the way back from :func:`reduce`.

    An odd size is what is left of the even one above it without its last row or column, as in OpenCV.

    Args:
        x: (B, C, h, w).
        size: height and width before the reduction, 2 h or 2 h - 1, and 2 w or 2 w - 1.

    Returns:
        (B, C, *size)
    """
    spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    spread[..., ::2, ::2] = x
    return 4 * gaussian(spread)[..., : size[0], : size[1]]


def laplacian(x: Tensor) -> Tensor:
    """The map minus its reduced and expanded self: what is finer than two pixels.

    The first level of the pyramid, the only one that the paper uses. For the module, x is σ(F_e).

    Equation: maflnet 17
    Equation: maflnet 18

    Args:
        x: (B, C, H, W), any height and width from 1.

    Returns:
        (B, C, H, W), 0 where the map is flat.
    """
    return x - expand(reduce(x), (x.shape[2], x.shape[3]))


def laplacian_pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """``levels`` differences from fine to coarse, each half the size of the one before, and what is left of the map.

    Args:
        x: (B, C, H, W).
        levels: from 0.
    """
    pyramid = []
    for _ in range(levels):
        pyramid.append(laplacian(x))
        x = reduce(x)
    return [*pyramid, x]


def _mirrored(count: int, device: torch.device) -> Tensor:
    """Indices -2 to count + 1, mirrored about 0 and count - 1; PyTorch's own padding takes no map below 3 pixels."""
    period = max(1, 2 * (count - 1))
    index = torch.arange(-2, count + 2, device=device) % period
    return torch.minimum(index, period - index)
