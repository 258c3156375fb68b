"""How the network that the pages prune and quantize was trained."""

import os
from pathlib import Path
from typing import Any

import torch

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments import Experiment
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.experiments.ground import GroundSettings
from rsnotes.losses import class_counts, class_weights
from rsnotes.networks import deeplabv3plus
from rsnotes.networks.weights import save_weights, weights_path
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
    ),
)
