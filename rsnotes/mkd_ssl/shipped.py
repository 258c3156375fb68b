"""The networks that pages begin with: the bridge's student, and the target's student that it led to."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from rsnotes import scenes
from rsnotes.datasets import ISPRS
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments import Experiment
from rsnotes.experiments.curve import score, score_figures
from rsnotes.mkd_ssl.chain import Chain
from rsnotes.mkd_ssl.domains import BRIDGE, TARGET, as_domain, squares
from rsnotes.mkd_ssl.experiment import SMALL, SOURCES, TWO_STAGES
from rsnotes.mkd_ssl.networks import small_network
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.mkd_ssl.source import load_source
from rsnotes.mkd_ssl.stages import Stage
from rsnotes.networks.weights import load_weights, save_weights, weights_path

NAMES = ("mkd_ssl_bridge", "mkd_ssl_target")


@dataclass(frozen=True)
class ShippedSettings:
    """Two stages on scenes that pages train on, not experiments.

    Attributes:
        stages, recipe: as in the experiments.
        bridge_tiles, labelled_tiles: labelled scenes of bridge and target.
        test_tiles: scenes of each domain that both students are scored on.
    """

    stages: tuple[Stage, ...] = TWO_STAGES
    recipe: MKDRecipe = SMALL
    bridge_tiles: int = 96
    labelled_tiles: int = 10
    test_tiles: int = 24


def run(settings: ShippedSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Run the two stages, keep both students in ``data/weights``, and score each on both domains."""
    tests = {
        name: InMemory(scenes.SceneDataset("test", settings.test_tiles, config))
        for name, config in (("bridge", BRIDGE), ("target", TARGET))
    }
    domains = {
        "bridge": as_domain(squares("training", settings.bridge_tiles, BRIDGE, 10_000)),
        "target": as_domain(squares("training", settings.labelled_tiles, TARGET, 20_000)),
    }
    chain = Chain(small_network, domains, settings.recipe, seed, lambda number: folder / f"stage{number}")
    figures: dict[str, Any] = {"students": {}}
    known, seconds = load_source(), 0.0
    for name, count in zip(NAMES, (1, 2), strict=True):
        known, seconds = chain.run(settings.stages[:count], load_source())
        save_weights(known.network, weights_path(name), {"width": "0.125", "classes": "6", "scenes": scenes.VERSION})
        scores = {domain: score_figures(score(known.network, test)) for domain, test in tests.items()}
        figures["students"][name] = scores | {"bytes": os.path.getsize(weights_path(name))}
    figures["scores"] = figures["students"][NAMES[1]]["target"]
    means = {key: figures["scores"][key] for key in ("miou", "mf1", "oa")}
    figures["curve"] = [{"step": sum(s.steps for s in settings.stages), "seconds": round(seconds, 2)} | means]
    return figures | {"parameters": sum(p.numel() for p in known.network.parameters())}


def load_student(name: str) -> nn.Module:
    """A shipped student in eval mode.

    Args:
        name: "mkd_ssl_bridge" or "mkd_ssl_target".

    Raises:
        ValueError: another name.
    """
    if name not in NAMES:
        raise ValueError(f"no student {name!r}; there are {' and '.join(NAMES)}")
    return load_weights(small_network(len(ISPRS)), weights_path(name)).eval()


SHIPPED = Experiment(
    name="mkd_ssl_students",
    title="How good are the students that the pages begin with?",
    variants={"two-stage distillation": ShippedSettings()},
    seeds=(0,),
    run=run,
    sources=("mkd_ssl/shipped.py", *SOURCES),
)
