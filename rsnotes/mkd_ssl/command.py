"""The commands ``python -m rsnotes mkd_ssl train`` and ``mkd_ssl evaluate``: the paper's set-up on the real data."""

import json
from collections.abc import Callable
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from safetensors.torch import load_model
from torch import nn
from torchvision.transforms.v2 import functional as F

from rsnotes import training
from rsnotes.datasets import Augment, ImageMaskPairs, Sample
from rsnotes.datasets.cityscapes import Cityscapes
from rsnotes.datasets.cityscapes_few import CityscapesFew
from rsnotes.datasets.erhai import Erhai
from rsnotes.datasets.gta5 import GTA5
from rsnotes.datasets.hw import HW
from rsnotes.datasets.text_lists import few
from rsnotes.metrics import Scores
from rsnotes.metrics import evaluate as score
from rsnotes.mkd_ssl.chain import Domain, Known
from rsnotes.mkd_ssl.recipe import CITYSCAPES, ERHAI, MKDRecipe
from rsnotes.mkd_ssl.semi_supervised import learn_from_both
from rsnotes.mkd_ssl.stages import DISTILLED, Stage, same_names
from rsnotes.mkd_ssl.trimmed import TrimmingChain
from rsnotes.networks import deeplab_hrnet
from rsnotes.training.kept import keep_weights, present, same_run

HINT = "Give the folder or file that mkd_ssl train wrote"
"""What to do when a file is not there."""

Preset = tyro.conf.OmitArgPrefixes[
    Annotated[MKDRecipe, tyro.conf.subcommand("erhai", default=ERHAI)]
    | Annotated[MKDRecipe, tyro.conf.subcommand("cityscapes", default=CITYSCAPES)]
]
"""The paper's recipe for a target; every field is an option of the command."""

HW_SIDE = 256
"""Side of HW's images."""


def train(
    bridge: Path,
    target: Path,
    out: Path,
    recipe: Preset,
    pretrained: bool = False,
    source_weights: Path | None = None,
    overlapping: bool = False,
    literal_teacher: bool = False,
    semi_steps: int | None = None,
    seed: int = 0,
    workers: int = 4,
) -> int:
    """Distil from ImageNet over the bridge to the target, then learn from its unlabelled images.

    The same command again goes on from the last checkpoint. Options of the run stand before the target's name, those
    of the recipe after it. Scores are of the mean teacher on the target's test images (Cityscapes: validation).

    Args:
        bridge: the folder of HW (for Erhai) or GTA5 (for Cityscapes).
        target: the folder of Erhai or Cityscapes.
        out: folder for checkpoints, weights and the recipe; made if need be.
        recipe: the target, and any of the recipe's fields.
        pretrained: start from timm's ImageNet weights, as the paper does; downloads them.
        source_weights: local file of such weights, in the place of the download.
        overlapping: go on though Erhai's training or unlabelled crops show ground of its test crops.
        literal_teacher: fine-tune the last layer alone in the first stage too, the paper's words; the decoder of the
            first teacher stays random then.
        semi_steps: length of the semi-supervised stage; the recipe's epochs over the labelled images by default.
        seed: of weights, order, augmentation and choice of labelled images.
        workers: processes that read labelled images.
    """
    try:
        data = open_data(recipe, bridge, target, seed, overlapping)
        settings = asdict(recipe) | {"seed": seed, "literal_teacher": literal_teacher}
        same_run(out / "recipe.json", settings)
        chain = TrimmingChain(
            lambda classes: build(recipe, classes), {name: data[name] for name in ("bridge", "target")}, recipe, seed,
            lambda number: out / f"stage{number}", workers,
        )  # fmt: skip
        torch.manual_seed(seed)
        source = build(recipe, 1, pretrained=source_weights or pretrained)
        last, _ = chain.run(stages(recipe, data, literal_teacher), Known(source, ("ImageNet",), (), whole=False))
        steps = _steps(recipe.epochs, data["target"], recipe) if semi_steps is None else semi_steps
        learnt = learn_from_both(
            last.network, data["target"], data["pool"].samples if "pool" in data else None, recipe, steps, seed,
            folder=out / "semi", workers=workers,
        )  # fmt: skip
        for name, network in (("student", learnt.student), ("teacher", learnt.teacher)):
            keep_weights(network, out / f"{name}.safetensors")
        print(report(score(learnt.teacher, data["test"].samples, batch_size=1)))  # type: ignore[arg-type]
    except (ValueError, RuntimeError) as error:
        print(error)
        return 1
    return 0


def evaluate(
    target: Path, out: Path, network: Literal["student", "teacher"] = "teacher", overlapping: bool = False
) -> int:
    """Score what ``mkd_ssl train`` left in a folder on the target's test images (Cityscapes: validation).

    Args:
        target: the folder of the target.
        out: the folder given to ``mkd_ssl train``.
        network: the student, or the mean teacher that the paper keeps.
        overlapping: go on though Erhai's training and test crops show the same ground.
    """
    try:
        stored: dict[str, Any] = json.loads(present(out / "recipe.json", HINT).read_text("utf-8"))
        recipe = MKDRecipe(**{k: v for k, v in stored.items() if k not in ("seed", "literal_teacher")})
        samples = held_out(recipe, target, overlapping)
        model = build(recipe, len(samples.classes))
        load_model(model, present(out / f"{network}.safetensors", HINT))
        print(report(score(training.make_fabric().to_device(model), samples, batch_size=1)))
    except ValueError as error:
        print(error)
        return 1
    return 0


def open_data(recipe: MKDRecipe, bridge: Path, target: Path, seed: int, overlapping: bool = False) -> dict[str, Domain]:
    """Bridge, labelled target, its pool of unlabelled images (none when there are none), and test images.

    The pool holds the training images whose labels are left out and the listed unlabelled ones; the recipe's share of
    it is drawn at random from both together, as the seed has it.

    Raises:
        DataError: files are missing or wrong, or Erhai's crops overlap.
    """
    test = held_out(recipe, target, overlapping)
    parts: dict[str, tuple[ImageMaskPairs, Callable[[Sample, int], Sample]]]
    if recipe.data == "erhai":
        view = Augment(recipe.crop)
        pool: ImageMaskPairs = Erhai(target, "unlabelled", labelled=recipe.labelled, seed=seed, overlapping=overlapping)
        parts = {
            "bridge": (HW(bridge), Augment(min(recipe.crop, HW_SIDE))),
            "target": (Erhai(target, labelled=recipe.labelled, seed=seed), view),
        }
    else:
        view = street_view(recipe.crop)  # type: ignore[assignment]
        pool = CityscapesFew(target, "unlabelled", recipe.labelled, seed=seed)
        parts = {
            "bridge": (GTA5(bridge), view),
            "target": (CityscapesFew(target, "labelled", recipe.labelled, seed=seed), view),
        }
    data = {name: Domain(*part) for name, part in parts.items()} | {"test": Domain(test)}
    chosen = few(range(len(pool)), recipe.unlabelled, seed)[0] if recipe.unlabelled else []
    return data | ({"pool": Domain(torch.utils.data.Subset(pool, chosen))} if chosen else {})  # type: ignore[arg-type]


def held_out(recipe: MKDRecipe, target: Path, overlapping: bool = False) -> ImageMaskPairs:
    """Test images of the target."""
    if recipe.data == "erhai":
        return Erhai(target, "test", overlapping=overlapping)
    if recipe.data != "cityscapes":
        raise ValueError(f"no recipe for {recipe.data!r}; there are erhai and cityscapes")
    return Cityscapes(target, "val")


def stages(recipe: MKDRecipe, data: dict[str, Domain], literal_teacher: bool = False) -> tuple[Stage, Stage]:
    """The paper's two stages, as long as the recipe's epochs make them."""
    names = {name: data[name].samples.classes.names for name in ("bridge", "target")}
    lengths = {
        name: (_steps(recipe.teacher_epochs, data[name], recipe), _steps(recipe.epochs, data[name], recipe))
        for name in names
    }
    first = Stage("bridge", names["bridge"], "classifier" if literal_teacher else "decoder", "random", DISTILLED,
                  *lengths["bridge"])  # fmt: skip
    overlap = same_names(names["bridge"], names["target"])
    second = Stage("target", names["target"], "classifier", "random", DISTILLED, *lengths["target"], overlap)
    return first, second


def build(recipe: MKDRecipe, classes: int, pretrained: bool | Path = False) -> nn.Module:
    """The recipe's network."""
    return deeplab_hrnet(classes, recipe.attention, recipe.backbone, recipe.width, pretrained=pretrained)


def street_view(crop: int) -> Callable[[Sample, int], Sample]:
    """A random crop, left and right exchanged for every second seed: a street has an upright."""
    window = Augment(crop, flip=False, rotate=False)

    def view(sample: Sample, seed: int) -> Sample:
        sample = window(sample, seed)
        if seed % 2:
            return sample
        return Sample(F.horizontal_flip(sample.image), F.horizontal_flip(sample.mask))

    return view


def report(scores: Scores) -> str:
    """IoU in per cent, a line a class, and a line of means."""
    lines = [f"{name}: IoU {100 * figures['iou']:.2f}" for name, figures in scores.per_class().items()]
    return "\n".join([*lines, f"mIoU {100 * scores.miou:.2f}, OA {100 * scores.oa:.2f}"])


def _steps(epochs: int, domain: Domain, recipe: MKDRecipe) -> int:
    return ceil(epochs * len(domain.samples) / recipe.batch_size)
