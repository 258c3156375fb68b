"""The ground's runs: the shipped teacher, and how far a small network gets without one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.experiments.experiment import Experiment
from rsnotes.experiments.provenance import SCORING
from rsnotes.losses import class_counts, class_weights
from rsnotes.networks import pspnet
from rsnotes.networks.weights import TEACHER_WIDTH, save_weights, weights_path
from rsnotes.training import make_fabric
from rsnotes.training.supervised import SupervisedRecipe, fit

SOURCES = (
    *(f"training/{name}.py" for name in ("loop", "steps", "batches", "schedules", "supervised")),
    *("networks/pspnet.py", "networks/backbones.py", "losses/cross_entropy.py", "scenes/dataset.py"),
    *SCORING,
)
"""What the figures depend on beside the scenes' pixels, which have a version of their own."""


@dataclass(frozen=True)
class GroundSettings:
    """One network on scenes.

    Attributes:
        width: width of the PSPNet's ResNet-18.
        recipe: how it is trained.
        train_split: where its training scenes come from.
        tiles: how many; each seed of an experiment has scenes of its own.
        test_split: where it is scored; the validation scenes for anything that is chosen.
        test_tiles: how many.
        weighted: whether classes are weighted by the square root of their rarity.
    """

    width: float
    recipe: SupervisedRecipe
    train_split: str = "experiments-training"
    tiles: int = 48
    test_split: str = "experiments-test"
    test_tiles: int = 64
    weighted: bool = True


def train_on_scenes(
    settings: GroundSettings, seed: int, folder: Path, at: Sequence[float] = (0.25, 0.5, 0.75, 1.0)
) -> tuple[nn.Module, dict[str, Any]]:
    """Train one network and score it along the way; the network and the figures of its result file."""
    train = InMemory(scenes.SceneDataset(settings.train_split, settings.tiles, start=seed * settings.tiles))
    test = InMemory(scenes.SceneDataset(settings.test_split, settings.test_tiles))
    torch.manual_seed(seed)
    network = pspnet("resnet18", len(train.classes), width=settings.width)
    weight = class_weights(class_counts(train.samples, len(train.classes))) if settings.weighted else None
    curve = Curve(network, test, [round(share * settings.recipe.steps) for share in at], folder)
    history = fit(
        make_fabric(), network, train, settings.recipe, seed,
        class_weight=weight, checkpoints=folder, after_step=curve,
    )  # fmt: skip
    return network, {
        "scores": score_figures(score(network, test)),
        "curve": curve.points,
        "parameters": sum(p.numel() for p in network.parameters()),
        "training_seconds": round(history.seconds[-1], 1),
    }


def run_baseline(settings: GroundSettings, seed: int, folder: Path) -> dict[str, Any]:
    """A run whose network is not kept."""
    return train_on_scenes(settings, seed, folder)[1]


def run_teacher(settings: GroundSettings, seed: int, folder: Path) -> dict[str, Any]:
    """A run whose network is shipped as ``data/weights/teacher.safetensors``."""
    network, figures = train_on_scenes(settings, seed, folder, at=(0.1, 0.25, 0.5, 0.75, 1.0))
    path = weights_path("teacher")
    save_weights(network, path, {"width": str(settings.width), "classes": "6", "scenes": scenes.VERSION})
    return figures | {"weights": path.name, "bytes": os.path.getsize(path)}


LIVE = SupervisedRecipe(rate=1e-2)
"""What the book trains live: the best rate of :data:`TUNING`."""

STUDENT_WIDTH = 1 / 8

TEACHER = Experiment(
    name="teacher",
    title="How good is the shipped teacher?",
    variants={
        "teacher": GroundSettings(
            TEACHER_WIDTH, SupervisedRecipe(steps=3000, rate=2e-3), train_split="training", tiles=768, test_split="test"
        )
    },
    seeds=(0,),
    run=run_teacher,
    sources=SOURCES,
)

TUNING = Experiment(
    name="baseline_tuning",
    title="Which learning rate suits the live baseline, on validation scenes?",
    variants={
        f"rate {rate:g}": GroundSettings(
            STUDENT_WIDTH, SupervisedRecipe(rate=rate), test_split="experiments-validation", test_tiles=32
        )
        for rate in (1e-3, 3e-3, 1e-2, 2e-2)
    },
    seeds=(100, 101),
    run=run_baseline,
    sources=SOURCES,
)

BASELINE = Experiment(
    name="baseline",
    title="How far does a small PSPNet get, and what do class weights do for it?",
    variants={
        "live": GroundSettings(STUDENT_WIDTH, LIVE),
        "unweighted": GroundSettings(STUDENT_WIDTH, LIVE, weighted=False),
        "long": GroundSettings(STUDENT_WIDTH, replace(LIVE, steps=4 * LIVE.steps)),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run_baseline,
    sources=SOURCES,
)
