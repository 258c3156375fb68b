"""Knowledge distillation of the score map, pixel by pixel (equations 5 and 6)."""

import torch.nn.functional as F
from torch import Tensor

from rsnotes.drd.precision import in_full_precision


@in_full_precision
def pixelwise_loss(
    student_logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0, mask: Tensor | None = None
) -> Tensor:
    """T² KL(teacher ‖ student), summed over the classes, averaged over pixels and batch.

    Equations 5 and 6 both sum over the pixels; taken literally the loss would be N times too large. Here the sum of
    equation 6 runs over the classes only.

    Equation: drd 5
    Equation: drd 6

    Args:
        student_logits: (B, K, H, W).
        teacher_logits: (B, K, H, W). They get no gradient.
        temperature: softens both distributions; T² keeps the size of the gradient. The paper has none.
        mask: (B, H, W) bool, the pixels that count; all of them by default.

    Returns:
        A scalar, 0 when no pixel counts.
    """
    log_student = (student_logits / temperature).log_softmax(dim=1)
    log_teacher = (teacher_logits.detach() / temperature).log_softmax(dim=1)
    divergence = F.kl_div(log_student, log_teacher, reduction="none", log_target=True).sum(dim=1)  # (B, H, W)
    if mask is not None:
        divergence = divergence[mask]
    return temperature**2 * divergence.sum() / max(divergence.numel(), 1)
