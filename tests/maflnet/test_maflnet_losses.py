"""The losses: by hand, against SciPy and loops, and what they do not see."""

import math

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import pearsonr
from torch import Tensor

from rsnotes.maflnet import auxiliary_loss, hard_terms, inter_class_loss, intra_class_loss, printed_dice_loss

torch.set_num_threads(1)
LOSSES = [pytest.param(inter_class_loss, id="inter"), pytest.param(intra_class_loss, id="intra")]


def scores(*shape: int, seed: int = 0) -> Tensor:
    logits = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (2 * logits).softmax(dim=1)


@pytest.mark.equation("maflnet", "25")
def test_inter_class_loss_by_hand():
    # one pixel, three classes: deviations (-4, -1, 5) / 30 and (5, -1, -4) / 30 correlate to -39 / 42
    student = torch.tensor([0.2, 0.3, 0.5]).reshape(1, 3, 1, 1)
    teacher = torch.tensor([0.5, 0.3, 0.2]).reshape(1, 3, 1, 1)
    assert inter_class_loss(student, teacher).item() == pytest.approx(1 + 39 / 42, abs=1e-6)


@pytest.mark.equation("maflnet", "26")
def test_intra_class_loss_by_hand():
    # three pixels of each of two classes: (0, 1, 2) with (0, 1, 2), and (0, 1, 2) with (0, 2, 1): 1 and 1 / 2
    student = torch.tensor([[0.0, 1, 2], [0, 1, 2]]).reshape(1, 2, 1, 3)
    teacher = torch.tensor([[0.0, 1, 2], [0, 2, 1]]).reshape(1, 2, 1, 3)
    assert intra_class_loss(student, teacher).item() == pytest.approx(0.25, abs=1e-6)


@pytest.mark.equation("maflnet", "25")
@pytest.mark.equation("maflnet", "26")
@pytest.mark.parametrize("partly", [False, True])
def test_relation_losses_against_scipy(partly):
    student, teacher = scores(2, 4, 3, 5), scores(2, 4, 3, 5, seed=1)
    valid = torch.rand(2, 3, 5, generator=torch.Generator().manual_seed(2)) < (0.6 if partly else 2)
    rows = [
        np.array([one[b, :, i, j].tolist() for b in range(2) for i in range(3) for j in range(5) if valid[b, i, j]])
        for one in (student, teacher)
    ]  # (M, K) each
    inter = [pearsonr(x, y).statistic for x, y in zip(*rows, strict=True)]
    intra = [pearsonr(rows[0][:, k], rows[1][:, k]).statistic for k in range(4)]
    given = valid if partly else None
    assert inter_class_loss(student, teacher, given).item() == pytest.approx(1 - np.mean(inter), abs=1e-12)
    assert intra_class_loss(student, teacher, given).item() == pytest.approx(1 - np.mean(intra), abs=1e-12)


@pytest.mark.equation("maflnet", "25")
@pytest.mark.equation("maflnet", "26")
def test_each_loss_forgives_its_own_scale_and_shift_only():
    teacher = scores(2, 4, 3, 5)
    draw = torch.Generator().manual_seed(3)
    by_pixel = [torch.rand(2, 1, 3, 5, generator=draw, dtype=torch.float64) + 0.1 for _ in range(2)]
    by_class = [torch.rand(1, 4, 1, 1, generator=draw, dtype=torch.float64) + 0.1 for _ in range(2)]
    pixelwise, classwise = (scale * teacher + shift for scale, shift in (by_pixel, by_class))
    assert inter_class_loss(pixelwise, teacher).item() == pytest.approx(0, abs=1e-12)
    assert intra_class_loss(classwise, teacher).item() == pytest.approx(0, abs=1e-12)
    assert inter_class_loss(classwise, teacher) > 0.01
    assert intra_class_loss(pixelwise, teacher) > 0.01
    for loss in (inter_class_loss, intra_class_loss):
        assert loss(-teacher, teacher).item() == pytest.approx(2, abs=1e-12)
        student = scores(2, 4, 3, 5, seed=1)
        torch.testing.assert_close(loss(5 * student + 2, teacher), loss(student, teacher))


@pytest.mark.equation("maflnet", "25")
@pytest.mark.equation("maflnet", "26")
@pytest.mark.parametrize("loss", LOSSES)
def test_the_order_of_the_pixels_does_not_matter(loss):
    student, teacher = scores(2, 4, 3, 5), scores(2, 4, 3, 5, seed=1)
    valid = torch.rand(2, 3, 5, generator=torch.Generator().manual_seed(2)) < 0.6
    order = torch.randperm(2 * 3 * 5, generator=torch.Generator().manual_seed(6))  # from image to image too

    def shuffled(maps: Tensor) -> Tensor:
        return maps.movedim(1, -1).flatten(0, 2)[order].unflatten(0, (2, 3, 5)).movedim(-1, 1)

    counted = shuffled(valid[:, None])[:, 0]
    expected = loss(student, teacher, valid)
    torch.testing.assert_close(loss(shuffled(student), shuffled(teacher), counted), expected)
    assert (loss(shuffled(student), teacher, valid) - expected).abs() > 1e-3  # of one network alone it matters


@pytest.mark.equation("maflnet", "25")
@pytest.mark.equation("maflnet", "26")
@pytest.mark.parametrize("loss", LOSSES)
def test_the_order_of_the_classes_does_not_matter(loss):
    student, teacher = scores(2, 4, 3, 5), scores(2, 4, 3, 5, seed=1)
    order = [2, 0, 3, 1]
    expected = loss(student, teacher)
    torch.testing.assert_close(loss(student[:, order], teacher[:, order]), expected)
    assert (loss(student[:, order], teacher) - expected).abs() > 1e-3


@pytest.mark.parametrize("loss", LOSSES)
def test_ignored_pixels_change_nothing(loss):
    student, teacher = scores(2, 4, 3, 5), scores(2, 4, 3, 5, seed=1)
    valid = torch.rand(2, 3, 5, generator=torch.Generator().manual_seed(2)) < 0.6
    expected = loss(student, teacher, valid)
    noisy = torch.where(valid[:, None], student, 100 * scores(2, 4, 3, 5, seed=4)).requires_grad_()
    noisy_teacher = torch.where(valid[:, None], teacher, 100 * scores(2, 4, 3, 5, seed=5))
    got = loss(noisy, noisy_teacher, valid)
    torch.testing.assert_close(got, expected, rtol=0, atol=0)
    got.backward()
    gradient = noisy.grad.movedim(1, -1)
    assert gradient[~valid].abs().max() == 0
    assert gradient[valid].abs().max() > 1e-4


@pytest.mark.parametrize("loss", LOSSES)
def test_only_the_student_gets_a_gradient(loss):
    student, teacher = scores(1, 3, 2, 3).requires_grad_(), scores(1, 3, 2, 3, seed=1).requires_grad_()
    loss(student, teacher).backward()
    assert teacher.grad is None
    assert student.grad.abs().max() > 1e-4
    assert torch.autograd.gradcheck(lambda x: loss(x, teacher.detach()), (student,))
    with torch.no_grad():  # downhill is towards the teacher's relations
        assert loss(student - 1e-3 * student.grad, teacher) < loss(student, teacher)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("flat", ["student", "teacher"])
def test_scores_that_do_not_vary_add_one_and_no_gradient(loss, flat):
    constant, varied = torch.full((1, 3, 2, 2), 1 / 3), scores(1, 3, 2, 2).float()
    student, teacher = (constant, varied) if flat == "student" else (varied, constant)
    student = student.clone().requires_grad_()
    value = loss(student, teacher)
    value.backward()
    assert value.item() == pytest.approx(1)
    assert student.grad.abs().max() == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_no_pixel_gives_zero_and_zero_gradient(loss):
    student = scores(1, 3, 2, 2).requires_grad_()
    value = loss(student, scores(1, 3, 2, 2, seed=1), torch.zeros(1, 2, 2, dtype=torch.bool))
    value.backward()
    assert value.item() == 0
    assert student.grad.abs().max() == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_is_widened(loss):
    student, teacher = scores(1, 3, 4, 4).bfloat16(), scores(1, 3, 4, 4, seed=1).bfloat16()
    value = loss(student, teacher)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(student.float(), teacher.float()), rtol=0, atol=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_shapes_that_would_broadcast_are_refused(loss):
    with pytest.raises(ValueError, match=r"one shape, got \(1, 3, 2, 2\) and \(1, 3, 1, 2\)"):
        loss(scores(1, 3, 2, 2), scores(1, 3, 1, 2))


def labelled(seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 4, 5, generator=draw, dtype=torch.float64)
    mask = torch.randint(3, (2, 4, 5), generator=draw)
    mask[torch.rand(2, 4, 5, generator=draw) < 0.3] = 255
    return logits, mask


@pytest.mark.equation("maflnet", "20")
@pytest.mark.equation("maflnet", "21")
@pytest.mark.equation("maflnet", "24")
def test_hard_terms_against_loops():
    logits, mask = labelled()
    pixels = [
        (softmax(logits[b, :, i, j].numpy()), int(mask[b, i, j])) for b in range(2) for i in range(4) for j in range(5)
    ]
    pixels = [(p, k) for p, k in pixels if k != 255]
    terms = hard_terms(logits, mask)
    assert set(terms) == {"L_ce", "L_dice"}
    assert terms["L_ce"].item() == pytest.approx(-np.mean([math.log(p[k]) for p, k in pixels]), abs=1e-12)
    dice = []
    for k in range(3):
        overlap, size = sum(p[k] for p, label in pixels if label == k), sum(label == k for _, label in pixels)
        dice.append(2 * overlap / (sum(p[k] for p, _ in pixels) + size))
    assert terms["L_dice"].item() == pytest.approx(1 - np.mean(dice), abs=1e-12)


@pytest.mark.equation("maflnet", "20")
def test_class_weights_reach_the_cross_entropies_only():
    logits, mask = labelled()
    weight = torch.tensor([1.0, 5.0, 0.1])
    plain, weighted = hard_terms(logits, mask), hard_terms(logits, mask, weight)
    assert plain["L_dice"] == weighted["L_dice"]
    expected = torch.nn.functional.cross_entropy(logits, mask, weight.double(), ignore_index=255)
    torch.testing.assert_close(weighted["L_ce"], expected)
    torch.testing.assert_close(auxiliary_loss([logits], mask, weight), expected)


@pytest.mark.equation("maflnet", "21")
def test_the_printed_dice_to_the_letter():
    logits, mask = labelled()
    total, count = 0.0, 0
    for b in range(2):
        for i in range(4):
            for j in range(5):
                if mask[b, i, j] == 255:
                    continue
                predicted = softmax(logits[b, :, i, j].numpy())
                label = np.eye(3)[mask[b, i, j]]
                total += (predicted * label / (predicted + label)).sum()
                count += 1
    assert printed_dice_loss(logits, mask).item() == pytest.approx(1 - 2 * total / count, abs=1e-12)
    even = torch.zeros(1, 2, 1, 1)  # p = 1 / 2 gives 1 - 2 / 3
    assert printed_dice_loss(even, torch.zeros(1, 1, 1, dtype=torch.int64)).item() == pytest.approx(1 / 3)
    assert printed_dice_loss(even, torch.full((1, 1, 1), 255)).item() == 0


@pytest.mark.equation("maflnet", "22")
def test_auxiliary_loss_is_that_of_the_mean_logits():
    logits, mask = labelled()
    others, _ = labelled(seed=1)
    expected = torch.nn.functional.cross_entropy((logits + others) / 2, mask, ignore_index=255)
    torch.testing.assert_close(auxiliary_loss((logits, others), mask), expected)
    with pytest.raises(ValueError, match="auxiliary=True"):
        auxiliary_loss((), mask)
