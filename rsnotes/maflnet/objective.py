"""The teacher's and the student's terms for a network and a batch."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, Classes
from rsnotes.losses import at_least_float32
from rsnotes.maflnet.losses import auxiliary_loss, hard_terms, inter_class_loss, intra_class_loss
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, Objective


def teacher_objective(classes: Classes, class_weight: Tensor | None = None) -> Objective:
    """L_ce, L_dice and L_aux; the recipe's ``teacher_weights`` makes them equation 23.

    Without auxiliary classifiers there is no L_aux, and the two left are equation 24. Classes that do not count in the
    scores (clutter) are ignored.

    Args:
        classes: of the data set.
        class_weight: (K,) for the cross-entropies; the paper has none.
    """

    def objective(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        labels = _counted(batch.mask, classes)
        output: SegmentationOutput = network(batch.image)
        terms = hard_terms(output.logits, labels, class_weight)
        if output.auxiliary:
            terms["L_aux"] = auxiliary_loss(output.auxiliary, labels, class_weight)
        return terms

    return objective


def student_objective(
    classes: Classes, teacher: Callable[[Batch], SegmentationOutput], class_weight: Tensor | None = None
) -> Objective:
    """L_ce, L_dice, L_inter and L_intra; pixels that are ignored, clutter included, count in none of them.

    Args:
        classes: of the data set.
        teacher: gives the teacher's outputs for a batch; its logits are used, without gradient.
        class_weight: (K,) for the cross-entropy; the paper has none.
    """

    def objective(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        labels = _counted(batch.mask, classes)
        output: SegmentationOutput = network(batch.image)
        ours, theirs = (at_least_float32(one.logits).softmax(dim=1) for one in (output, teacher(batch)))
        valid = labels != IGNORE
        return hard_terms(output.logits, labels, class_weight) | {
            "L_inter": inter_class_loss(ours, theirs, valid),
            "L_intra": intra_class_loss(ours, theirs, valid),
        }

    return objective


def _counted(mask: Tensor, classes: Classes) -> Tensor:
    """The mask with every class that does not count as ``IGNORE``."""
    uncounted = [index for index, counted in enumerate(classes.counted) if not counted]
    return mask.masked_fill(torch.isin(mask, mask.new_tensor(uncounted)), IGNORE)
