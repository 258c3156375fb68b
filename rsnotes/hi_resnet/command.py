"""The commands ``python -m rsnotes hi_resnet`` pretrain, train and evaluate: the paper's set-up on the real data."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from lightning_fabric import Fabric
from safetensors.torch import load_model
from torch import nn

from rsnotes import training
from rsnotes.datasets import Augment, ImageMaskPairs, Potsdam, Vaihingen
from rsnotes.datasets.balance import Chosen, balanced_subset, window_counts
from rsnotes.datasets.loveda import LoveDA
from rsnotes.datasets.mapillary import MapillaryVistas
from rsnotes.datasets.million_aid import MillionAID
from rsnotes.hi_resnet.moco import Encoder, MoCoStep
from rsnotes.hi_resnet.network import HiResNet, hi_resnet
from rsnotes.hi_resnet.objective import make_step
from rsnotes.hi_resnet.recipe import LOVEDA, MAPILLARY, MILLION_AID, POTSDAM, VAIHINGEN, HiResNetRecipe, MoCoRecipe
from rsnotes.hi_resnet.views import TwoViews
from rsnotes.hi_resnet.weights import load_backbone
from rsnotes.metrics import evaluate as score
from rsnotes.metrics.report import report
from rsnotes.training.kept import keep_text, keep_weights, present, same_run

HINT = "Give the folder that hi_resnet train wrote"
"""What to do when a file is not there."""

Preset = tyro.conf.OmitArgPrefixes[
    Annotated[HiResNetRecipe, tyro.conf.subcommand("vaihingen", default=VAIHINGEN)]
    | Annotated[HiResNetRecipe, tyro.conf.subcommand("potsdam", default=POTSDAM)]
    | Annotated[HiResNetRecipe, tyro.conf.subcommand("loveda", default=LOVEDA)]
    | Annotated[HiResNetRecipe, tyro.conf.subcommand("mapillary", default=MAPILLARY)]
]
"""The paper's recipe for a data set; every field is an option of the command."""


def pretrain(
    root: Path,
    out: Path,
    recipe: tyro.conf.OmitArgPrefixes[MoCoRecipe] = MILLION_AID,
    devices: int = 1,
    seed: int = 0,
    workers: int = 4,
    every: int = 500,
) -> int:
    """Pretrain a backbone by MoCo v2 on Million-AID. The same command again goes on from the last checkpoint.

    Give "train" the file encoder.safetensors that this leaves. The supervised alternative of the paper is "train" on
    Mapillary Vistas, whose network.safetensors serves in the same way.

    Args:
        root: the folder Million-AID lies in, see "data check".
        out: folder for checkpoints, weights and the recipe; made if need be.
        recipe: any of the recipe's fields.
        devices: GPUs, or processes on the CPU; the batch is shared among them.
        seed: of the initial weights, the order of the samples and their views.
        workers: processes that read images.
        every: steps between checkpoints.
    """
    try:
        fabric = training.make_fabric(devices=devices, strategy="ddp" if devices > 1 else "auto")
        fabric.launch()
        samples = MillionAID(root, side=recipe.crop)
        if fabric.is_global_zero:
            same_run(out / "recipe.json", asdict(recipe) | {"seed": seed})
        torch.manual_seed(seed)
        network = hi_resnet(recipe.variant, 1, width=recipe.width, depth=recipe.depth)
        encoder = Encoder(network.backbone, recipe.dimension)
        views = TwoViews(recipe.view, recipe.area, recipe.colour)
        training.train(
            fabric, MoCoStep(fabric, encoder, recipe), samples, views, steps=recipe.steps,
            batch_size=recipe.batch_size, seed=seed, workers=workers, checkpoints=out / "encoder", every=every,
        )  # fmt: skip
        if fabric.is_global_zero:
            keep_weights(encoder, out / "encoder.safetensors")
            print(f"{len(samples)} squares; {len(samples.dropped)} images were smaller than {recipe.crop} pixels")
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        print(error)
        return 1
    return 0


def train(
    root: Path,
    out: Path,
    recipe: Preset,
    backbone: Path | None = None,
    seed: int = 0,
    workers: int = 4,
    every: int = 500,
) -> int:
    """Train Hi-ResNet. The same command again goes on from the last checkpoint.

    Options of the run stand before the data set's name, those of the recipe after it.

    Args:
        root: the folder the data set lies in, see "data check".
        out: folder for checkpoints, weights and the recipe; made if need be.
        recipe: the data set, and any of the recipe's fields.
        backbone: what "pretrain" kept as encoder.safetensors, or "train" on other data as network.safetensors.
        seed: of the initial weights, the order of the samples and their augmentation.
        workers: processes that read images.
        every: steps between checkpoints.
    """
    try:
        samples = open_split(recipe, root, "train")
        settings = asdict(recipe) | {"seed": seed, "backbone": None if backbone is None else str(backbone)}
        same_run(out / "recipe.json", settings)
        torch.manual_seed(seed)
        network = build(recipe, samples)
        if backbone is not None:
            load_backbone(network, backbone)
        chosen = samples if recipe.keep is None else _balanced(samples, recipe.keep, out / "squares.json")
        fabric = training.make_fabric()
        _fit(fabric, network, recipe, chosen, out, {"seed": seed, "workers": workers, "every": every})
        print(_scored(network, recipe, root))
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        print(error)
        return 1
    return 0


def evaluate(root: Path, out: Path, eroded: bool = False) -> int:
    """Score what ``hi_resnet train`` left in a folder on the data set's test split (Mapillary, LoveDA: validation).

    Args:
        root: the folder the data set lies in.
        out: the folder given to ``hi_resnet train``.
        eroded: labels without a band along the boundaries (Vaihingen and Potsdam).
    """
    try:
        stored: dict[str, Any] = json.loads(present(out / "recipe.json", HINT).read_text("utf-8"))
        stored = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
        del stored["seed"], stored["backbone"]
        recipe = HiResNetRecipe(**stored)
        network = build(recipe, open_split(recipe, root, "test", eroded))
        load_model(network, present(out / "network.safetensors", HINT))
        print(_scored(training.make_fabric().to_device(network), recipe, root, eroded))
    except ValueError as error:
        print(error)
        return 1
    return 0


def open_split(recipe: HiResNetRecipe, root: Path, split: str, eroded: bool = False) -> ImageMaskPairs:
    """The paper's split, "train" or "test", cut into squares of the crop; in "test" no pixel lies in two of them.

    LoveDA's and Mapillary's test labels are withheld: their "test" is the validation split.

    Raises:
        DataError: files are missing or wrong.
        ValueError: eroded labels of a data set that has none.
    """
    pad = split == "test"
    if recipe.data == "vaihingen":
        return Vaihingen(root, split, "hi_resnet", eroded=eroded, side=recipe.crop, pad=pad)
    if recipe.data == "potsdam":
        return Potsdam(root, split, "hi_resnet", eroded=eroded, side=recipe.crop, pad=pad)
    if eroded:
        raise ValueError(f"{recipe.data} has no labels with eroded boundaries: leave out --eroded")
    if recipe.data == "loveda":
        trained = "trainval" if recipe.validation else "train"
        return LoveDA(root, "val" if pad else trained, side=recipe.crop, pad=pad)
    if recipe.data != "mapillary":
        raise ValueError(f"no recipe for {recipe.data!r}; there are vaihingen, potsdam, loveda and mapillary")
    return MapillaryVistas(root, "val" if pad else "train", side=recipe.crop, pad=pad)


def build(recipe: HiResNetRecipe, samples: ImageMaskPairs) -> HiResNet:
    """The recipe's network for the classes and bands of a data set."""
    return hi_resnet(
        recipe.variant, len(samples.classes), width=recipe.width, depth=recipe.depth, bands=len(samples.bands),
        dilations=recipe.dilations,
    )  # fmt: skip


def _fit(
    fabric: Fabric,
    network: HiResNet,
    recipe: HiResNetRecipe,
    samples: ImageMaskPairs | Chosen,
    out: Path,
    options: dict[str, Any],
) -> None:
    step = make_step(fabric, network, recipe, samples.classes, len(samples))
    training.train(
        fabric, step, samples, Augment(recipe.crop, rotate=recipe.rotate, scale=recipe.scales),
        steps=recipe.steps(len(samples)), batch_size=recipe.batch_size, checkpoints=out / "network", **options,
    )  # fmt: skip
    keep_weights(network, out / "network.safetensors")


def _scored(network: nn.Module, recipe: HiResNetRecipe, root: Path, eroded: bool = False) -> str:
    """The report, or why there is none."""
    if recipe.data == "loveda" and recipe.validation:
        return (
            "LoveDA's test labels are withheld, and the validation images were trained on, as in the paper. "
            "For scores train with --no-validation"
        )
    return report(score(network, open_split(recipe, root, "test", eroded), batch_size=1))


def _balanced(samples: ImageMaskPairs, keep: int, path: Path) -> Chosen:
    """The squares that hold what is rare; found once by reading all labels, and kept beside the run."""
    if not path.exists():
        keep_text(path, json.dumps(balanced_subset(window_counts(samples), min(keep, len(samples))).tolist()))
    return Chosen(samples, json.loads(path.read_text("utf-8")))
