"""The source model: a small network trained on views from the ground, the stand-in for ImageNet's weights."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments import Experiment
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.losses import counted_weights
from rsnotes.mkd_ssl.chain import Known
from rsnotes.mkd_ssl.domains import BRIDGE, FAR_BRIDGE, TARGET, Renamed, source_views
from rsnotes.mkd_ssl.networks import small_network
from rsnotes.networks.weights import load_weights, save_weights, weights_path
from rsnotes.scenes.ground_dataset import GROUND
from rsnotes.training import make_fabric
from rsnotes.training.supervised import SupervisedRecipe, fit

NAME = "mkd_ssl_source"


@dataclass(frozen=True)
class SourceSettings:
    """How the source model is trained.

    Attributes:
        recipe: plain supervised training.
        views: number of views from the ground.
        test_tiles: scenes of each domain that it is tried on, with its classes renamed.
    """

    recipe: SupervisedRecipe = SupervisedRecipe(steps=1500, rate=1e-2)  # noqa: RUF009
    views: int = 1200
    test_tiles: int = 24


def run(settings: SourceSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Train the source model, keep it in ``data/weights``, and score it on every domain without any training there."""
    train, test = source_views("training", settings.views), source_views("validation", 100)
    torch.manual_seed(seed)
    network, recipe = small_network(len(GROUND), None), settings.recipe
    curve = Curve(network, test, [recipe.steps * k // 4 for k in (1, 2, 3, 4)], folder)
    fit(
        make_fabric(), network, train, recipe, seed, class_weight=counted_weights(train), checkpoints=folder,
        after_step=curve,
    )  # fmt: skip
    path = weights_path(NAME)
    save_weights(network, path, {"width": "0.125", "classes": str(len(GROUND)), "scenes": scenes.VERSION})
    domains = {"teaching": scenes.TEACHING, "bridge": BRIDGE, "target": TARGET, "far bridge": FAR_BRIDGE}
    renamed = Renamed(network, GROUND.names, scenes.SceneDataset.classes.names)
    elsewhere = {
        name: score(renamed, InMemory(scenes.SceneDataset("validation", settings.test_tiles, config)))
        for name, config in domains.items()
    }
    return {
        "scores": score_figures(score(network, test)),
        "elsewhere": {name: score_figures(scores) for name, scores in elsewhere.items()},
        "curve": curve.points,
        "parameters": sum(p.numel() for p in network.parameters()),
        "weights": path.name,
        "bytes": os.path.getsize(path),
    }


@cache
def load_source() -> Known:
    """The shipped source model. Of it the backbone alone is handed on, as of an ImageNet classifier."""
    network = load_weights(small_network(len(GROUND), None), weights_path(NAME)).eval()
    return Known(network, GROUND.names, source_views("training", 16).samples, whole=False)


SOURCES_OF_SOURCE = (
    "mkd_ssl/source.py", "mkd_ssl/domains.py", "mkd_ssl/networks.py", "scenes/ground_view.py",
    "scenes/ground_dataset.py", "training/supervised.py",
)  # fmt: skip

SOURCE = Experiment(
    name=NAME,
    title="How good is the source model, and how good is it where it was never trained?",
    variants={"source": SourceSettings()},
    seeds=(0,),
    run=run,
    sources=SOURCES_OF_SOURCE,
)
