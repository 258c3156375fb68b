"""Plain supervised training: the baseline of every chapter, and how the shipped teacher was made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from rsnotes.datasets.augment import Augment
from rsnotes.losses import cross_entropy
from rsnotes.training.batches import Batch, Samples
from rsnotes.training.loop import History, train
from rsnotes.training.schedules import poly
from rsnotes.training.steps import GradientStep, Objective


@dataclass(frozen=True)
class SupervisedRecipe:
    """Hyper-parameters of plain training. The rate wants a sweep: see ``TUNING`` in :mod:`rsnotes.experiments.ground`.

    Attributes:
        steps: length of the run.
        batch_size: crops a step.
        crop: side of a crop in pixels.
        rate: peak learning rate of AdamW.
        weight_decay: of AdamW.
        power: of the polynomial decay.
        auxiliary: weight of the auxiliary classifiers' cross-entropy, as in PSPNet.
    """

    steps: int = 200
    batch_size: int = 16
    crop: int = 128
    rate: float = 3e-3
    weight_decay: float = 1e-2
    power: float = 0.9
    auxiliary: float = 0.4

    def weights(self) -> dict[str, float]:
        """Weight of every loss term."""
        return {"cross_entropy": 1.0, "auxiliary": self.auxiliary}


def supervised_objective(class_weight: Tensor | None = None) -> Objective:
    """Cross-entropy of the logits, and of the auxiliary logits where the network has any.

    Args:
        class_weight: (K,) weights of the classes, see :func:`~rsnotes.losses.class_weights`.
    """

    def objective(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        output = network(batch.image)
        terms = {"cross_entropy": cross_entropy(output.logits, batch.mask, class_weight)}
        if output.auxiliary:
            losses = [cross_entropy(logits, batch.mask, class_weight) for logits in output.auxiliary]
            terms["auxiliary"] = torch.stack(losses).sum()
        return terms

    return objective


def fit(
    fabric: Fabric,
    network: nn.Module,
    samples: Samples,
    recipe: SupervisedRecipe,
    seed: int,
    *,
    class_weight: Tensor | None = None,
    checkpoints: Path | None = None,
    after_step: Callable[[History], None] | None = None,
) -> History:
    """Train ``network`` in place by the recipe; see :func:`~rsnotes.training.train` for the rest."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    schedule = poly(recipe.steps, recipe.power)
    step = GradientStep(fabric, network, optimizer, supervised_objective(class_weight), recipe.weights(), schedule)
    return train(
        fabric, step, samples, Augment(recipe.crop), steps=recipe.steps, batch_size=recipe.batch_size, seed=seed,
        checkpoints=checkpoints, after_step=after_step,
    )  # fmt: skip
