"""Soft Dice, class by class."""

from torch import Tensor
from torch.nn import functional as F

from rsnotes.datasets import IGNORE
from rsnotes.losses.precision import at_least_float32


def soft_dice_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """One minus the Dice coefficient of probabilities and labels, mean over the classes present in the batch.

    For class k, over the labelled pixels of the whole batch, with probabilities p and one-hot labels y:
    ``1 - 2 Σ p y / (Σ p + Σ y)``. Ignored pixels are left out of every sum. A class that has no pixel in the batch
    is left out of the mean: its Dice coefficient is 0 whatever the network does. A batch without a labelled pixel gives
    0 with zero gradient.

    Args:
        logits: (B, K, H, W), any float type; computed in float32 at least.
        mask: (B, H, W) int64, ids 0 to K - 1, or ``IGNORE``.

    Returns:
        A scalar in [0, 1].
    """
    valid = (mask != IGNORE).unsqueeze(1)  # (B, 1, H, W)
    probability = at_least_float32(logits).softmax(dim=1) * valid  # (B, K, H, W)
    label = F.one_hot(mask.where(valid.squeeze(1), 0), logits.shape[1]).movedim(-1, 1) * valid
    size = label.sum(dim=(0, 2, 3))  # (K,)
    overlap = (probability * label).sum(dim=(0, 2, 3))
    # A class without pixels is dropped below; the one that is added keeps 0 / 0 out of its gradient.
    dice = 2 * overlap / (probability.sum(dim=(0, 2, 3)) + size + (size == 0))
    present = (size > 0).to(dice)
    return ((1 - dice) * present).sum() / present.sum().clamp(min=1)
