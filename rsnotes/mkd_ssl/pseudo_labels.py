"""What is believed of a teacher's guess: masks by entropy, per pixel or per image, and by confidence."""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from rsnotes.datasets import IGNORE
from rsnotes.losses import at_least_float32

Filter = Literal["entropy", "sample", "confidence", "none"]


def relative_entropy(logits: Tensor) -> Tensor:
    """Entropy of each pixel's class probabilities over log K: 0 where the network is sure, 1 where it has no idea.

    Args:
        logits: (B, K, H, W), K from 2.

    Returns:
        (B, H, W) in [0, 1].
    """
    log = at_least_float32(logits).log_softmax(dim=1)
    return (-(log.exp() * log).sum(dim=1) / math.log(logits.shape[1])).clamp(0, 1)


def entropy_mask(logits: Tensor, fraction: float) -> Tensor:
    """Pixels whose entropy is at most ``fraction`` of log K.

    Args:
        logits: (B, K, H, W).
        fraction: in [0, 1]; 1 keeps every pixel.

    Returns:
        (B, H, W) bool.

    Raises:
        ValueError: a fraction outside [0, 1].
    """
    return relative_entropy(logits) <= _unit(fraction, "fraction of log K")


def sample_mask(logits: Tensor, fraction: float) -> Tensor:
    """All pixels of the images whose *mean* entropy is at most ``fraction`` of log K, as the paper has it.

    Returns:
        (B, H, W) bool, the same everywhere in an image.
    """
    entropy = relative_entropy(logits)
    good = entropy.mean(dim=(1, 2)) <= _unit(fraction, "fraction of log K")
    return good[:, None, None].expand_as(entropy)


def confidence_mask(logits: Tensor, threshold: float = 0.95) -> Tensor:
    """Pixels whose largest probability is at least ``threshold``, FixMatch's rule.

    Returns:
        (B, H, W) bool.
    """
    return at_least_float32(logits).softmax(dim=1).amax(dim=1) >= _unit(threshold, "confidence")


def keep_mask(logits: Tensor, rule: Filter, entropy: float, confidence: float) -> Tensor:
    """The mask of one rule: (B, H, W) bool.

    Args:
        rule: "entropy" a pixel, "sample" an image, "confidence" a pixel, or "none".
        entropy: fraction of log K, for the first two.
        confidence: for the third.
    """
    if rule == "entropy":
        return entropy_mask(logits, entropy)
    if rule == "sample":
        return sample_mask(logits, entropy)
    if rule == "confidence":
        return confidence_mask(logits, confidence)
    if rule == "none":
        return torch.ones_like(logits[:, 0], dtype=torch.bool)
    raise ValueError(f"no filter {rule!r}; there are entropy, sample, confidence and none")


def pseudo_labels(logits: Tensor, kept: Tensor) -> Tensor:
    """The likeliest class where ``kept``, ``IGNORE`` elsewhere: (B, H, W) int64."""
    return logits.argmax(dim=1).masked_fill(~kept, IGNORE)


class Quality(NamedTuple):
    """How good pseudo-labels are.

    Attributes:
        coverage: fraction of pixels that have one.
        correctness: fraction of those that is right, among pixels with a true label; 0 where there is none.
    """

    coverage: Tensor
    correctness: Tensor


def quality(labels: Tensor, truth: Tensor) -> Quality:
    """Coverage and correctness of pseudo-labels (B, H, W) against true labels of the same shape."""
    kept = labels != IGNORE
    judged = kept & (truth != IGNORE)
    right = (judged & (labels == truth)).sum()
    return Quality(kept.float().mean(), right / judged.sum().clamp(min=1))


def _unit(value: float, what: str) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"the {what} must lie in [0, 1], got {value}")
    return value
