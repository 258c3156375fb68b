"""The Cityscapes reader, on a tiny copy of its folders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsnotes.datasets import IGNORE, DataError
from rsnotes.datasets.cityscapes import CLASSES, Cityscapes

TRAIN_IDS = {
    7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14,
    28: 15, 31: 16, 32: 17, 33: 18,
}  # fmt: skip
"""As cityscapesScripts lists them; every other id from 0 to 33 is ignored."""


def write(root: Path, split: str, city: str, number: int, ids: np.ndarray, labels: bool = True) -> np.ndarray:
    rgb = np.random.default_rng(number).integers(0, 256, (*ids.shape, 3), dtype=np.uint8)
    stem = f"{city}_{number:06d}_000019"
    pictures = {f"leftImg8bit/{split}/{city}/{stem}_leftImg8bit.png": rgb}
    if labels:
        pictures |= {
            f"gtFine/{split}/{city}/{stem}_gtFine_labelIds.png": ids,
            f"gtFine/{split}/{city}/{stem}_gtFine_instanceIds.png": ids,
        }
    for name, pixels in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / name)
    return rgb


def test_ids_become_train_ids_and_values_unit(tmp_path: Path) -> None:
    ids = np.arange(36, dtype=np.uint8).reshape(4, 9) % 34
    rgb = write(tmp_path, "val", "lindau", 3, ids)
    write(tmp_path, "val", "frankfurt", 0, ids.T.copy().reshape(4, 9))
    write(tmp_path, "train", "aachen", 1, ids)
    data = Cityscapes(tmp_path, "val")
    assert len(data) == 2
    assert [data.where(k)[0] for k in range(2)] == ["frankfurt_000000_000019", "lindau_000003_000019"]
    sample = data[1]
    assert sample.image.dtype == torch.float32
    np.testing.assert_allclose(sample.image.numpy(), rgb.transpose(2, 0, 1) / 255, atol=1e-6)
    assert sample.mask.dtype == torch.int64
    expected = [[TRAIN_IDS.get(int(label), IGNORE) for label in row] for row in ids]
    assert sample.mask.tolist() == expected
    assert data.bands == ("red", "green", "blue")
    assert data.classes is CLASSES


def test_class_table() -> None:
    assert len(CLASSES) == 19
    assert all(CLASSES.counted)
    assert [CLASSES.names[k] for k in (0, 7, 13, 18)] == ["road", "traffic sign", "car", "bicycle"]
    assert CLASSES.colours[CLASSES.index("sidewalk")] == (244, 35, 232)


def test_windows(tmp_path: Path) -> None:
    write(tmp_path, "train", "aachen", 1, np.full((4, 8), 7, np.uint8))
    data = Cityscapes(tmp_path, side=4)
    assert len(data) == 2
    assert data[0].image.shape == (3, 4, 4)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing there of the split Cityscapes train"):
        Cityscapes(tmp_path)
    with pytest.raises(ValueError, match="no split 'validation'; it has train, val, test"):
        Cityscapes(tmp_path, "validation")
    write(tmp_path, "train", "aachen", 1, np.zeros((4, 8), np.uint8))
    write(tmp_path, "train", "aachen", 2, np.zeros((4, 8), np.uint8), labels=False)
    with pytest.raises(DataError, match=r"lacks aachen_000002_000019 \(labels\)"):
        Cityscapes(tmp_path)
    assert Cityscapes(tmp_path, partial=True).missing == ("aachen_000002_000019 (labels)",)


def test_an_id_beyond_the_table_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "train", "aachen", 1, np.full((4, 8), 34, np.uint8))
    with pytest.raises(DataError, match="34 on 32 pixels"):
        Cityscapes(tmp_path)[0]
