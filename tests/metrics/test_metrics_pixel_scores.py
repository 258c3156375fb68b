"""Pixel scores against scikit-learn, torchmetrics, sets of pixels, and values worked by hand."""

import math

import numpy as np
import pytest
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional import classification

from rsnotes import metrics
from rsnotes.datasets import IGNORE, ISPRS, Classes
from rsnotes.metrics import Scores

torch.set_num_threads(1)
# Rows true, columns predicted. Not symmetric: of 10 pixels of class 0, 4 are called class 1; of 6 of class 1, one is
# called class 0; of 4 of class 2, two are called class 0.
WORKED = torch.tensor([[6, 4, 0], [1, 5, 0], [2, 0, 2]])


def random_pair(seed: int, classes: int = 6, size: int = 40, ignored: float = 0.1):
    """A prediction that is right half of the time, with classes of unequal share."""
    generator = torch.Generator().manual_seed(seed)
    share = torch.arange(1, classes + 1, dtype=torch.float)
    mask = torch.multinomial(share, size * size, True, generator=generator).reshape(size, size)
    noise = torch.randint(0, classes, (size, size), generator=generator)
    prediction = noise.where(torch.rand(size, size, generator=generator) < 0.5, mask)
    mask[torch.rand(size, size, generator=generator) < ignored] = IGNORE
    return prediction, mask


def labelled(prediction, mask):
    valid = mask != IGNORE
    return mask[valid].numpy(), prediction[valid].numpy()


def test_confusion_matrix_has_true_classes_in_rows():
    mask = torch.tensor([[0, 0, 1, IGNORE]])
    prediction = torch.tensor([[0, 1, 1, 0]])
    assert metrics.confusion_matrix(prediction, mask, 2).tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize("seed", range(3))
def test_confusion_matrix_equals_scikit_learns(seed):
    prediction, mask = random_pair(seed)
    expected = sklearn.metrics.confusion_matrix(*labelled(prediction, mask), labels=range(6))
    assert np.array_equal(metrics.confusion_matrix(prediction, mask, 6).numpy(), expected)


def test_what_is_predicted_on_ignored_pixels_does_not_matter():
    prediction, mask = random_pair(0)
    changed = prediction.where(mask != IGNORE, 77)
    assert torch.equal(metrics.confusion_matrix(changed, mask, 6), metrics.confusion_matrix(prediction, mask, 6))


@pytest.mark.parametrize(
    ("prediction", "mask", "message"),
    [
        ([[0, 6]], [[0, 0]], "prediction holds ids 0 to 6; expected 0 to 5"),
        ([[0, 0]], [[0, 254]], "mask holds ids 0 to 254; expected 0 to 5"),
        ([[0, -1]], [[0, 0]], "prediction holds ids -1 to 0"),
        ([[0]], [[0, 0]], "must have one shape"),
    ],
)
def test_ids_and_shapes_that_cannot_be_counted_are_named(prediction, mask, message):
    with pytest.raises(ValueError, match=message):
        metrics.confusion_matrix(torch.tensor(prediction), torch.tensor(mask), 6)


def test_scores_of_a_matrix_worked_by_hand():
    # Class 0: 6 right, 3 wrongly claimed, 4 missed. Class 1: 5, 4, 1. Class 2: 2, 0, 2.
    assert metrics.iou(WORKED).tolist() == [6 / 13, 5 / 10, 2 / 4]
    assert metrics.precision(WORKED).tolist() == [6 / 9, 5 / 9, 1.0]
    assert metrics.recall(WORKED).tolist() == [0.6, 5 / 6, 0.5]
    assert metrics.f_score(WORKED).tolist() == pytest.approx([12 / 19, 10 / 15, 4 / 6])
    assert float(metrics.overall_accuracy(WORKED)) == 13 / 20


@pytest.mark.equation("drd", "11")
def test_overall_accuracy_is_the_share_of_pixels_that_are_right():
    prediction, mask = random_pair(1)
    expected = sklearn.metrics.accuracy_score(*labelled(prediction, mask))
    assert float(metrics.overall_accuracy(metrics.confusion_matrix(prediction, mask, 6))) == pytest.approx(expected)


@pytest.mark.equation("maflnet", "27")
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_printed_overall_accuracy_counts_true_negatives(classes):
    # The printed sums, class by class, from binary masks.
    prediction, mask = random_pair(2, classes)
    true, predicted = labelled(prediction, mask)
    right = sum(int(((true == k) == (predicted == k)).sum()) for k in range(classes))
    printed = metrics.overall_accuracy_with_negatives(metrics.confusion_matrix(prediction, mask, classes))
    assert float(printed) == pytest.approx(right / (classes * len(true)))


@given(st.lists(st.integers(0, 10**6), min_size=9, max_size=9).filter(any))
@settings(max_examples=50, deadline=None)
def test_printed_overall_accuracy_is_a_function_of_the_usual_one(cells):
    matrix = torch.tensor(cells).reshape(3, 3)
    usual, printed = metrics.overall_accuracy(matrix), metrics.overall_accuracy_with_negatives(matrix)
    assert float(printed) == pytest.approx(1 - 2 * (1 - float(usual)) / 3)


def test_printed_overall_accuracy_of_a_network_that_is_always_wrong():
    always_wrong = torch.ones(6, 6, dtype=torch.int64).fill_diagonal_(0)
    assert float(metrics.overall_accuracy(always_wrong)) == 0
    assert float(metrics.overall_accuracy_with_negatives(always_wrong)) == pytest.approx(2 / 3)


@pytest.mark.equation("drd", "12")
def test_iou_is_that_of_two_sets_of_pixels():
    prediction, mask = random_pair(3, ignored=0.0)
    ours = metrics.iou(metrics.confusion_matrix(prediction, mask, 6))
    for k in range(6):
        y = set(map(tuple, (mask == k).nonzero().tolist()))
        y_hat = set(map(tuple, (prediction == k).nonzero().tolist()))
        assert float(ours[k]) == pytest.approx(len(y & y_hat) / len(y | y_hat))


@pytest.mark.equation("drd", "10")
@pytest.mark.parametrize("beta", [1.0, 2.0, 0.5])
def test_f_score_equals_scikit_learns(beta):
    prediction, mask = random_pair(4)
    expected = sklearn.metrics.fbeta_score(*labelled(prediction, mask), beta=beta, average=None)
    ours = metrics.f_score(metrics.confusion_matrix(prediction, mask, 6), beta)
    np.testing.assert_allclose(ours, expected)


def test_iou_follows_from_f1():
    f1 = metrics.f_score(WORKED)
    torch.testing.assert_close(metrics.iou(WORKED), f1 / (2 - f1))


MACRO = [
    (metrics.mean_iou, classification.multiclass_jaccard_index),
    (metrics.mean_precision, classification.multiclass_precision),
    (metrics.mean_recall, classification.multiclass_recall),
    (metrics.mean_f1, classification.multiclass_f1_score),
]


@pytest.mark.equation("maflnet", "28")
@pytest.mark.equation("maflnet", "29")
@pytest.mark.equation("maflnet", "30")
@pytest.mark.parametrize(("ours", "library"), MACRO)
@pytest.mark.parametrize("absent", [False, True])
def test_means_over_classes_equal_torchmetrics(ours, library, absent):
    prediction, mask = random_pair(5)
    if absent:  # class 0 nowhere: left out of the mean; class 1 predicted only: counts as 0
        prediction, mask = prediction.clamp(min=1), mask.clamp(min=2)
    expected = library(prediction, mask, num_classes=6, average="macro", ignore_index=IGNORE)
    assert float(ours(metrics.confusion_matrix(prediction, mask, 6))) == pytest.approx(float(expected), abs=1e-6)


def test_a_class_that_does_not_occur_has_no_score_and_one_missed_or_invented_has_zero():
    # Class 0 is right, class 1 is missed, class 2 is invented, class 3 does not occur.
    matrix = torch.tensor([[5, 0, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    for measure in (metrics.iou, metrics.precision, metrics.recall, metrics.f_score):
        values = measure(matrix).tolist()
        assert values[0] > 0
        assert values[1:3] == [0, 0]
        assert math.isnan(values[3])
    assert float(metrics.mean_iou(matrix)) == pytest.approx((5 / 8) / 3)
    assert math.isnan(metrics.mean_iou(torch.zeros(4, 4)))


def test_scores_take_any_number_of_matrices():
    stack = torch.stack([WORKED, WORKED.T]).reshape(2, 1, 3, 3)
    assert metrics.mean_f1(stack).shape == metrics.overall_accuracy(stack).shape == (2, 1)
    torch.testing.assert_close(metrics.iou(stack)[1, 0], metrics.iou(WORKED.T))
    torch.testing.assert_close(metrics.precision(stack)[1, 0], metrics.recall(WORKED))


TWO_AND_CLUTTER = Classes(("a", "b", "clutter"), ((0, 0, 0), (1, 1, 1), (2, 2, 2)), (True, True, False))


def test_clutter_out_of_the_mean_is_not_clutter_out_of_the_pixels():
    # Two clutter pixels are called a: false positives of a, unless those pixels are left out.
    scores = Scores(TWO_AND_CLUTTER, WORKED.unsqueeze(0))
    assert scores.mean(metrics.iou, over="all") == pytest.approx((6 / 13 + 5 / 10 + 2 / 4) / 3)
    assert scores.miou == pytest.approx((6 / 13 + 5 / 10) / 2)
    masked = scores.without_pixels()
    assert masked.miou == pytest.approx((6 / 11 + 5 / 10) / 2)
    assert (scores.oa, masked.oa) == (13 / 20, 11 / 16)


def test_without_pixels_is_ignoring_them_in_the_mask():
    prediction, mask = random_pair(6)
    matrix = metrics.confusion_matrix(prediction, mask, 6)
    ignored = mask.where(mask != ISPRS.index("clutter"), IGNORE)
    expected = metrics.confusion_matrix(prediction, ignored, 6)
    assert torch.equal(metrics.without_pixels(matrix, ISPRS.counted), expected)
    assert expected[:, ISPRS.index("clutter")].sum() > 0  # pixels wrongly called clutter stay errors


def test_global_and_per_image_means_worked_by_hand():
    # Image 1: only class a, 1 of 2 right (one called b). Image 2: a and b, all right, 8 pixels; image 3: ignored whole.
    scores = Scores(TWO_AND_CLUTTER)
    mask = torch.tensor([[0, 0, 255, 255, 255, 255, 255, 255], [0, 0, 0, 0, 1, 1, 1, 1], [255] * 8])
    prediction = torch.tensor([[0, 1, 2, 2, 2, 2, 2, 2], [0, 0, 0, 0, 1, 1, 1, 1], [0] * 8])
    scores.add(prediction[:2].unsqueeze(1), mask[:2].unsqueeze(1))
    scores.add(prediction[2:].unsqueeze(1), mask[2:].unsqueeze(1))
    assert scores.matrices.shape == (3, 3, 3)
    assert scores.miou == pytest.approx((5 / 6 + 4 / 5) / 2)
    # Each image: (1/2 + 0) / 2 and 1; the ignored one has none.
    assert scores.mean(metrics.iou, images="each") == pytest.approx((0.25 + 1) / 2)


def test_scores_do_not_depend_on_how_images_are_batched():
    pairs = [random_pair(seed) for seed in range(4)]
    predictions, masks = (torch.stack(maps) for maps in zip(*pairs, strict=True))
    at_once, one_by_one = Scores(ISPRS), Scores(ISPRS)
    at_once.add(predictions, masks)
    for prediction, mask in pairs:
        one_by_one.add(prediction[None], mask[None])
    assert torch.equal(at_once.matrices, one_by_one.matrices)
    assert torch.equal(at_once.matrix, metrics.confusion_matrix(predictions, masks, 6))


def test_scores_name_the_classes_and_say_what_they_are():
    scores = Scores(TWO_AND_CLUTTER, WORKED.unsqueeze(0))
    assert scores.per_class()["a"] == {"iou": 6 / 13, "f1": pytest.approx(12 / 19), "precision": 6 / 9, "recall": 0.6}
    assert list(scores.per_class()) == ["a", "b", "clutter"]
    assert scores.mf1 == pytest.approx((12 / 19 + 10 / 15) / 2)
    assert repr(scores) == "Scores(1 images, OA 0.6500, mIoU 0.4808, mF1 0.6491)"
