"""How the small teacher was made: a trunk is trained on scenes, frozen, and only what is new trains again.

In the paper the trunk is SAM2's, trained on other people's images. Its weights cannot travel with this package. Here a
small trunk takes its place, trained on scenes with the plain decoder, so that what the second phase adds is what the
paper adds: adapters, MACA, LHFEM and a decoder around a trunk that does not move.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rsnotes import scenes
from rsnotes.datasets import Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.losses import counted_weights
from rsnotes.maflnet.factory import tiny_teacher
from rsnotes.maflnet.fit import fit
from rsnotes.maflnet.mosaic import Mosaic
from rsnotes.maflnet.objective import teacher_objective
from rsnotes.maflnet.recipe import MAFLNetRecipe
from rsnotes.maflnet.weights import NAME, copy_trunk, without_adapters
from rsnotes.networks.weights import save_weights, weights_path


@dataclass(frozen=True)
class TeacherSettings:
    """The two phases.

    Attributes:
        trunk: recipe of the first, in which the trunk trains and there are no adapters, MACA or LHFEM.
        recipe: of the second, in which the trunk is frozen.
        tiles: teaching scenes of 256², the same in both.
        test_tiles: scenes it is scored on, in squares of the crop's size.
    """

    trunk: MAFLNetRecipe
    recipe: MAFLNetRecipe
    tiles: int = 256
    test_tiles: int = 64


def run_teacher(settings: TeacherSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train the teacher in two phases and ship it; the figures of its result file."""
    data = InMemory(scenes.SceneDataset("training", settings.tiles, start=seed * settings.tiles))
    test = Squares(InMemory(scenes.SceneDataset("test", settings.test_tiles)), settings.recipe.crop)
    objective = teacher_objective(data.classes, counted_weights(data))
    classes, weights = len(data.classes), settings.recipe.teacher_weights()

    def phase(network: Any, recipe: MAFLNetRecipe, name: str, warmup: int) -> Curve:
        at = [recipe.steps * k // 4 for k in (1, 2, 3, 4)]
        curve = Curve(network, test, at, folder / name)
        augment = Mosaic(data, Augment(recipe.crop), recipe.mosaic)
        fit(
            network, objective, weights, recipe, data, augment, seed,
            warmup=warmup, checkpoints=folder / name, after_step=curve,
        )  # fmt: skip
        return curve

    torch.manual_seed(seed)
    plain = without_adapters(tiny_teacher(classes, context="none", edges="none"))
    first = phase(plain, settings.trunk, "trunk", settings.trunk.steps // 20)
    torch.manual_seed(seed)  # a run that goes on later draws the same adapters
    teacher = tiny_teacher(classes, frozen=True)
    copy_trunk(plain, teacher)
    second = phase(teacher, settings.recipe, "teacher", 0)

    path = weights_path(NAME)
    save_weights(teacher, path, {"classes": str(classes), "scenes": scenes.VERSION})
    return {
        "scores": score_figures(score(teacher, test)),
        "curve": second.points,
        "trunk_curve": first.points,
        "parameters": sum(p.numel() for p in teacher.parameters()),
        "trained": sum(p.numel() for p in teacher.parameters() if p.requires_grad),
        "weights": path.name,
        "bytes": os.path.getsize(path),
    }
