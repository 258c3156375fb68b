"""The pixel-wise loss against torch's own KL divergence, by hand, and what it must not depend on."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, kl_divergence

from rsnotes.drd import pixelwise_loss

torch.set_num_threads(1)


def logits(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.equation("drd", "5")
@pytest.mark.equation("drd", "6")
def test_by_hand():
    # one pixel, two classes: teacher (3/4, 1/4), student (1/2, 1/2)
    student, teacher = torch.zeros(1, 2, 1, 1), torch.tensor([math.log(3), 0]).reshape(1, 2, 1, 1)
    expected = 3 / 4 * math.log(3 / 2) + 1 / 4 * math.log(1 / 2)
    assert pixelwise_loss(student, teacher).item() == pytest.approx(expected, rel=1e-6)
    swapped = 1 / 2 * math.log(2 / 3) + 1 / 2 * math.log(2)
    assert pixelwise_loss(teacher, student).item() == pytest.approx(swapped, rel=1e-6)


@pytest.mark.equation("drd", "5")
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_against_distributions(temperature):
    student, teacher = logits(2, 5, 3, 4), logits(2, 5, 3, 4, seed=1)
    p = Categorical(logits=teacher.movedim(1, -1) / temperature)
    q = Categorical(logits=student.movedim(1, -1) / temperature)
    expected = temperature**2 * kl_divergence(p, q).mean()
    torch.testing.assert_close(pixelwise_loss(student, teacher, temperature), expected)


def test_temperature_squared_keeps_the_gradient():
    # for large T the gradient tends to (student - teacher) / K / pixels, centred over classes, whatever T is
    student, teacher = logits(1, 5, 1, 1).requires_grad_(), logits(1, 5, 1, 1, seed=1)
    (gradient,) = torch.autograd.grad(pixelwise_loss(student, teacher, 1000.0), student)
    difference = (student - teacher).detach()
    torch.testing.assert_close(gradient, (difference - difference.mean()) / 5, rtol=1e-2, atol=1e-3)


def test_batch_and_image_size_do_not_scale_it():
    student, teacher = logits(1, 5, 3, 4), logits(1, 5, 3, 4, seed=1)
    once = pixelwise_loss(student, teacher)
    torch.testing.assert_close(pixelwise_loss(student.repeat(3, 1, 1, 1), teacher.repeat(3, 1, 1, 1)), once)
    torch.testing.assert_close(pixelwise_loss(student.repeat(1, 1, 4, 2), teacher.repeat(1, 1, 4, 2)), once)


def test_zero_for_equal_and_no_gradient_to_the_teacher():
    student = logits(1, 5, 3, 4).requires_grad_()
    teacher = logits(1, 5, 3, 4, seed=1).requires_grad_()
    assert pixelwise_loss(student, student.detach() + 7).item() == pytest.approx(0, abs=1e-12)
    pixelwise_loss(student, teacher).backward()
    assert student.grad is not None
    assert teacher.grad is None
    assert torch.autograd.gradcheck(lambda x: pixelwise_loss(x, teacher.detach(), 2.0), (student,))


def test_mask_leaves_pixels_out_of_sum_and_count():
    student, teacher = logits(2, 5, 3, 4), logits(2, 5, 3, 4, seed=1)
    mask = torch.zeros(2, 3, 4, dtype=torch.bool)
    mask[0, 0, :2] = True
    expected = pixelwise_loss(student[:1, :, :1, :2], teacher[:1, :, :1, :2])
    torch.testing.assert_close(pixelwise_loss(student, teacher, valid=mask), expected)
    assert pixelwise_loss(student, teacher, valid=torch.zeros_like(mask)).item() == 0


def test_full_precision_under_autocast():
    student, teacher = logits(1, 5, 3, 4).bfloat16(), logits(1, 5, 3, 4, seed=1).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        got = pixelwise_loss(student, teacher)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, pixelwise_loss(student.float(), teacher.float()), rtol=0, atol=0)
