"""A critic that tells teacher from student, and what each side minimises (equations 7 and 8)."""

from itertools import pairwise

import torch
from torch import Tensor, nn


class Critic(nn.Module):
    """D(z | I): how much a score map looks like the teacher's, given the image.

    The softmax scores and the image are concatenated and go through four 4×4 convolutions of stride 2 with leaky
    ReLU; a 1×1 convolution scores every patch, and the mean over the patches is the critic's value. There is no
    batch norm, because the gradient penalty is a statement about each sample alone.

    Args:
        classes: channels of the score map.
        bands: channels of the image.
        width: channels after the first convolution; each further one doubles them.
    """

    def __init__(self, classes: int, bands: int = 3, width: int = 64) -> None:
        super().__init__()
        sizes = [classes + bands, width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(sizes[-1], 1, kernel_size=1))

    def forward(self, scores: Tensor, image: Tensor) -> Tensor:
        """Value of each sample, unbounded.

        Args:
            scores: (B, classes, H, W) class probabilities.
            image: (B, bands, H, W) in [0, 1], H and W at least 16.

        Returns:
            (B,)
        """
        patches = self.layers(torch.cat([scores, image], dim=1))  # (B, 1, H // 16, W // 16)
        return patches.mean(dim=(1, 2, 3))


def critic_loss(on_student: Tensor, on_teacher: Tensor) -> Tensor:
    """What the critic minimises: it raises its value on the teacher's maps and lowers it on the student's.

    Equation: drd 7

    Args:
        on_student: (B,) the critic's values for the student's score maps.
        on_teacher: (B,) the same for the teacher's.
    """
    return on_student.mean() - on_teacher.mean()


def adversarial_loss(on_student: Tensor) -> Tensor:
    """The critic's mean value on the student's maps. The student *raises* it: it enters the total with −λ2.

    Equation: drd 8

    Args:
        on_student: (B,) the critic's values for the student's score maps.
    """
    return on_student.mean()


def gradient_penalty(critic: nn.Module, student: Tensor, teacher: Tensor, image: Tensor) -> Tensor:
    """Mean squared distance from 1 of the critic's gradient between the two score maps (WGAN-GP).

    Not in the paper; SKD's critic has it with weight 10. Each sample's map is a random mixture of teacher and
    student, the image stays as it is.

    Args:
        critic: maps (scores, image) to (B,).
        student: (B, classes, H, W) class probabilities.
        teacher: (B, classes, H, W) class probabilities.
        image: (B, bands, H, W).
    """
    share = torch.rand(len(student), 1, 1, 1, device=student.device, dtype=student.dtype)
    mixture = torch.lerp(student.detach(), teacher.detach(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(mixture, image).sum(), mixture, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()
