"""An experiment: variants times seeds, one result file each, stopped and resumed as one likes."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rsnotes import scenes
from rsnotes.experiments.provenance import environment, source_hashes
from rsnotes.paths import data_path
from rsnotes.training.kept import keep_text

Run = Callable[[Any, int, Path], dict[str, Any]]
"""From a variant's settings, a seed and a folder for checkpoints to the figures to keep."""


@dataclass(frozen=True)
class Experiment:
    """What to run.

    Attributes:
        name: name of the folder under ``data/results``.
        title: what it asks, in a sentence.
        variants: settings by name, each a dataclass; the first is the baseline.
        seeds: one run of every variant for each; seeds pair the variants.
        run: trains one variant with one seed and returns its figures.
        sources: modules and packages of rsnotes whose code the figures depend on, as paths inside the package.
        against: what a variant is compared with, where that is not the baseline.
    """

    name: str
    title: str
    variants: Mapping[str, Any]
    seeds: tuple[int, ...]
    run: Run
    sources: tuple[str, ...]
    against: Mapping[str, str] = field(default_factory=dict)

    @property
    def baseline(self) -> str:
        """Name of the variant the others are compared with."""
        return next(iter(self.variants))

    def pairs(self) -> Iterator[tuple[str, int]]:
        """Variants and seeds in the order they are run: all variants of a seed, so that pairs are complete early."""
        return ((variant, seed) for seed in self.seeds for variant in self.variants)


def results_folder(name: str) -> Path:
    """Where an experiment's result files lie; it need not exist yet."""
    return data_path() / "results" / name


def result_path(name: str, variant: str, seed: int) -> Path:
    return results_folder(name) / f"{variant.replace(', ', '-').replace(' ', '_')}.seed{seed}.json"


def settings_of(experiment: Experiment, variant: str) -> dict[str, Any]:
    """A variant's settings as JSON gives them back."""
    return json.loads(json.dumps(asdict(experiment.variants[variant])))


def staleness(experiment: Experiment, result: Mapping[str, Any]) -> list[str]:
    """Why a result is no longer what the experiment would give; empty when it is."""
    reasons = []
    if result["variant"] not in experiment.variants:
        return [f"{result['variant']} is no variant of {experiment.name} any more"]
    if result["settings"] != settings_of(experiment, result["variant"]):
        reasons.append(f"the settings of {result['variant']} have changed")
    if result["environment"]["scenes"] != scenes.VERSION:
        reasons.append(f"scenes are at version {scenes.VERSION}, the result used {result['environment']['scenes']}")
    now = source_hashes(experiment.sources)
    changed = sorted(name for name in now if now[name] != result["sources"].get(name))
    if changed:
        reasons.append(f"changed since: {', '.join(changed)}")
    return reasons


def scratch_folder(experiment: Experiment, variant: str, seed: int, scratch: Path) -> Path:
    """Where a run keeps its checkpoints; other settings or other code never go on from them."""
    asked = [settings_of(experiment, variant), source_hashes(experiment.sources), scenes.VERSION]
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
    return scratch / experiment.name / f"{variant}.seed{seed}.{key}"


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result file aside and rename it."""
    keep_text(path, json.dumps(result, indent=1) + "\n")


def perform(experiment: Experiment, scratch: Path, *, redo_stale: bool = True) -> None:
    """Run what has no current result file, writing each as it ends.

    A file's "seconds" are those of the call that ended the run. Where it went on from a checkpoint the training before
    that is not in them; the last point of its curve has the seconds of training in all.

    Args:
        experiment: what to run.
        scratch: folder for checkpoints; a run that was killed goes on from its last one.
        redo_stale: also run again what :func:`staleness` has a reason for.
    """
    for variant, seed in experiment.pairs():
        path = result_path(experiment.name, variant, seed)
        if path.exists():
            reasons = staleness(experiment, json.loads(path.read_text("utf-8")))
            if not reasons or not redo_stale:
                continue
            print(f"{path.name} is run again: {'; '.join(reasons)}", flush=True)
        start = time.perf_counter()
        folder = scratch_folder(experiment, variant, seed, scratch)
        figures = experiment.run(experiment.variants[variant], seed, folder)
        write_result(path, {
            "experiment": experiment.name, "title": experiment.title, "variant": variant, "seed": seed,
            "settings": settings_of(experiment, variant), "sources": source_hashes(experiment.sources),
            "environment": environment(), "seconds": round(time.perf_counter() - start, 1), **figures,
        })  # fmt: skip
        print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
