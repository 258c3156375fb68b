"""The shared losses against libraries, by hand, by their gradients and in half precision."""

import math

import numpy as np
import pytest
import scipy.stats
import segmentation_models_pytorch as smp
import torch
from torch.nn import functional as F

from rsnotes.datasets import IGNORE, Sample
from rsnotes.losses import class_counts, class_weights, cross_entropy, distillation_loss, soft_dice_loss

torch.set_num_threads(1)


def batch(seed: int = 0, classes: int = 4, size: int = 6, dtype=torch.float64):
    """Logits (2, K, H, W) that ask for gradients, and a mask in which every class and some ignored pixels occur."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, size, size, generator=generator, dtype=dtype).mul(2).requires_grad_()
    mask = torch.randint(0, classes, (2, size, size), generator=generator)
    mask[torch.rand(2, size, size, generator=generator) < 0.2] = IGNORE
    return logits, mask


WEIGHTS = torch.tensor([1.0, 0.5, 3.0, 0.0])


@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_cross_entropy_is_the_mean_over_labelled_pixels_by_hand(weight):
    logits, mask = batch()
    total = norm = 0.0
    for b, i, j in (mask != IGNORE).nonzero().tolist():
        scores, label = logits[b, :, i, j].tolist(), int(mask[b, i, j])
        w = 1.0 if weight is None else float(weight[label])
        total += w * (math.log(sum(map(math.exp, scores))) - scores[label])
        norm += w
    assert float(cross_entropy(logits.detach(), mask, weight)) == pytest.approx(total / norm)


@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_cross_entropy_and_its_gradient_equal_pytorchs(weight):
    logits, mask = batch(1)
    weight = None if weight is None else weight.double()
    ours = torch.autograd.grad(cross_entropy(logits, mask, weight), logits)[0]
    loss = F.cross_entropy(logits, mask, weight, ignore_index=IGNORE)
    torch.testing.assert_close(cross_entropy(logits, mask, weight), loss)
    torch.testing.assert_close(ours, torch.autograd.grad(loss, logits)[0])


def test_scaling_all_weights_changes_nothing():
    logits, mask = batch()
    torch.testing.assert_close(cross_entropy(logits, mask, WEIGHTS), cross_entropy(logits, mask, 7 * WEIGHTS))


def test_cross_entropy_of_uniform_scores_is_the_logarithm_of_the_classes():
    assert float(cross_entropy(torch.zeros(1, 6, 3, 3), torch.full((1, 3, 3), 2))) == pytest.approx(math.log(6))


@pytest.mark.parametrize("loss", [cross_entropy, soft_dice_loss])
def test_gradients_are_right_and_do_not_reach_ignored_pixels(loss):
    logits, mask = batch(2, size=3)
    mask[0, 0] = IGNORE
    assert torch.autograd.gradcheck(lambda x: loss(x, mask), logits)
    gradient = torch.autograd.grad(loss(logits, mask), logits)[0].movedim(1, -1)
    assert (gradient[mask == IGNORE] == 0).all()
    assert (gradient[mask != IGNORE] != 0).any(-1).all()


@pytest.mark.parametrize("loss", [cross_entropy, soft_dice_loss, lambda x, m: cross_entropy(x, m, WEIGHTS)])
def test_a_batch_without_labels_gives_zero_and_zero_gradient(loss):
    logits, mask = batch()
    value = loss(logits, torch.full_like(mask, IGNORE))
    assert float(value.detach()) == 0
    assert (torch.autograd.grad(value, logits)[0] == 0).all()


def test_a_batch_of_pixels_without_weight_gives_zero():
    logits, mask = batch()
    value = cross_entropy(logits, torch.full_like(mask, 3), WEIGHTS)  # class 3 has weight 0
    assert float(value.detach()) == 0
    assert (torch.autograd.grad(value, logits)[0] == 0).all()


HALF = [
    pytest.param(lambda x, m: cross_entropy(x, m, WEIGHTS), id="cross_entropy"),
    pytest.param(soft_dice_loss, id="soft_dice"),
    pytest.param(lambda x, m: distillation_loss(x, x[:, [1, 2, 3, 0]], 4.0, m != IGNORE), id="distillation"),
]


@pytest.mark.parametrize("loss", HALF)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_computed_in_single(loss, dtype):
    logits, mask = batch(3, size=64, dtype=torch.float32)
    half = logits.detach().to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(half, mask)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), loss(half.double(), mask), rtol=1e-5, atol=0)


def test_class_counts_leave_ignored_pixels_out():
    samples = [Sample(torch.zeros(3, 1, 4), torch.tensor([[0, 2, 2, IGNORE]])) for _ in range(3)]
    assert class_counts(samples, 4).tolist() == [3, 0, 6, 0]
    assert class_counts([Sample(torch.zeros(3, 1, 1), torch.tensor([[IGNORE]]))], 2).tolist() == [0, 0]


def test_class_counts_name_ids_that_are_no_class():
    with pytest.raises(ValueError, match="ids 0 to 4; expected 0 to 3, or 255"):
        class_counts([Sample(torch.zeros(3, 1, 2), torch.tensor([[0, 4]]))], 4)


def test_class_weights_by_hand():
    # 25 and 100 times as rare: 5 and 10 times the weight. The unseen class weighs as the rarest seen.
    weights = class_weights(torch.tensor([10_000, 400, 100, 0]))
    torch.testing.assert_close(weights, torch.tensor([1.0, 5.0, 10.0, 10.0]) / 6.5)
    torch.testing.assert_close(weights, class_weights(torch.tensor([100, 4, 1, 0])))  # shares, not numbers, matter
    torch.testing.assert_close(class_weights(torch.full((6,), 17)), torch.ones(6))


def test_class_weights_of_nothing_are_refused():
    with pytest.raises(ValueError, match="all counts are zero"):
        class_weights(torch.zeros(6, dtype=torch.int64))


def test_soft_dice_equals_the_librarys_where_every_class_occurs():
    logits, mask = batch(4, size=16)
    library = smp.losses.DiceLoss("multiclass", ignore_index=IGNORE)
    torch.testing.assert_close(soft_dice_loss(logits, mask), library(logits, mask))


def test_soft_dice_by_hand_with_an_absent_and_an_ignored_class():
    # Three pixels, three classes, class 2 absent, the last pixel ignored.
    probability = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    logits = probability.log().T.reshape(1, 3, 1, 3)
    mask = torch.tensor([[[0, 1, IGNORE]]])
    expected = ((1 - 2 * 0.7 / (1.0 + 1)) + (1 - 2 * 0.6 / (0.8 + 1))) / 2
    assert float(soft_dice_loss(logits, mask)) == pytest.approx(expected)


def test_soft_dice_sums_over_the_batch_not_image_by_image():
    logits, mask = batch(5)
    beside = torch.cat(list(logits.detach()), -1)[None], torch.cat(list(mask), -1)[None]
    torch.testing.assert_close(soft_dice_loss(logits.detach(), mask), soft_dice_loss(*beside))


def test_soft_dice_runs_from_zero_for_the_labels_to_one_for_none_of_them():
    mask = torch.tensor([[[0, 1, 2, IGNORE]]])
    sure = 100.0 * F.one_hot(mask.where(mask != IGNORE, 0), 3).movedim(-1, 1)
    assert float(soft_dice_loss(sure, mask)) == pytest.approx(0, abs=1e-6)
    assert float(soft_dice_loss(sure.roll(1, 1), mask)) == pytest.approx(1)


def student_and_teacher(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    student, teacher = torch.randn(2, 2, 5, 3, 4, generator=generator, dtype=torch.float64)
    return student.requires_grad_(), teacher.requires_grad_()


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_t_squared_times_the_divergence_of_student_from_teacher(temperature):
    student, teacher = student_and_teacher()
    divergences = [
        scipy.stats.entropy(scipy.special.softmax(t / temperature), scipy.special.softmax(s / temperature))
        for s, t in zip(
            student.detach().movedim(1, -1).reshape(-1, 5).numpy(),
            teacher.detach().movedim(1, -1).reshape(-1, 5).numpy(),
            strict=True,
        )
    ]
    value = float(distillation_loss(student, teacher, temperature).detach())
    assert value == pytest.approx(temperature**2 * np.mean(divergences))
    assert value != pytest.approx(float(distillation_loss(teacher, student, temperature).detach()))


def test_distillation_by_hand():
    # Teacher (3/4, 1/4), student (1/2, 1/2), one pixel.
    student, teacher = torch.zeros(1, 2, 1, 1), torch.tensor([3.0, 1.0]).log().reshape(1, 2, 1, 1)
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert float(distillation_loss(student, teacher)) == pytest.approx(expected)


def test_at_high_temperature_it_is_half_the_variance_of_the_difference():
    # T² KL tends to the mean over pixels of Var_k(s - t) / 2: without T² it tends to 0; a mean over classes is K off.
    student, teacher = (logits.detach() for logits in student_and_teacher(1))
    limit = (student - teacher).var(dim=1, correction=0).mean() / 2
    torch.testing.assert_close(distillation_loss(student, teacher, 1e3), limit, rtol=1e-2, atol=0)


def test_t_squared_keeps_the_size_of_the_gradient():
    student, teacher = student_and_teacher(2)
    low, high = (
        torch.autograd.grad(distillation_loss(student, teacher, temperature), student)[0].norm()
        for temperature in (2.0, 20.0)
    )
    assert 0.5 < float(high / low) < 2


def test_the_gradient_is_right_and_the_teacher_gets_none():
    student, teacher = student_and_teacher()
    valid = torch.rand(2, 3, 4) < 0.7
    assert torch.autograd.gradcheck(lambda s: distillation_loss(s, teacher.detach(), 3.0, valid), student)
    distillation_loss(student, teacher, 3.0).backward()
    assert teacher.grad is None
    # By the textbook: T (q_student - q_teacher) over the number of pixels.
    q_student, q_teacher = (student / 3).softmax(1), (teacher / 3).softmax(1)
    torch.testing.assert_close(student.grad, 3 * (q_student - q_teacher) / 24)


def test_it_is_zero_where_the_two_agree_up_to_a_constant_and_nowhere_negative():
    student, teacher = student_and_teacher()
    assert float(distillation_loss(student, student + 3, 2.0).detach()) == pytest.approx(0, abs=1e-12)
    assert float(distillation_loss(student, teacher, 2.0).detach()) > 0


def test_only_valid_pixels_count():
    student, teacher = student_and_teacher()
    valid = torch.zeros(2, 3, 4, dtype=torch.bool)
    valid[:, :, :2] = True
    expected = distillation_loss(student[..., :2], teacher[..., :2], 2.0)
    torch.testing.assert_close(distillation_loss(student, teacher, 2.0, valid), expected)
    none = distillation_loss(student, teacher, 2.0, torch.zeros_like(valid))
    assert float(none.detach()) == 0
    assert (torch.autograd.grad(none, student)[0] == 0).all()


def test_shapes_that_would_broadcast_and_bad_temperatures_are_refused():
    student, teacher = student_and_teacher()
    with pytest.raises(ValueError, match="must have one shape"):
        distillation_loss(student, teacher[:, :, :1])
    with pytest.raises(ValueError, match="must be positive"):
        distillation_loss(student, teacher, 0.0)
