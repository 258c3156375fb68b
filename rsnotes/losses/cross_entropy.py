"""Cross-entropy over labelled pixels, and the class weights that make rare classes count."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.datasets import IGNORE, Sample
from rsnotes.losses.precision import at_least_float32


def cross_entropy(logits: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean cross-entropy over the pixels that are labelled.

    With weights it is PyTorch's weighted mean: the sum of ``weight[label] * loss`` divided by the sum of
    ``weight[label]``, so that scaling all weights changes nothing. A batch without a labelled pixel (or with none of
    positive weight) gives 0 with zero gradient, where PyTorch gives NaN.

    Args:
        logits: (B, K, H, W), any float type; computed in float32 at least.
        mask: (B, H, W) int64, ids 0 to K - 1, or ``IGNORE``.
        weight: (K,), one weight a class, not negative.

    Returns:
        A scalar.
    """
    logits = at_least_float32(logits)
    weight = None if weight is None else weight.to(logits)
    total = F.cross_entropy(logits, mask, weight, ignore_index=IGNORE, reduction="sum")
    valid = mask != IGNORE
    norm = valid.sum() if weight is None else (weight[mask.where(valid, 0)] * valid).sum()
    return total / norm.where(norm > 0, 1)


def class_counts(samples: Iterable[Sample], classes: int) -> Tensor:
    """Labelled pixels a class over some samples, (classes,) int64."""
    counts = torch.zeros(classes, dtype=torch.int64)
    for sample in samples:
        labels = sample.mask[sample.mask != IGNORE]
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise ValueError(
                f"a mask holds ids {int(labels.min())} to {int(labels.max())}; expected 0 to {classes - 1}, or {IGNORE}"
            )
        counts += torch.bincount(labels.flatten(), minlength=classes).cpu()
    return counts


def class_weights(counts: Tensor) -> Tensor:
    """Weights that fall with the square root of a class's frequency, with mean 1.

    Between no weights, which leave rare classes at zero, and the inverse frequency, which makes cars weigh 30 times
    roofs and paints them everywhere: a class 25 times as rare weighs 5 times as much. A class that was not seen gets
    the weight of the rarest that was.

    Args:
        counts: (K,) pixels a class, see :func:`class_counts`.

    Returns:
        (K,) float32.

    Raises:
        ValueError: when no class was seen.
    """
    if not bool((counts > 0).any()):
        raise ValueError("class weights need at least one labelled pixel; all counts are zero")
    rarest = counts[counts > 0].min()
    weights = counts.clamp(min=rarest).double().rsqrt()
    return (weights / weights.mean()).float()
