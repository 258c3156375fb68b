"""Knowledge distillation of the score map, pixel by pixel (equations 5 and 6)."""

from torch import Tensor

from rsnotes.drd.precision import in_full_precision
from rsnotes.losses import distillation_loss


@in_full_precision
def pixelwise_loss(
    student_logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0, valid: Tensor | None = None
) -> Tensor:
    """KL(teacher ‖ student), summed over the classes, averaged over pixels and batch.

    Equations 5 and 6 both sum over the pixels; taken literally the loss would be N times too large. Here the sum of
    equation 6 runs over the classes only, and the loss is :func:`rsnotes.losses.distillation_loss`.

    Equation: drd 5
    Equation: drd 6

    Args:
        student_logits: (B, K, H, W).
        teacher_logits: (B, K, H, W). They get no gradient.
        temperature: T divides both logits and T² multiplies the loss. The paper has none.
        valid: (B, H, W) bool, the pixels that count; all of them by default.

    Returns:
        A scalar, 0 when no pixel counts.
    """
    return distillation_loss(student_logits, teacher_logits, temperature, valid)
