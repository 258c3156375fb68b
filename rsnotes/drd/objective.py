"""The terms of equation 9 for a student, its teacher and a batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, Classes
from rsnotes.drd.adversarial import adversarial_loss
from rsnotes.drd.comparators import intra_class_variation_loss, pairwise_loss
from rsnotes.drd.pixelwise import pixelwise_loss
from rsnotes.drd.recipe import DRDRecipe
from rsnotes.drd.relations import channel_relation_loss, spatial_relation_loss
from rsnotes.losses import at_least_float32, cross_entropy
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, Teacher


class Student(nn.Module):
    """The network to train, and a projection of its features that is thrown away with the teacher.

    Args:
        network: from (B, bands, H, W) to :class:`~rsnotes.networks.SegmentationOutput`.
        projection: from the student's channels to the teacher's, None where they agree.
    """

    def __init__(self, network: nn.Module, projection: nn.Module | None = None) -> None:
        super().__init__()
        self.network = network
        self.projection = projection or nn.Identity()

    def forward(self, image: Tensor) -> tuple[SegmentationOutput, Tensor]:
        """The network's output, and its features with the teacher's number of channels."""
        output = self.network(image)
        return output, self.projection(output.features)


class ScoreMaps(NamedTuple):
    """What the critic judges: (B, K, H, W) class probabilities, without gradient."""

    student: Tensor
    teacher: Tensor


class DRDObjective:
    """From a student and a batch to the terms of the total loss that the recipe names.

    Classes that do not count in the scores (clutter) are ignored in cross-entropy and L_P.

    Attributes:
        score_maps: of the latest call, from which the critic learns.

    Args:
        recipe: which terms, and their settings.
        classes: of the data set.
        teacher: gives the teacher's outputs for a batch; None where the recipe has no term of distillation.
        critic: needed for L_Adv, None without it.
        class_weight: (K,) for the two cross-entropies.
    """

    def __init__(
        self,
        recipe: DRDRecipe,
        classes: Classes,
        teacher: Teacher | None,
        critic: nn.Module | None = None,
        class_weight: Tensor | None = None,
    ) -> None:
        if ("L_Adv" in recipe.terms) != (critic is not None):
            raise ValueError(f"a critic belongs to the term L_Adv; got critic {critic!r} with terms {recipe.terms}")
        if bool(recipe.terms) != (teacher is not None):
            raise ValueError(
                f"terms of distillation need a teacher, and it needs terms; got {teacher!r}, {recipe.terms}"
            )
        self.recipe, self.teacher, self.critic, self.class_weight = recipe, teacher, critic, class_weight
        self.uncounted = [index for index, counted in enumerate(classes.counted) if not counted]
        self.score_maps: ScoreMaps | None = None

    def __call__(self, student: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Named terms, unweighted. Those of equation 9 are named as printed."""
        labels = batch.mask.masked_fill(torch.isin(batch.mask, batch.mask.new_tensor(self.uncounted)), IGNORE)
        output, projected = student(batch.image)
        terms = {"cross_entropy": cross_entropy(output.logits, labels, self.class_weight)}
        if output.auxiliary:
            losses = [cross_entropy(logits, labels, self.class_weight) for logits in output.auxiliary]
            terms["auxiliary"] = torch.stack(losses).sum()
        if self.teacher is None:
            return terms
        return terms | self._distillation(output, projected, self.teacher(batch), labels, batch.image)

    def _distillation(
        self, student: SegmentationOutput, projected: Tensor, teacher: SegmentationOutput, labels: Tensor, image: Tensor
    ) -> dict[str, Tensor]:
        recipe = self.recipe
        settings = recipe.normalise, recipe.relation_temperature
        terms = {
            "L_P": lambda: pixelwise_loss(student.logits, teacher.logits, recipe.temperature, labels != IGNORE),
            "L_Adv": lambda: self._adversarial(student.logits, teacher.logits, image),
            "L_S": lambda: spatial_relation_loss(student.features, teacher.features, *settings),
            "L_C": lambda: channel_relation_loss(projected, teacher.features, *settings),
            "L_pair": lambda: pairwise_loss(student.features, teacher.features),
            "L_IFV": lambda: intra_class_variation_loss(student.features, teacher.features, labels),
        }
        return {name: terms[name]() for name in recipe.terms}

    def _adversarial(self, student: Tensor, teacher: Tensor, image: Tensor) -> Tensor:
        assert self.critic is not None
        scores = at_least_float32(student).softmax(dim=1)
        # both in the same precision: rounding must not tell the critic which is which
        self.score_maps = ScoreMaps(scores.detach(), at_least_float32(teacher).softmax(dim=1))
        with frozen(self.critic):
            return adversarial_loss(self.critic(scores, image))


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """No gradient for the parameters of ``module`` from what is computed inside; one for its inputs."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)
