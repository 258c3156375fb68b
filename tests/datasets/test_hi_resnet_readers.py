"""LoveDA, Million-AID and Mapillary Vistas on tiny copies of their folders, and the choice of balanced windows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, DataError, Sample
from rsnotes.datasets.balance import Chosen, balanced_subset, window_counts
from rsnotes.datasets.loveda import CLASSES as LOVEDA
from rsnotes.datasets.loveda import LoveDA
from rsnotes.datasets.mapillary import CLASSES as VISTAS
from rsnotes.datasets.mapillary import MapillaryVistas
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.million_aid import MillionAID


def paint(path: Path, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A picture of noise at ``path``; what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(path)
    return rgb


def index_picture(path: Path, values: np.ndarray, palette: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(values.astype(np.uint8), "P" if palette else "L")
    if palette:
        picture.putpalette(palette)
    picture.save(path)


def write_loveda(root: Path, place: str, values: np.ndarray | None, seed: int = 0) -> np.ndarray:
    """An image at ``Train/Urban``, given as "Train/Urban/7", with its labels if there are any."""
    part, scene, number = place.split("/")
    rgb = paint(root / part / scene / "images_png" / f"{number}.png", (2, 4), seed)
    if values is not None:
        index_picture(root / part / scene / "masks_png" / f"{number}.png", values)
    return rgb


@pytest.fixture
def loveda(tmp_path: Path) -> Path:
    values = np.arange(8).reshape(2, 4)
    for seed, place in enumerate(("Train/Rural/3", "Train/Urban/10", "Train/Urban/9", "Val/Urban/11", "Val/Rural/12")):
        write_loveda(tmp_path, place, values, seed)
    write_loveda(tmp_path, "Test/Rural/20", None, 9)
    return tmp_path


def test_loveda_has_no_data_at_zero_and_classes_from_one(loveda: Path) -> None:
    data = LoveDA(loveda, "train")
    assert [data.where(k)[0] for k in range(3)] == ["Train/Urban/9", "Train/Urban/10", "Train/Rural/3"]
    sample = data[0]
    assert sample.mask.tolist() == [[IGNORE, 0, 1, 2], [3, 4, 5, 6]]
    assert LOVEDA.names == ("background", "building", "road", "water", "barren", "forest", "agriculture")
    rgb = np.asarray(Image.open(loveda / "Train/Urban/images_png/9.png"))
    np.testing.assert_allclose(sample.image.numpy(), rgb.transpose(2, 0, 1) / 255, atol=1e-6)


def test_loveda_trains_on_training_and_validation_and_tests_without_labels(loveda: Path) -> None:
    both = LoveDA(loveda, "trainval")
    names = [pair.name for pair in both.pairs]
    assert names == [pair.name for split in ("train", "val") for pair in LoveDA(loveda, split).pairs]
    assert len(names) == 5
    assert LoveDA(loveda, "test")[0].mask.unique().tolist() == [IGNORE]
    windows = LoveDA(loveda, "train", side=2)
    assert len(windows) == 6
    assert windows[1].mask.tolist() == [[1, 2], [5, 6]]


def test_loveda_says_what_is_missing(loveda: Path) -> None:
    (loveda / "Train/Urban/masks_png/9.png").unlink()
    with pytest.raises(DataError, match=r"lacks Train/Urban/9 \(labels\)"):
        LoveDA(loveda, "trainval")
    assert LoveDA(loveda, "train", partial=True).missing == ("Train/Urban/9 (labels)",)
    with pytest.raises(ValueError, match="no split 'dev'; it has train, val, trainval, test"):
        LoveDA(loveda, "dev")
    for path in (loveda / "Val").rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match="nothing there of the split LoveDA Val"):
        LoveDA(loveda, "trainval")


@pytest.fixture
def million(tmp_path: Path) -> Path:
    places = {
        "train/agriculture/meadow/P1": (9, 8),
        "train/transport/air/airport/P2": (8, 20),
        "train/transport/air/airport/P3": (7, 30),
        "train/water/lake/P4": (16, 16),
        "test/P5": (8, 8),
    }
    for seed, (place, size) in enumerate(places.items()):
        paint(tmp_path / f"{place}.jpg", size, seed)
    return tmp_path


def test_million_aid_is_cut_into_windows_and_small_images_are_dropped(million: Path) -> None:
    data = MillionAID(million, side=8)
    assert data.dropped == ["transport/air/airport/P3"]
    assert data.scenes == ["meadow", "airport", "lake"]
    assert [data.where(k)[0].rpartition("/")[2] for k in range(len(data))] == ["P1"] * 2 + ["P2"] * 3 + ["P4"] * 4
    windows = [data.where(k)[1] for k in range(2, 5)]
    assert [window.left for window in windows if window] == [0, 8, 12]  # the last one moved back to the border
    assert all(data[k].image.shape == (3, 8, 8) for k in range(len(data)))
    assert data[0].mask.unique().tolist() == [IGNORE]
    whole = MillionAID(million, side=None)
    assert len(whole) == 4
    assert whole.dropped == []
    assert MillionAID(million, "test", side=8).scenes == [None]


def test_million_aid_says_what_is_wrong(million: Path) -> None:
    with pytest.raises(DataError, match="all 4 images are smaller than 400 pixels"):
        MillionAID(million)
    with pytest.raises(ValueError, match="no split 'val'; it has train, test"):
        MillionAID(million, "val")
    with pytest.raises(DataError, match="nothing there of the split Million-AID train"):
        MillionAID(million / "train" / "water")
    paint(million / "train/a/b/c/d/P6.jpg", (8, 8))
    with pytest.raises(DataError, match=r"P6.jpg: lies 4 folders deep"):
        MillionAID(million, side=8)


@pytest.fixture
def vistas(tmp_path: Path) -> Path:
    palette = [value for colour in VISTAS.colours for value in colour]
    values = np.arange(66).reshape(6, 11)
    paint(tmp_path / "training/images/a.jpg", (6, 11))
    index_picture(tmp_path / "training/v1.2/labels/a.png", values, palette)
    paint(tmp_path / "validation/images/b.jpg", (6, 11), 1)
    index_picture(tmp_path / "validation/labels/b.png", values[::-1], palette[::-1])
    paint(tmp_path / "testing/images/c.jpg", (6, 11), 2)
    return tmp_path


def test_vistas_are_read_by_the_index_of_the_palette(vistas: Path) -> None:
    assert MapillaryVistas(vistas)[0].mask.flatten().tolist() == list(range(66))
    assert MapillaryVistas(vistas, "val")[0].mask.tolist() == np.arange(66).reshape(6, 11)[::-1].tolist()
    assert MapillaryVistas(vistas, "test")[0].mask.unique().tolist() == [IGNORE]
    assert len(VISTAS) == 66
    assert VISTAS.counted == (True,) * 65 + (False,)
    places = {"bird": 0, "road": 13, "person": 19, "sky": 27, "car": 55, "ego vehicle": 64, "unlabelled": 65}
    assert {name: VISTAS.index(name) for name in places} == places
    assert len(set(VISTAS.names)) == 66
    # Cityscapes, whose colours Vistas took over
    assert [VISTAS.colours[VISTAS.index(name)] for name in ("road", "sky", "person", "car")] == [
        (128, 64, 128), (70, 130, 180), (220, 20, 60), (0, 0, 142)
    ]  # fmt: skip


def test_vistas_say_what_is_missing(vistas: Path) -> None:
    (vistas / "training/v1.2/labels/a.png").unlink()
    with pytest.raises(DataError, match=r"nothing there of the split Mapillary Vistas train, which should hold a"):
        MapillaryVistas(vistas)
    with pytest.raises(ValueError, match="no split 'training'; it has train, val, test"):
        MapillaryVistas(vistas, "training")


def test_balanced_windows_hold_what_is_rare() -> None:
    counts = np.array([[10, 0, 0], [10, 0, 0], [9, 1, 0], [10, 0, 0], [8, 0, 2], [10, 0, 0]])
    assert balanced_subset(counts, 2).tolist() == [2, 4]
    assert balanced_subset(counts, 3).tolist() == [0, 2, 4]  # of equals the first
    assert balanced_subset(counts, 6).tolist() == list(range(6))
    # worth: 0.9 / (57/60) + 0.1 / (1/60) = 6.95 and 0.8 / 0.95 + 0.2 / (2/60) = 6.84
    assert balanced_subset(counts, 1).tolist() == [2]
    empty = np.vstack([counts, [[0, 0, 0]]])
    assert 6 not in balanced_subset(empty, 6).tolist()
    for keep in (0, 7):
        with pytest.raises(ValueError, match=f"keep {keep} of 6 windows"):
            balanced_subset(counts, keep)


def test_windows_are_counted_and_chosen(vistas: Path) -> None:
    data = MapillaryVistas(vistas, side=3)
    counts = window_counts(data)
    assert counts.shape == (8, 66)
    assert counts[1].nonzero()[0].tolist() == [3, 4, 5, 14, 15, 16, 25, 26, 27]
    chosen = Chosen(data, [4, 1])
    assert len(chosen) == 2
    assert chosen.classes is VISTAS
    assert torch.equal(chosen[1].mask, data[1].mask)
    masked = InMemory(Chosen(data, [0]))
    masked.samples = [Sample(masked[0].image, masked[0].mask.masked_fill(masked[0].mask == 0, IGNORE))]
    assert window_counts(masked).sum() == 8


def test_a_window_without_labels_is_not_rare(vistas: Path) -> None:
    data = InMemory(MapillaryVistas(vistas, side=3))
    unlabelled = VISTAS.index("unlabelled")
    data.samples = [
        Sample(torch.zeros(3, 2, 2), torch.tensor(mask))
        for mask in ([[0, 0], [0, 0]], [[0, 0], [0, 1]], [[unlabelled] * 2] * 2, [[0, 0], [0, unlabelled]])
    ]
    counts = window_counts(data)
    assert counts.dtype == np.int64
    assert counts[:, unlabelled].sum() == 0
    assert counts[:, :2].tolist() == [[4, 0], [3, 1], [0, 0], [3, 0]]
    assert balanced_subset(counts, 3).tolist() == [0, 1, 3]
    assert balanced_subset(counts, 1).tolist() == [1]


def test_the_folder_check_knows_all_three(loveda: Path, tmp_path_factory, capsys) -> None:
    assert main(["data", "check", "loveda", str(loveda)]) == 0
    text = capsys.readouterr().out
    assert "train: 3 of 3 images read" in text
    assert "background 12.5 %" in text
    assert "ignored 12.5 %" in text
    vistas_root, million_root = (tmp_path_factory.mktemp(name) for name in ("vistas", "million"))
    paint(vistas_root / "training/images/a.jpg", (6, 11))
    assert main(["data", "check", "mapillary", str(vistas_root)]) == 1
    assert "nothing there of the split Mapillary Vistas train" in capsys.readouterr().out
    paint(million_root / "train/water/lake/P4.jpg", (16, 16), 1)
    paint(million_root / "test/P5.jpg", (9, 8), 2)
    assert main(["data", "check", "million_aid", str(million_root)]) == 0
    text = capsys.readouterr().out
    assert "train: 1 of 1 images read" in text
    assert "9x8 pixels" in text
