"""Scores of a confusion matrix (..., K, K), rows true and columns predicted.

A class that is neither in the labels nor in the prediction has no score: NaN, and means leave it out. A class that is
in one of the two only has precision, recall, F1 and IoU of 0, also where the fraction is 0 / 0.
"""

import torch
from torch import Tensor


def overall_accuracy(matrix: Tensor) -> Tensor:
    """Share of pixels that are right: trace over sum, (...,) from (..., K, K). NaN without pixels.

    Equation: drd 11
    """
    matrix = matrix.double()
    return matrix.diagonal(dim1=-2, dim2=-1).sum(-1) / matrix.sum((-2, -1))


def overall_accuracy_with_negatives(matrix: Tensor) -> Tensor:
    """OA as MAFLNet prints it, true negatives counted: ``1 - 2 (1 - OA) / K``, (...,) from (..., K, K).

    Each wrong pixel is wrong for two classes and right for the other K - 2, so that a network that is always wrong
    still scores 1 - 2 / K. The paper's tables cannot have used it.

    Equation: maflnet 27
    """
    true_positives, false_positives, false_negatives = _counts(matrix)
    pixels = matrix.double().sum((-2, -1)).unsqueeze(-1)
    true_negatives = pixels - true_positives - false_positives - false_negatives
    return (true_positives + true_negatives).sum(-1) / (pixels.squeeze(-1) * matrix.shape[-1])


def iou(matrix: Tensor) -> Tensor:
    """Intersection over union of each class, (..., K) from (..., K, K).

    Equation: drd 12
    """
    true_positives, false_positives, false_negatives = _counts(matrix)
    return true_positives / (true_positives + false_positives + false_negatives)


def precision(matrix: Tensor) -> Tensor:
    """Share of the pixels predicted as a class that are of it, (..., K) from (..., K, K)."""
    true_positives, false_positives, false_negatives = _counts(matrix)
    return _share(true_positives, true_positives + false_positives, false_negatives)


def recall(matrix: Tensor) -> Tensor:
    """Share of the pixels of a class that are predicted as it, (..., K) from (..., K, K)."""
    true_positives, false_positives, false_negatives = _counts(matrix)
    return _share(true_positives, true_positives + false_negatives, false_positives)


def f_score(matrix: Tensor, beta: float = 1.0) -> Tensor:
    """F of each class, (..., K) from (..., K, K): F1 by default, more weight on recall with a larger beta.

    Equation: drd 10
    """
    p, r = precision(matrix), recall(matrix)
    return torch.where(p + r == 0, p + r, (1 + beta**2) * p * r / (beta**2 * p + r))


def mean_over(values: Tensor, counted: tuple[bool, ...] | None = None) -> Tensor:
    """Mean over the classes that have a score, (...,) from (..., K); over the counted among them when flags are given.

    NaN when no class is left.
    """
    if counted is not None:
        values = values[..., values.new_tensor(counted, dtype=torch.bool)]
    return values.nanmean(-1)


def mean_iou(matrix: Tensor, counted: tuple[bool, ...] | None = None) -> Tensor:
    """Mean IoU, (...,) from (..., K, K).

    Equation: maflnet 28
    """
    return mean_over(iou(matrix), counted)


def mean_precision(matrix: Tensor, counted: tuple[bool, ...] | None = None) -> Tensor:
    """Macro precision, (...,) from (..., K, K).

    Equation: maflnet 29
    """
    return mean_over(precision(matrix), counted)


def mean_recall(matrix: Tensor, counted: tuple[bool, ...] | None = None) -> Tensor:
    """Macro recall, (...,) from (..., K, K).

    Equation: maflnet 30
    """
    return mean_over(recall(matrix), counted)


def mean_f1(matrix: Tensor, counted: tuple[bool, ...] | None = None) -> Tensor:
    """Mean of the classes' F1, (...,) from (..., K, K); not the F1 of mean precision and mean recall."""
    return mean_over(f_score(matrix), counted)


def _counts(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """True positives, false positives and false negatives of each class, (..., K) float64."""
    matrix = matrix.double()
    true_positives = matrix.diagonal(dim1=-2, dim2=-1)
    return true_positives, matrix.sum(-2) - true_positives, matrix.sum(-1) - true_positives


def _share(part: Tensor, whole: Tensor, others: Tensor) -> Tensor:
    """``part / whole``, 0 where the whole is empty but the class occurs among the others, NaN where it does not."""
    return torch.where((whole == 0) & (others > 0), torch.zeros_like(part), part / whole)
