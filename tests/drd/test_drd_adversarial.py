"""The critic's losses: signs as printed, the gradient penalty of a critic whose gradient is known."""

import pytest
import torch
from torch import nn

from rsnotes.drd import Critic, adversarial_loss, critic_loss, gradient_penalty

torch.set_num_threads(1)


@pytest.mark.equation("drd", "7")
def test_critic_loss_is_student_minus_teacher():
    assert critic_loss(torch.tensor([1.0, 4.0]), torch.tensor([10.0, 0.0])).item() == pytest.approx(2.5 - 5)


@pytest.mark.equation("drd", "8")
def test_adversarial_loss_is_the_mean_on_the_student():
    assert adversarial_loss(torch.tensor([1.0, 4.0])).item() == pytest.approx(2.5)


class Linear(nn.Module):
    """D(z | I) = <w, z> + <v, I>."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, scores, image):
        return (self.weight * scores).sum(dim=(1, 2, 3)) + 5 * image.sum(dim=(1, 2, 3))


def test_gradient_penalty_of_a_linear_critic():
    # the gradient in the scores is w everywhere, of length 3, and the image's share does not enter: (3 - 1)²
    critic = Linear(torch.full((1, 3, 3), 1.0))
    image, student, teacher = torch.rand(4, 2, 3, 3), torch.rand(4, 1, 3, 3), torch.rand(4, 1, 3, 3)
    penalty = gradient_penalty(critic, student, teacher, image)
    assert penalty.item() == pytest.approx(4, rel=1e-5)
    penalty.backward()
    # d (|w| - 1)² / d w = 2 (|w| - 1) w / |w|
    torch.testing.assert_close(critic.weight.grad, torch.full((1, 3, 3), 4 / 3))


def test_gradient_penalty_is_taken_between_the_two_maps():
    seen = []

    class Square(nn.Module):
        def forward(self, scores, image):
            seen.append(scores.detach())
            return scores.square().sum(dim=(1, 2, 3)) / 2  # gradient: the scores themselves

    torch.manual_seed(0)
    student, teacher = torch.zeros(50, 1, 2, 2, requires_grad=True), torch.ones(50, 1, 2, 2, requires_grad=True)
    penalty = gradient_penalty(Square(), student, teacher, torch.zeros(50, 3, 2, 2))
    share = seen[0][:, 0, 0, 0]
    assert 0 <= share.min() < 0.2 < 0.8 < share.max() <= 1
    torch.testing.assert_close(seen[0], share[:, None, None, None].expand(50, 1, 2, 2))
    torch.testing.assert_close(penalty, (2 * share - 1).square().mean())  # |(a, a, a, a)| = 2 a


def test_critic_gives_one_value_a_sample_and_sees_the_image():
    torch.manual_seed(0)
    critic = Critic(classes=6, bands=4, width=8)
    scores, image = torch.rand(3, 6, 33, 40), torch.rand(3, 4, 33, 40)
    values = critic(scores, image)
    assert values.shape == (3,)
    torch.testing.assert_close(critic(scores[1:2], image[1:2]), values[1:2])  # no statistics over the batch
    assert not torch.allclose(critic(scores, image.flip(0)), values)
    assert not torch.allclose(critic(scores.flip(0), image), values)


def test_a_few_steps_teach_the_critic_which_is_which():
    torch.manual_seed(0)
    critic = Critic(classes=2, bands=1, width=4)
    optimiser = torch.optim.Adam(critic.parameters(), 1e-2)
    image = torch.rand(8, 1, 16, 16)
    student, teacher = torch.full((8, 2, 16, 16), 0.5), torch.cat([image, 1 - image], dim=1)
    for _ in range(30):
        optimiser.zero_grad()
        critic_loss(critic(student, image), critic(teacher, image)).backward()
        optimiser.step()
    assert critic(teacher, image).mean() > critic(student, image).mean() + 1
