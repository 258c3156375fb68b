"""Runs of the ablation and of the distillation on scenes, on the trunk that ships with the package.

Networks are scored in squares of the size of their training crops. Linear-angular attention as printed sums over all
pixels of a map: what was trained on crops is another network on whole scenes, whose scores stand beside.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from rsnotes import scenes
from rsnotes.datasets import Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.losses import counted_weights
from rsnotes.maflnet.factory import tiny_student, tiny_teacher
from rsnotes.maflnet.fit import fit
from rsnotes.maflnet.mosaic import Mosaic
from rsnotes.maflnet.network import Context, Edges
from rsnotes.maflnet.objective import student_objective, teacher_objective
from rsnotes.maflnet.recipe import MAFLNetRecipe
from rsnotes.maflnet.weights import copy_trunk, load_tiny_teacher
from rsnotes.metrics import boundary_counts, boundary_f1, diagonal_tolerance, mean_over
from rsnotes.networks import evaluating
from rsnotes.training import TeacherCache

Split = Literal["experiments-test", "experiments-validation"]


@dataclass(frozen=True)
class AblationSettings:
    """A network on the shipped trunk, which stays as it is; the rest trains.

    Attributes:
        recipe: rates, length, share of mosaics.
        context: what stands at each level, "plain" for convolutions with MACA's number of parameters.
        edges: what stands on each skip, "plain" for convolutions with LHFEM's number.
        normalise: whether linear-angular attention gives vectors of length 1, whatever the size of the map.
        tiles: training scenes of 256².
        test_tiles: scenes it is scored on, in squares of the crop's size.
        test_split: "experiments-validation" for what is chosen, "experiments-test" for what is reported.
    """

    recipe: MAFLNetRecipe
    context: Context = "none"
    edges: Edges = "none"
    normalise: bool = False
    tiles: int = 128
    test_tiles: int = 64
    test_split: Split = "experiments-test"


def run_ablation(settings: AblationSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train one network and score it, outlines too; the figures of its result file."""
    data, test = _data(settings, seed)
    recipe = settings.recipe
    torch.manual_seed(seed)
    network = tiny_teacher(
        len(data.classes), frozen=True, context=settings.context, edges=settings.edges, normalise=settings.normalise
    )
    copy_trunk(load_tiny_teacher(len(data.classes)), network)
    curve = _curve(network, test, recipe, folder)
    fit(
        network, teacher_objective(data.classes, counted_weights(data)), recipe.teacher_weights(), recipe, data,
        Mosaic(data, Augment(recipe.crop), recipe.mosaic), seed, checkpoints=folder, after_step=curve,
    )  # fmt: skip
    return _figures(network, test, recipe.crop, curve)


@dataclass(frozen=True)
class DistillationSettings:
    """A thin student, alone or taught by the shipped teacher.

    Attributes:
        recipe: rates, length, weights of the two relation losses; no teacher is asked where both are 0.
        tiles: training scenes of 256², cut into squares of the recipe's crop.
        test_tiles: scenes it is scored on, in squares of the crop's size.
        test_split: as in :class:`AblationSettings`.
    """

    recipe: MAFLNetRecipe
    tiles: int = 128
    test_tiles: int = 64
    test_split: Split = "experiments-test"


def run_student(settings: DistillationSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train one student and score it; the figures of its result file.

    The teacher's answers are computed once and turned with the squares, so there is no mosaic.
    """
    data, test = _data(settings, seed)
    recipe = settings.recipe
    squares, augment = Squares(data, recipe.crop), Augment(recipe.crop)
    weight = counted_weights(squares)
    taught = recipe.inter_weight > 0 or recipe.intra_weight > 0
    objective = teacher_objective(squares.classes, weight)  # of a network without auxiliary classifiers: equation 24
    if taught:
        cache = TeacherCache(load_tiny_teacher(len(data.classes)), squares, augment)
        objective = student_objective(squares.classes, cache, weight)
    torch.manual_seed(seed)
    network = tiny_student(len(data.classes))
    curve = _curve(network, test, recipe, folder)
    fit(
        network, objective, recipe.student_weights(), recipe, squares, augment, seed,
        checkpoints=folder, after_step=curve,
    )  # fmt: skip
    return _figures(network, test, recipe.crop, curve)


def boundary_score(network: nn.Module, dataset: Squares) -> dict[str, float]:
    """Boundary F1 by class over all samples together, within 0.75 per cent of the diagonal; NaN where there is none."""
    counts = torch.zeros(len(dataset.classes), 4, dtype=torch.int64)
    device = next(network.parameters()).device
    with evaluating(network):
        for image, mask in dataset.samples:
            guess = network(image[None].to(device)).logits.argmax(1)[0]
            counts += boundary_counts(guess, mask, len(dataset.classes), diagonal_tolerance(*mask.shape))
    return dict(zip(dataset.classes.names, boundary_f1(counts).tolist(), strict=True))


def run(settings: AblationSettings | DistillationSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Either of the two, by the kind of the settings."""
    if isinstance(settings, AblationSettings):
        return run_ablation(settings, seed, folder)
    return run_student(settings, seed, folder)


def _data(settings: AblationSettings | DistillationSettings, seed: int) -> tuple[InMemory, InMemory]:
    """Training scenes of the seed's own, and those that every network is scored on."""
    train = scenes.SceneDataset("experiments-training", settings.tiles, start=seed * settings.tiles)
    return InMemory(train), InMemory(scenes.SceneDataset(settings.test_split, settings.test_tiles))


def _curve(network: nn.Module, test: InMemory, recipe: MAFLNetRecipe, folder: Path) -> Curve:
    at = [recipe.steps * k // 4 for k in (1, 2, 3, 4)]
    return Curve(network, Squares(test, recipe.crop), at, folder)


def _figures(network: nn.Module, test: InMemory, crop: int, curve: Curve) -> dict[str, Any]:
    squares = Squares(test, crop)
    outlines = boundary_score(network, squares)
    mean = float(mean_over(torch.tensor(list(outlines.values())), test.classes.counted))
    return {
        "scores": score_figures(score(network, squares)) | {"boundary_f1": mean, "boundary_per_class": outlines},
        "whole_scenes": score_figures(score(network, test)),
        "curve": curve.points,
        "parameters": sum(p.numel() for p in network.parameters()),
        "trained": sum(p.numel() for p in network.parameters() if p.requires_grad),
    }
