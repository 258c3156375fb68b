"""Students on scenes: what the experiments of this paper, and its pages, train."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from rsnotes import scenes
from rsnotes.datasets import Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.drd.adversarial import Critic
from rsnotes.drd.objective import DRDObjective, Student
from rsnotes.drd.recipe import DRDRecipe
from rsnotes.drd.relations import ChannelProjection
from rsnotes.drd.step import DRDStep
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.losses import counted_weights
from rsnotes.networks import pspnet
from rsnotes.networks.weights import load_teacher
from rsnotes.training import TeacherCache, make_fabric, train

OTHER_SCENES = 100_000
"""How far the scenes of the second initialisation lie from those of the experiment, in scenes of the split."""


@dataclass(frozen=True)
class DRDSettings:
    """One student.

    Attributes:
        recipe: terms, weights, rates, length.
        start: "random" weights, or "scenes": first trained without a teacher, for half as long, on other scenes.
        tiles: training scenes of 256², cut into squares of the recipe's crop.
        test_tiles: scenes it is scored on.
        test_split: "experiments-validation" for what is chosen, "experiments-test" for what is reported.
    """

    recipe: DRDRecipe
    start: Literal["random", "scenes"] = "random"
    tiles: int = 128
    test_tiles: int = 64
    test_split: str = "experiments-test"


def training_squares(settings: DRDSettings, start: int) -> Squares:
    """Squares from ``settings.tiles`` scenes, beginning with number ``start`` of the split."""
    assert settings.recipe.crop is not None
    return Squares(
        InMemory(scenes.SceneDataset("experiments-training", settings.tiles, start=start)), settings.recipe.crop
    )


def make_step(settings: DRDSettings, network: nn.Module, squares: Squares) -> tuple[DRDStep, float]:
    """The step that trains ``network`` by the recipe, and the seconds its teacher's outputs took to compute."""
    recipe, started = settings.recipe, time.perf_counter()
    classes, crop = len(squares.classes), recipe.crop or 0
    cache = TeacherCache(load_teacher(), squares, Augment(crop)) if recipe.terms else None
    seconds = time.perf_counter() - started
    projection = None
    if "L_C" in recipe.terms and cache is not None:
        projection = ChannelProjection(network.classifier.in_channels, cache.features.shape[1])  # type: ignore[union-attr, arg-type]
    critic = Critic(classes, len(squares.bands), recipe.critic_width) if "L_Adv" in recipe.terms else None
    objective = DRDObjective(recipe, squares.classes, cache, critic, counted_weights(squares))
    return DRDStep(make_fabric(), Student(network, projection), objective), seconds


def run(settings: DRDSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train one student and score it along the way; the figures of its result file."""
    recipe = settings.recipe
    torch.manual_seed(seed)
    network = pspnet("resnet18", 6, width=recipe.student_width)
    if settings.start == "scenes":
        _train_elsewhere(settings, network, seed, folder / "start")
    squares = training_squares(settings, seed * settings.tiles)
    test = InMemory(scenes.SceneDataset(settings.test_split, settings.test_tiles))
    step, teacher_seconds = make_step(settings, network, squares)
    curve = Curve(network, test, [recipe.steps * k // 4 for k in (1, 2, 3, 4)], folder)
    history = train(
        make_fabric(), step, squares, Augment(recipe.crop or 0), steps=recipe.steps, batch_size=recipe.batch_size,
        seed=seed, checkpoints=folder, after_step=curve,
    )  # fmt: skip
    tail = {name: sum(values[-50:]) / len(values[-50:]) for name, values in history.terms.items()}
    return {
        "scores": score_figures(score(network, test)),
        "curve": curve.points,
        "parameters": sum(p.numel() for p in network.parameters()),
        "teacher_seconds": round(teacher_seconds, 1),
        "last_terms": tail,
    }


def _train_elsewhere(settings: DRDSettings, network: nn.Module, seed: int, folder: Path) -> None:
    """Train without a teacher on scenes that the experiment does not use, for half of the recipe's steps."""
    alone = replace(settings, recipe=replace(settings.recipe, terms=(), steps=settings.recipe.steps // 2))
    squares = training_squares(alone, OTHER_SCENES + seed * settings.tiles)
    step, _ = make_step(alone, network, squares)
    recipe = alone.recipe
    train(
        make_fabric(), step, squares, Augment(recipe.crop or 0), steps=recipe.steps, batch_size=recipe.batch_size,
        seed=seed, checkpoints=folder,
    )  # fmt: skip
