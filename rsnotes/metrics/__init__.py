"""Scores of predictions, and costs of networks."""

from rsnotes.metrics.borders import erode_borders
from rsnotes.metrics.boundary import boundary_counts, boundary_f1, diagonal_tolerance
from rsnotes.metrics.confusion import confusion_matrix, without_pixels
from rsnotes.metrics.evaluate import evaluate
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
    "boundary_counts",
    "boundary_f1",
    "confusion_matrix",
    "diagonal_tolerance",
    "erode_borders",
    "evaluate",
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
