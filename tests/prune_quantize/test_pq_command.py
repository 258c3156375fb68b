"""``python -m rsnotes prune_quantize``: the four rows on a small copy of Vaihingen, resumed, refused on bad input."""

import json
import re
import shutil

import onnx
import pytest
import torch
from onnx import numpy_helper
from safetensors.torch import load_file

from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, Vaihingen
from rsnotes.datasets.sample import Sample
from rsnotes.datasets.vaihingen import TRAIN
from rsnotes.metrics.cost import parameters
from rsnotes.prune_quantize import command as pq
from rsnotes.prune_quantize import load_pruned, prune

torch.set_num_threads(1)

TINY = ("--backbone", "resnet18", "--width", "0.0625", "--no-pretrained", "--crop", "48", "--batch-size", "8",
        "--epochs", "1", "--retraining-epochs", "1", "--rounds", "2", "--kept", "0.5", "--calibration", "2",
        "--learning-rate", "0.05")  # fmt: skip


@pytest.fixture(scope="module")
def root(small_vaihingen):
    """Vaihingen's 16 labelled tiles."""
    return small_vaihingen(TRAIN, 48)


def train(root, out, *recipe):
    arguments = ["--root", root, "--out", out, "--workers", "0", "--every", "1", "vaihingen", *TINY, *recipe]
    return main(["prune_quantize", "train", *map(str, arguments)])


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    """A finished run."""
    out = tmp_path_factory.mktemp("run")
    assert train(root, out) == 0
    return out


def rows(text):
    """Figures by the name of the row."""
    found = re.findall(r"^(whole|pruned)(, quantized)? +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)M$", text, re.M)
    return {a + b: [float(x) for x in figures] for a, b, *figures in found}


def test_the_recipe_is_the_papers_but_for_the_options(run):
    stored = json.loads((run / "recipe.json").read_text())
    assert (stored["data"], stored["momentum"], stored["weight_decay"]) == ("vaihingen", 0.9, 1e-3)
    assert (stored["crop"], stored["rounds"], stored["weight_bits"]) == (48, 2, 8)


def test_the_four_rows_are_those_of_the_files(root, run, capsys):
    assert main(["prune_quantize", "evaluate", "--root", str(root), "--out", str(run)]) == 0
    found = rows(capsys.readouterr().out)
    assert list(found) == ["whole", "whole, quantized", "pruned", "pruned, quantized"]
    whole, pruned = (load_pruned(run / f"{name}.safetensors") for name in ("network", "pruned"))
    assert parameters(pruned) <= 0.5 * parameters(whole)
    right = total = 0
    for image, mask in Vaihingen(root, "test", "prune_quantize", side=48, pad=True):
        with torch.inference_mode():
            guess = pruned(image[None]).logits.argmax(1)[0]
        right, total = right + int((guess == mask).sum()), total + int((mask != IGNORE).sum())
    assert found["pruned"][0] == pytest.approx(100 * right / total, abs=0.1)
    for name in ("whole", "pruned"):
        assert found[f"{name}, quantized"][3] == pytest.approx(found[name][3] / 4, rel=0.02)
        assert found[f"{name}, quantized"][4] == found[name][4]
    assert found["pruned"][3] < 0.55 * found["whole"][3]


def test_the_pruned_network_runs_in_eight_bits(run):
    counts = [node.op_type for node in onnx.load(run / "int8.onnx").graph.node]
    assert counts.count("Conv") == 29
    assert counts.count("DequantizeLinear") > 29 + 29


def test_the_file_has_weights_that_kernels_without_vnni_add_up_exactly(root, run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pq, "kernel_bits", lambda: 7)
    shutil.copytree(run, tmp_path / "run")
    assert main(["prune_quantize", "evaluate", "--root", str(root), "--out", str(tmp_path / "run")]) == 0
    assert len(rows(capsys.readouterr().out)) == 4
    stored = [numpy_helper.to_array(t) for t in onnx.load(tmp_path / "run" / "int8.onnx").graph.initializer]
    weights = [array for array in stored if array.dtype == "int8" and array.ndim == 4]
    assert len(weights) == 31
    assert (min(w.min() for w in weights), max(w.max() for w in weights)) == (-64, 63)


def test_retraining_changes_weights_and_not_widths(run):
    before, after = (load_file(run / f"{name}.safetensors") for name in ("pruned-not-retrained", "pruned"))
    assert {k: v.shape for k, v in before.items()} == {k: v.shape for k, v in after.items()}
    assert not torch.equal(before["classifier.weight"], after["classifier.weight"])
    assert torch.equal(before["upsample.weight"], after["upsample.weight"])  # frozen


def test_a_run_stopped_while_pruning_ends_where_an_unstopped_one_does(root, run, tmp_path, monkeypatch):
    def stopped(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "prune", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(root, tmp_path)
    monkeypatch.setattr(pq, "prune", prune)
    assert (tmp_path / "network.safetensors").exists()
    assert train(root, tmp_path) == 0
    once, twice = (load_file(folder / "pruned.safetensors") for folder in (run, tmp_path))
    assert all(torch.equal(once[key], twice[key]) for key in once)


def test_another_recipe_does_not_go_on_in_the_same_folder(root, run, capsys):
    assert train(root, run, "--rounds", "3") == 1
    text = capsys.readouterr().out
    assert "rounds is 3, was 2" in text
    assert "choose another folder" in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("train", "--root", "nowhere", "--out", "{out}", "vaihingen"), "nowhere: no such folder"),
        (("train", "--root", "nowhere", "--out", "{out}", "uavid"), "nowhere: no such folder"),
        (("evaluate", "--root", "nowhere", "--out", "{out}"), "recipe.json: no such file"),
    ],
)
def test_bad_input_gets_one_line(arguments, named, tmp_path, capsys):
    assert main(["prune_quantize", *(argument.format(out=tmp_path) for argument in arguments)]) == 1
    text = capsys.readouterr().out
    assert named in text
    assert len(text.strip().splitlines()) == 1


@pytest.mark.parametrize(("wanted", "seen"), [(3, [0, 3, 6]), (10, list(range(10))), (40, list(range(10)))])
def test_calibration_images_are_spread_over_the_data_set(monkeypatch, wanted, seen):
    """Windows come tile by tile: the first ones would all be of one tile."""
    samples = [Sample(torch.full((3, 8, 8), float(k)), torch.zeros(8, 8, dtype=torch.int64)) for k in range(10)]
    logged = []
    monkeypatch.setattr(pq, "choose_formats", lambda folded, images, **bits: logged.extend(images) or {})
    pq.plan(pq.PruneQuantizeRecipe(calibration=wanted), None, samples)
    assert [float(image.mean()) for image in logged] == seen
