"""One training run of a network of the paper, for pages and experiments."""

from collections.abc import Callable, Mapping
from pathlib import Path

from rsnotes.datasets import Sample
from rsnotes.maflnet.network import MAFLNet
from rsnotes.maflnet.recipe import MAFLNetRecipe
from rsnotes.training import GradientStep, History, Objective, Samples, cosine, make_fabric, train


def fit(
    network: MAFLNet,
    objective: Objective,
    weights: Mapping[str, float],
    recipe: MAFLNetRecipe,
    samples: Samples,
    augment: Callable[[Sample, int], Sample],
    seed: int,
    *,
    warmup: int = 0,
    checkpoints: Path | None = None,
    after_step: Callable[[History], None] | None = None,
) -> History:
    """Train ``network`` in place by the recipe's optimiser and length; the rates follow half a cosine.

    Args:
        network: what trains; frozen parameters stay.
        objective: from network and batch to named terms.
        weights: of the terms.
        recipe: rates, batch size, steps.
        samples: data set to draw from.
        augment: pure function of a sample and a seed.
        seed: of order and augmentation; seed the initial weights before they are drawn.
        warmup: steps in which the rates rise. The paper has none; a trunk from random weights wants some.
        checkpoints: as in :func:`~rsnotes.training.train`.
        after_step: as in :func:`~rsnotes.training.train`.
    """
    schedule = cosine(recipe.steps, warmup)
    step = GradientStep(make_fabric(), network, recipe.optimizer(network), objective, weights, schedule)
    return train(
        step.fabric, step, samples, augment, steps=recipe.steps, batch_size=recipe.batch_size, seed=seed,
        checkpoints=checkpoints, every=200, after_step=after_step,
    )  # fmt: skip
