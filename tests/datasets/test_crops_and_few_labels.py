"""Erhai, HW, GTA5 and Cityscapes with few labels on tiny copies; crops that show the same ground are refused."""

import numpy as np
import pytest
from rasterio.transform import from_origin

from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, DataError
from rsnotes.datasets.cityscapes_few import CityscapesFew
from rsnotes.datasets.crops import Place, overlaps
from rsnotes.datasets.erhai import CLASSES as ERHAI
from rsnotes.datasets.erhai import Erhai
from rsnotes.datasets.gta5 import GTA5
from rsnotes.datasets.hw import HW
from rsnotes.datasets.text_lists import few, read_list

PAINTED = {
    "background": (0, 0, 0), "road": (128, 64, 128), "farmland": (0, 128, 0), "building": (0, 0, 255),
    "water": (0, 255, 255), "grassland": (0, 255, 0),
}  # fmt: skip
"""As the data set's legend has them, in RGB."""

SIDE, GSD = 6, 0.03


def crop(save, root, name, left, labelled=True, seed=0):
    """A crop whose left edge lies ``left`` crops east of the first one's."""
    transform = from_origin(600_000 + left * SIDE * GSD, 2_840_000, GSD, GSD)
    profile = {"crs": "EPSG:32647", "transform": transform}
    rgb = np.random.default_rng(seed).integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    save(root / "JPEGImages" / f"{name}.tif", rgb, **profile)
    ids = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 6
    if labelled:
        painted = np.array(list(PAINTED.values()), np.uint8)[ids].transpose(2, 0, 1)
        save(root / "SegmentationClass" / f"{name}.tif", painted, **profile)
    return ids


def lists(root, **names):
    (root / "splits").mkdir(parents=True, exist_ok=True)
    for split, listed in names.items():
        (root / "splits" / f"{split}.txt").write_text("".join(f"{name}\n" for name in listed))


@pytest.fixture
def erhai(save, tmp_path):
    for k in range(4):
        ids = crop(save, tmp_path, f"train{k}", k, seed=k)
    crop(save, tmp_path, "apart", 9)
    crop(save, tmp_path, "beside", 4)
    crop(save, tmp_path, "over", 3.5)
    crop(save, tmp_path, "free", 20, labelled=False)
    lists(tmp_path, train=[f"train{k}" for k in range(4)], val=["apart"], test=["beside"], unlabeled=["free"])
    return tmp_path, ids


def test_erhais_colours_become_ids_in_rgb_order(erhai):
    root, ids = erhai
    data = Erhai(root)
    assert len(data) == 4
    assert data[0].mask.tolist() == ids.tolist()
    assert dict(zip(ERHAI.names, ERHAI.colours, strict=True)) == PAINTED
    assert len(Erhai(root, side=3)) == 16
    assert Erhai(root, "val").where(0)[0] == "apart"


def test_crops_that_touch_pass_and_crops_that_overlap_do_not(erhai):
    root, _ = erhai
    assert len(Erhai(root, "test")) == 1
    lists(root, test=["beside", "over"])
    with pytest.raises(DataError, match=r"over\.tif.*ground of the training crop train3\.tif; so do 1 of 2 test crops"):
        Erhai(root, "test")
    assert len(Erhai(root, "test", overlapping=True)) == 2
    lists(root, val=["train1"])
    with pytest.raises(DataError, match=r"train1\.tif"):
        Erhai(root, "val")


def test_places_overlap_in_one_system_only_and_a_margin_widens_them():
    def box(left, bottom, system="EPSG:32647"):
        return Place(system, left, bottom, left + 10, bottom + 10)

    first = [box(0, 0), None, box(100, 100)]
    second = [box(9, 9), box(10, 0), box(9, 11), box(9, 9, "EPSG:32648"), None, box(101, 99)]
    assert overlaps(first, second) == [(0, 0), (2, 5)]
    assert overlaps(first, second, margin=2) == [(0, 0), (0, 1), (0, 2), (2, 5)]
    assert overlaps(first, [None]) == []


def test_unlabelled_crops_are_those_listed_and_those_whose_labels_are_left_out(erhai):
    root, _ = erhai
    kept, rest = (Erhai(root, split, labelled=0.5) for split in ("train", "unlabelled"))
    names = [{pair.name for pair in each.pairs} for each in (kept, rest)]
    assert len(names[0]) == 2
    assert names[0] | names[1] == {f"train{k}" for k in range(4)} | {"free"}
    assert not names[0] & names[1]
    assert all((rest[k].mask == IGNORE).all() for k in range(3))
    assert {pair.name for pair in Erhai(root, "unlabelled").pairs} == {"free"}
    again = Erhai(root, labelled=0.5)
    assert [pair.name for pair in again.pairs] == [pair.name for pair in kept.pairs]


def test_unlabelled_crops_on_test_ground_are_refused(erhai, save):
    root, _ = erhai
    crop(save, root, "seen", 4.5, labelled=False)
    crop(save, root, "touching", 5, labelled=False)
    lists(root, unlabeled=["free", "touching", "seen"])
    with pytest.raises(DataError, match=r"seen\.tif.*ground of the test crop beside\.tif; so do 1 of 3 unlabelled"):
        Erhai(root, "unlabelled")
    assert len(Erhai(root, "unlabelled", overlapping=True)) == 3
    (root / "splits" / "test.txt").unlink()
    assert len(Erhai(root, "unlabelled")) == 3


def test_data_check_tells_of_shared_ground(erhai, capsys):
    root, _ = erhai
    lists(root, test=["over"])
    assert main(["data", "check", "erhai", str(root)]) == 1
    text = capsys.readouterr().out
    assert "train: 4 of 4 images read" in text
    assert "over.tif: a test crop that shows ground of the training crop" in text


def test_what_erhai_lacks_is_named(erhai):
    root, _ = erhai
    lists(root, train=["train0", "gone", "free"])
    with pytest.raises(DataError, match=r"lacks gone, free \(labels\)"):
        Erhai(root)
    assert Erhai(root, partial=True).missing == ("gone", "free (labels)")
    (root / "splits" / "train.txt").unlink()
    with pytest.raises(DataError, match=r"splits/train\.txt: no such file"):
        Erhai(root)
    with pytest.raises(ValueError, match="no split 'all'; it has train, val, test, unlabelled"):
        Erhai(root, "all")


def test_few_are_nested_and_in_order():
    items = list(range(160))
    small, others = few(items, 1 / 16, 3)
    assert len(small) == 10
    assert sorted(small + others) == items
    assert small == sorted(small)
    assert set(small) < set(few(items, 1 / 8, 3)[0])
    assert small != few(items, 1 / 16, 4)[0]
    assert few(items, 1.0, 3) == (items, [])
    assert len(few([1, 2], 0.01, 0)[0]) == 1
    with pytest.raises(ValueError, match=r"must lie in \(0, 1\], got 0"):
        few(items, 0, 0)


def test_lists_give_the_first_word_without_folder_and_suffix(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("JPEGImages/a.tif SegmentationClass/a.tif\n\nb\nsub\\c.png\n")
    assert read_list(path) == ["a", "b", "c"]
    path.write_text("a\na.tif\n")
    with pytest.raises(DataError, match="a stands in it twice"):
        read_list(path)


def test_hw_is_divided_eight_one_one(save, tmp_path):
    rng = np.random.default_rng(0)
    for k in range(20):
        save(tmp_path / "images" / f"{k:02d}.tif", rng.integers(0, 256, (3, 4, 5), dtype=np.uint8))
        save(tmp_path / "masks" / f"{k:02d}.png", (np.arange(20).reshape(4, 5) % 17).astype(np.uint8))
    splits = {split: HW(tmp_path, split) for split in ("train", "val", "test")}
    assert [len(data) for data in splits.values()] == [16, 2, 2]
    assert len({pair.name for data in splits.values() for pair in data.pairs}) == 20
    assert splits["test"][0].mask.flatten().tolist() == [k % 17 for k in range(20)]
    assert len(splits["test"].classes) == 17
    save(tmp_path / "masks" / f"{splits['val'].pairs[0].name}.png", np.full((4, 5), 17, np.uint8))
    with pytest.raises(DataError, match="17 on 20 pixels"):
        HW(tmp_path, "val")[0]
    with pytest.raises(DataError, match="nothing there of the split HW train"):
        HW(tmp_path / "images")


def test_gta5_reads_the_indices_of_its_palette(save, tmp_path):
    rng = np.random.default_rng(0)
    ids = np.array([[7, 8, 11, 26], [0, 3, 33, 34]], np.uint8)[:, :4].copy()
    ids[1, 3] = 21
    for k in range(1, 6):
        save(tmp_path / "images" / f"{k:05d}.png", rng.integers(0, 256, (3, 2, 4), dtype=np.uint8))
        palette = {int(value): (int(value), 1, 2) for value in ids.ravel()}
        save(tmp_path / "labels" / f"{k:05d}.png", ids, palette)
    train, val = GTA5(tmp_path), GTA5(tmp_path, "val")
    assert (len(train), len(val)) == (4, 1)
    assert not {pair.name for pair in train.pairs} & {pair.name for pair in val.pairs}
    assert train[0].mask.tolist() == [[0, 1, 2, 13], [IGNORE, IGNORE, 18, 8]]


def test_cityscapes_keeps_a_share_of_its_labels(save, tmp_path):
    for k in range(16):
        stem = f"aachen_{k:06d}_000019"
        save(tmp_path / "leftImg8bit/train/aachen" / f"{stem}_leftImg8bit.png", np.full((3, 2, 4), k, np.uint8))
        save(tmp_path / "gtFine/train/aachen" / f"{stem}_gtFine_labelIds.png", np.full((2, 4), 7, np.uint8))
    few_labels, rest = (CityscapesFew(tmp_path, split, 1 / 8) for split in ("labelled", "unlabelled"))
    assert (len(few_labels), len(rest)) == (2, 14)
    assert (few_labels[0].mask == 0).all()
    assert (rest[0].mask == IGNORE).all()
    assert not {pair.name for pair in few_labels.pairs} & {pair.name for pair in rest.pairs}
    path = tmp_path / "list.txt"
    path.write_text("leftImg8bit/train/aachen/aachen_000003_000019_leftImg8bit.png gtFine/x.png\n")
    (pair,) = CityscapesFew(tmp_path, names=path).pairs
    assert pair.name == "aachen_000003_000019"
    assert len(CityscapesFew(tmp_path, "unlabelled", names=path)) == 15
    path.write_text("bochum_000003_000019\n")
    with pytest.raises(DataError, match="bochum_000003_000019, which is no training image"):
        CityscapesFew(tmp_path, names=path)
    with pytest.raises(ValueError, match="no split 'train'"):
        CityscapesFew(tmp_path, "train")
