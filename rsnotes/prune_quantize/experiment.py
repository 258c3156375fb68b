"""How the network of the pages was trained, and table II on scenes with the controls that the paper leaves out."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments import SCORING, Experiment
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.experiments.ground import GroundSettings
from rsnotes.losses import class_counts, class_weights
from rsnotes.networks import deeplabv3plus
from rsnotes.networks.weights import save_weights, weights_path
from rsnotes.prune_quantize.table2 import SOURCES, TRAINING, Backbone, Row
from rsnotes.prune_quantize.table2 import run as run_row
from rsnotes.prune_quantize.weights import BACKBONE, NAME, WIDTH
from rsnotes.training import make_fabric
from rsnotes.training.supervised import SupervisedRecipe, fit


def run(settings: GroundSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train the network and keep its weights as ``data/weights/deeplab18.safetensors``; the figures of its file."""
    train = InMemory(scenes.SceneDataset(settings.train_split, settings.tiles))
    test = InMemory(scenes.SceneDataset(settings.test_split, settings.test_tiles))
    torch.manual_seed(seed)
    network = deeplabv3plus(BACKBONE, len(train.classes), width=settings.width)
    weight = class_weights(class_counts(train.samples, len(train.classes)))
    at = [round(share * settings.recipe.steps) for share in (0.1, 0.25, 0.5, 0.75, 1.0)]
    curve = Curve(network, test, at, folder)
    history = fit(
        make_fabric(), network, train, settings.recipe, seed,
        class_weight=weight, checkpoints=folder, after_step=curve,
    )  # fmt: skip
    path = weights_path(NAME)
    save_weights(network, path, {"width": str(settings.width), "classes": "6", "scenes": scenes.VERSION})
    return {
        "scores": score_figures(score(network, test)),
        "curve": curve.points,
        "parameters": sum(p.numel() for p in network.parameters()),
        "training_seconds": round(history.seconds[-1], 1),
        "weights": path.name,
        "bytes": os.path.getsize(path),
    }


NETWORK = Experiment(
    name="prune_quantize_network",
    title="How good is the network that the pages prune and quantize?",
    variants={
        "deeplab18": GroundSettings(
            WIDTH, SupervisedRecipe(steps=4000, rate=3e-3), train_split="training", tiles=768, test_split="test"
        )
    },
    seeds=(0,),
    run=run,
    sources=(
        *(f"training/{name}.py" for name in ("loop", "steps", "batches", "schedules", "supervised")),
        *("networks/deeplabv3plus.py", "networks/plain_resnet.py", "losses/cross_entropy.py", "scenes/dataset.py"),
        *SCORING,
    ),
)

KEPT = {"resnet18": 9.2 / 20.6, "resnet50": 37.8 / 43.9}
"""Share of the parameters that table II leaves to each backbone."""


RECIPE = replace(TRAINING, rate=3e-2)
"""The best rate of :data:`TUNING`, the same for both backbones."""


def _rows(name: str, backbone: Backbone) -> dict[str, Row]:
    """The paper's four rows, as many steps without pruning, and controls of both steps."""
    plain = Row(backbone, recipe=RECIPE)
    taylor = replace(plain, score="taylor", kept=KEPT[backbone])
    return {
        name: plain,
        f"{name}, longer": replace(plain, longer=True),
        f"{name}, P": taylor,
        f"{name}, Q": replace(plain, bits=8),
        f"{name}, P+Q": replace(taylor, bits=8),
        f"{name}, Q without overflow": replace(plain, bits=8, overflow=False),
        f"{name}, P+Q without overflow": replace(taylor, bits=8, overflow=False),
        f"{name}, P by L1 per layer": replace(taylor, score="l1", normalise=True),
        f"{name}, P at random": replace(taylor, score="random"),
    }


SMALL, LARGE = "ResNet-18", "ResNet-50"
BACKBONES: dict[str, Backbone] = {SMALL: "resnet18", LARGE: "resnet50"}

PLATEAU = f"{SMALL}, twice as long"
"""The small network's plateau is looked for with twice the steps."""

_BOTH = _rows(SMALL, "resnet18") | _rows(LARGE, "resnet50")
_PRUNED = _BOTH[f"{SMALL}, P"]

ROWS = {
    **_BOTH,
    f"{SMALL}, P mildly": replace(_PRUNED, kept=KEPT["resnet50"]),
    f"{LARGE}, P hard": replace(_BOTH[f"{LARGE}, P"], kept=KEPT["resnet18"]),
    f"{SMALL}, P per layer": replace(_PRUNED, normalise=True),
    f"{SMALL}, P and descent": replace(_PRUNED, recalibrate="parameters"),
    f"{SMALL}, P not recalibrated": replace(_PRUNED, recalibrate="nothing"),
    PLATEAU: Row("resnet18", recipe=replace(RECIPE, steps=2 * RECIPE.steps), retraining=800),
}

ALL_SOURCES = tuple(dict.fromkeys((*SOURCES, *SCORING)))

TABLE2 = Experiment(
    name="prune_quantize_table2",
    title="What do pruning and quantization cost two thin networks, and what does retraining alone give?",
    variants=ROWS,
    seeds=(0, 1, 2, 3, 4),
    run=run_row,
    sources=ALL_SOURCES,
    against={name: name.split(",")[0] + (", longer" if ", P" in name else "") for name in ROWS if "," in name},
)

TRIED = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)

TUNING = Experiment(
    name="prune_quantize_tuning",
    title="Which rate suits the two networks, on validation scenes?",
    variants={
        f"{name}, rate {rate:g}": Row(
            backbone, recipe=replace(TRAINING, rate=rate), test_split="experiments-validation", test_tiles=32
        )
        for name, backbone in BACKBONES.items()
        for rate in TRIED
    },
    seeds=(100, 101),
    run=run_row,
    sources=ALL_SOURCES,
)
