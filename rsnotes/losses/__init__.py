"""Losses that more than one paper uses. All leave ignored pixels out and compute in float32 at least."""

from rsnotes.losses.counted import counted_weights
from rsnotes.losses.cross_entropy import class_counts, class_weights, cross_entropy
from rsnotes.losses.dice import soft_dice_loss
from rsnotes.losses.distillation import distillation_loss
from rsnotes.losses.precision import at_least_float32

__all__ = [
    "at_least_float32",
    "class_counts",
    "class_weights",
    "counted_weights",
    "cross_entropy",
    "distillation_loss",
    "soft_dice_loss",
]
