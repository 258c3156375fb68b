"""The headline experiments: what their rows are, a run of two steps, a pretrained backbone that arrives."""

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import save_file

from rsnotes import data_path
from rsnotes.hi_resnet import Encoder, hi_resnet, pretraining, runs
from rsnotes.hi_resnet import experiment as headline
from rsnotes.hi_resnet.weights import load_backbone, load_encoder, thin_backbone
from rsnotes.networks.weights import save_weights
from rsnotes.scenes import OTHER_SENSOR, TEACHING, VERSION, SceneConfig, SceneDataset
from rsnotes.training.supervised import SupervisedRecipe

torch.set_num_threads(1)


def test_the_rows_add_one_part_each() -> None:
    rows = dict(headline.MODULES.variants)
    assert rows.pop(headline.LONG_BASE) == replace(rows["base"], steps=2 * rows["base"].steps)
    same = {replace(s, recipe=replace(s.recipe, variant="base", terms=())) for s in rows.values()}
    assert len(same) == 1, "but for the part they are equal"
    parts = [(s.recipe.variant, "cea" in s.recipe.terms) for s in rows.values()]
    assert parts == [
        ("base", False), ("base", True), ("funnel", False), ("ia", False), ("final", False), ("final", True)
    ]  # fmt: skip
    assert headline.MODULES.against["refinement, CEA"] == "refinement"


def test_the_sweep_tries_the_first_and_the_last_row() -> None:
    rows = headline.MODULES.variants
    for name, trial in headline.TUNING.variants.items():
        row, rate = name.split(", rate ")
        recipe = rows["base" if row == "base" else "refinement, CEA"].recipe
        assert trial.recipe == replace(recipe, learning_rate=float(rate))
        assert trial.test_split == "experiments-validation"
    assert headline.SMALL.learning_rate in {trial.recipe.learning_rate for trial in headline.TUNING.variants.values()}


def test_the_ways_to_begin_differ_in_start_and_labels_alone() -> None:
    rows = headline.PRETRAINING.variants
    assert {(s.start, s.labels) for s in rows.values()} == {
        (start, labels) for start in headline.STARTS.values() for labels in (1.0, 0.05)
    }
    assert len({replace(s, start="nothing", labels=1.0) for s in rows.values()}) == 1
    for variant, other in headline.PRETRAINING.against.items():
        assert rows[variant].labels == rows[other].labels
        assert rows[other].start == "nothing"
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


@pytest.mark.parametrize(("method", "config"), [("moco", TEACHING), ("supervised", OTHER_SENSOR)])
def test_pretraining_sees_scenes_that_fine_tuning_does_not(method, config, drawn, tmp_path) -> None:
    with pytest.raises(InterruptedError):
        pretraining.pretrain(pretraining.EncoderSettings(method, 2, tiles=8), 0, tmp_path)
    (asked,) = drawn
    assert (asked.split, asked.count, asked.config) == ("experiments-training", 8, config)
    fine = [*headline.MODULES.seeds, *headline.PRETRAINING.seeds, *headline.TUNING.seeds]
    assert asked.start >= (max(fine) + 1) * headline.HiResNetSettings(headline.SMALL, 1).tiles


@pytest.mark.parametrize("method", ["moco", "supervised"])
def test_a_pretrained_backbone_arrives(method, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pretraining, "weights_path", lambda name: tmp_path / f"{name}.safetensors")
    monkeypatch.setattr(pretraining, "measure", lambda encoder: {"miou": 0.0})
    settings = pretraining.EncoderSettings(method, 2, tiles=8)
    found = pretraining.run_encoder(settings, 0, tmp_path / "run")
    assert [point["step"] for point in found["curve"]] == [1, 2]
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
