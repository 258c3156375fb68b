"""The loss terms of a stage: labels, the teacher's softened scores, and springs on the weights."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, Classes
from rsnotes.losses import cross_entropy, distillation_loss
from rsnotes.mkd_ssl.ewc import ElasticWeightConsolidation
from rsnotes.mkd_ssl.ohem import ohem_cross_entropy
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, Teacher


class Supervision:
    """The loss on labelled pixels, by the recipe: hard ones only, or all.

    Args:
        recipe: which of the two.
        classes: those that do not count in the scores are ignored.
        class_weight: (K,), none by default.

    Raises:
        ValueError: the recipe names neither of the two.
    """

    def __init__(self, recipe: MKDRecipe, classes: Classes, class_weight: Tensor | None = None) -> None:
        if recipe.supervised not in ("ohem", "cross_entropy"):
            raise ValueError(f"no supervised loss {recipe.supervised!r}; there are ohem and cross_entropy")
        self.recipe, self.class_weight = recipe, class_weight
        self.uncounted = [index for index, counted in enumerate(classes.counted) if not counted]

    def labels(self, mask: Tensor) -> Tensor:
        """The mask with uncounted classes ignored."""
        return mask.masked_fill(torch.isin(mask, mask.new_tensor(self.uncounted)), IGNORE)

    def __call__(self, output: SegmentationOutput, labels: Tensor) -> dict[str, Tensor]:
        """Terms "supervised", and "auxiliary" where the network has a second classifier."""
        terms = {"supervised": self._one(output.logits, labels)}
        if output.auxiliary:
            terms["auxiliary"] = torch.stack([self._one(logits, labels) for logits in output.auxiliary]).sum()
        return terms

    def _one(self, logits: Tensor, labels: Tensor) -> Tensor:
        if self.recipe.supervised == "cross_entropy":
            return cross_entropy(logits, labels, self.class_weight)
        recipe = self.recipe
        return ohem_cross_entropy(logits, labels, recipe.ohem_threshold, recipe.ohem_kept, self.class_weight)


class StageObjective:
    """From a network and a batch to the named terms of a stage.

    In words of the paper: supervised loss, distillation loss at temperature 3, and EWC loss, "combined with
    corresponding weights", which the recipe holds.

    Equation: mkd_ssl 2

    Args:
        recipe: temperature and kind of supervision.
        supervision: the loss on labels.
        teacher: its outputs for a batch, None without distillation.
        ewc: the springs and the network they pull at, None without.
        frozen: modules that stay in eval mode while the rest trains.
    """

    def __init__(
        self,
        recipe: MKDRecipe,
        supervision: Supervision,
        teacher: Teacher | None = None,
        ewc: tuple[ElasticWeightConsolidation, nn.Module] | None = None,
        frozen: Sequence[nn.Module] = (),
    ) -> None:
        self.recipe, self.supervision, self.teacher, self.ewc = recipe, supervision, teacher, ewc
        self.frozen = list(frozen)

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Named terms, unweighted."""
        for module in self.frozen:
            module.eval()
        labels = self.supervision.labels(batch.mask)
        output = network(batch.image)
        terms = self.supervision(output, labels)
        if self.teacher is not None:
            taught = self.teacher(batch).logits
            terms["distillation"] = distillation_loss(output.logits, taught, self.recipe.temperature, labels != IGNORE)
        if self.ewc is not None:
            springs, plain = self.ewc
            terms["ewc"] = springs(plain)
        return terms
