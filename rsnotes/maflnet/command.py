"""The commands ``python -m rsnotes maflnet train`` and ``maflnet evaluate``: the paper's set-up on the real data."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from lightning_fabric import Fabric
from safetensors.torch import load_model

from rsnotes import training
from rsnotes.datasets import Augment, ImageMaskPairs, Potsdam, Vaihingen
from rsnotes.maflnet.factory import maflnet_student, maflnet_teacher, tiny_student, tiny_teacher
from rsnotes.maflnet.mosaic import Mosaic
from rsnotes.maflnet.network import MAFLNet
from rsnotes.maflnet.objective import student_objective, teacher_objective
from rsnotes.maflnet.recipe import POTSDAM, VAIHINGEN, MAFLNetRecipe
from rsnotes.metrics import evaluate as score
from rsnotes.metrics.report import report
from rsnotes.paths import written_aside
from rsnotes.training.kept import keep_weights, present, same_run

Network = Literal["teacher", "student"]
Weights = Path | bool
"""A local file, True for the published ones, False for none."""

HINT = "Give the folder or file that maflnet train wrote"
"""What to do when a file is not there."""

Preset = tyro.conf.OmitArgPrefixes[
    Annotated[MAFLNetRecipe, tyro.conf.subcommand("vaihingen", default=VAIHINGEN)]
    | Annotated[MAFLNetRecipe, tyro.conf.subcommand("potsdam", default=POTSDAM)]
]
"""The paper's recipe for a data set; every field is an option of the command."""


def train(
    root: Path,
    out: Path,
    recipe: Preset,
    pretrained: bool = False,
    trunk: Path | None = None,
    encoder: Path | None = None,
    teacher_weights: Path | None = None,
    seed: int = 0,
    workers: int = 4,
    every: int = 500,
) -> int:
    """Train the teacher around its frozen trunk, then the student beside it. The same command again goes on.

    Options of the run stand before the data set's name, those of the recipe after it. Scores are of the test tiles.

    Args:
        root: the folder the data set lies in, see "data check".
        out: folder for checkpoints, weights and the recipe; made if need be.
        recipe: the data set, and any of the recipe's fields. Its teacher "tiny" takes the small pair of the book.
        pretrained: download SAM2's trunk for the teacher and SegFormer's encoder for the student.
        trunk: local file of the teacher's trunk, in the place of the download.
        encoder: local file of the student's encoder, likewise.
        teacher_weights: what an earlier run kept as teacher.safetensors; no teacher is trained, the folder gets a copy.
        seed: of the initial weights, the order of the samples and their augmentation.
        workers: processes that read images.
        every: steps between checkpoints.
    """
    try:
        _check_trunk(recipe, pretrained, trunk, teacher_weights)
        samples, test = open_split(recipe, root, "train"), open_split(recipe, root, "test")
        run = _Run(training.make_fabric(), samples, out, seed, workers, every)
        given = None if teacher_weights is None else run.load_teacher(recipe, teacher_weights)
        same_run(out / "recipe.json", asdict(recipe) | {"seed": seed, "teacher_weights": _fingerprint(teacher_weights)})
        if teacher_weights is not None:
            _copy(teacher_weights, out / "teacher.safetensors")
        teacher = run.teacher(recipe, trunk or pretrained) if given is None else given
        student = run.student(recipe, teacher, encoder or pretrained)
        for name, network in (("teacher", teacher), ("student", student)):
            print(f"{name}\n{report(score(network, test, batch_size=1))}")
    except (ValueError, RuntimeError) as error:
        print(error)
        return 1
    return 0


def evaluate(
    root: Path,
    out: Path,
    network: Network = "student",
    split: Literal["test", "val"] = "test",
    eroded: bool = False,
) -> int:
    """Score what ``maflnet train`` left in a folder.

    Args:
        root: the folder the data set lies in.
        out: the folder given to ``maflnet train``.
        network: which of the two.
        split: the 17 (Potsdam: 14) test tiles, or the one that validates.
        eroded: labels without a band along the boundaries.
    """
    try:
        stored: dict[str, Any] = json.loads(present(out / "recipe.json", HINT).read_text("utf-8"))
        settings = {key: value for key, value in stored.items() if key not in ("seed", "teacher_weights")}
        recipe = MAFLNetRecipe(**settings | {"scales": tuple(stored["scales"])})
        samples = open_split(recipe, root, split, eroded)
        model = build(recipe, network, len(samples.classes))
        load_model(model, present(out / f"{network}.safetensors", HINT))
        print(report(score(training.make_fabric().to_device(model), samples, batch_size=1)))
    except ValueError as error:
        print(error)
        return 1
    return 0


def open_split(
    recipe: MAFLNetRecipe, root: Path, split: Literal["train", "val", "test"], eroded: bool = False
) -> ImageMaskPairs:
    """The paper's split: to train in windows of twice the crop, as GeoSeg cuts it, with room for crops at half scale.

    Tiles that score come in windows of the crop's size, no pixel in two of them: linear-angular attention as printed
    sums over all pixels, so that a network trained on crops is another one on larger windows.

    Raises:
        DataError: files are missing or wrong.
    """
    if recipe.data not in ("vaihingen", "potsdam"):
        raise ValueError(f"no recipe for {recipe.data!r}; there are vaihingen and potsdam")
    reader = Vaihingen if recipe.data == "vaihingen" else Potsdam
    side, pad = (2 * recipe.crop, False) if split == "train" else (recipe.crop, True)
    return reader(root, split, "maflnet", eroded=eroded, side=side, pad=pad)


def build(recipe: MAFLNetRecipe, network: Network, classes: int, pretrained: Weights = False) -> MAFLNet:
    """One of the recipe's two networks. The trunk of the small teacher trains with the rest, since it has no weights.

    Raises:
        RuntimeError: the pretrained weights cannot be had or do not fit.
        ValueError: no such trunk.
    """
    if recipe.teacher == "tiny":
        return tiny_teacher(classes) if network == "teacher" else tiny_student(classes)
    if network == "teacher":
        return maflnet_teacher(recipe.teacher, classes, pretrained=pretrained)
    return maflnet_student(classes, pretrained=pretrained)


class _Run:
    """What teacher and student share: device, data, folder."""

    def __init__(self, fabric: Fabric, samples: ImageMaskPairs, out: Path, seed: int, workers: int, every: int) -> None:
        self.fabric, self.samples, self.out = fabric, samples, out
        self.classes = len(samples.classes)
        self.options: dict[str, Any] = {"seed": seed, "workers": workers, "every": every}

    def teacher(self, recipe: MAFLNetRecipe, pretrained: Weights) -> MAFLNet:
        """The teacher that ``out`` has, or one trained by equation 23 and kept there."""
        path = self.out / "teacher.safetensors"
        if not path.exists():
            torch.manual_seed(self.options["seed"])
            network = build(recipe, "teacher", self.classes, pretrained)
            objective = teacher_objective(self.samples.classes)
            self._train(recipe, network, objective, recipe.teacher_weights(), "teacher")
        return self.load_teacher(recipe, path)

    def load_teacher(self, recipe: MAFLNetRecipe, path: Path) -> MAFLNet:
        """The teacher with the weights in ``path``, on the device."""
        network = build(recipe, "teacher", self.classes)
        load_model(network, present(path, HINT))
        self.fabric.to_device(network)
        return network

    def student(self, recipe: MAFLNetRecipe, teacher: MAFLNet, pretrained: Weights) -> MAFLNet:
        """The student, trained beside the teacher and kept in ``out``."""
        torch.manual_seed(self.options["seed"])
        network = build(recipe, "student", self.classes, pretrained)
        objective = student_objective(self.samples.classes, training.LiveTeacher(teacher))
        self._train(recipe, network, objective, recipe.student_weights(), "student")
        return network

    def _train(
        self,
        recipe: MAFLNetRecipe,
        network: MAFLNet,
        objective: training.Objective,
        weights: Mapping[str, float],
        name: Network,
    ) -> None:
        optimizer, schedule = recipe.optimizer(network), training.cosine(recipe.steps)
        step = training.GradientStep(self.fabric, network, optimizer, objective, weights, schedule)
        view = Augment(recipe.crop, rotate=False, scale=recipe.scales)  # section 4.2 flips; it names no turns
        augment = Mosaic(self.samples, view, recipe.mosaic)
        training.train(
            self.fabric, step, self.samples, augment, steps=recipe.steps, batch_size=recipe.batch_size,
            checkpoints=self.out / name, **self.options,
        )  # fmt: skip
        keep_weights(network, self.out / f"{name}.safetensors")


def _fingerprint(weights: Path | None) -> str | None:
    """Hash of a file's bytes, by which a run knows the teacher it was given."""
    if weights is None:
        return None
    with weights.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def _copy(weights: Path, kept: Path) -> None:
    """Keep a given teacher's weights with the student's, so that ``evaluate`` finds both."""
    if not kept.exists():
        with written_aside(kept) as aside:
            shutil.copyfile(weights, aside)


def _check_trunk(recipe: MAFLNetRecipe, pretrained: bool, trunk: Path | None, teacher_weights: Path | None) -> None:
    """A frozen trunk with random weights would teach nothing."""
    if recipe.teacher != "tiny" and not pretrained and trunk is None and teacher_weights is None:
        raise ValueError(
            f"the trunk {recipe.teacher} is frozen and would stay random: give --pretrained, --trunk FILE with timm's "
            "weights of it, or --teacher-weights FILE of an earlier run"
        )
