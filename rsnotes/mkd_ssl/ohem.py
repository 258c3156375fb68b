"""Online hard example mining: only the pixels that the network still gets wrong, or nearly, are learnt from."""

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.datasets import IGNORE
from rsnotes.losses import at_least_float32, cross_entropy


def hard_pixels(logits: Tensor, mask: Tensor, threshold: float = 0.7, kept: int = 100_000) -> Tensor:
    """Pixels whose own class has a probability below ``threshold``; at least the ``kept`` least probable ones.

    Args:
        logits: (B, K, H, W).
        mask: (B, H, W) int64, ids or ``IGNORE``.
        threshold: probability in (0, 1].
        kept: how many pixels of the batch are learnt from at least; all labelled ones where there are fewer.

    Returns:
        (B, H, W) bool, False where the mask is ignored.

    Raises:
        ValueError: a threshold outside (0, 1], or ``kept`` below 0.
    """
    if not 0 < threshold <= 1 or kept < 0:
        raise ValueError(f"expected a threshold in (0, 1] and kept from 0, got {threshold} and {kept}")
    valid = mask != IGNORE
    loss = F.cross_entropy(at_least_float32(logits.detach()), mask, ignore_index=IGNORE, reduction="none")
    probability = torch.exp(-loss)  # of the pixel's own class
    hard = valid & (probability < threshold)
    known = probability[valid]
    if kept and int(hard.sum()) < kept:
        least = min(kept, len(known))
        bound = known.kthvalue(least).values if least else probability.new_zeros(())
        hard = valid & (probability <= bound)
    return hard


def ohem_cross_entropy(
    logits: Tensor, mask: Tensor, threshold: float = 0.7, kept: int = 100_000, weight: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy over the hard pixels, see :func:`hard_pixels`.

    Shrivastava, Gupta and Girshick, 2016, in the form segmentation gives it. The probability that decides is the
    unweighted one; no gradient flows through the choice.

    Args:
        weight: (K,) class weights of the mean, none by default.

    Returns:
        A scalar; 0 with zero gradient where nothing is labelled.
    """
    hard = hard_pixels(logits, mask, threshold, kept)
    return cross_entropy(logits, mask.where(hard, IGNORE), weight)
