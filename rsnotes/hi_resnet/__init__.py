"""Hi-ResNet: a network that keeps its resolution, a loss that minds edges, pretraining without labels."""

from rsnotes.hi_resnet.distance import cascaded_distance, manhattan_distance
from rsnotes.hi_resnet.losses import (
    dice_class_weights,
    edge_aware_loss,
    edge_distance,
    generalised_dice_loss,
    label_smoothing_cross_entropy,
    regions,
    smooth_labels,
)

__all__ = [
    "cascaded_distance",
    "dice_class_weights",
    "edge_aware_loss",
    "edge_distance",
    "generalised_dice_loss",
    "label_smoothing_cross_entropy",
    "manhattan_distance",
    "regions",
    "smooth_labels",
]
