"""One network on scenes, scored: what the experiments of this paper run."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from rsnotes import scenes
from rsnotes.datasets import Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.hi_resnet.network import hi_resnet
from rsnotes.hi_resnet.objective import make_step
from rsnotes.hi_resnet.pretraining import SOURCES as PRETRAINING_SOURCES
from rsnotes.hi_resnet.recipe import HiResNetRecipe
from rsnotes.hi_resnet.weights import load_backbone
from rsnotes.metrics import boundary_counts, boundary_f1, diagonal_tolerance
from rsnotes.networks import evaluating
from rsnotes.networks.weights import weights_path
from rsnotes.training import choose_precision, make_fabric, train

Start = Literal["nothing", "hi_resnet_supervised", "hi_resnet_moco_short", "hi_resnet_moco_long"]


@dataclass(frozen=True)
class HiResNetSettings:
    """One network.

    Attributes:
        recipe: which parts and terms, and the rate.
        steps: length of the run, whatever the recipe's epochs.
        start: random weights, or the name of the shipped backbone that training starts from.
        labels: share of the training scenes that have labels; the others are not used.
        tiles: training scenes of 256², cut into squares of the recipe's crop.
        test_tiles: scenes it is scored on.
        test_split: "experiments-validation" for what is chosen, "experiments-test" for what is reported.
        points: scores along the run, the last at its end.
    """

    recipe: HiResNetRecipe
    steps: int
    start: Start = "nothing"
    labels: float = 1.0
    tiles: int = 128
    test_tiles: int = 64
    test_split: str = "experiments-test"
    points: int = 2


def mean_boundary_f1(network: nn.Module, dataset: InMemory) -> float:
    """Mean over the counted classes of the boundary F1 within 0.75 per cent of the diagonal, in [0, 1]."""
    classes, device = dataset.classes, next(network.parameters()).device
    mixed = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(choose_precision(device.type).format)
    counts = torch.zeros(len(classes), 4, dtype=torch.int64)
    with evaluating(network), torch.autocast(device.type, dtype=mixed, enabled=mixed is not None):
        for image, mask in dataset.samples:
            guess = network(image[None].to(device)).logits.argmax(dim=1)[0].cpu()
            counts += boundary_counts(guess, mask, len(classes), diagonal_tolerance(*mask.shape))
    return float(boundary_f1(counts)[torch.tensor(classes.counted)].nanmean())


def begin(network: nn.Module, path: Path) -> str:
    """Give ``network`` the backbone in ``path``; the sha256 of the file, as the manifest of ``data/`` has it."""
    load_backbone(network, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(settings: HiResNetSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train one network and score it along the way; the figures of its result file."""
    torch.manual_seed(seed)
    recipe, tiles = settings.recipe, max(1, round(settings.labels * settings.tiles))
    network = hi_resnet(recipe.variant, 6, width=recipe.width, depth=recipe.depth, dilations=recipe.dilations)
    begun = None if settings.start == "nothing" else begin(network, weights_path(settings.start))
    scene_data = scenes.SceneDataset("experiments-training", tiles, start=seed * settings.tiles)
    squares = Squares(InMemory(scene_data), recipe.crop)
    test = InMemory(scenes.SceneDataset(settings.test_split, settings.test_tiles))
    passes = recipe.batch_size / len(squares)
    recipe = replace(recipe, epochs=settings.steps * passes, warmup=settings.steps * passes / 20)
    fabric = make_fabric()
    step = make_step(fabric, network, recipe, squares.classes, len(squares))
    at = [settings.steps * k // settings.points for k in range(1, settings.points + 1)]
    curve = Curve(network, test, at, folder)
    history = train(
        fabric, step, squares, Augment(recipe.crop), steps=settings.steps, batch_size=recipe.batch_size, seed=seed,
        checkpoints=folder, every=100, after_step=curve,
    )  # fmt: skip
    return {
        "scores": score_figures(score(network, test)) | {"boundary_f1": mean_boundary_f1(network, test)},
        "curve": curve.points,
        "parameters": sum(p.numel() for p in network.parameters()),
        "last_terms": {name: sum(values[-50:]) / len(values[-50:]) for name, values in history.terms.items()},
        "start_sha256": begun,
    }


SOURCES = (*PRETRAINING_SOURCES, "hi_resnet/runs.py", "hi_resnet/weights.py", "metrics/boundary.py")
