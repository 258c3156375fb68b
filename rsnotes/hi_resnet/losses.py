"""The paper's three losses: generalised Dice, cross-entropy with smoothed labels, and the edge-aware one."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.datasets import IGNORE
from rsnotes.hi_resnet.distance import manhattan_distance
from rsnotes.losses import at_least_float32


class Regions(NamedTuple):
    """Probabilities and labels as maps of regions, 0 on ignored pixels.

    Attributes:
        probability: P, (B, K, H, W).
        label: T, (B, K, H, W), 0 or 1.
        valid: (B, 1, H, W) bool.
    """

    probability: Tensor
    label: Tensor
    valid: Tensor


def regions(logits: Tensor, mask: Tensor) -> Regions:
    """Softmax of the logits and one-hot labels; ignored pixels are 0 in both.

    Equation: hi_resnet 5
    Equation: hi_resnet 6

    Equation 5 is the softmax of s_θ(p). The paper uses the sign twice: s_θ is first the model, whose input is p, and
    two sentences later the thresholds that give the predicted region. By the first reading equation 5 has no threshold,
    and there is none here: a thresholded prediction has no gradient. The threshold serves the distance D_S alone.

    Args:
        logits: (B, K, H, W), any float type; computed in float32 at least.
        mask: (B, H, W) int64, ids 0 to K - 1, or ``IGNORE``.
    """
    valid = (mask != IGNORE)[:, None]
    probability = at_least_float32(logits).softmax(dim=1) * valid
    label = F.one_hot(mask.where(valid[:, 0], 0), logits.shape[1]).movedim(-1, 1) * valid
    return Regions(probability, label.to(probability), valid)


def dice_class_weights(label: Tensor, power: int = 2) -> Tensor:
    """Weight of each class by its number of pixels; 0 for a class that has none.

    Equation: hi_resnet 2

    Args:
        label: (B, K, H, W) one-hot.
        power: of the number of pixels. 2 is that of the loss the paper cites and of the authors' public code.

    Returns:
        (K,).
    """
    size = label.sum(dim=(0, 2, 3))
    return torch.where(size > 0, size.clamp(min=1) ** -power, 0)


def generalised_dice_loss(logits: Tensor, mask: Tensor, power: int = 2) -> Tensor:
    """One minus a Dice coefficient of all classes together, rare ones weighted up.

    Equation: hi_resnet 1

    Classes without a pixel in the batch are left out, where the weight would be 1 / 0. A batch without a labelled pixel
    gives 0 with zero gradient.

    Args:
        logits: (B, K, H, W), any float type; computed in float32 at least.
        mask: (B, H, W) int64, ids 0 to K - 1, or ``IGNORE``.
        power: see :func:`dice_class_weights`.

    Returns:
        A scalar in [0, 1].
    """
    probability, label, _ = regions(logits, mask)
    weight = dice_class_weights(label, power)  # (K,)
    overlap = (weight * (probability * label).sum(dim=(0, 2, 3))).sum()
    union = (weight * (probability + label).sum(dim=(0, 2, 3))).sum()
    labelled = weight.sum() > 0
    return torch.where(labelled, 1 - 2 * overlap / union.where(labelled, 1), 0 * overlap)


def smooth_labels(mask: Tensor, classes: int, epsilon: float = 0.1) -> Tensor:
    """One-hot labels that leave ε to the other classes: 1 - ε for the label, ε / (K - 1) for each other class.

    Equation: hi_resnet 4

    Args:
        mask: (B, H, W) int64, ids 0 to K - 1; what is ignored must have been replaced.
        classes: K, two or more.
        epsilon: in [0, 1).

    Returns:
        (B, K, H, W) float32 that sums to 1 over the classes.
    """
    hot = F.one_hot(mask, classes).movedim(-1, 1).float()
    return hot * (1 - epsilon) + (1 - hot) * epsilon / (classes - 1)


def label_smoothing_cross_entropy(logits: Tensor, mask: Tensor, epsilon: float = 0.1) -> Tensor:
    """Cross-entropy with smoothed labels, mean over the labelled pixels.

    Equation: hi_resnet 3

    The paper prints a sum over pixels. A sum is not on one scale with a Dice loss between 0 and 1, so the mean is
    taken. It equals PyTorch's ``label_smoothing`` of ε K / (K - 1), which shares ε among all classes, the label too. A
    batch without a labelled pixel gives 0 with zero gradient.

    Args:
        logits: (B, K, H, W), any float type; computed in float32 at least.
        mask: (B, H, W) int64, ids 0 to K - 1, or ``IGNORE``.
        epsilon: ε in [0, 1); the paper states none.

    Returns:
        A scalar.
    """
    valid = mask != IGNORE
    target = smooth_labels(mask.where(valid, 0), logits.shape[1], epsilon)
    loss = -(target * at_least_float32(logits).log_softmax(dim=1)).sum(dim=1)  # (B, H, W)
    return (loss * valid).sum() / valid.sum().clamp(min=1)


def edge_distance(region: Tensor) -> Tensor:
    """Distance from the region's edge, inside and outside, in city blocks; 0 where there is no edge.

    Args:
        region: (..., H, W) bool.

    Returns:
        (..., H, W) float32 in pixels, 1 beside the edge, without gradient.
    """
    return manhattan_distance(region) + manhattan_distance(~region)


def edge_aware_loss(
    logits: Tensor,
    mask: Tensor,
    classes: Literal["one", "all"] = "one",
    *,
    beta: float = 2.0,
    threshold: float = 0.5,
    unit: float = 1.0,
) -> Tensor:
    """Squared error of probabilities, weighted by how far a pixel lies from the true and from the predicted edge.

    Equation: hi_resnet 7

    The class-agnostic edge-aware (CEA) loss. D_G is the distance from the edge of the labelled region, D_S that from
    the edge of the predicted one, ``P > threshold``. Both are without gradient, which flows through (T - P)² alone.
    Ignored pixels are left out of the mean and belong to no region.

    Args:
        logits: (B, K, H, W), any float type; computed in float32 at least.
        mask: (B, H, W) int64, ids 0 to K - 1, or ``IGNORE``.
        classes: "one" draws a class among those in the batch from PyTorch's random state, as figure 2 says, all others
            being background; "all" is the mean over the classes in the batch, as the text says.
        beta: power of the distances.
        threshold: above it a pixel belongs to the predicted region, for D_S only.
        unit: pixels that count as a distance of 1. Equation 7 has 1; larger ones bring the loss to the others' scale.

    Returns:
        A scalar, not negative; 0 with zero gradient without a labelled pixel.

    Raises:
        ValueError: neither "one" class nor "all".
    """
    if classes not in ("one", "all"):
        raise ValueError(f"no choice of classes {classes!r}; there are one and all")
    probability, label, valid = regions(logits, mask)
    present = label.amax(dim=(0, 2, 3)).nonzero()[:, 0]  # (classes in the batch,)
    if len(present) == 0:
        return 0 * probability.sum()
    if classes == "one":
        present = present[torch.randint(len(present), (1,), device="cpu").to(present.device)]
    chosen, truth = probability[:, present], label[:, present]  # (B, k, H, W)
    near = edge_distance(truth > 0) / unit
    drawn = edge_distance(chosen.detach() > threshold) / unit
    weighted = (truth - chosen).square() * (near**beta + drawn**beta) * valid
    return weighted.sum() / (valid.sum().clamp(min=1) * len(present))
