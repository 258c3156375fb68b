"""Exercises and quiz of the page on scores."""

from typing import Any

import torch

from rsnotes.metrics import iou, mean_iou, overall_accuracy, overall_accuracy_with_negatives
from rsnotes.teaching import Choice, Exercise, Question

_MATRICES = torch.tensor(
    [
        [[50, 4, 0], [10, 20, 0], [0, 0, 0]],  # no third class, neither true nor predicted
        [[30, 0, 2], [0, 40, 6], [1, 3, 2]],
    ]
)
"""(2 images, 3 classes, 3 classes), rows true."""


def _near(value: Any, expected: Any) -> bool:
    return abs(float(value) - float(expected)) < 1e-6


_READ = """
def iou_of(matrix, k):
    right = matrix[k, k]
    return right / (matrix[k].sum() + matrix[:, k].sum() - right)
"""


def _check_read(answer: Any) -> str | None:
    matrix = _MATRICES.sum(0)
    for k in range(3):
        value, right = answer(matrix, k), matrix[k, k]
        true, predicted = matrix[k].sum(), matrix[:, k].sum()
        if _near(value, iou(matrix)[k]):
            continue
        if _near(value, right / true):
            return "That is recall: it forgets the pixels that were called k and are something else, in column k."
        if _near(value, right / predicted):
            return "That is precision: it forgets the pixels of k that were called something else, in row k."
        if _near(value, right / (true + predicted)):
            return "The right pixels stand in the row and in the column: the union must count them once."
        return f"For class {k} of {matrix.tolist()} the IoU is {float(iou(matrix)[k]):.4f}, not {float(value):.4f}."
    return None


read_matrix = Exercise(
    title="Read a confusion matrix",
    question=(
        "Rows are true classes, columns predicted ones. Write the IoU of class $k$ from the matrix $(K, K)$: the "
        "pixels that are $k$ *and* were called $k$, over those that are $k$ *or* were called $k$."
    ),
    answer="iou_of",
    stub='def iou_of(matrix, k):\n    """IoU of class k, from counts (K, K)."""\n    ...',
    solution=_READ,
    check=_check_read,
    wrong={
        "recall": _READ.replace("(matrix[k].sum() + matrix[:, k].sum() - right)", "matrix[k].sum()"),
        "precision": _READ.replace("(matrix[k].sum() + matrix[:, k].sum() - right)", "matrix[:, k].sum()"),
        "intersection counted twice": _READ.replace(" - right)", ")"),
    },
)

_UNDO = """
def share_of_right_pixels(printed, classes):
    return 1 - classes * (1 - printed) / 2
"""


def _check_undo(answer: Any) -> str | None:
    for matrix in (_MATRICES.sum(0), torch.diag(torch.tensor([9, 8, 7, 6, 5])) + 1):
        classes = len(matrix)
        printed, meant = float(overall_accuracy_with_negatives(matrix)), float(overall_accuracy(matrix))
        value = answer(printed, classes)
        if _near(value, meant):
            continue
        if _near(value, 1 - 2 * (1 - printed) / classes):
            return "That applies equation 27 once more: solve it for OA instead."
        if _near(value, 1 - classes * (1 - printed)) or _near(value, 1 - (1 - printed) / 2):
            return "Nearly: each wrong pixel is wrong for two classes, and right for the other K - 2."
        return f"{printed:.4f} printed for {classes} classes means {meant:.4f}, not {float(value):.4f}."
    return None


undo_negatives = Exercise(
    title="Take the flattery out",
    question=(
        "A paper prints an overall accuracy by MAFLNet's equation 27, true negatives counted, for a stated number of "
        "classes. Write the share of pixels that were right; both lie between 0 and 1. "
        "What would 0.80 for five classes mean?"
    ),
    answer="share_of_right_pixels",
    stub="def share_of_right_pixels(printed, classes):\n    ...",
    solution=_UNDO,
    check=_check_undo,
    wrong={
        "applied again": _UNDO.replace("classes * (1 - printed) / 2", "2 * (1 - printed) / classes"),
        "without the two": _UNDO.replace(" / 2", ""),
        "solved upside down": _UNDO.replace("classes * (1 - printed) / 2", "(1 - printed) / 2 / classes"),
    },
)

_VOTES = """
def mean_iou_per_image(matrices):
    right = matrices.diagonal(dim1=1, dim2=2).double()  # (N, K)
    union = matrices.sum(2) + matrices.sum(1) - right
    each = (right / union).nanmean(1)  # (N,); 0 / 0 is NaN and left out
    return each.mean()
"""


def _check_votes(answer: Any) -> str | None:
    value = answer(_MATRICES)
    each = iou(_MATRICES)  # (N, K)
    if _near(value, mean_iou(_MATRICES.sum(0))):
        return "That is the global score: the matrices were added up first, so that large objects anywhere decide."
    if _near(value, each.nan_to_num(0).mean()):
        return "The first image has no third class, and none was predicted: it has no score there, rather than 0."
    if _near(value, each.nanmean()):
        return "One mean over all scores gives an image with more classes more weight: take the classes' mean first."
    if not _near(value, mean_iou(_MATRICES).mean()):
        return f"For the two matrices of this check it should be {float(mean_iou(_MATRICES).mean()):.4f}."
    return None


image_votes = Exercise(
    title="Every image one vote",
    question=(
        "Write the mean IoU image by image from `matrices` $(N, K, K)$: the mean over classes in each image, then the "
        "mean over images. A class that is neither in an image's labels nor in its prediction has no score there."
    ),
    answer="mean_iou_per_image",
    stub='def mean_iou_per_image(matrices):\n    """From counts (N, K, K), one matrix an image."""\n    ...',
    solution=_VOTES,
    check=_check_votes,
    wrong={
        "pooled": _VOTES.replace("    right =", "    matrices = matrices.sum(0, keepdim=True)\n    right ="),
        "absent counts as zero": _VOTES.replace(".nanmean(1)", ".nan_to_num(0).mean(1)"),
        "one mean over all": _VOTES.replace("each = (right / union).nanmean(1)", "each = (right / union).nanmean()"),
    },
)

_MET = """
import torch


def boundary_precision(predicted, true, tolerance):
    points, targets = predicted.nonzero().double(), true.nonzero().double()  # (P, 2), (T, 2)
    nearest = torch.cdist(points, targets).min(1).values  # (P,)
    return (nearest <= tolerance).double().mean()
"""


def _met(points: torch.Tensor, targets: torch.Tensor, tolerance: float, norm: float = 2.0) -> float:
    distance = torch.cdist(points.nonzero().double(), targets.nonzero().double(), p=norm)
    return float((distance.min(1).values <= tolerance).double().mean())


def _check_met(answer: Any) -> str | None:
    true = torch.zeros(12, 12, dtype=torch.bool)
    true[2, 2:6] = True
    predicted = torch.zeros_like(true)
    predicted[[2, 4, 4, 11, 11], [2, 3, 7, 9, 10]] = True
    value, expected = answer(predicted, true, 2), _met(predicted, true, 2)
    if _near(value, _met(true, predicted, 2)):
        return "That is boundary recall: ask for each *predicted* pixel whether a true one is near."
    if _near(value, _met(predicted, true, 1.999)):
        return "A distance equal to the tolerance is within it."
    if _near(value, _met(predicted, true, 2, float("inf"))):
        return "Two rows down and two columns aside is 2.83 pixels away, not 2: measure the distance straight."
    if not _near(value, expected):
        return f"Of 5 predicted pixels {expected * 5:.0f} lie within 2 pixels of a true one; got a share of {value}."
    return None


near_enough = Exercise(
    title="Near enough",
    question=(
        "Build half of boundary F1. Two outlines are given as boolean masks $(H, W)$ of one size. Write the share of "
        "the predicted pixels that have a true one within `tolerance`, measured straight between pixel centres. "
        "`nonzero` gives the places, `torch.cdist` all distances. What would the other half be?"
    ),
    answer="boundary_precision",
    stub="def boundary_precision(predicted, true, tolerance):\n    ...",
    solution=_MET,
    check=_check_met,
    wrong={
        "recall": _MET.replace("cdist(points, targets)", "cdist(targets, points)"),
        "strictly nearer": _MET.replace("<=", "<"),
        "square instead of disc": _MET.replace("cdist(points, targets)", 'cdist(points, targets, p=float("inf"))'),
    },
)

QUESTIONS = (
    Question(
        "Clutter is left out of the mean, its pixels stay. A patch of clutter is called impervious. What happens?",
        (
            Choice("Nothing: clutter does not count.", "That holds only where its pixels are left out as well."),
            Choice(
                "The IoU of impervious falls.",
                "The patch is a false positive of impervious, and the union has grown by it.",
                right=True,
            ),
            Choice("The recall of impervious falls.", "Recall looks at pixels that are impervious; these are not."),
        ),
    ),
    Question(
        "A scene has no car. The prediction has three car pixels. What is the car's IoU in that scene?",
        (
            Choice("It has none.", "It would have none if no car had been predicted either: 0 / 0."),
            Choice(
                "0",
                "Three pixels in the union, none shared. Globally they hardly matter; image by image they cost this "
                "scene as much as a missed building.",
                right=True,
            ),
            Choice("Nearly 1", "Nearly all pixels are right, but those are not in the union of this class."),
        ),
    ),
    Question(
        "An overall accuracy of 97 per cent was computed by MAFLNet's equation 27 with six classes. "
        "How many pixels are right?",
        (
            Choice("97 per cent", "The equation counts true negatives too, and nearly all pixels are some."),
            Choice("82 per cent", "That is six times the error; each wrong pixel is wrong for two classes of the six."),
            Choice("91 per cent", "Three times the error: K / 2 with K = 6.", right=True),
        ),
    ),
    Question(
        "In one confusion matrix a class has F1 80 per cent. What is its IoU?",
        (
            Choice("66.7 per cent", "0.8 / (2 - 0.8).", right=True),
            Choice("Below 80, but the rest is unknown.", "One follows from the other: IoU = F1 / (2 - F1)."),
            Choice("80 per cent", "Only 0 and 100 per cent are the same in both."),
        ),
    ),
    Question(
        "Leaving out the borders raised a network's mIoU by ten points. What do you know?",
        (
            Choice("The network is ten points better than thought.", "It is the same network; the exam is another."),
            Choice("Its outlines are sharp.", "The other way round: errors lay there, or the score would not rise."),
            Choice(
                "Many of its errors lie near outlines, or in small objects.",
                "These pixels no longer count. Thin and small classes may lose nearly all they have.",
                right=True,
            ),
        ),
    ),
)
