"""Vaihingen and Potsdam: splits, folders, band order, colours, eroded labels."""

from itertools import combinations

import numpy as np
import pytest

from rsnotes.datasets import IGNORE, ISPRS, DataError, Potsdam, Vaihingen, potsdam, vaihingen

SIZE = (20, 24)


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(5).integers(0, 6, SIZE)


@pytest.fixture(scope="module")
def painted(ids):
    return np.array(ISPRS.colours, np.uint8)[ids].transpose(2, 0, 1)


@pytest.fixture(scope="module")
def eroded(painted):
    picture = painted.copy()
    picture[:, :, 7] = 0
    return picture


def flat(*values):
    """Image whose bands hold one value each."""
    return np.stack([np.full(SIZE, value, np.uint8) for value in values])


class TestSplits:
    def test_the_contests_tiles(self):
        train, test = (set(map(int, vaihingen.SPLITS["isprs"][split])) for split in ("train", "test"))
        assert (len(train), len(test)) == (16, 17)
        # 38 numbers of which five do not exist
        assert set(range(1, 39)) - train - test == {9, 18, 19, 25, 36}
        rows = {2: range(10, 15), 3: range(10, 15), 4: range(10, 16), 5: range(10, 16), 6: range(7, 16)}
        rows |= {7: range(7, 14)}
        tiles = {f"{r}_{c}" for r, columns in rows.items() for c in columns}
        splits = potsdam.SPLITS["isprs"]
        assert (len(splits["train"]), len(splits["test"])) == (24, 14)
        assert set(splits["train"]) | set(splits["test"]) == tiles

    def test_torchgeo_has_the_same(self):
        from torchgeo import datasets  # takes seconds to import

        for split in ("train", "test"):
            names = {f"top_mosaic_09cm_area{tile}.tif" for tile in vaihingen.SPLITS["isprs"][split]}
            assert names == set(datasets.Vaihingen2D.splits[split])
            names = {f"top_potsdam_{tile}" for tile in potsdam.SPLITS["isprs"][split]}
            assert names == set(datasets.Potsdam2D.splits[split])

    @pytest.mark.parametrize(
        ("module", "paper", "counts"),
        [
            (vaihingen, "drd", {"train": 11, "test": 5}),
            (vaihingen, "maflnet", {"train": 15, "val": 1, "test": 17}),
            (vaihingen, "prune_quantize", {"train": 11, "test": 5}),
            (vaihingen, "hi_resnet", {"train": 16, "test": 17}),
            (potsdam, "drd", {"train": 17, "test": 7}),
            (potsdam, "maflnet", {"train": 22, "val": 1, "test": 14}),
            (potsdam, "hi_resnet", {"train": 23, "test": 14}),
        ],
    )
    def test_papers_have_the_counts_they_state_and_share_nothing(self, module, paper, counts):
        splits = module.SPLITS[paper]
        assert {split: len(set(tiles)) for split, tiles in splits.items()} == counts
        for first, second in combinations(splits.values(), 2):
            assert not set(first) & set(second)
        known = set(sum(module.SPLITS["isprs"].values(), ()))
        assert set(sum(splits.values(), ())) <= known

    def test_tiles_that_the_papers_name(self):
        # prune_quantize prints its training tiles, and 40 for 34
        assert set(map(int, vaihingen.SPLITS["prune_quantize"]["train"])) == {1, 3, 5, 7, 13, 17, 21, 23, 26, 32, 37}
        assert set(map(int, vaihingen.SPLITS["drd"]["test"])) == {11, 15, 28, 30, 34}
        assert vaihingen.SPLITS["maflnet"]["val"] == ("30",)
        assert set(potsdam.SPLITS["drd"]["test"]) == {"2_11", "2_12", "4_10", "5_11", "6_7", "7_8", "7_10"}
        assert potsdam.SPLITS["maflnet"]["val"] == ("2_10",)
        assert "7_10" not in potsdam.SPLITS["hi_resnet"]["train"]

    def test_unknown_names_are_answered_with_the_known(self, tmp_path):
        with pytest.raises(ValueError, match="no splits of 'prune_quantize'; there are those of isprs, drd"):
            Potsdam(tmp_path, paper="prune_quantize")
        with pytest.raises(ValueError, match="drd has no split 'val'; it has train, test"):
            Vaihingen(tmp_path, "val", "drd")
        with pytest.raises(ValueError, match="no images 'DSM'; there are RGB, IRRG, RGBIR"):
            Potsdam(tmp_path, images="DSM")


class TestVaihingen:
    @pytest.fixture
    def root(self, save, tmp_path, painted):
        save(tmp_path / "top" / "top_mosaic_09cm_area30.tif", flat(200, 100, 50), photometric="RGB")
        save(tmp_path / "top_mosaic_09cm_area30.tif", painted, photometric="RGB")
        return tmp_path

    def test_bands_are_near_infrared_red_green(self, root, ids):
        dataset = Vaihingen(root, "val", "maflnet", side=None)
        assert dataset.bands == ("nir", "red", "green")
        assert dataset.classes is ISPRS
        image, mask = dataset[0]
        assert (image[:, 0, 0] * 255).round().tolist() == [200, 100, 50]
        assert np.array_equal(mask, ids)

    @pytest.mark.parametrize(
        "place", ["gts_for_participants", "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"]
    )
    def test_labels_may_lie_in_a_folder(self, root, ids, place):
        (root / place).mkdir()
        (root / "top_mosaic_09cm_area30.tif").rename(root / place / "top_mosaic_09cm_area30.tif")
        assert np.array_equal(Vaihingen(root, "val", "maflnet", side=None)[0].mask, ids)

    @pytest.mark.parametrize("place", ["", "gts_eroded_for_participants"])
    def test_eroded_boundaries_are_ignored(self, root, save, ids, eroded, place):
        save(root / place / "top_mosaic_09cm_area30_noBoundary.tif", eroded, photometric="RGB")
        mask = Vaihingen(root, "val", "maflnet", eroded=True, side=None)[0].mask
        assert (mask[:, 7] == IGNORE).all()
        assert np.array_equal(np.delete(mask.numpy(), 7, 1), np.delete(ids, 7, 1))

    def test_windows(self, root):
        dataset = Vaihingen(root, "val", "maflnet", side=16)
        assert [dataset.where(k)[1][:2] for k in range(len(dataset))] == [(0, 0), (0, 8), (4, 0), (4, 8)]

    def test_a_split_with_tiles_missing(self, root):
        with pytest.raises(DataError, match=r"the split drd test lacks 11 \(image\), 15 \(image\).*partial=True"):
            Vaihingen(root, "test", "drd")
        dataset = Vaihingen(root, "test", "drd", partial=True)
        assert [pair.name for pair in dataset.pairs] == ["30"]
        assert dataset.missing == ("11 (image)", "15 (image)", "28 (image)", "34 (image)")

    def test_an_image_without_labels_is_missing_labels(self, root):
        (root / "top_mosaic_09cm_area30.tif").unlink()
        with pytest.raises(DataError, match=r"nothing there of the split maflnet val, which should hold 30 \(labels\)"):
            Vaihingen(root, "val", "maflnet")

    def test_an_empty_split_is_refused_even_if_partial(self, root):
        with pytest.raises(DataError, match="nothing there of the split isprs test"):
            Vaihingen(root, "test", partial=True)

    def test_missing_folder(self, tmp_path):
        with pytest.raises(DataError, match="vaihingen: no such folder"):
            Vaihingen(tmp_path / "vaihingen")


class TestPotsdam:
    @pytest.fixture
    def root(self, save, tmp_path, painted):
        name = "top_potsdam_2_10"  # ISPRS's own names, without a leading zero
        save(tmp_path / "2_Ortho_RGB" / f"{name}_RGB.tif", flat(10, 20, 30), photometric="RGB")
        save(tmp_path / "3_Ortho_IRRG" / f"{name}_IRRG.tif", flat(40, 10, 20), photometric="RGB")
        save(tmp_path / "4_Ortho_RGBIR" / f"{name}_RGBIR.tif", flat(10, 20, 30, 40), photometric="RGB")
        save(tmp_path / f"{name}_label.tif", painted, photometric="RGB")
        return tmp_path

    @pytest.mark.parametrize("images", ["RGB", "IRRG", "RGBIR"])
    def test_every_kind_of_image_names_its_bands_in_order(self, root, ids, images):
        dataset = Potsdam(root, "val", "maflnet", images=images, side=None)
        image, mask = dataset[0]
        values = dict(zip(dataset.bands, (image[:, 3, 3] * 255).round().tolist(), strict=True))
        expected = {"red": 10, "green": 20, "blue": 30, "nir": 40}
        assert values == {band: expected[band] for band in dataset.bands}
        assert len(values) == len(images.replace("IR", "I"))
        assert np.array_equal(mask, ids)

    def test_near_infrared_is_not_taken_for_transparency(self, root, save):
        path = root / "4_Ortho_RGBIR" / "top_potsdam_2_10_RGBIR.tif"
        save(path, flat(10, 20, 30, 0), photometric="RGB", alpha="YES")
        sample = Potsdam(root, "val", "maflnet", images="RGBIR", side=None)[0]
        assert (sample.mask != IGNORE).all()

    @pytest.mark.parametrize("place", ["5_Labels_all", "5_Labels_for_participants"])
    def test_labels_may_lie_in_a_folder(self, root, ids, place):
        (root / place).mkdir()
        (root / "top_potsdam_2_10_label.tif").rename(root / place / "top_potsdam_2_10_label.tif")
        assert np.array_equal(Potsdam(root, "val", "maflnet", side=None)[0].mask, ids)

    def test_images_may_lie_in_a_folder_of_the_same_name_twice(self, root):
        inner = root / "2_Ortho_RGB" / "2_Ortho_RGB"
        inner.mkdir()
        (root / "2_Ortho_RGB" / "top_potsdam_2_10_RGB.tif").rename(inner / "top_potsdam_2_10_RGB.tif")
        assert len(Potsdam(root, "val", "maflnet")) == 1

    @pytest.mark.parametrize("place", ["5_Labels_all_noBoundary", "5_Labels_for_participants_no_Boundary"])
    def test_eroded_boundaries_are_ignored(self, root, save, eroded, place):
        save(root / place / "top_potsdam_2_10_label_noBoundary.tif", eroded, photometric="RGB")
        mask = Potsdam(root, "val", "maflnet", eroded=True, side=None)[0].mask
        assert (mask[:, 7] == IGNORE).all()
        assert (mask == IGNORE).sum() == SIZE[0]

    def test_the_two_tiles_off_the_palette_are_read_as_the_nearest_colours(self, root, save, painted, ids):
        odd = painted.copy()
        odd[:, ids == ISPRS.index("car")] = np.array([[252], [255], [0]])
        lossy = np.abs(painted.astype(int) - np.random.default_rng(0).integers(0, 100, painted.shape)).astype(np.uint8)
        for tile, picture in (("6_7", odd), ("4_12", lossy), ("6_8", odd)):
            save(root / "2_Ortho_RGB" / f"top_potsdam_{tile}_RGB.tif", flat(1, 2, 3), photometric="RGB")
            save(root / f"top_potsdam_{tile}_label.tif", picture, photometric="RGB")
        dataset = Potsdam(root, "train", side=None, partial=True)
        items = {dataset.where(k)[0]: k for k in range(len(dataset))}
        assert np.array_equal(dataset[items["6_7"]].mask, ids)
        assert np.array_equal(dataset[items["4_12"]].mask, ids)
        with pytest.raises(DataError, match=r"6_8_label\.tif.*#FCFF00"):
            _ = dataset[items["6_8"]]

    def test_wrong_bands(self, root, save):
        save(root / "2_Ortho_RGB" / "top_potsdam_2_10_RGB.tif", flat(1, 2, 3, 4), photometric="MINISBLACK")
        with pytest.raises(DataError, match=r"_RGB\.tif: 4 bands where 3 are expected \(red, green, blue\)"):
            _ = Potsdam(root, "val", "maflnet")[0]
