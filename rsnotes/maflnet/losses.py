"""What teacher and student minimise (equations 20 to 26)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rsnotes.datasets import IGNORE
from rsnotes.losses import at_least_float32, cross_entropy, soft_dice_loss


def hard_terms(logits: Tensor, mask: Tensor, class_weight: Tensor | None = None) -> dict[str, Tensor]:
    """Cross-entropy and soft Dice, whose sum is the student's hard loss and the start of the teacher's.

    Equation 21 is printed pixel by pixel, see :func:`printed_dice_loss`; L_dice here is the region overlap that the
    text speaks of, class by class.

    Equation: maflnet 20
    Equation: maflnet 21
    Equation: maflnet 24

    Args:
        logits: (B, K, H, W).
        mask: (B, H, W) class ids, 255 where ignored.
        class_weight: (K,) for the cross-entropy; the paper has none.

    Returns:
        Two scalars, ``L_ce`` and ``L_dice``.
    """
    return {"L_ce": cross_entropy(logits, mask, class_weight), "L_dice": soft_dice_loss(logits, mask)}


def printed_dice_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Equation 21 to the letter: the Dice coefficient of each pixel with its label, mean over the labelled pixels.

    Only the label's own class has a product that is not 0, so with its probability p the loss of a pixel is
    1 - 2p / (p + 1): a function of p alone, like cross-entropy, that knows of no region. Nothing here trains with it.

    Equation: maflnet 21

    Args:
        logits: (B, K, H, W).
        mask: (B, H, W) class ids, 255 where ignored.

    Returns:
        A scalar in [0, 1], 0 when no pixel is labelled.
    """
    valid = mask != IGNORE
    label = mask.where(valid, 0)[:, None]  # (B, 1, H, W)
    probability = at_least_float32(logits).softmax(dim=1).gather(1, label)[:, 0]  # (B, H, W)
    loss = 1 - 2 * probability / (probability + 1)
    return (loss * valid).sum() / valid.sum().clamp(min=1)


def auxiliary_loss(auxiliary: Sequence[Tensor], mask: Tensor, class_weight: Tensor | None = None) -> Tensor:
    """Cross-entropy of the auxiliary classifiers' mean logits, the "aggregate output" of the text.

    GeoSeg's UNetFormer sums the enlarged stages and has one classifier for the sum; the text allows that too.

    Equation: maflnet 22

    Args:
        auxiliary: logits (B, K, H, W), one tensor a classifier, at least one.
        mask: (B, H, W) class ids, 255 where ignored.
        class_weight: (K,), as for the main cross-entropy.
    """
    if not auxiliary:
        raise ValueError("L_aux needs auxiliary logits: build the network with auxiliary=True")
    return cross_entropy(torch.stack(list(auxiliary)).mean(dim=0), mask, class_weight)


def inter_class_loss(student: Tensor, teacher: Tensor, valid: Tensor | None = None) -> Tensor:
    """One minus the correlation of the two networks' scores over the classes of a pixel, mean over the pixels.

    With a row a pixel and a column a class, as in DIST, rows correlate without a transpose. Equation 25 prints one and
    equation 26 none, the other way round than the text, which transposes for the intra-class loss, and than DIST's
    code. The names are followed here: between classes is along a row, within a class along a column.

    Equation: maflnet 25

    Args:
        student: (B, K, H, W) class probabilities, K at least 2.
        teacher: the same shape. It gets no gradient.
        valid: (B, H, W) bool, the pixels that count; all of them by default.

    Returns:
        A scalar in [0, 2]; 0 when no pixel counts. A pixel whose scores are all equal correlates with nothing: it
        adds 1, and no gradient.

    Raises:
        ValueError: when the shapes differ.
    """
    return _one_minus_mean(correlation(*_scores(student, teacher, valid), dim=1))


def intra_class_loss(student: Tensor, teacher: Tensor, valid: Tensor | None = None) -> Tensor:
    """One minus the correlation of the two networks' scores over the pixels of the batch, mean over the classes.

    The columns of :func:`inter_class_loss`'s table.

    Equation: maflnet 26

    Args:
        student: (B, K, H, W) class probabilities.
        teacher: the same shape. It gets no gradient.
        valid: (B, H, W) bool, the pixels that count; all of them by default.

    Returns:
        A scalar in [0, 2]; 0 when no pixel counts. A class whose scores are all equal adds 1, and no gradient.

    Raises:
        ValueError: when the shapes differ.
    """
    scores = _scores(student, teacher, valid)
    return _one_minus_mean(correlation(*scores, dim=0)) if len(scores[0]) else scores[0].sum()


def correlation(x: Tensor, y: Tensor, dim: int) -> Tensor:
    """Pearson's correlation along ``dim``, in [-1, 1]; 0, without gradient, where either does not vary at all."""
    x, y = (values - values.mean(dim, keepdim=True) for values in (x, y))
    squares = x.square().sum(dim) * y.square().sum(dim)
    varies = squares > torch.finfo(squares.dtype).tiny
    return ((x * y).sum(dim) / squares.where(varies, 1).sqrt()).where(varies, 0)


def _scores(student: Tensor, teacher: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
    """The scores of the pixels that count, (M, K) each."""
    if student.shape != teacher.shape:
        raise ValueError(
            f"student and teacher scores must have one shape, got {tuple(student.shape)} and {tuple(teacher.shape)}; "
            "resize the teacher's to the student's first"
        )
    pixels = (at_least_float32(scores).movedim(1, -1) for scores in (student, teacher.detach()))  # (B, H, W, K)
    first, second = (scores.flatten(0, 2) if valid is None else scores[valid] for scores in pixels)
    return first, second


def _one_minus_mean(correlations: Tensor) -> Tensor:
    return (1 - correlations).sum() / max(1, correlations.numel())
