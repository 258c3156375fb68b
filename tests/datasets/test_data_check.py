"""``python -m rsnotes data check``: what it says, and its exit code."""

import runpy
import sys

import numpy as np
import pytest

from rsnotes.__main__ import main

PAINTED = ("--colours", "house", "C80A1E", "field", "#1EC80A", "pond", "2832D2")


@pytest.fixture
def root(save, tmp_path, colours):
    """Two splits of one 4 x 10 image each; in training 20, 16 and 4 pixels of the classes, in test the first only."""
    rng = np.random.default_rng(0)
    ids = {"train": np.repeat([0, 1, 2], [20, 16, 4]).reshape(4, 10), "test": np.zeros((4, 10), int)}
    for split, mask in ids.items():
        image = rng.integers(0, 256, (3, 4, 10), dtype=np.uint8)
        save(tmp_path / split / "images" / f"{split}.png", image)
        painted = np.array(colours.colours, np.uint8)[mask].transpose(2, 0, 1)
        save(tmp_path / split / "masks" / f"{split}.png", painted)
    return tmp_path


def check(capsys, *arguments):
    code = main(["data", "check", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_a_sound_folder(root, capsys):
    code, text = check(capsys, "folder", root, *PAINTED)
    assert code == 0
    assert text.splitlines() == [
        "test: 1 of 1 images read",
        "  bands red, green, blue; 4x10 pixels",
        "  pixels: house 100.0 %, field 0.0 %, pond 0.0 %, ignored 0.0 %",
        "  odd: not one pixel of field, pond",
        "train: 1 of 1 images read",
        "  bands red, green, blue; 4x10 pixels",
        "  pixels: house 50.0 %, field 40.0 %, pond 10.0 %, ignored 0.0 %",
        "no problems",
    ]


def test_images_that_splits_share(root, capsys, save):
    copied = root / "train" / "images" / "train.png"
    (root / "test" / "images" / "test.png").write_bytes(copied.read_bytes())
    code, text = check(capsys, "folder", root, *PAINTED)
    assert code == 1
    twin = root / "test" / "images" / "test.png"
    assert f"- test and train overlap: {twin} and {copied} have the same pixels. Drop one" in text


def test_an_image_without_one_valid_pixel(root, capsys, save):
    save(root / "train" / "masks" / "train.png", np.zeros((3, 4, 10), np.uint8))
    code, text = check(capsys, "folder", root, *PAINTED, "--ignored", "000000")
    assert code == 1
    assert f"- train: {root / 'train' / 'images' / 'train.png'}: not one pixel is valid. Take it out" in text


def test_the_folder_here_has_a_name(root, capsys, monkeypatch):
    monkeypatch.chdir(root / "train")
    assert check(capsys, "folder", ".", *PAINTED)[1].startswith("train: 1 of 1 images read")


def test_twins_in_one_split(root, capsys):
    for kind in ("images", "masks"):
        picture = root / "train" / kind / "train.png"
        (root / "train" / kind / "copy.png").write_bytes(picture.read_bytes())
    code, text = check(capsys, "folder", root, *PAINTED)
    assert code == 1
    images = root / "train" / "images"
    assert f"- train: {images / 'copy.png'} and {images / 'train.png'} have the same pixels. Drop one" in text


def test_every_bad_file_is_told_and_the_others_are_still_read(root, capsys, save):
    save(root / "train" / "images" / "small.png", np.zeros((3, 4, 9), np.uint8))
    save(root / "train" / "masks" / "small.png", np.zeros((3, 4, 10), np.uint8))
    save(root / "train" / "images" / "black.png", np.zeros((3, 2, 2), np.uint8))
    save(root / "train" / "masks" / "black.png", np.zeros((3, 2, 2), np.uint8))
    cut = root / "test" / "images" / "test.png"
    cut.write_bytes(cut.read_bytes()[:60])
    code, text = check(capsys, "folder", root, *PAINTED)
    assert code == 1
    assert "test: 0 of 1 images read" in text
    assert "train: 1 of 3 images read" in text
    assert "3 problems:" in text
    assert "small.png: 4x10 pixels, its image" in text
    assert "#000000 on 4 pixels (nearest is house #C80A1E)" in text
    assert "test.png: cannot be read" in text


def test_ignored_colours_and_bands_are_options(root, capsys, save):
    mask = np.zeros((3, 4, 10), np.uint8)
    mask[:, 0] = np.array([[40], [50], [210]])  # a row of pond, three of the ignored colour
    save(root / "train" / "masks" / "train.png", mask)
    code, text = check(capsys, "folder", root, *PAINTED, "--ignored", "000000")
    assert code == 0
    assert "ignored 75.0 %" in text
    assert "odd: more than half of the pixels are ignored" in text
    code, text = check(capsys, "folder", root, *PAINTED, "--bands", "grey")
    assert code == 1
    assert "3 bands where 1 are expected (grey)" in text


def test_index_masks(tmp_path, capsys, save):
    save(tmp_path / "images" / "a.tif", np.full((1, 2, 2), 300, np.uint16))
    save(tmp_path / "masks" / "a.png", np.array([[0, 1], [1, 9]], np.uint8))
    options = ("--bands", "height", "--indices", "low", "0", "high", "1", "--ignored", "9", "--value-range", "0", "500")
    code, text = check(capsys, "folder", tmp_path, *options)
    assert code == 0
    assert "pixels: low 25.0 %, high 50.0 %, ignored 25.0 %" in text


def test_a_folder_without_masks_has_its_images_checked(tmp_path, capsys, save):
    save(tmp_path / "images" / "a.png", np.zeros((3, 2, 2), np.uint8))
    code, text = check(capsys, "folder", tmp_path, *PAINTED)
    assert code == 0
    assert "1 of 1 images read" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["folder", "{root}"], "name them with --colours"),
        (["folder", "{root}", "--colours", "house", "red"], "'red' is no colour; write it as RRGGBB"),
        (["folder", "{root}/train/images", *PAINTED], 'no folder "images"'),
        (["folder", "{root}/nowhere", *PAINTED], "nowhere: no such folder"),
        (["vaihingen", "{root}/nowhere"], "nowhere: no such folder"),
        (["vaihingen", "{root}"], "nothing there of the split isprs train"),
        (["potsdam", "{root}", "--paper", "prune_quantize"], "no splits of 'prune_quantize'"),
    ],
)
def test_what_cannot_be_checked(root, capsys, arguments, message):
    code, text = check(capsys, *(argument.format(root=root) for argument in arguments))
    assert code == 1
    assert message in text


def test_missing_tiles_are_problems_unless_partial(tmp_path, capsys, save):
    for tile in ("2_10", "2_11"):
        image = np.random.default_rng(len(tile) + int(tile[-1])).integers(0, 256, (3, 4, 4), dtype=np.uint8)
        save(tmp_path / "2_Ortho_RGB" / f"top_potsdam_{tile}_RGB.tif", image, photometric="RGB")
        white = np.full((3, 4, 4), 255, np.uint8)
        save(tmp_path / f"top_potsdam_{tile}_label.tif", white, photometric="RGB")
    code, text = check(capsys, "potsdam", tmp_path, "--paper", "drd")
    assert code == 1
    assert "train: 1 of 17 images read" in text
    assert "test: 1 of 7 images read" in text
    rest = "2_12 (image), 4_10 (image), 5_11 (image), 6_7 (image), 7_8 (image), 7_10 (image)"
    assert f"- test: missing {rest}" in text
    assert "2 problems:" in text
    code, text = check(capsys, "potsdam", tmp_path, "--paper", "drd", "--partial")
    assert code == 0
    assert f"test: missing {rest}" in text


def test_cityscapes(tmp_path, capsys, save):
    rng = np.random.default_rng(0)
    for split, city in (("train", "aachen"), ("val", "lindau")):
        frame = f"{city}_000000_000019"
        image = rng.integers(0, 256, (3, 4, 8), dtype=np.uint8)
        save(tmp_path / "leftImg8bit" / split / city / f"{frame}_leftImg8bit.png", image)
        ids = np.full((4, 8), 7, np.uint8)  # road
        save(tmp_path / "gtFine" / split / city / f"{frame}_gtFine_labelIds.png", ids)
    code, text = check(capsys, "cityscapes", tmp_path)
    assert code == 1
    assert "val: 1 of 1 images read" in text
    assert "pixels: road 100.0 %" in text
    assert "nothing there of the split Cityscapes test" in text


def test_uavid_whose_labels_of_the_test_split_are_withheld(tmp_path, capsys, save):
    rng = np.random.default_rng(0)
    painted = np.zeros((3, 4, 8), np.uint8)  # clutter
    painted[:, :2] = np.array([128, 64, 128], np.uint8)[:, None, None]  # road
    for split in ("train", "val", "test"):
        folder = tmp_path / f"uavid_{split}" / "seq1"
        save(folder / "Images" / "000000.png", rng.integers(0, 256, (3, 4, 8), dtype=np.uint8))
        if split != "test":
            save(folder / "Labels" / "000000.png", painted)
    code, text = check(capsys, "uavid", tmp_path)
    assert code == 0
    assert "train: 1 of 1 images read\n  bands red, green, blue; 4x8 pixels" in text
    assert "road 50.0 %" in text
    assert "clutter 50.0 %" in text
    assert "ignored 100.0 %" in text


def test_the_command_exits_with_the_code(root, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rsnotes", "data", "check", "folder", str(root)])
    monkeypatch.delitem(sys.modules, "rsnotes.__main__")
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("rsnotes", run_name="__main__")
    assert caught.value.code == 1
    assert "name them with --colours" in capsys.readouterr().out
