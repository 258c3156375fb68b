"""``python -m rsnotes mkd_ssl``: the whole way on tiny copies of HW and Erhai; streets keep their upright."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from rasterio.transform import from_origin
from safetensors.torch import load_file

from rsnotes.__main__ import main
from rsnotes.datasets import Sample
from rsnotes.datasets.erhai import CLASSES, Erhai
from rsnotes.mkd_ssl import command
from rsnotes.mkd_ssl.mean_teacher import MeanTeacherStep
from rsnotes.networks import deeplab_hrnet

torch.set_num_threads(1)

SIDE = 64
TINY = ("--backbone", "hrnet_w18_small", "--width", "0.0625", "--crop", str(SIDE), "--batch-size", "2", "--epochs", "1",
        "--teacher-epochs", "1", "--ohem-kept", "100", "--labelled", "0.5", "--fisher-samples", "1",
        "--learning-rate", "0.05")  # fmt: skip


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Ten images of HW; four training, one test and two unlabelled crops of Erhai."""
    import rasterio

    rng = np.random.default_rng(0)

    def save(path, array, left=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        array = array if array.ndim == 3 else array[None]
        place = {} if left is None else {"crs": "EPSG:32647", "transform": from_origin(left * SIDE, 0, 1, 1)}
        with rasterio.open(
            path, "w", driver="GTiff", count=len(array), height=SIDE, width=SIDE, dtype="uint8", **place
        ) as file:
            file.write(array)

    hw, erhai = tmp_path_factory.mktemp("hw"), tmp_path_factory.mktemp("erhai")
    for k in range(5):
        save(hw / "images" / f"{k}.tif", rng.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8))
        save(hw / "masks" / f"{k}.tif", rng.integers(0, 17, (SIDE, SIDE), dtype=np.uint8))
    colours = np.array(CLASSES.colours, np.uint8)
    for k in range(7):
        save(erhai / "JPEGImages" / f"{k}.tif", rng.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8), k)
        if k < 5:
            mask = colours[rng.integers(0, 6, (SIDE, SIDE))].transpose(2, 0, 1)
            save(erhai / "SegmentationClass" / f"{k}.tif", mask, k)
    (erhai / "splits").mkdir()
    for name, members in {"train": "0123", "test": "4", "unlabeled": "56"}.items():
        (erhai / "splits" / f"{name}.txt").write_text("\n".join(members))
    return hw, erhai


def train(roots, out, *recipe, options=()):
    bridge, target = roots
    given = ["--bridge", bridge, "--target", target, "--out", out, "--workers", "0", *options, "erhai", *TINY, *recipe]
    return main(["mkd_ssl", "train", *map(str, given)])


@pytest.fixture(scope="module")
def finished(roots, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert train(roots, out) == 0
    return out


def test_the_way_leaves_two_stages_and_a_semi_supervised_one(finished):
    stored = json.loads((finished / "recipe.json").read_text())
    assert (stored["temperature"], stored["ema_decay"], stored["width"]) == (3, 0.999, 0.0625)
    first, second = (load_file(finished / f"stage{k}" / "student.safetensors") for k in (1, 2))
    assert len(first["classifier.weight"]) == 17
    assert len(second["classifier.weight"]) == 6
    taught = load_file(finished / "stage2" / "teacher.safetensors")
    assert all(torch.equal(taught[key], first[key]) for key in first if not key.startswith("classifier"))
    student, teacher = (load_file(finished / f"{name}.safetensors") for name in ("student", "teacher"))
    assert not torch.equal(student["classifier.weight"], second["classifier.weight"])
    # one step of the semi-supervised stage: at t = 0 the warm-up copies the student
    assert all(torch.equal(teacher[key], student[key]) for key in student)


def test_evaluate_scores_the_stored_network_on_the_test_crop(roots, finished, capsys):
    assert main(["mkd_ssl", "evaluate", "--target", str(roots[1]), "--out", str(finished)]) == 0
    printed = capsys.readouterr().out
    network = deeplab_hrnet(6, "psa", "hrnet_w18_small", 0.0625).eval()
    network.load_state_dict(load_file(finished / "teacher.safetensors"))
    image, mask = Erhai(roots[1], "test")[0]
    with torch.inference_mode():
        right = (network(image[None]).logits.argmax(1)[0] == mask).float().mean()
    assert float(re.search(r"OA ([\d.]+)", printed)[1]) == pytest.approx(100 * right.item(), abs=0.5)
    assert printed.count("IoU") == 7


def test_another_recipe_is_refused_and_a_finished_run_is_not_repeated(roots, finished, capsys, monkeypatch):
    assert train(roots, finished, "--temperature", "1") == 1
    assert "temperature is 1.0, was 3.0" in capsys.readouterr().out
    monkeypatch.setattr(MeanTeacherStep, "__call__", lambda *given: pytest.fail("trained again"))
    assert train(roots, finished) == 0


def test_stages_are_the_papers_and_the_literal_reading_is_an_option(roots):
    recipe = command.MKDRecipe(batch_size=2, epochs=3, teacher_epochs=1, labelled=0.5)
    data = command.open_data(recipe, *roots, seed=0)
    first, second = command.stages(recipe, data)
    assert (first.teacher, second.teacher, first.student, second.student) == ("decoder", "classifier", *["random"] * 2)
    assert (first.steps, second.steps) == (2 + 6, 1 + 3)
    assert command.stages(recipe, data, literal_teacher=True)[0].teacher == "classifier"
    assert len(data["pool"].samples) == 4  # two listed, two whose labels are left out
    half = command.open_data(command.MKDRecipe(labelled=0.5, unlabelled=0.5), *roots, seed=0)
    assert len(half["pool"].samples) == 2
    assert "pool" not in command.open_data(command.MKDRecipe(unlabelled=0.0), *roots, seed=0)


def test_a_share_of_the_pool_is_drawn_at_random_from_listed_and_left_out_alike(roots):
    def drawn(seed, share=0.5):
        recipe = command.MKDRecipe(labelled=0.5, unlabelled=share)
        subset = command.open_data(recipe, *roots, seed=seed)["pool"].samples
        return frozenset(subset.dataset.pairs[k].name for k in subset.indices)

    parts = {seed: drawn(seed) for seed in range(6)}
    assert len(set(parts.values())) > 2
    assert any(part & {"5", "6"} for part in parts.values())  # those of the list, behind the left-out ones
    assert all(part == drawn(seed) < drawn(seed, 0.75) for seed, part in parts.items())


def test_unlabelled_test_ground_is_refused_by_the_command_unless_it_is_told_to_go_on(roots, tmp_path, capsys):
    copy = tmp_path / "erhai"
    shutil.copytree(roots[1], copy)
    (copy / "splits" / "unlabeled.txt").write_text("5\n6\n4")
    assert train((roots[0], copy), tmp_path / "out") == 1
    assert "4.tif: an unlabelled crop that shows ground of the test crop 4.tif" in capsys.readouterr().out
    recipe = command.MKDRecipe(labelled=0.5)
    assert len(command.open_data(recipe, roots[0], copy, 0, overlapping=True)["pool"].samples) == 5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("train", "--bridge", "nowhere", "--target", "nowhere", "--out", "{out}", "erhai"), "nowhere: no such folder"),
        (("evaluate", "--target", "nowhere", "--out", "{out}"), "recipe.json: no such file"),
    ],
)
def test_bad_input_gets_one_line(arguments, named, tmp_path, capsys):
    assert main(["mkd_ssl", *(argument.format(out=tmp_path) for argument in arguments)]) == 1
    text = capsys.readouterr().out
    assert named in text
    assert len(text.strip().splitlines()) == 1


def test_streets_are_mirrored_but_never_turned():
    sample, view = Sample(torch.rand(3, 8, 8), torch.randint(0, 19, (8, 8))), command.street_view(8)
    for seed, mirrored in ((1, False), (2, True)):
        image, mask = view(sample, seed)
        assert torch.equal(image, sample.image.flip(-1) if mirrored else sample.image)
        assert torch.equal(mask, sample.mask.flip(-1) if mirrored else sample.mask)
