"""Boundary F1: how well the outlines of a class are found, within a tolerance."""

import math

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from rsnotes.datasets import IGNORE


def boundary(region: Tensor, valid: Tensor) -> Tensor:
    """Pixels of a region that have a valid pixel outside it above, below, left or right.

    The image's edge is no boundary, nor is the edge of what is ignored.

    Args:
        region: (H, W) bool.
        valid: (H, W) bool.

    Returns:
        (H, W) bool, a part of ``region & valid``.
    """
    outside = valid & ~region
    beside = torch.zeros_like(outside)
    beside[1:] |= outside[:-1]
    beside[:-1] |= outside[1:]
    beside[:, 1:] |= outside[:, :-1]
    beside[:, :-1] |= outside[:, 1:]
    return region & valid & beside


def boundary_counts(prediction: Tensor, mask: Tensor, classes: int, tolerance: float) -> Tensor:
    """Boundary pixels of an image and how many of them are met; sums over images give global scores.

    A predicted boundary pixel is met when a true one of its class lies within ``tolerance``, in Euclidean distance
    between pixel centres, and the other way round. Pixels whose mask is ``IGNORE`` are taken out of both first.

    Args:
        prediction: (H, W) ids.
        mask: (H, W) ids or ``IGNORE``.
        classes: number of classes K.
        tolerance: in pixels, 0 for exact hits; see :func:`diagonal_tolerance` for a share of the image's diagonal.

    Returns:
        (K, 4) int64: predicted pixels met, predicted pixels, true pixels met, true pixels.

    Raises:
        ValueError: when the shapes differ, are not (H, W), or the tolerance is negative.
    """
    if prediction.shape != mask.shape or mask.ndim != 2:
        raise ValueError(f"expected two (H, W) of one shape, got {tuple(prediction.shape)} and {tuple(mask.shape)}")
    if tolerance < 0:
        raise ValueError(f"the tolerance is a distance in pixels, got {tolerance}")
    prediction, mask = prediction.cpu(), mask.cpu()
    valid = mask != IGNORE
    counts = torch.zeros(classes, 4, dtype=torch.int64)
    for k in range(classes):
        predicted, true = boundary(prediction == k, valid), boundary(mask == k, valid)
        counts[k, 0] = _met(predicted, true, tolerance)
        counts[k, 1] = predicted.sum()
        counts[k, 2] = _met(true, predicted, tolerance)
        counts[k, 3] = true.sum()
    return counts


def boundary_f1(counts: Tensor) -> Tensor:
    """F1 of boundary precision and boundary recall, a class, in [0, 1].

    NaN where neither prediction nor labels have a boundary of the class, 0 where one of them has none.

    Args:
        counts: (..., K, 4) from :func:`boundary_counts`, of one image or summed over images.

    Returns:
        (..., K) float64.
    """
    met_predicted, predicted, met_true, true = counts.double().unbind(-1)
    precision = met_predicted / predicted.clamp(min=1)
    recall = met_true / true.clamp(min=1)
    total = precision + recall
    f1 = 2 * precision * recall / total.where(total > 0, 1)
    return f1.where(predicted + true > 0, math.nan)


def diagonal_tolerance(height: int, width: int, share: float = 0.0075) -> float:
    """A share of the image's diagonal in pixels, the tolerance of Csurka et al., BMVC 2013 (0.75 per cent)."""
    return share * math.hypot(height, width)


def _met(pixels: Tensor, targets: Tensor, tolerance: float) -> int:
    """How many of the pixels have a target within the tolerance."""
    if not bool(targets.any()) or not bool(pixels.any()):
        return 0
    distance = torch.from_numpy(distance_transform_edt(~targets.numpy()))  # (H, W), to the nearest target
    return int((distance[pixels] <= tolerance).sum())
