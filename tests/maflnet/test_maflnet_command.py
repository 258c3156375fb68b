"""``python -m rsnotes maflnet``: trains on a small Vaihingen, goes on where it was stopped, refuses bad input."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file, save_file

from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, Sample, Vaihingen
from rsnotes.datasets.vaihingen import TEST, TRAIN
from rsnotes.maflnet import MAFLNetRecipe, command, tiny_student
from rsnotes.training import GradientStep

torch.set_num_threads(1)

SIDE = 64
TINY = ("--teacher", "tiny", "--crop", "32", "--batch-size", "2", "--steps", "3", "--learning-rate", "0.003",
        "--backbone-rate", "0.003")  # fmt: skip


@pytest.fixture(scope="module")
def root(small_vaihingen):
    """Vaihingen's 33 tiles; train and test share some ground."""
    return small_vaihingen((*TRAIN, *TEST), SIDE)


def train(root, out, *recipe, options=()):
    arguments = ["--root", root, "--out", out, "--workers", "0", "--every", "1", *options, "vaihingen", *TINY, *recipe]
    return main(["maflnet", "train", *map(str, arguments)])


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    """A finished run."""
    out = tmp_path_factory.mktemp("run")
    assert train(root, out) == 0
    return out


def test_the_recipe_is_the_papers_but_for_the_options(run):
    stored = json.loads((run / "recipe.json").read_text())
    assert (stored["data"], stored["crop"], stored["steps"], stored["teacher"]) == ("vaihingen", 32, 3, "tiny")
    assert (stored["mosaic"], stored["scales"]) == (0.25, [0.5, 0.75, 1.0, 1.25, 1.5])
    assert (stored["inter_weight"], stored["intra_weight"]) == (1, 1)


def test_views_are_flipped_and_not_turned(root, tmp_path, monkeypatch):
    seen = []
    loop = command.training.train
    monkeypatch.setattr(command.training, "train", lambda *a, **k: (seen.append(a[3]), loop(*a, **k)))
    assert train(root, tmp_path, "--steps", "1") == 0
    assert len(seen) == 2  # the teacher's and the student's
    down = torch.arange(64.0).expand(1, 64, 64).mT / 64  # brightness grows downwards, and so does the label
    sample = Sample(down.expand(3, 64, 64), (down[0] * 6).long())
    for augment in seen:
        views = [augment.view(sample, number) for number in range(40)]
        slopes = [view.image[0].diff(dim=0).mean() for view in views]
        assert {bool(slope > 0) for slope in slopes} == {True, False}  # up-down flips
        assert all(view.image.diff(dim=2).abs().max() < 1e-3 for view in views)  # no quarter turn


def test_a_stopped_run_ends_where_an_unstopped_one_does(root, run, tmp_path, monkeypatch):
    step = GradientStep.__call__

    def stopped(self, batch, number):
        if "L_inter" in self.weights and number == 2:
            raise KeyboardInterrupt
        return step(self, batch, number)

    monkeypatch.setattr(GradientStep, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(root, tmp_path)
    monkeypatch.undo()
    assert (tmp_path / "teacher.safetensors").exists()
    assert not (tmp_path / "student.safetensors").exists()
    assert train(root, tmp_path) == 0
    for name in ("teacher", "student"):
        once, twice = (load_file(folder / f"{name}.safetensors") for folder in (run, tmp_path))
        assert all(torch.equal(once[key], twice[key]) for key in once), name


def test_the_teacher_given_teaches_and_is_left_alone(root, run, tmp_path):
    teacher = run / "teacher.safetensors"
    before = teacher.read_bytes()
    assert train(root, tmp_path / "same", options=("--teacher-weights", teacher)) == 0
    weights = load_file(teacher)
    other = tmp_path / "other.safetensors"
    save_file(weights | {"classifier.weight": -weights["classifier.weight"]}, other)
    assert train(root, tmp_path / "other", options=("--teacher-weights", other)) == 0
    assert teacher.read_bytes() == before
    student, same, misled = (
        load_file(folder / "student.safetensors") for folder in (run, tmp_path / "same", tmp_path / "other")
    )
    assert all(torch.equal(student[key], same[key]) for key in student)
    assert not torch.equal(student["classifier.weight"], misled["classifier.weight"])


def test_the_teacher_given_is_kept_and_can_be_scored(root, run, tmp_path, capsys):
    teacher = run / "teacher.safetensors"
    assert train(root, tmp_path, options=("--teacher-weights", teacher)) == 0
    assert (tmp_path / "teacher.safetensors").read_bytes() == teacher.read_bytes()
    capsys.readouterr()
    printed = []
    for folder in (run, tmp_path):
        assert main(["maflnet", "evaluate", "--root", str(root), "--out", str(folder), "--network", "teacher"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_a_run_does_not_go_on_with_another_teacher(root, run, tmp_path, capsys):
    teacher, other, out = run / "teacher.safetensors", tmp_path / "other.safetensors", tmp_path / "out"
    weights = load_file(teacher)
    save_file(weights | {"classifier.weight": -weights["classifier.weight"]}, other)
    assert train(root, out, options=("--teacher-weights", teacher)) == 0
    assert train(root, out, options=("--teacher-weights", teacher)) == 0
    for options in ((), ("--teacher-weights", other)):
        capsys.readouterr()
        assert train(root, out, options=options) == 1
        text = capsys.readouterr().out
        assert "teacher_weights is" in text
        assert "choose another folder" in text
    assert (out / "teacher.safetensors").read_bytes() == teacher.read_bytes()


def test_a_file_that_is_no_teacher_spoils_no_folder(root, run, tmp_path, capsys):
    assert train(root, tmp_path, options=("--teacher-weights", run / "student.safetensors")) == 1
    assert train(root, tmp_path, options=("--teacher-weights", tmp_path / "nowhere.safetensors")) == 1
    assert "nowhere.safetensors: no such file" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_scores_are_those_of_the_stored_student(root, run, capsys):
    network = tiny_student(6)
    network.load_state_dict(load_file(run / "student.safetensors"))
    for split, tiles in (("test", 17), ("val", 1)):
        assert main(["maflnet", "evaluate", "--root", str(root), "--out", str(run), "--split", split]) == 0
        printed = capsys.readouterr().out
        right = total = 0
        for image, mask in Vaihingen(root, split, "maflnet", side=32):
            with torch.inference_mode():
                guess = network.eval()(image[None]).logits.argmax(1)[0]
            right, total = right + int((guess == mask).sum()), total + int((mask != IGNORE).sum())
        assert total == tiles * SIDE**2
        oa = float(re.search(r"OA ([\d.]+)", printed)[1])
        assert oa == pytest.approx(100 * right / total, abs=0.3)  # the command may compute in another arithmetic


def test_windows_leave_room_for_half_the_scale_and_score_at_the_crops_size(root):
    recipe = MAFLNetRecipe(crop=16)
    assert command.open_split(recipe, root, "train")[0].mask.shape == (32, 32)
    assert len(command.open_split(recipe, root, "train")) == 15 * 4
    assert len(command.open_split(recipe, root, "val")) == 16


def test_another_recipe_does_not_go_on_in_the_same_folder(root, run, capsys):
    assert train(root, run, "--inter-weight", "2") == 1
    text = capsys.readouterr().out
    assert "inter_weight is 2.0, was 1.0" in text
    assert "choose another folder" in text


def test_networks_are_built_from_the_files_given(monkeypatch):
    calls = {}
    monkeypatch.setattr(command, "maflnet_teacher", lambda *a, **k: calls.update(teacher=(a, k)))
    monkeypatch.setattr(command, "maflnet_student", lambda *a, **k: calls.update(student=(a, k)))
    command.build(MAFLNetRecipe(), "teacher", 6, "trunk.safetensors")
    command.build(MAFLNetRecipe(), "student", 6, True)
    assert calls["teacher"] == (("sam2_hiera_tiny", 6), {"pretrained": "trunk.safetensors"})
    assert calls["student"] == ((6,), {"pretrained": True})


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("train", "--root", "nowhere", "--out", "{out}", "--pretrained", "vaihingen"), "nowhere: no such folder"),
        (("train", "--root", "nowhere", "--out", "{out}", "vaihingen"), "is frozen and would stay random"),
        (("evaluate", "--root", "nowhere", "--out", "{out}"), "recipe.json: no such file"),
    ],
)
def test_bad_input_gets_one_line(arguments, named, tmp_path, capsys):
    assert main(["maflnet", *(argument.format(out=tmp_path) for argument in arguments)]) == 1
    text = capsys.readouterr().out
    assert named in text
    assert len(text.strip().splitlines()) == 1
