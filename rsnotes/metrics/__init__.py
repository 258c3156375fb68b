"""Scores of predictions, and costs of networks."""

from rsnotes.metrics.confusion import confusion_matrix, without_pixels
from rsnotes.metrics.measures import (
    f_score,
    iou,
    mean_f1,
    mean_iou,
    mean_over,
    mean_precision,
    mean_recall,
    overall_accuracy,
    overall_accuracy_with_negatives,
    precision,
    recall,
)
from rsnotes.metrics.scores import Scores

__all__ = [
    "Scores",
    "confusion_matrix",
    "f_score",
    "iou",
    "mean_f1",
    "mean_iou",
    "mean_over",
    "mean_precision",
    "mean_recall",
    "overall_accuracy",
    "overall_accuracy_with_negatives",
    "precision",
    "recall",
    "without_pixels",
]
