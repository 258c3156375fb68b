"""The training loop: batches in, steps taken, terms recorded; it can stop and go on anywhere."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm.auto import tqdm

from rsnotes.datasets import Sample
from rsnotes.training.batches import Batch, Samples, batches
from rsnotes.training.checkpoint import Stateful, load_checkpoint, save_checkpoint


class Step(Protocol):
    """What a method does with a batch. A method with two optimisers or a moving average brings its own."""

    parts: dict[str, Stateful]

    def __call__(self, batch: Batch, number: int) -> dict[str, Tensor]: ...


@dataclass
class History:
    """What a run recorded, one entry a step.

    Attributes:
        terms: loss terms by name, as the objective gave them (before their weights).
        seconds: time spent in steps so far, in seconds; time spent in ``after_step`` is left out.
    """

    terms: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def add(self, terms: dict[str, float], seconds: float) -> None:
        for name, value in terms.items():
            self.terms.setdefault(name, []).append(value)
        self.seconds.append((self.seconds[-1] if self.seconds else 0.0) + seconds)


def train(
    fabric: Fabric,
    step: Step,
    samples: Samples,
    augment: Callable[[Sample, int], Sample] | None,
    *,
    steps: int,
    batch_size: int,
    seed: int,
    workers: int = 0,
    checkpoints: Path | None = None,
    every: int = 500,
    after_step: Callable[[History], None] | None = None,
) -> History:
    """Take ``steps`` steps on batches that depend on ``seed`` and the step number alone.

    A run that goes on from a checkpoint comes to the same losses, bit for bit on one machine, in float32 and bfloat16.
    In float16 it does not: the scale of the loss is no part of a checkpoint and starts anew.

    Args:
        fabric: where the run takes place.
        step: takes one batch, updates, and returns its named loss terms.
        samples: data set to draw from, every sample once an epoch.
        augment: pure function of a sample and a seed; None leaves the samples as they are.
        steps: length of the run.
        batch_size: samples a step, over all processes.
        seed: seed of the order, the augmentation and whatever is random inside the step.
        workers: processes that load samples.
        checkpoints: folder to go on from and to save into; None saves nothing.
        every: steps between checkpoints.
        after_step: called after each step with the record so far; not counted in the time.

    Returns:
        The record of the whole run, also of the part taken before it was resumed.
    """
    history, first = History(), 0
    if checkpoints is not None and (found := load_checkpoint(checkpoints, step.parts)):
        first, history = found[0], History(**found[1])
    loader = batches(
        samples, augment, batch_size=batch_size, seed=seed, first=first, last=steps,
        workers=workers, rank=fabric.global_rank, world=fabric.world_size,
    )  # fmt: skip
    bar = tqdm(
        loader, initial=first, total=steps, unit="step", leave=False, disable=None if fabric.is_global_zero else True
    )
    started = time.perf_counter()
    for number, batch in enumerate(bar, start=first):
        torch.manual_seed(seed * 1_000_003 + number)
        terms = step(Batch(*(fabric.to_device(tensor) for tensor in batch)), number)
        values = dict(zip(terms, torch.stack([t.float() for t in terms.values()]).tolist(), strict=True))
        history.add(values, time.perf_counter() - started)
        bar.set_postfix({name: f"{value:.3f}" for name, value in values.items()}, refresh=False)
        if after_step is not None:
            after_step(history)
        if checkpoints is not None and fabric.is_global_zero and ((number + 1) % every == 0 or number + 1 == steps):
            save_checkpoint(checkpoints, number + 1, step.parts, asdict(history))
        started = time.perf_counter()
    return history
