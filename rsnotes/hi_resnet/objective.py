"""The terms of equations 8 and 9 for a network and a batch."""

from collections.abc import Callable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, Classes
from rsnotes.hi_resnet.losses import edge_aware_loss, generalised_dice_loss, label_smoothing_cross_entropy
from rsnotes.hi_resnet.recipe import HiResNetRecipe
from rsnotes.training import Batch, GradientStep, cosine


class HiResNetObjective:
    """Named terms, unweighted: of coarse and refined segmentation where there are both, else of the one there is.

    Classes that do not count in the scores (clutter) are ignored.

    Args:
        recipe: which terms, and their settings.
        classes: of the data set.
    """

    def __init__(self, recipe: HiResNetRecipe, classes: Classes) -> None:
        self.recipe = recipe
        self.uncounted = [index for index, counted in enumerate(classes.counted) if not counted]

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Terms by name, see :meth:`~rsnotes.hi_resnet.recipe.HiResNetRecipe.weights`."""
        labels = batch.mask.masked_fill(torch.isin(batch.mask, batch.mask.new_tensor(self.uncounted)), IGNORE)
        output = network(batch.image)
        if not output.auxiliary:
            return self.terms(output.logits, labels)
        named = zip(("coarse", "refined"), output.auxiliary, strict=True)
        return {f"{name}_{term}": loss for name, x in named for term, loss in self.terms(x, labels).items()}

    def terms(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The recipe's terms for one output.

        Args:
            logits: (B, K, H, W).
            labels: (B, H, W) ids, or ``IGNORE``.
        """
        recipe = self.recipe
        losses: dict[str, Callable[[], Tensor]] = {
            "gd": lambda: generalised_dice_loss(logits, labels),
            "lsce": lambda: label_smoothing_cross_entropy(logits, labels, recipe.epsilon),
            "cea": lambda: edge_aware_loss(
                logits, labels, recipe.classes, beta=recipe.beta, threshold=recipe.threshold, unit=recipe.unit
            ),
        }
        return {term: losses[term]() for term in recipe.terms}


def make_step(
    fabric: Fabric, network: nn.Module, recipe: HiResNetRecipe, classes: Classes, samples: int
) -> GradientStep:
    """AdamW on the weighted terms; warm-up, then cosine annealing over the recipe's epochs.

    Args:
        fabric: where the run takes place.
        network: to train.
        recipe: terms, weights, rates, length.
        classes: of the data set.
        samples: how many an epoch has.
    """
    optimizer = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = cosine(recipe.steps(samples), recipe.warmup_steps(samples))
    return GradientStep(fabric, network, optimizer, HiResNetObjective(recipe, classes), recipe.weights(), schedule)
