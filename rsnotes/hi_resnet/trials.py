"""A sweep of MoCo's rate and momentum, which the paper gives for another batch, queue and network."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.experiments import Experiment
from rsnotes.hi_resnet.moco import Encoder, MoCoStep
from rsnotes.hi_resnet.pretraining import OTHER_SCENES, SOURCES, measure
from rsnotes.hi_resnet.recipe import MILLION_AID, MoCoRecipe
from rsnotes.hi_resnet.views import TwoViews
from rsnotes.hi_resnet.weights import thin_backbone
from rsnotes.networks import evaluating
from rsnotes.training import Samples, make_fabric, train


@dataclass(frozen=True)
class MoCoTrial:
    """One short pretraining.

    Attributes:
        recipe: settings, its length among them.
        tiles: scenes of 256², cut into squares of the recipe's crop.
    """

    recipe: MoCoRecipe
    tiles: int = 512


def found_again(queries: Tensor, keys: Tensor) -> float:
    """Share of the queries (N, D) whose nearest key of (N, D) is their own; all rows are of length 1."""
    own = torch.arange(len(queries), device=queries.device)
    return float(((queries @ keys.mT).argmax(dim=1) == own).float().mean())


def two_views_of(encoder: Encoder, samples: Samples, views: TwoViews, seed: int = 0) -> tuple[Tensor, Tensor]:
    """What the encoder in eval mode makes of two views of each sample, (N, dimension) each, on the CPU."""
    device = next(encoder.parameters()).device
    with evaluating(encoder):
        pairs = [views(samples[i], seed + i).image.chunk(2) for i in range(len(samples))]
        first, second = (encoder(torch.stack(part).to(device)).cpu() for part in zip(*pairs, strict=True))
    return first, second


def run(settings: MoCoTrial, seed: int, folder: Path) -> dict[str, Any]:
    """Pretrain, then score the frozen backbone by a linear probe and the whole by finding views again."""
    torch.manual_seed(seed)
    recipe = settings.recipe
    encoder, fabric = Encoder(thin_backbone(recipe), recipe.dimension), make_fabric()
    tiles = scenes.SceneDataset("experiments-training", settings.tiles, scenes.TEACHING, start=OTHER_SCENES)
    views = TwoViews(recipe.view, recipe.area, recipe.colour)
    history = train(
        fabric, MoCoStep(fabric, encoder, recipe), Squares(InMemory(tiles), recipe.crop), views,
        steps=recipe.steps, batch_size=recipe.batch_size, seed=seed, checkpoints=folder,
    )  # fmt: skip
    held = Squares(InMemory(scenes.SceneDataset("experiments-validation", 64)), recipe.crop)
    scores = measure(encoder) | {"found": found_again(*two_views_of(encoder, held, views))}
    losses = history.terms["info_nce"]
    tenth = max(1, len(losses) // 10)
    curve = [
        {"step": end, "seconds": round(history.seconds[end - 1], 1), "info_nce": sum(losses[end - tenth : end]) / tenth}
        for end in range(tenth, len(losses) + 1, tenth)
    ]
    return {"scores": scores, "curve": curve, "parameters": sum(p.numel() for p in encoder.parameters())}


_TRIAL = replace(MILLION_AID.quick(), steps=800, momentum=0.99)

MOCO_TUNING = Experiment(
    name="hi_resnet_moco_tuning",
    title="Which rate and which momentum suit MoCo at this size?",
    variants={
        f"m {momentum:g}, rate {rate:g}": MoCoTrial(replace(_TRIAL, momentum=momentum, learning_rate=rate))
        for momentum, rate in product((0.99, 0.996), (0.006, 0.02, 0.06, 0.2))
    }
    | {"untrained": MoCoTrial(replace(_TRIAL, learning_rate=0.0, steps=60))},
    seeds=(100,),
    run=run,
    sources=(*SOURCES, "hi_resnet/trials.py", "hi_resnet/weights.py"),
)
"""Untrained: a rate of zero, which moves nothing but the statistics of batch normalisation.

MoCo's own momentum of 0.999 is not tried. After 800 steps 0.999 to the 800th, 45 per cent, of the random start is left
in the key encoder: runs of this length cannot judge it. Scenes and queue are those of the encoders that the sweep is to
choose for. What it chose stands in :mod:`rsnotes.hi_resnet.chosen`.
"""
