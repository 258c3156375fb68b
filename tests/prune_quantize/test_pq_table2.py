"""Rows of table II on tiny scenes: what they share, what tells them apart, and what a seed changes."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from rsnotes.datasets import ISPRS, Sample
from rsnotes.prune_quantize import l1_scores, normalise_per_layer, table2
from rsnotes.prune_quantize.experiment import KEPT, ROWS, SMALL
from rsnotes.prune_quantize.table2 import Row, _pruned_or_longer, run
from rsnotes.training.supervised import SupervisedRecipe

torch.set_num_threads(1)

RECIPE = SupervisedRecipe(steps=3, batch_size=4, crop=32)
SIZES = {
    "retraining": 9,
    "rounds": 3,
    "score_batches": 1,
    "width": 1 / 16,
    "tiles": 4,
    "test_tiles": 2,
    "calibration": 2,
}
TINY = Row("resnet18", recipe=RECIPE, **SIZES)  # type: ignore[arg-type]
PRUNED = replace(TINY, score="taylor", kept=0.5)


class Tiles:
    """Noise in the place of scenes: a tile is a function of split and number."""

    asked: ClassVar[list[tuple[str, int, int]]] = []
    classes, bands = ISPRS, ("red", "green", "blue")

    def __init__(self, split, count, start=0):
        self.split, self.count, self.start = split, count, start
        self.asked.append((split, count, start))

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(1000 * len(self.split) + self.start + index)
        coarse = torch.rand(3, 8, 8, generator=generator).repeat_interleave(6, 1).repeat_interleave(6, 2)
        return Sample(coarse, (5.99 * coarse[0]).long())


class Spied:
    """Keeps what a function of ``table2`` was called with and what it gave."""

    def __init__(self, monkeypatch, name):
        self.function, self.calls = getattr(table2, name), []
        monkeypatch.setattr(table2, name, self)

    def __call__(self, *args, **options):
        value = self.function(*args, **options)
        self.calls.append((args, options, value))
        return value


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A variant's folder; scenes are noise and no time is taken."""
    monkeypatch.setattr(Tiles, "asked", [])
    monkeypatch.setattr(table2.scenes, "SceneDataset", Tiles)
    monkeypatch.setattr(table2, "IMAGE", (3, 48, 48))
    monkeypatch.setattr(table2, "times_faster", lambda ours, whole, image: 1.0)
    return tmp_path / "variant"


def formats_of(choosing):
    return [value for _, _, value in choosing.calls]


def test_the_four_rows_of_a_seed_share_training_and_filters(folder, monkeypatch):
    pruning, training, choosing = (Spied(monkeypatch, name) for name in ("prune", "fit", "choose_formats"))
    none, longer, pruned, both, exact = (
        run(row, 1, folder)
        for row in (TINY, replace(TINY, longer=True), PRUNED, replace(PRUNED, bits=8),
                    replace(PRUNED, bits=8, overflow=False))
    )  # fmt: skip
    assert len(pruning.calls) == 1
    assert [args[3].steps for args, *_ in training.calls] == [3, 3, 9, 3, 9, 3, 9, 3, 9]
    assert none["parameters"] == longer["parameters"] > 1.9 * pruned["parameters"]
    assert none["scores"]["matrix"] != longer["scores"]["matrix"]
    for row in (both, exact):
        assert (row["parameters"], row["macs"]) == (pruned["parameters"], pruned["macs"])
        assert (row["pruning_seconds"], row["curve"][0]["seconds"]) == (
            pruned["pruning_seconds"], pruned["curve"][0]["seconds"]
        )  # fmt: skip
        assert row["bytes"] == pytest.approx(pruned["bytes"] / 4, abs=1)
    assert none["pruning_seconds"] == 0 < pruned["pruning_seconds"]
    cutting, whole = formats_of(choosing)
    assert cutting.keys() == whole.keys()
    assert all(whole[name].integer >= form.integer for name, form in cutting.items())
    assert any(whole[name].integer > form.integer for name, form in cutting.items())
    assert both["scores"]["matrix"] != exact["scores"]["matrix"]


def test_a_seed_has_scenes_and_filters_of_its_own(folder):
    rows = [run(replace(PRUNED, score="random"), seed, folder) for seed in (0, 2)]
    asked = [(count, start) for split, count, start in Tiles.asked if split == "experiments-training"]
    assert asked == [(4, 0), (4, 8)]
    assert [row for row in Tiles.asked if row[0] == "experiments-test"] == [("experiments-test", 2, 0)] * 2
    assert rows[0]["scores"]["matrix"] != rows[1]["scores"]["matrix"]
    assert len(list(folder.parent.iterdir())) == 2


class Rounds:
    """Rounds of pruning that score and recalibrate, and remove nothing.

    Attributes:
        scores: of every round of every call.
        calls: how often it was called.
    """

    def __init__(self, monkeypatch):
        self.scores, self.calls = [], 0
        monkeypatch.setattr(table2, "prune", self)

    def __call__(self, network, score, *, parameters, rounds, recalibrate):
        assert parameters == round(0.5 * table2.parameters(network))
        self.calls += 1
        for _ in range(rounds):
            self.scores.append(score(network))
            if recalibrate is not None:
                recalibrate(network)


@pytest.fixture
def trained():
    """A network, the same at every call."""

    def make():
        torch.manual_seed(0)
        network = table2.deeplabv3plus("resnet18", 6, width=1 / 16)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):  # timm starts some at 0, where a score is 0 too
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        return network

    return make


def prune_and_retrain(row, folder, network, seed=0):
    return _pruned_or_longer(row, seed, table2.InMemory(Tiles("experiments-training", 4)), network, folder)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_filters_are_ranked_by_what_a_row_names(folder, monkeypatch, trained):
    rounds, drawing = Rounds(monkeypatch), Spied(monkeypatch, "random_scores")
    monkeypatch.setattr(table2, "_fit", lambda *args: 0.0)
    alone = replace(PRUNED, recalibrate="nothing")
    for score in ("taylor", "l1"):
        for normalise in (False, True):
            prune_and_retrain(replace(alone, score=score, normalise=normalise), folder, trained())
    taylor, taylor_by_layer, l1, l1_by_layer = rounds.scores[::3]
    assert same(l1, l1_scores(trained()))
    assert same(l1_by_layer, normalise_per_layer(l1))
    assert same(taylor_by_layer, normalise_per_layer(taylor))
    assert not same(taylor, l1)
    for seed in (0, 3):
        prune_and_retrain(replace(alone, score="random"), folder / str(seed), trained(), seed)
    assert [args[1] for args, *_ in drawing.calls] == [0, 1, 2, 3000, 3001, 3002]


def test_recalibration_is_the_rows_and_takes_its_steps_from_the_retraining(folder, monkeypatch, trained):
    Rounds(monkeypatch)
    names = "recalibrate_statistics", "recalibrate_parameters"
    statistics, parameters = (Spied(monkeypatch, name) for name in names)
    monkeypatch.setattr(table2, "_fit", lambda network, train, recipe, *rest: float(recipe.steps))
    counts = {}
    for way in ("statistics", "parameters", "nothing"):
        steps = prune_and_retrain(replace(PRUNED, recalibrate=way), folder, trained())[2]
        counts[way] = len(statistics.calls), len(parameters.calls), steps
    assert counts == {"statistics": (3, 0, 9), "parameters": (3, 3, 6), "nothing": (3, 3, 9)}
    assert len(list(folder.glob("*.safetensors"))) == 3


def test_an_interrupted_row_goes_on_with_its_filters_and_their_seconds(folder, monkeypatch, trained):
    def stopped(*args):
        raise KeyboardInterrupt

    rounds = Rounds(monkeypatch)
    monkeypatch.setattr(table2, "_fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        prune_and_retrain(PRUNED, folder, trained())
    (timed,) = folder.glob("*.seconds")
    timed.write_text("12.5")
    monkeypatch.setattr(table2, "_fit", lambda *args: 0.0)
    assert prune_and_retrain(PRUNED, folder, trained())[1] == 12.5
    assert rounds.calls == 1


def test_all_rows_take_as_many_steps_on_as_many_pixels():
    for name, row in ROWS.items():
        taken = row.rounds * row.score_batches if row.recalibrate == "parameters" else 0
        assert row.steps_after + taken == row.retraining, name
        assert row.recipe.batch_size * row.recipe.crop**2 == 4 * 256**2
    assert ROWS[f"{SMALL}, P and descent"].steps_after == 160


def test_the_l1_control_is_per_layer():
    for name, row in ROWS.items():
        assert row.normalise == name.endswith("per layer")
        assert (row.score == "l1") == (" by L1" in name)
    alone = ROWS[f"{SMALL}, P not recalibrated"]
    assert (alone.score, alone.kept, alone.recalibrate) == ("taylor", KEPT["resnet18"], "nothing")
