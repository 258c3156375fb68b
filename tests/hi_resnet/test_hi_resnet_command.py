"""``python -m rsnotes hi_resnet``: pretrains, trains from it, goes on where it was stopped, refuses bad input."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, Vaihingen
from rsnotes.datasets.mapillary import CLASSES as VISTAS
from rsnotes.datasets.vaihingen import TEST, TRAIN
from rsnotes.hi_resnet import hi_resnet
from rsnotes.training.steps import GradientStep

torch.set_num_threads(1)

THIN = ("--width", "0.0834", "--depth", "0.0834")
TINY = (*THIN, "--crop", "32", "--dilations", "1", "2", "3", "--batch-size", "4", "--epochs", "0.75", "--warmup",
        "0.25", "--learning-rate", "0.01")  # fmt: skip


@pytest.fixture(scope="module")
def root(small_vaihingen):
    """Vaihingen's 33 tiles."""
    return small_vaihingen((*TRAIN, *TEST), 40)


def call(command, root, out, *rest):
    return main(["hi_resnet", command, "--root", str(root), "--out", str(out), *map(str, rest)])


def train(root, out, *recipe, data="vaihingen", options=()):
    return call("train", root, out, "--workers", 0, "--every", 1, *options, data, *TINY, *recipe)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """What pretraining on five images leaves, one of them too small."""
    folder, out = tmp_path_factory.mktemp("million"), tmp_path_factory.mktemp("pretrained")
    for number, side in enumerate((70, 64, 64, 100, 40)):
        path = folder / "train" / "water" / "lake" / f"P{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    options = (*THIN, "--crop", 64, "--view", 32, "--queue", 8, "--dimension", 8, "--groups", 2, "--steps", 2)
    assert call("pretrain", folder, out, "--workers", 0, *options, "--batch-size", 4) == 0
    return out / "encoder.safetensors"


@pytest.fixture(scope="module")
def run(root, encoder, tmp_path_factory):
    """A finished run from the pretrained backbone."""
    out = tmp_path_factory.mktemp("run")
    assert train(root, out, options=("--backbone", encoder)) == 0
    return out


def test_the_recipes_are_the_papers_but_for_the_options(run, encoder):
    stored = json.loads((run / "recipe.json").read_text())
    assert (stored["data"], stored["crop"], stored["variant"], stored["unit"]) == ("vaihingen", 32, "final", 64)
    assert stored["terms"] == ["gd", "lsce", "cea"]
    assert stored["scales"] == [0.5, 0.75, 1.0, 1.25, 1.5]
    assert stored["backbone"] == str(encoder)
    moco = json.loads((encoder.parent / "recipe.json").read_text())
    assert (moco["learning_rate"], moco["momentum"], moco["temperature"], moco["queue"]) == (0.015, 0.999, 0.2, 8)


def test_training_begins_from_the_pretrained_backbone(root, run, encoder, tmp_path):
    assert train(root, tmp_path, "--learning-rate", 0, options=("--backbone", encoder)) == 0
    start, found = load_file(encoder), load_file(tmp_path / "network.safetensors")
    weights = [name for name in start if name.startswith("backbone.") and name.endswith("weight")]
    assert len(weights) > 20
    assert all(torch.equal(start[name], found[name]) for name in weights)
    trained = load_file(run / "network.safetensors")
    assert not any(torch.equal(start[name], trained[name]) for name in weights)


def test_a_stopped_run_ends_where_an_unstopped_one_does(root, run, encoder, tmp_path, monkeypatch):
    step = GradientStep.__call__

    def stopped(self, batch, number):
        if number == 2:
            raise KeyboardInterrupt
        return step(self, batch, number)

    monkeypatch.setattr(GradientStep, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(root, tmp_path, options=("--backbone", encoder))
    monkeypatch.undo()
    assert not (tmp_path / "network.safetensors").exists()
    assert train(root, tmp_path, options=("--backbone", encoder)) == 0
    once, twice = (load_file(folder / "network.safetensors") for folder in (run, tmp_path))
    assert all(torch.equal(once[key], twice[key]) for key in once)


def test_scores_are_those_of_the_stored_network_on_the_seventeen_tiles(root, run, capsys):
    assert call("evaluate", root, run) == 0
    printed = capsys.readouterr().out
    network = hi_resnet("final", 6, width=0.0834, depth=0.0834, dilations=(1, 2, 3))
    network.load_state_dict(load_file(run / "network.safetensors"))
    right = total = 0
    for image, mask in Vaihingen(root, "test", "hi_resnet", side=32, pad=True):
        with torch.inference_mode():
            guess = network.eval()(image[None]).logits.argmax(1)[0]
        right, total = right + int((guess == mask).sum()), total + int((mask != IGNORE).sum())
    assert total == 17 * 40 * 40  # every pixel once
    oa = float(re.search(r"OA ([\d.]+)", printed)[1])
    assert oa == pytest.approx(100 * right / total, abs=0.3)  # the command may compute in another arithmetic


def test_loveda_trains_on_both_and_is_scored_only_if_it_did_not(tmp_path, capsys):
    root = tmp_path / "loveda"
    for number, part in enumerate(("Train", "Val")):
        for kind in ("images_png", "masks_png"):
            path = root / part / "Rural" / kind / f"{number}.png"
            path.parent.mkdir(parents=True)
            shape = (32, 64, 3) if kind == "images_png" else (32, 64)
            values = np.random.default_rng(number).integers(0, 256 if len(shape) == 3 else 8, shape, dtype=np.uint8)
            Image.fromarray(values).save(path)
    options = ("--batch-size", 2, "--epochs", 1)
    assert train(root, tmp_path / "both", *options, data="loveda") == 0
    assert "validation images were trained on" in capsys.readouterr().out
    assert train(root, tmp_path / "one", *options, "--no-validation", data="loveda") == 0
    assert "agriculture: F1" in capsys.readouterr().out
    assert call("evaluate", root, tmp_path / "both") == 0
    assert "train with --no-validation" in capsys.readouterr().out
    steps = [len(json.loads(next((tmp_path / name / "network").glob("*/state.json")).read_text())["record"]["seconds"])
             for name in ("both", "one")]  # fmt: skip
    assert steps == [2, 1]


def test_mapillary_keeps_the_squares_with_what_is_rare(tmp_path, capsys):
    root = tmp_path / "vistas"
    for split in ("training", "validation"):
        for kind, mode in (("images", "RGB"), ("labels", "P")):
            (root / split / kind).mkdir(parents=True)
            values = np.full((32, 128), 13, np.uint8)  # road
            values[3, 70] = 0  # one pixel of bird, in the third square
            picture = Image.fromarray(values, "P") if mode == "P" else Image.fromarray(np.stack([values] * 3, 2))
            if mode == "P":
                picture.putpalette([value for colour in VISTAS.colours for value in colour])
            picture.save(root / split / kind / f"a.{'png' if mode == 'P' else 'jpg'}")
    recipe = ("--keep", 2, "--batch-size", 2, "--epochs", 1)
    assert train(root, tmp_path / "out", *recipe, data="mapillary") == 0
    assert json.loads((tmp_path / "out" / "squares.json").read_text()) == [0, 2]
    assert "road: F1" in capsys.readouterr().out


@pytest.mark.parametrize("option", [("--beta", "1"), ("--variant", "base")])
def test_another_recipe_does_not_go_on_in_the_same_folder(root, run, encoder, capsys, option):
    assert train(root, run, *option, options=("--backbone", encoder)) == 1
    text = capsys.readouterr().out
    assert f"{option[0][2:]} is {float(option[1]) if option[1] == '1' else option[1]}, was" in text
    assert "choose another folder" in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("train", "--root", "nowhere", "--out", "{out}", "vaihingen"), "nowhere: no such folder"),
        (("pretrain", "--root", "nowhere", "--out", "{out}"), "nowhere: no such folder"),
        (("evaluate", "--root", "nowhere", "--out", "{out}"), "recipe.json: no such file"),
        (
            ("train", "--root", "{root}", "--out", "{out}", "--backbone", "no.st", "vaihingen", *TINY),
            "no.st: no such file",
        ),
    ],
)
def test_bad_input_gets_one_line(arguments, named, root, tmp_path, capsys):
    assert main(["hi_resnet", *(argument.format(out=tmp_path, root=root) for argument in arguments)]) == 1
    text = capsys.readouterr().out
    assert named in text
    assert len(text.strip().splitlines()) == 1
