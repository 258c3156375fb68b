"""Reading image files: values, windows, missing data, and an error for each way a file can be wrong."""

import logging
import warnings

import numpy as np
import pytest
from PIL import Image

from rsnotes.datasets import DataError
from rsnotes.datasets.raster import read_header, read_image, read_pixels
from rsnotes.datasets.tiles import Window

RGB = ("red", "green", "blue")


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (3, 40, 50), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_values_and_order_of_bands_are_those_pillow_reads(save, tmp_path, pixels, suffix):
    path = save(tmp_path / f"a{suffix}", pixels, photometric="RGB")
    image, missing = read_image(path, RGB)
    expected = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255  # (H, W, 3)
    assert np.array_equal(image, expected.transpose(2, 0, 1))
    assert image.dtype == np.float32
    assert not missing.any()


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_window_is_that_part_of_the_whole(save, tmp_path, pixels, suffix):
    path = save(tmp_path / f"a{suffix}", pixels)
    image, _ = read_image(path, RGB, Window(5, 9, 20, 30))
    assert np.array_equal(image, pixels[:, 5:25, 9:39] / np.float32(255))


def test_header(save, tmp_path, pixels):
    assert read_header(save(tmp_path / "a.tif", pixels))[:4] == (40, 50, 3, "uint8")
    palette = {0: (1, 2, 3, 255), 1: (4, 5, 6, 255)}
    header = read_header(save(tmp_path / "p.png", np.eye(4, dtype=np.uint8), palette=palette))
    assert header.palette is not None
    assert (header.palette[0], header.palette[1]) == ((1, 2, 3), (4, 5, 6))


def test_a_value_range_becomes_zero_to_one_and_is_clipped(save, tmp_path):
    path = save(tmp_path / "a.tif", np.array([[[0, 100, 300, 500, 900]]], np.int16))
    image, _ = read_image(path, ("reflectance",), value_range=(100, 500))
    assert image[0, 0].tolist() == [0, 0, 0.5, 1, 1]


def test_a_pixel_lacks_data_where_any_band_does(save, tmp_path):
    bands = np.full((2, 2, 2), 50, np.int16)
    bands[1, 0, 1] = -9999
    image, missing = read_image(save(tmp_path / "a.tif", bands, nodata=-9999), ("a", "b"), value_range=(0, 100))
    assert missing.tolist() == [[False, True], [False, False]]
    assert image[:, 0, 1].tolist() == [0, 0]
    assert image[:, 1, 1].tolist() == [0.5, 0.5]


def test_what_is_not_a_number_is_missing(save, tmp_path):
    bands = np.array([[[0.5, np.nan, np.inf]]], np.float32)
    image, missing = read_image(save(tmp_path / "a.tif", bands), ("height",), value_range=(0, 1))
    assert missing.tolist() == [[False, True, True]]
    assert image.tolist() == [[[0.5, 0, 0]]]


def test_an_alpha_channel_beyond_the_bands_says_what_is_missing(tmp_path, pixels):
    alpha = np.full((40, 50, 1), 255, np.uint8)
    alpha[0, 0] = 0
    Image.fromarray(np.concatenate([pixels.transpose(1, 2, 0), alpha], 2), "RGBA").save(tmp_path / "a.png")
    image, missing = read_image(tmp_path / "a.png", RGB)
    assert image.shape == (3, 40, 50)
    assert missing[0, 0]
    assert missing.sum() == 1


def test_nothing_is_said_on_other_channels(save, tmp_path, pixels, capfd, caplog):
    path = save(tmp_path / "a.png", pixels)
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG, "nothing"):
        warnings.simplefilter("error")
        read_image(path, RGB)
        (tmp_path / "b.png").write_bytes(path.read_bytes()[:300])
        with pytest.raises(DataError):
            read_image(tmp_path / "b.png", RGB)
    assert capfd.readouterr() == ("", "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_the_callers_warning_filters_are_left_alone(save, tmp_path, pixels):
    path = save(tmp_path / "a.png", pixels)
    before = list(warnings.filters)
    read_image(path, RGB)
    assert warnings.filters == before


class TestErrors:
    """Every message names the file, what was expected, and the remedy."""

    def test_missing_file(self, tmp_path):
        with pytest.raises(DataError, match=r"gone\.tif: no such file.*download"):
            read_pixels(tmp_path / "gone.tif")

    def test_wrong_band_count(self, save, tmp_path):
        path = save(tmp_path / "four.tif", np.zeros((4, 8, 8), np.uint8), photometric="MINISBLACK")
        with pytest.raises(DataError, match=r"four\.tif: 4 bands where 3 are expected \(red, green, blue\).*Name the"):
            read_image(path, RGB)

    @pytest.mark.parametrize(
        "options", [{}, {"compress": "deflate", "tiled": True, "blockxsize": 16, "blockysize": 16}]
    )
    @pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
    def test_truncated_tiff(self, save, tmp_path, pixels, part, options):
        whole = save(tmp_path / "a.tif", pixels, **options).read_bytes()
        (tmp_path / "cut.tif").write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(DataError, match=r"cut\.tif: .*cut short"):
            read_image(tmp_path / "cut.tif", RGB)

    @pytest.mark.parametrize("suffix", [".png", ".jpg"])
    @pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
    def test_truncated_picture(self, save, tmp_path, pixels, suffix, part):
        whole = save(tmp_path / f"a{suffix}", pixels).read_bytes()
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(DataError, match=r"cut\..*cut short"):
            read_image(cut, RGB)

    def test_empty_file_and_text(self, tmp_path):
        for content in (b"", b"<html>404 Not Found</html>"):
            (tmp_path / "a.tif").write_bytes(content)
            with pytest.raises(DataError, match=r"a\.tif: cannot be read as an image.*download"):
                read_image(tmp_path / "a.tif", RGB)

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(DataError, match="no such file"):
            read_pixels(tmp_path)

    def test_values_of_unknown_range(self, save, tmp_path):
        path = save(tmp_path / "a.tif", np.zeros((1, 4, 4), np.int16))
        with pytest.raises(DataError, match=r"a\.tif: holds int16 values.*Give value_range"):
            read_image(path, ("a",))

    def test_complex_numbers(self, save, tmp_path):
        path = save(tmp_path / "a.tif", np.zeros((1, 4, 4), np.complex64))
        with pytest.raises(DataError, match=r"a\.tif: holds values of type.*complex64"):
            read_image(path, ("a",))

    def test_other_formats(self, tmp_path, pixels):
        Image.fromarray(pixels.transpose(1, 2, 0)).save(tmp_path / "a.gif")
        with pytest.raises(DataError, match=r"a\.gif: is a GIF file\. Convert it to one of GTiff, PNG"):
            read_pixels(tmp_path / "a.gif")

    def test_a_header_that_claims_too_much(self, save, tmp_path):
        path = save(tmp_path / "a.tif", np.zeros((1, 30_000, 30_000), np.uint8), sparse_ok=True, tiled=True)
        path.write_bytes(path.read_bytes()[:20_000])
        with pytest.raises(DataError, match=r"claims 1 bands of 30000x30000 pixels, the file has 20000 bytes"):
            read_pixels(path)

    def test_backwards_value_range(self, save, tmp_path):
        path = save(tmp_path / "a.tif", np.zeros((1, 4, 4), np.uint8))
        with pytest.raises(ValueError, match="low < high"):
            read_image(path, ("a",), value_range=(1, 0))
