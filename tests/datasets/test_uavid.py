"""The UAVid reader, on a tiny copy of its folders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsnotes.datasets import IGNORE, DataError
from rsnotes.datasets.uavid import CLASSES, UAVid

COLOURS = {
    "building": (128, 0, 0), "road": (128, 64, 128), "tree": (0, 128, 0), "low vegetation": (128, 128, 0),
    "moving car": (64, 0, 128), "static car": (192, 0, 192), "human": (64, 64, 0), "clutter": (0, 0, 0),
}  # fmt: skip
"""As the UAVid tool kit paints them."""


def write(root: Path, place: str, ids: np.ndarray, labels: bool = True, seed: int = 0) -> np.ndarray:
    """A frame at ``uavid_train/seq1/*/000000.png``, given as "uavid_train/seq1/000000"."""
    rgb = np.random.default_rng(seed).integers(0, 256, (*ids.shape, 3), dtype=np.uint8)
    folder, name = (root / place).parent, (root / place).name
    painted = np.array(list(COLOURS.values()), np.uint8)[ids]
    for kind, pixels in (("Images", rgb), ("Labels", painted)):
        if kind == "Images" or labels:
            (folder / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / kind / f"{name}.png")
    return rgb


def test_colours_become_ids_and_black_is_a_class(tmp_path: Path) -> None:
    ids = np.arange(8).reshape(2, 4)
    rgb = write(tmp_path, "uavid_train/seq2/000100", ids)
    write(tmp_path, "uavid_train/seq1/000000", ids, seed=1)
    data = UAVid(tmp_path, size=None)
    assert [data.where(k)[0] for k in range(len(data))] == ["seq1/000000", "seq2/000100"]
    sample = data[1]
    assert sample.mask.tolist() == ids.tolist()
    assert [CLASSES.names[k] for k in sample.mask.flatten()] == list(COLOURS)
    assert CLASSES.counted == (True,) * 8
    np.testing.assert_allclose(sample.image.numpy(), rgb.transpose(2, 0, 1) / 255, atol=1e-6)
    assert data.bands == ("red", "green", "blue")


def test_frames_are_resized_and_their_labels_stay_labels(tmp_path: Path) -> None:
    ids = np.kron(np.arange(8).reshape(2, 4), np.ones((8, 8), int))  # (16, 32), blocks of 8 × 8
    rgb = write(tmp_path, "uavid_val/seq16/000000", ids)
    sample = UAVid(tmp_path, "val", size=(4, 8))[0]
    assert sample.image.shape == (3, 4, 8)
    assert sample.mask.dtype == torch.int64
    assert sample.mask.tolist() == np.kron(np.arange(8).reshape(2, 4), np.ones((2, 2), int)).tolist()
    # smoothed before it is thinned out: much less contrast than every fourth pixel has
    assert sample.image.std() < 0.6 * (rgb[::4, ::4] / 255).std()
    assert UAVid(tmp_path, "val")[0].mask.shape == (540, 960)


@pytest.mark.parametrize("folder", ["uavid_val", "uavid_valid", "valid"])
def test_the_validation_folder_has_several_names(tmp_path: Path, folder: str) -> None:
    write(tmp_path, f"{folder}/seq16/000000", np.zeros((4, 4), int))
    assert len(UAVid(tmp_path, "val")) == 1


def test_the_test_split_has_no_labels(tmp_path: Path) -> None:
    write(tmp_path, "uavid_test/seq21/000000", np.zeros((4, 4), int), labels=False)
    assert (UAVid(tmp_path, "test", size=None)[0].mask == IGNORE).all()
    assert (UAVid(tmp_path, "test", size=(2, 2))[0].mask == IGNORE).all()


def test_windows_are_cut_from_frames_as_they_are(tmp_path: Path) -> None:
    ids = np.kron(np.array([[0, 6]]), np.ones((4, 4), int))
    write(tmp_path, "uavid_train/seq1/000000", ids)
    data = UAVid(tmp_path, size=None, side=4)
    assert [data[k].mask.unique().tolist() for k in range(2)] == [[0], [6]]
    with pytest.raises(ValueError, match="pass size=None with side="):
        UAVid(tmp_path, side=4)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing there of the split UAVid train"):
        UAVid(tmp_path)
    with pytest.raises(ValueError, match="no split 'valid'; it has train, val, test"):
        UAVid(tmp_path, "valid")
    write(tmp_path, "uavid_train/seq1/000000", np.zeros((4, 4), int))
    write(tmp_path, "uavid_train/seq1/000100", np.zeros((4, 4), int), labels=False)
    with pytest.raises(DataError, match=r"lacks seq1/000100 \(labels\)"):
        UAVid(tmp_path)
    assert UAVid(tmp_path, partial=True).missing == ("seq1/000100 (labels)",)
