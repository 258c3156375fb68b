"""The commands ``python -m rsnotes drd train`` and ``drd evaluate``: the paper's set-up on the real data."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from lightning_fabric import Fabric
from safetensors.torch import load_model
from torch import nn
from torchvision.transforms.v2 import functional as F

from rsnotes import training
from rsnotes.datasets import Augment, ImageMaskPairs, Potsdam, Sample, Vaihingen
from rsnotes.datasets.cityscapes import Cityscapes
from rsnotes.drd.adversarial import Critic
from rsnotes.drd.objective import DRDObjective, Student
from rsnotes.drd.recipe import CITYSCAPES, POTSDAM, VAIHINGEN, DRDRecipe
from rsnotes.drd.relations import ChannelProjection
from rsnotes.drd.step import DRDStep
from rsnotes.metrics import evaluate as score
from rsnotes.metrics.report import report
from rsnotes.networks import pspnet
from rsnotes.training.kept import keep_weights, present, same_run

HINT = "Give the folder or file that drd train wrote"
"""What to do when a file is not there."""

Preset = tyro.conf.OmitArgPrefixes[
    Annotated[DRDRecipe, tyro.conf.subcommand("vaihingen", default=VAIHINGEN)]
    | Annotated[DRDRecipe, tyro.conf.subcommand("potsdam", default=POTSDAM)]
    | Annotated[DRDRecipe, tyro.conf.subcommand("cityscapes", default=CITYSCAPES)]
]
"""The paper's recipe for a data set; every field is an option of the command."""


def train(
    root: Path,
    out: Path,
    recipe: Preset,
    teacher_weights: Path | None = None,
    pretrained: bool = False,
    seed: int = 0,
    workers: int = 4,
    every: int = 500,
) -> int:
    """Train a student by dual relation distillation. The same command again goes on from the last checkpoint.

    Options of the run stand before the data set's name, those of the recipe after it.

    Args:
        root: the folder the data set lies in, see "data check".
        out: folder for checkpoints, weights and the recipe; made if need be.
        recipe: the data set, and any of the recipe's fields.
        teacher_weights: what an earlier run kept as teacher.safetensors. Without it the teacher is trained first, by
            cross-entropy alone, for as many steps as the student.
        pretrained: start the teacher's backbone from timm's ImageNet weights, as the paper does.
        seed: of the initial weights, the order of the samples and their augmentation.
        workers: processes that read images.
        every: steps between checkpoints.
    """
    try:
        samples, test = open_split(recipe, root, "train"), open_split(recipe, root, "test")
        same_run(out / "recipe.json", asdict(recipe) | {"seed": seed})
        run = _Run(training.make_fabric(), samples, out, seed, workers, every)
        teacher = run.teacher(recipe, teacher_weights, pretrained) if recipe.terms else None
        student = run.student(recipe, teacher)
        print(report(score(student, test, batch_size=1)))
    except (ValueError, RuntimeError) as error:
        print(error)
        return 1
    return 0


def evaluate(root: Path, out: Path, network: Literal["student", "teacher"] = "student", eroded: bool = False) -> int:
    """Score what ``drd train`` left in a folder on the data set's test split (Cityscapes: validation).

    Args:
        root: the folder the data set lies in.
        out: the folder given to ``drd train``.
        network: which of the two.
        eroded: labels without a band along the boundaries (Vaihingen and Potsdam).
    """
    try:
        stored: dict[str, Any] = json.loads(present(out / "recipe.json", HINT).read_text("utf-8"))
        del stored["seed"]
        recipe = DRDRecipe(**stored | {"terms": tuple(stored["terms"])})
        samples = open_split(recipe, root, "test", eroded)
        model = build(recipe, network, samples)
        load_model(model, present(out / f"{network}.safetensors", HINT))
        print(report(score(training.make_fabric().to_device(model), samples, batch_size=1)))
    except ValueError as error:
        print(error)
        return 1
    return 0


def open_split(recipe: DRDRecipe, root: Path, split: Literal["train", "test"], eroded: bool = False) -> ImageMaskPairs:
    """The paper's split, cut into squares of the recipe's crop; on test tiles no pixel lies in two squares.

    Raises:
        DataError: files are missing or wrong.
        ValueError: eroded labels of a data set that has none.
    """
    pad = split == "test"
    if recipe.data == "vaihingen":
        return Vaihingen(root, split, "drd", eroded=eroded, side=recipe.crop, pad=pad)
    if recipe.data == "potsdam":
        return Potsdam(root, split, "drd", eroded=eroded, side=recipe.crop, pad=pad)
    if recipe.data != "cityscapes":
        raise ValueError(f"no recipe for {recipe.data!r}; there are vaihingen, potsdam and cityscapes")
    if eroded:
        raise ValueError("Cityscapes has no labels with eroded boundaries: leave out --eroded")
    return Cityscapes(root, "val" if pad else "train", side=recipe.crop, pad=pad)


def build(recipe: DRDRecipe, network: Literal["student", "teacher"], samples: ImageMaskPairs, **more: Any) -> nn.Module:
    """One of the recipe's two networks for the classes and bands of a data set."""
    name, width = (recipe.student, recipe.student_width) if network == "student" else (recipe.teacher, 1.0)
    return pspnet(name, len(samples.classes), width, bands=len(samples.bands), **more)


def mirror(sample: Sample, seed: int) -> Sample:
    """Left and right exchanged for every second seed: a street has an upright, and its images are not square."""
    if torch.rand(1, generator=torch.Generator().manual_seed(seed)) < 0.5:
        return sample
    return Sample(F.horizontal_flip(sample.image), F.horizontal_flip(sample.mask))


class _Run:
    """What teacher and student share: device, data, folder."""

    def __init__(self, fabric: Fabric, samples: ImageMaskPairs, out: Path, seed: int, workers: int, every: int) -> None:
        self.fabric, self.samples, self.out = fabric, samples, out
        self.options: dict[str, Any] = {"seed": seed, "workers": workers, "every": every}

    def teacher(self, recipe: DRDRecipe, weights: Path | None, pretrained: bool) -> nn.Module:
        """The teacher from ``weights``, or trained without distillation and kept in ``out``."""
        path = weights or self.out / "teacher.safetensors"
        if weights is None and not path.exists():
            torch.manual_seed(self.options["seed"])
            network = build(recipe, "teacher", self.samples, pretrained=pretrained)
            self._train(replace(recipe, terms=()), Student(network), None, "teacher")
        network = build(recipe, "teacher", self.samples)
        load_model(network, present(path, HINT))
        return self.fabric.to_device(network)

    def student(self, recipe: DRDRecipe, teacher: nn.Module | None) -> nn.Module:
        """The student, trained by the recipe and kept in ``out``."""
        torch.manual_seed(self.options["seed"])
        network = build(recipe, "student", self.samples)
        projection = None
        if "L_C" in recipe.terms and teacher is not None:
            projection = ChannelProjection(network.classifier.in_channels, teacher.classifier.in_channels)  # type: ignore[union-attr, arg-type]
        self._train(recipe, Student(network, projection), teacher, "student")
        return network

    def _train(self, recipe: DRDRecipe, student: Student, teacher: nn.Module | None, name: str) -> None:
        classes, bands = self.samples.classes, self.samples.bands
        critic = Critic(len(classes), len(bands), recipe.critic_width) if "L_Adv" in recipe.terms else None
        objective = DRDObjective(recipe, classes, None if teacher is None else training.LiveTeacher(teacher), critic)
        augment: Callable[[Sample, int], Sample] = mirror if recipe.crop is None else Augment(recipe.crop)
        training.train(
            self.fabric, DRDStep(self.fabric, student, objective), self.samples, augment, steps=recipe.steps,
            batch_size=recipe.batch_size, checkpoints=self.out / name, **self.options,
        )  # fmt: skip
        keep_weights(student.network, self.out / f"{name}.safetensors")
