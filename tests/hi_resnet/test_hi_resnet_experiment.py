"""The headline experiments: what their rows are, a run of two steps, a pretrained backbone that arrives."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from rsnotes.hi_resnet import Encoder, hi_resnet, pretraining
from rsnotes.hi_resnet import experiment as headline
from rsnotes.hi_resnet.weights import load_backbone, load_encoder, thin_backbone
from rsnotes.networks.weights import save_weights
from rsnotes.scenes import VERSION
from rsnotes.training.supervised import SupervisedRecipe

torch.set_num_threads(1)


def test_the_rows_add_one_part_each() -> None:
    rows = headline.MODULES.variants
    parts = [(s.recipe.variant, "cea" in s.recipe.terms) for s in rows.values()]
    assert parts == [
        ("base", False), ("base", True), ("funnel", False), ("ia", False), ("final", False), ("final", True)
    ]  # fmt: skip
    same = {replace(s, recipe=replace(s.recipe, variant="base", terms=())) for s in rows.values()}
    assert len(same) == 1, "but for the part they are equal"
    assert headline.MODULES.against["refinement, CEA"] == "refinement"


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
    assert set(found["last_terms"]) == {f"{o}_{t}" for o in ("coarse", "refined") for t in ("gd", "lsce", "cea")}
    again = headline.run(settings, 3, tmp_path)  # nothing is left to do
    assert again == found


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
