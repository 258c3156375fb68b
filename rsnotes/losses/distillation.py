"""Distillation of class scores with a temperature."""

from torch import Tensor
from torch.nn import functional as F

from rsnotes.losses.precision import at_least_float32


def distillation_loss(
    student_logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0, valid: Tensor | None = None
) -> Tensor:
    """``T² KL(teacher ‖ student)`` of the softened class probabilities: sum over classes, mean over pixels.

    Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, 2015. The factor T² keeps the gradient's
    size as T grows. The teacher is detached.

    Args:
        student_logits: (B, K, H, W), any float type; computed in float32 at least.
        teacher_logits: the same shape.
        temperature: T > 0, divides both logits.
        valid: (B, H, W) bool, the pixels that count; all when ``None``. When none does, the loss is 0 with zero
            gradient.

    Returns:
        A scalar, not negative; 0 where the two distributions agree.

    Raises:
        ValueError: when the shapes differ (they would broadcast) or the temperature is not positive.
    """
    if student_logits.shape != teacher_logits.shape:
        raise ValueError(
            f"student and teacher logits must have one shape, got {tuple(student_logits.shape)} and "
            f"{tuple(teacher_logits.shape)}; resize the teacher's to the student's first"
        )
    if temperature <= 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
    student = F.log_softmax(at_least_float32(student_logits) / temperature, dim=1)
    teacher = F.log_softmax(at_least_float32(teacher_logits.detach()) / temperature, dim=1)
    divergence = F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)  # (B, H, W)
    if valid is None:
        return temperature**2 * divergence.mean()
    return temperature**2 * divergence.where(valid, 0).sum() / valid.sum().clamp(min=1)
