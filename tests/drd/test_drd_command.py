"""``python -m rsnotes drd``: trains on a small copy of Vaihingen, goes on where it was stopped, refuses bad input."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file

from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, ISPRS, Vaihingen
from rsnotes.datasets.vaihingen import TRAIN
from rsnotes.drd import command
from rsnotes.drd.step import DRDStep
from rsnotes.networks import pspnet

torch.set_num_threads(1)

TINY = ("--teacher", "resnet10t", "--student", "resnet10t", "--student-width", "0.0625", "--crop", "48",
        "--batch-size", "2", "--steps", "3", "--critic-width", "2", "--learning-rate", "0.05")  # fmt: skip


@pytest.fixture(scope="module")
def root(small_vaihingen):
    """Vaihingen's 16 labelled tiles."""
    return small_vaihingen(TRAIN, 56)


def train(root, out, *recipe, options=()):
    arguments = ["--root", root, "--out", out, "--workers", "0", "--every", "1", *options, "vaihingen", *TINY, *recipe]
    return main(["drd", "train", *map(str, arguments)])


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    """A finished run."""
    out = tmp_path_factory.mktemp("run")
    assert train(root, out) == 0
    return out


def test_the_recipe_is_the_papers_but_for_the_options(run):
    stored = json.loads((run / "recipe.json").read_text())
    assert (stored["data"], stored["crop"], stored["steps"]) == ("vaihingen", 48, 3)
    assert (stored["lambda_1"], stored["lambda_2"], stored["lambda_3"]) == (10, 0.1, 25)
    assert stored["terms"] == ["L_P", "L_Adv", "L_S", "L_C"]


def test_a_stopped_run_ends_where_an_unstopped_one_does(root, run, tmp_path, monkeypatch):
    step = DRDStep.__call__

    def stopped(self, batch, number):
        if self.distillation.teacher is not None and number == 2:
            raise KeyboardInterrupt
        return step(self, batch, number)

    monkeypatch.setattr(DRDStep, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(root, tmp_path)
    monkeypatch.undo()
    assert not (tmp_path / "student.safetensors").exists()
    assert train(root, tmp_path) == 0
    for name in ("teacher", "student"):
        once, twice = (load_file(folder / f"{name}.safetensors") for folder in (run, tmp_path))
        assert all(torch.equal(once[key], twice[key]) for key in once), name


def test_the_terms_reach_the_student_and_the_given_teacher_is_used(root, run, tmp_path):
    teacher = run / "teacher.safetensors"
    before = teacher.read_bytes()
    assert train(root, tmp_path / "same", options=("--teacher-weights", teacher)) == 0
    assert train(root, tmp_path / "alone", "--terms") == 0
    assert teacher.read_bytes() == before
    assert not (tmp_path / "same" / "teacher.safetensors").exists()
    assert not (tmp_path / "alone" / "teacher.safetensors").exists()
    student, same, alone = (
        load_file(folder / "student.safetensors") for folder in (run, tmp_path / "same", tmp_path / "alone")
    )
    assert all(torch.equal(student[key], same[key]) for key in student)
    assert not torch.equal(student["classifier.weight"], alone["classifier.weight"])


def test_scores_are_those_of_the_stored_student_on_the_five_tiles(root, run, capsys):
    assert main(["drd", "evaluate", "--root", str(root), "--out", str(run)]) == 0
    printed = capsys.readouterr().out
    network = pspnet("resnet10t", len(ISPRS), 0.0625)
    network.load_state_dict(load_file(run / "student.safetensors"))
    right = total = 0
    for image, mask in Vaihingen(root, "test", "drd", side=48, pad=True):
        with torch.inference_mode():
            guess = network.eval()(image[None]).logits.argmax(1)[0]
        right, total = right + int((guess == mask).sum()), total + int((mask != IGNORE).sum())
    assert total == 5 * 56 * 56  # every pixel once
    oa = float(re.search(r"OA ([\d.]+)", printed)[1])
    assert oa == pytest.approx(100 * right / total, abs=0.2)  # the command may compute in another arithmetic
    assert printed.count("F1") == len(ISPRS) + 1


def test_another_recipe_does_not_go_on_in_the_same_folder(root, run, capsys):
    assert train(root, run, "--lambda-1", "1") == 1
    text = capsys.readouterr().out
    assert "lambda_1 is 1.0, was 10.0" in text
    assert "choose another folder" in text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("train", "--root", "nowhere", "--out", "{out}", "vaihingen"), "nowhere: no such folder"),
        (("evaluate", "--root", "nowhere", "--out", "{out}"), "recipe.json: no such file"),
    ],
)
def test_bad_input_gets_one_line(arguments, named, tmp_path, capsys):
    assert main(["drd", *(argument.format(out=tmp_path) for argument in arguments)]) == 1
    text = capsys.readouterr().out
    assert named in text
    assert len(text.strip().splitlines()) == 1


def test_streets_are_mirrored_but_never_turned():
    sample = command.Sample(torch.rand(3, 4, 6), torch.randint(0, 19, (4, 6)))
    views = [command.mirror(sample, seed) for seed in range(20)]
    straight = [torch.equal(view.image, sample.image) for view in views]
    assert 0 < sum(straight) < len(views)
    for view, same in zip(views, straight, strict=True):
        assert torch.equal(view.image, sample.image if same else sample.image.flip(-1))
        assert torch.equal(view.mask, sample.mask if same else sample.mask.flip(-1))
