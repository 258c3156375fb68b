"""Scores along a run, kept beside its checkpoints so that a resumed run has the whole curve."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rsnotes.metrics import Scores, evaluate
from rsnotes.metrics.evaluate import Labelled
from rsnotes.training import History, choose_precision
from rsnotes.training.kept import keep_text


def score_figures(scores: Scores) -> dict[str, Any]:
    """What a result file keeps of a set of scores: means over the counted classes, each class, the whole matrix."""
    return {
        "miou": scores.miou,
        "mf1": scores.mf1,
        "oa": scores.oa,
        "per_class": scores.per_class(),
        "matrix": scores.matrix.tolist(),
    }


def score(network: nn.Module, dataset: Labelled) -> Scores:
    """Score a network in the arithmetic that this machine trains with."""
    device = next(network.parameters()).device
    mixed = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(choose_precision(device.type).format)
    return evaluate(network, dataset, batch_size=8, precision=mixed)


class Curve:
    """Evaluates a network after some numbers of steps; give it to the loop as ``after_step``.

    Attributes:
        points: one dict an evaluation: "step", "seconds" of training so far, "miou", "mf1", "oa".

    Args:
        network: what is scored.
        dataset: what it is scored on.
        at: numbers of steps taken.
        folder: where the points are kept for a run that goes on later; None keeps them in memory.
    """

    def __init__(self, network: nn.Module, dataset: Labelled, at: Collection[int], folder: Path | None = None) -> None:
        self.network, self.dataset, self.at = network, dataset, frozenset(at)
        self.path = folder / "curve.json" if folder is not None else None
        stored = self.path is not None and self.path.exists()
        self.points: list[dict[str, float]] = json.loads(self.path.read_text("utf-8")) if stored else []  # type: ignore[union-attr]

    def __call__(self, history: History) -> None:
        step = len(history.seconds)
        if step not in self.at:
            return
        scores = score(self.network, self.dataset)
        figures = {"miou": scores.miou, "mf1": scores.mf1, "oa": scores.oa}
        point = {"step": step, "seconds": round(history.seconds[-1], 2), **figures}
        self.points = [*(p for p in self.points if p["step"] < step), point]
        if self.path is not None:
            keep_text(self.path, json.dumps(self.points))
