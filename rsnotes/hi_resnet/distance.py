"""Distance to the nearest pixel outside a region: exact in city blocks, and the paper's approximation."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


@torch.no_grad()
def manhattan_distance(mask: Tensor) -> Tensor:
    """Steps up, down, left or right from every pixel of a region to the nearest pixel outside it.

    The distance is a minimum over rows of a minimum over columns, and each of these is found by halves: after the
    shifts by 1, 2, 4, ... pixels a value has travelled any number of pixels. It stays on the mask's device, and there
    is no loop over images, rows or columns. On a CPU SciPy's ``distance_transform_cdt(mask, "taxicab")``, which gives
    the same numbers, takes as long at 512² pixels and half as long at 1024².

    Args:
        mask: (..., H, W), True (or not 0) inside the region.

    Returns:
        (..., H, W) float32 in pixels: 0 outside the region, 1 or more inside. 0 everywhere in an image that has no
        outside, where SciPy gives -1: there is no border to be far from.
    """
    inside = mask.bool()
    far = inside.shape[-2] + inside.shape[-1]  # more than any distance there is
    kind = torch.int16 if 2 * far < 2**15 else torch.int32
    distance = torch.where(inside, far, 0).to(kind)
    for dim in (-1, -2):
        distance = _nearest_along(distance, dim)
    return distance.masked_fill(distance >= far, 0).float()


def _nearest_along(distance: Tensor, dim: int) -> Tensor:
    """Minimum over the line of ``distance[j] + |i - j|``."""
    length, shift = distance.shape[dim], 1
    while shift < length:
        first, last = (distance.narrow(dim, start, length - shift) for start in (0, shift))
        nearer = distance.clone()
        for place, other in ((shift, first), (0, last)):
            part = nearer.narrow(dim, place, length - shift)
            torch.minimum(part, other + shift, out=part)
        distance, shift = nearer, 2 * shift
    return distance


@torch.no_grad()
def cascaded_distance(mask: Tensor, h: float = 0.35) -> Tensor:
    """The paper's approximation of the distance, by repeated 3×3 convolutions.

    Pham, Do and Pham, A differentiable convolutional distance transform layer, 2021, as kornia has it. Each round
    reaches the ring of pixels around those reached so far. A pixel reached in round i gets ``i - 1`` and a soft minimum
    of the steps to its reached neighbours, ``-h log Σ exp(-step / h)``. A step along the diagonal takes one round, as
    one along a row does, so the result is near the chessboard distance.

    Args:
        mask: (..., H, W), True (or not 0) inside the region.
        h: softness; smaller is nearer to a minimum. At most 0.56, or neighbours push a distance below 0.

    Returns:
        (..., H, W) float32 in pixels, 0 outside the region, and 0 everywhere in an image that has no outside.
    """
    inside = mask.bool()
    reached = (~inside).float().reshape(-1, 1, *mask.shape[-2:])  # (N, 1, H, W)
    diagonal = math.exp(-math.sqrt(2) / h)
    straight = math.exp(-1 / h)
    taps = [[diagonal, straight, diagonal], [straight, 1.0, straight], [diagonal, straight, diagonal]]
    kernel = reached.new_tensor(taps)[None, None]
    distance = torch.zeros_like(reached)
    for number in range(max(mask.shape[-2:])):
        weight = F.conv2d(F.pad(reached, (1, 1, 1, 1), mode="replicate"), kernel)
        ring = (weight > 0) & (reached == 0)
        distance = torch.where(ring, number - h * weight.clamp(min=1e-30).log(), distance)
        reached = torch.where(ring, 1.0, reached)
    return distance.reshape(mask.shape)
