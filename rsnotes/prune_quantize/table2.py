"""One row of table II on scenes: a thin network trained, pruned, retrained, quantized and measured."""

import copy
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments import source_hashes
from rsnotes.losses import class_counts, class_weights, cross_entropy
from rsnotes.metrics.cost import macs, parameters
from rsnotes.networks import deeplabv3plus
from rsnotes.prune_quantize.folding import fold_batch_norm
from rsnotes.prune_quantize.measure import measure, times_faster
from rsnotes.prune_quantize.network import Plan, choose_formats, memory_bytes, quantize_network
from rsnotes.prune_quantize.schedule import prune, recalibrate_parameters, recalibrate_statistics
from rsnotes.prune_quantize.scores import Scores, l1_scores, normalise_per_layer, random_scores, taylor_scores
from rsnotes.prune_quantize.widths import load_pruned, save_pruned
from rsnotes.training import Batch, History, make_fabric
from rsnotes.training.batches import batches
from rsnotes.training.kept import keep_text
from rsnotes.training.supervised import SupervisedRecipe, fit

Backbone = Literal["resnet18", "resnet50"]
Score = Literal["taylor", "l1", "random"]

IMAGE = (3, 256, 256)
"""What MACs and time are measured on."""

TRAINING = SupervisedRecipe(steps=1600, rate=3e-3)


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        backbone: of the network.
        score: what filters are ranked by, None to prune nothing.
        kept: share of the parameters that pruning leaves.
        bits: of weights, biases and activations, None for floats.
        overflow: whether a window of bits may leave out the highest leading bits to cover more of the others.
        normalise: divide scores, whatever their kind, by their layer's length before layers are ranked together.
        recalibrate: what follows each round, batch statistics measured afresh, a pass of gradient descent, or nothing.
        longer: train an unpruned network for as many steps as the pruned ones are retrained.
        recipe: of the training; retraining has its rate and :attr:`retraining` steps.
        retraining: a quarter of the training, as the paper's 20 epochs after 80; see :attr:`steps_after`.
        rounds: of pruning.
        score_batches: batches of four training scenes on which filters are scored, the same in every round. One has
            the pixels of a training step's 16 crops.
        calibration: scenes whose activations are logged.
        width: of the network.
        tiles: training scenes, of its own for every seed.
        test_tiles: scenes it is scored on.
        test_split: "experiments-validation" for what is chosen, "experiments-test" for what is reported.
    """

    backbone: Backbone
    score: Score | None = None
    kept: float = 1.0
    bits: int | None = None
    overflow: bool = True
    normalise: bool = False
    recalibrate: Literal["statistics", "parameters", "nothing"] = "statistics"
    longer: bool = False
    recipe: SupervisedRecipe = TRAINING
    retraining: int = 400
    rounds: int = 60
    score_batches: int = 4
    calibration: int = 16
    width: float = 1 / 8
    tiles: int = 128
    test_tiles: int = 64
    test_split: str = "experiments-test"

    @property
    def steps_after(self) -> int:
        """Steps of the retraining: those that recalibration by descent took are taken off, so that all rows have as
        many."""
        taken = self.rounds * self.score_batches if self.recalibrate == "parameters" else 0
        return self.retraining - taken


def run(row: Row, seed: int, folder: Path) -> dict[str, Any]:
    """One row; what rows of a seed share, the trained and the pruned network, is made by the first that needs it.

    Seconds of the curve are those of training and retraining; rounds of pruning have theirs apart, recalibration
    included. Rows have equal steps, not equal seconds.
    """
    train = InMemory(scenes.SceneDataset("experiments-training", row.tiles, start=seed * row.tiles))
    test = InMemory(scenes.SceneDataset(row.test_split, row.test_tiles))
    place = shared_folder(row, seed, folder)
    whole, seconds = _trained(row, seed, train, place)
    network, pruning, more = _pruned_or_longer(row, seed, train, whole, place)
    folded = fold_batch_norm(network)
    plan = _plan(row, folded)
    ours = quantize_network(folded, plan)
    measured = measure(ours, test)
    last = {name: measured[name] for name in ("miou", "mf1", "oa")}
    return {
        "scores": measured,
        "curve": [{"step": row.recipe.steps, "seconds": round(seconds + more, 1)} | last],
        "pruning_seconds": round(pruning, 1),
        "parameters": parameters(network),
        "bytes": memory_bytes(folded, plan),
        "macs": macs(network, IMAGE),
        "times_faster": round(times_faster(ours, fold_batch_norm(whole), IMAGE), 3),
    }


def shared_folder(row: Row, seed: int, folder: Path) -> Path:
    """Where the rows of a seed that train alike find each other's networks; other code or settings look elsewhere."""
    alike = (row.backbone, row.width, row.tiles, asdict(row.recipe), row.retraining, row.rounds, row.score_batches)
    key = json.dumps([*alike, seed, source_hashes(SOURCES), scenes.VERSION], sort_keys=True)
    return folder.parent / hashlib.sha256(key.encode()).hexdigest()[:24]


def _trained(row: Row, seed: int, train: InMemory, place: Path) -> tuple[nn.Module, float]:
    """The backbone's network, trained, and the seconds it took."""
    torch.manual_seed(seed)
    network = deeplabv3plus(row.backbone, len(train.classes), width=row.width)
    return network, _fit(network, train, row.recipe, seed, place / "whole")


def _pruned_or_longer(
    row: Row, seed: int, train: InMemory, whole: nn.Module, place: Path
) -> tuple[nn.Module, float, float]:
    """The network pruned and retrained, or only retrained, or as it is; the seconds of pruning and of retraining."""
    if row.score is None and not row.longer:
        return whole, 0.0, 0.0
    name = f"{row.score} {row.kept:.3f} {row.normalise} {row.recalibrate}"
    network, seconds = copy.deepcopy(whole), 0.0
    if row.score is not None:
        kept, timed = place / f"{name}.safetensors", place / f"{name}.seconds"
        if not kept.exists():  # an interrupted run goes on with the same filters
            start = time.perf_counter()
            _prune(row, seed, train, network)
            keep_text(timed, str(time.perf_counter() - start))
            save_pruned(network, kept, backbone=row.backbone, classes=len(train.classes), width=row.width)
        network, seconds = load_pruned(kept), float(timed.read_text("utf-8"))
    again = replace(row.recipe, steps=row.steps_after)
    return network, seconds, _fit(network, train, again, seed + 1000, place / name)


def _plan(row: Row, folded: fx.GraphModule) -> Plan:
    """Formats of the row's bits, activations logged on the calibration scenes; empty for floats."""
    if row.bits is None:
        return {}
    tiles = InMemory(scenes.SceneDataset("calibration", row.calibration))
    images = [sample.image[None] for sample in tiles.samples]
    bits = {"weights": row.bits, "biases": row.bits, "activations": row.bits}
    return choose_formats(folded, images, **bits, overflow=row.overflow)


def _fit(network: nn.Module, train: InMemory, recipe: SupervisedRecipe, seed: int, folder: Path) -> float:
    """Train in place, or load what was trained; the seconds it took."""
    weight = _class_weight(train)
    history: History = fit(make_fabric(), network, train, recipe, seed, class_weight=weight, checkpoints=folder)
    return history.seconds[-1]


def _class_weight(train: InMemory) -> Tensor:
    return class_weights(class_counts(train.samples, len(train.classes)))


def _prune(row: Row, seed: int, train: InMemory, network: nn.Module) -> None:
    """The rounds of pruning, by the loss that the network was trained on."""
    seen = list(batches(train, None, batch_size=4, seed=seed, first=0, last=row.score_batches))
    weight = _class_weight(train)
    generators = iter(range(seed * 1000, seed * 1000 + row.rounds))

    def loss(current: nn.Module, batch: Batch) -> Tensor:
        return cross_entropy(current(batch.image).logits, batch.mask, weight)

    def score(current: nn.Module) -> Scores:
        if row.score == "taylor":
            scores = taylor_scores(current, seen, loss)
        else:
            scores = l1_scores(current) if row.score == "l1" else random_scores(current, next(generators))
        return normalise_per_layer(scores) if row.normalise else scores

    ways: dict[str, Callable[[nn.Module], None] | None] = {
        "statistics": lambda current: recalibrate_statistics(current, seen),
        "parameters": lambda current: recalibrate_parameters(current, seen, loss=loss),
        "nothing": None,
    }
    goal = round(row.kept * parameters(network))
    prune(network.eval(), score, parameters=goal, rounds=row.rounds, recalibrate=ways[row.recalibrate])


SOURCES = (
    *(
        f"prune_quantize/{name}.py"
        for name in (
            "table2", "measure", "scores", "surgery", "schedule", "widths", "fixed_point", "ranges", "folding",
            "layers", "network", "export",
        )
    ),
    *(f"training/{name}.py" for name in ("loop", "steps", "batches", "schedules", "supervised")),
    *("networks/deeplabv3plus.py", "networks/plain_resnet.py", "losses/cross_entropy.py", "scenes/dataset.py"),
    *("metrics/boundary.py", "metrics/cost.py", "datasets/augment.py"),
)  # fmt: skip
