"""The headline experiments: what their rows are, a run of two steps, a pretrained backbone that arrives."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from rsnotes import data_path
from rsnotes.catalogue import EXPERIMENTS, experiment
from rsnotes.hi_resnet import MILLION_AID, VAIHINGEN, Encoder, chosen, hi_resnet, pretraining, runs, trials
from rsnotes.hi_resnet import experiment as headline
from rsnotes.hi_resnet.recipe import MoCoRecipe
from rsnotes.hi_resnet.weights import load_backbone, load_encoder, thin_backbone
from rsnotes.networks.weights import save_weights
from rsnotes.scenes import OTHER_SENSOR, TEACHING, VERSION, SceneConfig, SceneDataset
from rsnotes.training.supervised import SupervisedRecipe

torch.set_num_threads(1)


def test_the_rows_add_one_part_each() -> None:
    rows = dict(headline.MODULES.variants)
    long = rows.pop(headline.LONG_BASE)
    assert long == replace(rows["base"], steps=long.steps, points=long.points)
    assert long.steps > 3.1 * rows["base"].steps  # the slowest row's step takes three times the base's
    assert long.steps // long.points == 200
    same = {replace(s, recipe=replace(s.recipe, variant="base", terms=(), learning_rate=0)) for s in rows.values()}
    assert len(same) == 1, "but for the part they are equal"
    parts = [(s.recipe.variant, "cea" in s.recipe.terms) for s in rows.values()]
    assert parts == [
        ("base", False), ("base", True), ("funnel", False), ("ia", False), ("final", False), ("final", True)
    ]  # fmt: skip
    assert headline.MODULES.against["refinement, CEA"] == "refinement"


ROWS = {"base": "base", "funnel": "funnel", "ia": "IA", "final": "refinement, CEA"}
"""The row of table VII that the sweep tries for each architecture."""


def test_the_sweep_tries_every_architecture_at_every_rate() -> None:
    names = [
        f"{variant}, rate {rate:g}"
        for variant in headline.RATES_OF_VARIANT
        for rate in (*headline.TRIED, headline.LARGE)
    ]
    assert list(headline.TUNING.variants) == names
    for name, trial in headline.TUNING.variants.items():
        variant, rate = name.split(", rate ")
        row = headline.MODULES.variants[ROWS[variant]]
        recipe = replace(row.recipe, learning_rate=float(rate))
        assert trial == replace(
            row, recipe=recipe, steps=400, points=1, test_split="experiments-validation", test_tiles=32
        )


def test_every_start_is_tried_at_every_rate_with_few_labels() -> None:
    names = [f"{start}, rate {rate:g}" for start in headline.STARTS for rate in headline.TRIED]
    assert list(headline.START_TUNING.variants) == names
    for name, trial in headline.START_TUNING.variants.items():
        start, rate = name.split(", rate ")
        row = headline.PRETRAINING.variants[f"{start}, few labels"]
        recipe = replace(row.recipe, learning_rate=float(rate))
        assert trial == replace(row, recipe=recipe, points=1, test_split="experiments-validation", test_tiles=32)


def test_what_is_tuned_is_not_what_is_reported() -> None:
    for sweep in (headline.TUNING, headline.START_TUNING):
        assert not set(sweep.seeds) & {*headline.MODULES.seeds, *headline.PRETRAINING.seeds}
    reported = [*headline.MODULES.variants.values(), *headline.PRETRAINING.variants.values()]
    assert {s.test_split for s in reported} == {"experiments-test"}


@pytest.fixture
def anew(monkeypatch) -> dict[str, Any]:
    """The module of the experiments, executed anew with other choices; no two rows have the same rate."""
    for first, rates in ((1.0, chosen.RATES_OF_VARIANT), (11.0, chosen.RATES_OF_START)):
        for place, name in enumerate(rates):
            monkeypatch.setitem(rates, name, first + place)  # type: ignore[arg-type]
    return runpy.run_path(headline.__file__)


def test_every_row_trains_at_the_rate_that_was_chosen_for_it(anew) -> None:
    rates = {name: settings.recipe.learning_rate for name, settings in anew["MODULES"].variants.items()}
    assert rates == {
        "base": 1, "base, CEA": 1, "funnel": 2, "IA": 3, "refinement": 4, "refinement, CEA": 4, "base, long": 1
    }  # fmt: skip
    rates = {name: settings.recipe.learning_rate for name, settings in anew["PRETRAINING"].variants.items()}
    assert rates == {
        "nothing, few labels": 11, "supervised, few labels": 12, "MoCo short, few labels": 13,
        "MoCo long, few labels": 14, "nothing, few labels, long": 11,
        "nothing, all labels": 11, "supervised, all labels": 12, "MoCo short, all labels": 13,
        "MoCo long, all labels": 14,
    }  # fmt: skip


def test_a_choice_changes_no_sweep(anew, monkeypatch) -> None:
    for name in ("TUNING", "START_TUNING"):
        assert anew[name].variants == getattr(headline, name).variants
    monkeypatch.setattr("rsnotes.hi_resnet.recipe.MOCO_MOMENTUM", 0.5)
    monkeypatch.setattr("rsnotes.hi_resnet.recipe.MOCO_RATE", 7.0)
    assert (MILLION_AID.quick().momentum, MILLION_AID.quick().learning_rate) == (0.5, 7.0)
    sweep = runpy.run_path(trials.__file__)["MOCO_TUNING"]
    assert [vars(s.recipe) for s in sweep.variants.values()] == [
        vars(s.recipe) for s in trials.MOCO_TUNING.variants.values()
    ]
    for name in (name for name in EXPERIMENTS if name.startswith("hi_resnet")):
        assert "hi_resnet/chosen.py" not in experiment(name).sources


def test_the_ways_to_begin_differ_in_start_labels_and_rate_alone() -> None:
    rows = dict(headline.PRETRAINING.variants)
    long = rows.pop(headline.LONG_NOTHING)
    assert long == replace(rows["nothing, few labels"], steps=1200)
    few = {(start, 0.05) for start in headline.STARTS.values()}
    every = {(start, 1.0) for start in headline.STARTS.values()}
    assert {(s.start, s.labels) for s in rows.values()} == few | every
    same = {replace(s, start="nothing", labels=1.0, recipe=replace(s.recipe, learning_rate=0)) for s in rows.values()}
    assert len(same) == 1
    assert headline.PRETRAINING.baseline == "nothing, few labels"
    for variant in rows:
        other = headline.PRETRAINING.against.get(variant, headline.PRETRAINING.baseline)
        assert rows[variant].labels == rows[other].labels
        assert rows[other].start == "nothing"


def test_the_whole_network_of_table_vii_is_the_longer_control_of_all_labels() -> None:
    longer, short = headline.MODULES.variants["refinement, CEA"], headline.PRETRAINING.variants["nothing, all labels"]
    assert longer.steps == 2 * short.steps
    recipe = replace(longer.recipe, learning_rate=short.recipe.learning_rate)
    assert replace(longer, steps=short.steps, recipe=recipe) == short
    assert headline.MODULES.seeds == headline.PRETRAINING.seeds


def test_encoders_and_their_sweep_have_the_same_data_and_a_queue_much_shorter() -> None:
    encoders = [s for e in (pretraining.ENCODER, pretraining.ENCODERS) for s in e.variants.values()]
    moco = [s for s in (*encoders, *trials.MOCO_TUNING.variants.values()) if isinstance(s.recipe, MoCoRecipe)]
    assert len(moco) == 2 + 9
    assert {(s.tiles, s.recipe.queue, s.recipe.batch_size) for s in moco} == {(512, 256, 32)}  # type: ignore[union-attr]
    squares = 512 * (256 // MILLION_AID.quick().crop) ** 2
    assert squares == 8 * 256
    lengths = {s.recipe.steps for name, s in trials.MOCO_TUNING.variants.items() if name != "untrained"}
    assert lengths == {800}


def test_the_names_of_shipped_encoders_are_those_that_fine_tuning_asks_for() -> None:
    names = {
        pretraining.shipped_name(s) for e in (pretraining.ENCODER, pretraining.ENCODERS) for s in e.variants.values()
    }
    assert names == {start for start in headline.STARTS.values() if start != "nothing"}


def test_a_run_of_two_steps(tmp_path) -> None:
    settings = headline.HiResNetSettings(headline.SMALL, 2, tiles=2, test_tiles=2, labels=0.5)
    found = headline.run(settings, 3, tmp_path)
    assert 0 <= found["scores"]["miou"] <= 1
    assert 0 <= found["scores"]["boundary_f1"] <= 1
    assert sum(map(sum, found["scores"]["matrix"])) <= 2 * 256**2
    assert [point["step"] for point in found["curve"]] == [1, 2]
    alone = headline.run(replace(settings, points=1), 3, tmp_path / "alone")
    assert [point["step"] for point in alone["curve"]] == [2]
    assert found["start_sha256"] is None
    assert set(found["last_terms"]) == {f"{o}_{t}" for o in ("coarse", "refined") for t in ("gd", "lsce", "cea")}
    again = headline.run(settings, 3, tmp_path)  # nothing is left to do
    assert again == found


class Drawn(NamedTuple):
    """What a data set of scenes was asked for."""

    split: str
    count: int
    config: SceneConfig = TEACHING
    start: int = 0


@pytest.fixture
def drawn(monkeypatch) -> list[Drawn]:
    """What every data set of scenes is asked for; it gives one scene, and training stops before it begins."""
    found: list[Drawn] = []
    one = SceneDataset("experiments-training", 1)

    def dataset(*arguments, **named) -> SceneDataset:
        found.append(Drawn(*arguments, **named))
        return one

    def stop(*_, **__) -> None:
        raise InterruptedError

    monkeypatch.setattr("rsnotes.scenes.SceneDataset", dataset)
    monkeypatch.setattr(runs, "train", stop)
    monkeypatch.setattr(pretraining, "train", stop)
    return found


def test_labels_seed_and_split_choose_the_scenes(drawn, tmp_path) -> None:
    for seed, labels, split in ((0, 1.0, "experiments-test"), (3, 0.05, "experiments-validation")):
        settings = headline.HiResNetSettings(headline.SMALL, 2, labels=labels, test_split=split)
        with pytest.raises(InterruptedError):
            headline.run(settings, seed, tmp_path)
    assert drawn == [
        Drawn("experiments-training", 128), Drawn("experiments-test", 64),
        Drawn("experiments-training", 6, start=3 * 128), Drawn("experiments-validation", 64),
    ]  # fmt: skip


@pytest.mark.parametrize("start", headline.STARTS.values())
def test_a_run_begins_with_the_weights_it_names(start, drawn, tmp_path, monkeypatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(runs, "load_backbone", lambda network, path: begun.append(path.name))
    monkeypatch.setattr(runs, "weights_path", lambda name: keep(tmp_path / f"{name}.safetensors"))
    with pytest.raises(InterruptedError):
        headline.run(headline.HiResNetSettings(headline.SMALL, 2, start), 0, tmp_path)
    assert begun == ([] if start == "nothing" else [f"{start}.safetensors"])
    assert len(drawn) == 2


def keep(path: Path) -> Path:
    path.write_bytes(b"abc")
    return path


def test_the_weights_a_run_began_with_are_named_by_their_hash(tmp_path) -> None:
    network, name = hi_resnet("final", 6, width=1 / 6, depth=1 / 4), "weights/hi_resnet_moco_short.safetensors"
    listed = json.loads(data_path("manifest.json").read_text("utf-8"))[name]
    assert runs.begin(network, data_path() / name) == listed["sha256"]
    path = tmp_path / "encoder.safetensors"
    save_weights(Encoder(thin_backbone(), 64), path, {"scenes": VERSION})
    assert runs.begin(network, path) != listed["sha256"]


RECIPES = {"moco": MILLION_AID.quick(), "supervised": VAIHINGEN.quick()}


@pytest.mark.parametrize(("method", "config"), [("moco", TEACHING), ("supervised", OTHER_SENSOR)])
def test_pretraining_sees_scenes_that_fine_tuning_does_not(method, config, drawn, tmp_path) -> None:
    with pytest.raises(InterruptedError):
        pretraining.pretrain(pretraining.EncoderSettings(RECIPES[method], 2, tiles=8), 0, tmp_path)
    (asked,) = drawn
    assert (asked.split, asked.count, asked.config) == ("experiments-training", 8, config)
    fine = [
        *headline.MODULES.seeds, *headline.PRETRAINING.seeds, *headline.TUNING.seeds, *headline.START_TUNING.seeds
    ]  # fmt: skip
    assert asked.start >= (max(fine) + 1) * headline.HiResNetSettings(headline.SMALL, 1).tiles


@pytest.mark.parametrize("method", ["moco", "supervised"])
def test_a_pretrained_backbone_arrives(method, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pretraining, "weights_path", lambda name: tmp_path / f"{name}.safetensors")
    monkeypatch.setattr(pretraining, "measure", lambda encoder: {"miou": 0.0})
    settings = pretraining.EncoderSettings(RECIPES[method], 2, tiles=8)
    found = pretraining.run_encoder(settings, 0, tmp_path / "run")
    assert [point["step"] for point in found["curve"]] == [1, 2]
    assert found["weights"] == f"hi_resnet_{'supervised' if method == 'supervised' else 'moco_short'}.safetensors"
    encoder, _ = pretraining.pretrain(settings, 0, tmp_path / "run")  # read from its checkpoint
    torch.manual_seed(5)
    network = hi_resnet("final", 6, width=1 / 6, depth=1 / 4)
    head = {name: tensor.clone() for name, tensor in network.head.state_dict().items()}
    load_backbone(network, tmp_path / found["weights"])
    for name, tensor in network.backbone.state_dict().items():
        torch.testing.assert_close(tensor, encoder.backbone.state_dict()[name], rtol=1e-3, atol=1e-5)
    assert all(torch.equal(tensor, network.head.state_dict()[name]) for name, tensor in head.items())
    torch.manual_seed(0)
    start = hi_resnet("final", 6, width=1 / 6, depth=1 / 4).backbone
    moved = [(a - b).abs().max() for a, b in zip(start.parameters(), encoder.backbone.parameters(), strict=True)]
    assert sum(bool(change > 1e-6) for change in moved) > len(moved) / 2


def test_backbones_that_do_not_fit_are_refused(tmp_path) -> None:
    network, path = hi_resnet("final", 6, width=1 / 12, depth=1 / 4), tmp_path / "encoder.safetensors"
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_backbone(network, path)
    save_weights(Encoder(thin_backbone(), 64), path, {"scenes": VERSION})
    with pytest.raises(ValueError, match="pretrain and train with the same variant, width and depth"):
        load_backbone(network, path)
    save_weights(network, path, {"scenes": "0"})
    with pytest.raises(ValueError, match="scenes version 0"):
        load_backbone(network, path)
    save_file({"head.weight": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="holds 0 tensors of a backbone"):
        load_backbone(network, path)


def test_the_shipped_encoder_is_read_back(tmp_path, monkeypatch) -> None:
    torch.manual_seed(1)
    encoder = Encoder(thin_backbone(), 64)
    save_weights(encoder, tmp_path / "hi_resnet_moco_short.safetensors", {"scenes": VERSION})
    monkeypatch.setattr("rsnotes.hi_resnet.weights.weights_path", lambda name: tmp_path / f"{name}.safetensors")
    found = load_encoder()
    assert found.training
    for ours, theirs in zip(found.parameters(), encoder.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_probe_trains_its_classifier_and_nothing_else() -> None:
    torch.manual_seed(2)
    encoder = Encoder(hi_resnet("ia", 6, width=1 / 12, depth=1 / 12).backbone, 8)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    probe = pretraining.Probe(encoder.backbone, 6)
    classifier = probe.classifier.weight.detach().clone()
    probe.train()
    assert probe.classifier.training
    assert not any(module.training for module in probe.backbone.modules())
    labelled = pretraining.InMemory(pretraining.scenes.SceneDataset("experiments-training", 2))
    recipe = SupervisedRecipe(steps=2, batch_size=2, crop=64)
    pretraining.fit(pretraining.make_fabric(), probe, labelled, recipe, 0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in encoder.state_dict().items())
    assert not torch.equal(classifier, probe.classifier.weight)


class Loud(nn.Module):
    """A backbone of two maps, whose features are as large as one likes."""

    channels = (3, 4)

    def __init__(self, factor: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.factor, self.large, self.little = factor, nn.Conv2d(3, 3, 4, 4), nn.Conv2d(3, 4, 8, 8)

    def forward(self, images: Tensor) -> list[Tensor]:
        return [self.factor * self.large(images), self.factor * self.little(images)]


def test_a_probe_does_not_mind_how_large_features_are() -> None:
    labelled = pretraining.InMemory(pretraining.scenes.SceneDataset("experiments-training", 2))
    image, found = labelled[0].image[None], []
    for factor in (16.0, 16.0 * 1024):  # powers of two, which every format multiplies by exactly
        torch.manual_seed(1)
        probe = pretraining.Probe(Loud(factor), 6)  # type: ignore[arg-type]
        recipe = SupervisedRecipe(steps=4, batch_size=2, crop=64, rate=1e-2)
        pretraining.fit(pretraining.make_fabric(), probe, labelled, recipe, 0)
        assert probe.norm.num_batches_tracked == 4
        with torch.no_grad():
            found.append(probe.eval()(image).logits)
    assert found[0].std() > 0.1
    torch.testing.assert_close(*found, atol=1e-2, rtol=1e-2)
