"""Scenes written in ISPRS's folders come back through our readers and through torchgeo's."""

import os
from typing import NamedTuple

import numpy as np
import pytest
import rasterio

from rsnotes import data_path
from rsnotes.__main__ import main
from rsnotes.datasets import IGNORE, ISPRS, DataError, Potsdam, Vaihingen, export
from rsnotes.datasets.export import erode, write_potsdam, write_vaihingen

TORCHGEO_ORDER = ("clutter", "impervious", "building", "low vegetation", "tree", "car")


class Arrays(NamedTuple):
    rgb: np.ndarray
    nir: np.ndarray
    mask: np.ndarray


def scene(seed, size=(48, 40)):
    """Noise with blocks of every class as labels."""
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.permutation(30).reshape(6, 5) % 6, np.ones((8, 8), np.uint8)).astype(np.uint8)
    rgb = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    return Arrays(rgb, rng.integers(0, 256, size, dtype=np.uint8), blocks)


@pytest.fixture(scope="module")
def vaihingen_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("vaihingen")
    write_vaihingen(root, {"1": scene(1), "2": scene(2)})
    return root


@pytest.fixture(scope="module")
def potsdam_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("potsdam")
    write_potsdam(root, {"2_10": scene(3), "2_13": scene(4)})
    return root


def as_bytes(image):
    return (image * 255).round().byte().numpy()


@pytest.mark.parametrize(("split", "seed"), [("train", 1), ("test", 2)])
def test_vaihingen_comes_back(vaihingen_root, split, seed):
    expected = scene(seed)
    dataset = Vaihingen(vaihingen_root, split, partial=True, side=None)
    image, mask = as_bytes(dataset[0].image), dataset[0].mask
    assert len(dataset) == 1
    assert np.array_equal(image[dataset.bands.index("nir")], expected.nir)
    assert np.array_equal(image[dataset.bands.index("red")], expected.rgb[..., 0])
    assert np.array_equal(image[dataset.bands.index("green")], expected.rgb[..., 1])
    assert np.array_equal(mask, expected.mask)


@pytest.mark.parametrize("images", ["RGB", "IRRG", "RGBIR"])
def test_potsdam_comes_back(potsdam_root, images):
    expected = scene(3)
    dataset = Potsdam(potsdam_root, images=images, partial=True, side=None)
    bands = {"red": expected.rgb[..., 0], "green": expected.rgb[..., 1], "blue": expected.rgb[..., 2]}
    bands["nir"] = expected.nir
    assert np.array_equal(as_bytes(dataset[0].image), np.stack([bands[name] for name in dataset.bands]))
    assert np.array_equal(dataset[0].mask, expected.mask)


def test_eroded_labels_come_back(vaihingen_root, potsdam_root):
    for dataset, seed in (
        (Vaihingen(vaihingen_root, eroded=True, partial=True, side=None), 1),
        (Potsdam(potsdam_root, eroded=True, partial=True, side=None), 3),
    ):
        mask = dataset[0].mask.numpy()
        assert np.array_equal(mask, erode(scene(seed).mask))
        assert 0 < (mask == IGNORE).mean() < 1


def test_erosion_is_what_lies_within_three_pixels_of_another_class():
    rng = np.random.default_rng(0)
    mask = np.kron(rng.integers(0, 3, (5, 4)), np.ones((9, 9), int))
    expected = mask.copy()
    for row, column in np.ndindex(mask.shape):
        rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
        near = (rows - row) ** 2 + (columns - column) ** 2 <= 9
        if len(np.unique(mask[near])) > 1:
            expected[row, column] = IGNORE
    assert np.array_equal(erode(mask), expected)


@pytest.mark.parametrize(("split", "seed"), [("train", 1), ("test", 2)])
def test_torchgeo_reads_the_same_vaihingen(vaihingen_root, split, seed):
    from torchgeo import datasets  # takes seconds to import

    theirs = datasets.Vaihingen2D(str(vaihingen_root), split, checksum=False)
    assert len(theirs) == 1
    ours = Vaihingen(vaihingen_root, split, partial=True, side=None)[0]
    assert np.array_equal(theirs[0]["image"].numpy(), as_bytes(ours.image))
    assert np.array_equal(from_torchgeo(theirs[0]["mask"]), scene(seed).mask)


@pytest.mark.parametrize(("split", "seed"), [("train", 3), ("test", 4)])
def test_torchgeo_reads_the_same_potsdam(potsdam_root, split, seed):
    from torchgeo import datasets  # takes seconds to import

    theirs = datasets.Potsdam2D(str(potsdam_root), split, checksum=False)
    assert len(theirs) == 1
    ours = Potsdam(potsdam_root, split, images="RGBIR", partial=True, side=None)[0]
    assert np.array_equal(theirs[0]["image"].numpy(), as_bytes(ours.image))
    assert np.array_equal(from_torchgeo(theirs[0]["mask"]), scene(seed).mask)


def from_torchgeo(mask):
    """torchgeo puts clutter first."""
    return np.array([ISPRS.index(name) for name in TORCHGEO_ORDER])[mask.numpy()]


def test_files_are_georeferenced_tiled_and_compressed(vaihingen_root, potsdam_root):
    for root, epsg, gsd in ((vaihingen_root, 32632, 0.09), (potsdam_root, 32633, 0.05)):
        places = set()
        for path in sorted(root.rglob("*.tif")):
            with rasterio.open(path) as source:
                assert source.crs.to_epsg() == epsg
                assert (source.transform.a, source.transform.e) == (gsd, -gsd)
                assert set(source.block_shapes) == {(256, 256)}
                assert source.profile["compress"] == "deflate"
                places.add(source.bounds)
        first, second = sorted(places)  # one place a tile, for the image and its labels alike
        assert first.right < second.left


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """The sample tiles in ``data/``; where they are not stored yet, written by their command."""
    if data_path().joinpath("sample_vaihingen").is_dir():
        return data_path()
    out = tmp_path_factory.mktemp("data")
    main(["data", "samples", "--out", str(out)])
    return out


@pytest.mark.parametrize(("split", "tiles"), [("train", ("1", "2_10")), ("test", ("2", "2_13"))])
def test_sample_tiles_are_read_alike_by_us_and_by_torchgeo(samples, split, tiles):
    from torchgeo import datasets  # takes seconds to import

    folders = samples / "sample_vaihingen", samples / "sample_potsdam"
    ours = (
        Vaihingen(folders[0], split, partial=True, side=None),
        Potsdam(folders[1], split, images="RGBIR", partial=True, side=None),
    )
    theirs = datasets.Vaihingen2D(str(folders[0]), split), datasets.Potsdam2D(str(folders[1]), split)
    for tile, own, other in zip(tiles, ours, theirs, strict=True):
        assert [pair.name for pair in own.pairs] == [tile]
        assert len(other) == 1
        assert np.array_equal(other[0]["image"].numpy(), as_bytes(own[0].image))
        assert np.array_equal(from_torchgeo(other[0]["mask"]), own[0].mask)
        assert len(own[0].mask.unique()) >= 4


class TestErrors:
    @pytest.mark.parametrize(
        "wrong",
        [
            scene(0)._replace(nir=np.zeros((48, 41), np.uint8)),
            scene(0)._replace(rgb=scene(0).rgb.transpose(2, 0, 1)),
            scene(0)._replace(rgb=scene(0).rgb / 255),
            scene(0)._replace(mask=np.zeros((48, 40))),
            Arrays(np.zeros((0, 4, 3), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((0, 4), int)),
        ],
    )
    @pytest.mark.parametrize("write", [write_vaihingen, write_potsdam])
    def test_arrays_that_do_not_fit_write_nothing(self, tmp_path, wrong, write):
        with pytest.raises(DataError, match=r"tile 1: rgb .* nir .* mask .*A scene has rgb \(H, W, 3\)"):
            write(tmp_path, {"1": wrong})
        assert not list(tmp_path.iterdir())

    def test_ids_of_no_class(self, tmp_path):
        with pytest.raises(DataError, match=r"the mask holds \[6, 7\].*0 to 5"):
            write_vaihingen(tmp_path, {"1": scene(0)._replace(mask=scene(0).mask + 2)})

    def test_an_interrupted_write_leaves_the_old_file_or_none(self, tmp_path, monkeypatch):
        write_vaihingen(tmp_path, {"1": scene(1)})
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

        def fail(source, target):
            raise OSError("no space left on device")

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            write_vaihingen(tmp_path, {"1": scene(9), "2": scene(9)})
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    def test_a_failing_encoder_leaves_nothing(self, tmp_path):
        with pytest.raises(Exception, match="EPSG"):
            export.write_geotiff(
                tmp_path / "a.tif", np.zeros((3, 8, 8), np.uint8), rasterio.Affine(1, 0, 5, 0, -1, 5), -7
            )
        assert not list(tmp_path.iterdir())
