"""A reader's own images and masks: pairs, windows, padding, and errors."""

import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from rsnotes.datasets import (
    IGNORE,
    Classes,
    Colours,
    DataError,
    ImageMaskFolder,
    ImageMaskPairs,
    Indices,
    Pair,
    Sample,
    require_disjoint,
)
from rsnotes.datasets.tiles import Window

TWO = Classes(("land", "water"), ((255, 255, 255), (0, 0, 255)), (True, True))
VALUES = Indices(TWO, {0: 0, 1: 1})


@pytest.fixture
def folder(save, tmp_path):
    """Two images of 30 x 22 and 9 x 40 pixels with index masks."""
    rng = np.random.default_rng(0)
    for name, size in (("a", (30, 22)), ("b", (9, 40))):
        save(tmp_path / "images" / f"{name}.tif", rng.integers(0, 256, (3, *size), dtype=np.uint8))
        save(tmp_path / "masks" / f"{name}.png", rng.integers(0, 2, size, dtype=np.uint8))
    return tmp_path


def open_folder(folder, labels=VALUES, **options):
    return ImageMaskFolder(folder / "images", folder / "masks", labels, **options)


def test_contract(folder):
    dataset = open_folder(folder)
    assert len(dataset) == 2
    assert (dataset.classes, dataset.bands) == (TWO, ("red", "green", "blue"))
    sample = dataset[0]
    assert isinstance(sample, Sample)
    assert (sample.image.shape, sample.image.dtype) == ((3, 30, 22), torch.float32)
    assert (sample.mask.shape, sample.mask.dtype) == ((30, 22), torch.int64)
    assert 0 <= sample.image.min() <= sample.image.max() <= 1
    assert len(list(dataset)) == 2  # iterating ends


@pytest.mark.parametrize(("overlap", "pad"), [(0, False), (3, False), (0, True), (3, True)])
def test_windows_put_together_give_the_whole(folder, overlap, pad):
    whole = open_folder(folder)
    tiled = open_folder(folder, side=16, overlap=overlap, pad=pad)
    for number, name in enumerate("ab"):
        image, mask = whole[number]
        canvas = torch.full((3, 64, 64), -1.0)
        labels = torch.full((64, 64), -1)
        for index in range(len(tiled)):
            source, window = tiled.where(index)
            if source == name:
                rows, columns = (slice(window[k], window[k] + 16) for k in (0, 1))
                canvas[:, rows, columns], labels[rows, columns] = tiled[index]
        height, width = mask.shape
        assert torch.equal(canvas[:, :height, :width], image)
        assert torch.equal(labels[:height, :width], mask)
        assert set(labels[height:].unique().tolist() + labels[:, width:].unique().tolist()) <= {-1, IGNORE}


def test_padding_is_ignored_even_where_black_is_a_class(save, tmp_path):
    """A mask padded before it is decoded would be black, and black a class here."""
    classes = Classes(("night", "day"), ((0, 0, 0), (255, 255, 255)), (True, True))
    save(tmp_path / "images" / "a.png", np.full((3, 5, 6), 200, np.uint8))
    save(tmp_path / "masks" / "a.png", np.zeros((3, 5, 6), np.uint8))
    sample = open_folder(tmp_path, Colours(classes), side=8)[0]
    assert (sample.mask[:5, :6] == 0).all()
    assert (sample.mask == IGNORE).sum() == 64 - 30
    assert (sample.image[:, sample.mask == IGNORE] == 0).all()


def test_pixels_without_data_are_ignored(save, tmp_path):
    image = np.full((2, 3, 4), 100, np.int16)
    image[0, 1, 2] = -9999
    save(tmp_path / "images" / "a.tif", image, nodata=-9999)
    save(tmp_path / "masks" / "a.png", np.ones((3, 4), np.uint8))
    sample = open_folder(tmp_path, bands=("red", "nir"), value_range=(0, 200))[0]
    assert sample.mask[1, 2] == IGNORE
    assert (sample.mask == 1).sum() == 11
    assert sample.image[:, 1, 2].tolist() == [0, 0]


def test_images_without_labels_are_ignored_throughout(folder):
    sample = ImageMaskFolder(folder / "images", None, VALUES)[0]
    assert (sample.mask == IGNORE).all()
    assert torch.equal(sample.image, open_folder(folder)[0].image)


def test_errors_come_back_from_the_workers_of_a_loader(folder):
    cut = folder / "masks" / "b.png"
    cut.write_bytes(cut.read_bytes()[:70])
    loader = DataLoader(open_folder(folder), batch_size=None, num_workers=1)  # type: ignore[arg-type, var-annotated]
    with pytest.raises(DataError, match=r"b\.png: cannot be read"):
        list(loader)
    error = DataError.at("a.tif", "is odd", "Look at it")
    assert str(pickle.loads(pickle.dumps(error))) == "a.tif: is odd. Look at it."


class TestErrors:
    def test_missing_folder(self, folder):
        with pytest.raises(DataError, match=r"pictures: no such folder\. Check the path, or download"):
            ImageMaskFolder(folder / "pictures", folder / "masks", VALUES)

    def test_empty_folder(self, folder):
        (folder / "empty").mkdir()
        (folder / "empty" / "notes.txt").write_text("no image")
        with pytest.raises(DataError, match="empty: nothing there"):
            ImageMaskFolder(folder / "empty", folder / "masks", VALUES)

    def test_an_image_without_a_mask(self, folder):
        (folder / "masks" / "b.png").unlink()
        with pytest.raises(DataError, match=r"masks: no mask for 1 of 2 images: b\.tif.*rename or add"):
            open_folder(folder)

    def test_two_files_of_one_name(self, folder, save):
        save(folder / "images" / "a.png", np.zeros((3, 4, 4), np.uint8))
        with pytest.raises(DataError, match=r"a\.tif: stands beside a\.png"):
            open_folder(folder)

    @pytest.mark.parametrize("options", [{}, {"side": 8}])
    def test_sizes_that_differ(self, folder, save, options):
        save(folder / "masks" / "b.png", np.zeros((9, 41), np.uint8))
        with pytest.raises(DataError, match=r"b\.png: 9x41 pixels, its image .*b\.tif has 9x40"):
            _ = open_folder(folder, **options)[1]

    def test_a_palette_whose_order_differs(self, folder, save):
        white, blue = (255, 255, 255, 255), (0, 0, 255, 255)
        save(folder / "masks" / "a.png", np.zeros((30, 22), np.uint8), palette={0: white, 1: blue})
        save(folder / "masks" / "b.png", np.zeros((9, 40), np.uint8), palette={0: blue, 1: white})
        with pytest.raises(DataError, match=r"b\.png: index 0 is #0000FF, in .*a\.png it is #FFFFFF.*colour table"):
            open_folder(folder)
        by_colour = open_folder(folder, Colours(TWO))
        assert (by_colour[0].mask == 0).all()
        assert (by_colour[1].mask == 1).all()

    def test_every_index_is_compared_where_it_is_first_seen(self, folder, save):
        """The first palette has index 0 only; the second and the third disagree about index 1."""
        white, blue, red = (255, 255, 255, 255), (0, 0, 255, 255), (255, 0, 0, 255)
        save(folder / "masks" / "a.png", np.zeros((30, 22), np.uint8), palette={0: white})
        save(folder / "masks" / "b.png", np.zeros((9, 40), np.uint8), palette={0: white, 1: blue})
        save(folder / "images" / "c.png", np.zeros((3, 8, 8), np.uint8))
        save(folder / "masks" / "c.png", np.zeros((8, 8), np.uint8), palette={0: white, 1: red})
        with pytest.raises(DataError, match=r"c\.png: index 1 is #FF0000, in .*b\.png it is #0000FF"):
            open_folder(folder)

    def test_palettes_may_differ_where_no_class_is(self, folder, save):
        white, blue, red = (255, 255, 255, 255), (0, 0, 255, 255), (255, 0, 0, 255)
        save(folder / "masks" / "a.png", np.zeros((30, 22), np.uint8), palette={0: white, 1: blue, 2: red})
        save(folder / "masks" / "b.png", np.ones((9, 40), np.uint8), palette={0: white, 1: blue, 2: white})
        assert (open_folder(folder)[1].mask == 1).all()

    def test_wrong_band_count_names_the_image(self, folder):
        with pytest.raises(DataError, match=r"a\.tif: 3 bands where 4 are expected \(red, green, blue, nir\)"):
            _ = open_folder(folder, bands=("red", "green", "blue", "nir"))[0]


class TestOverlap:
    def test_the_same_pixels_under_another_name_and_format(self, folder, save):
        train = open_folder(folder)
        image = (train[1].image * 255).round().byte().numpy()
        save(folder / "test" / "images" / "renamed.png", image)
        test = ImageMaskFolder(folder / "test" / "images", None, VALUES)
        with pytest.raises(DataError, match=r"renamed\.png: in the test set, has the same pixels as .*b\.tif"):
            require_disjoint(train, test)

    def test_one_changed_pixel_is_another_image(self, folder, save):
        train = open_folder(folder)
        image = (train[1].image * 255).round().byte().numpy()
        image[0, 0, 0] ^= 1
        save(folder / "test" / "images" / "b.png", image)
        require_disjoint(train, ImageMaskFolder(folder / "test" / "images", None, VALUES))

    def test_reshaped_pixels_are_another_image(self, save, tmp_path):
        pixels = np.zeros((1, 4, 6), np.uint8)
        one, two = save(tmp_path / "1.png", pixels), save(tmp_path / "2.png", pixels.reshape(1, 6, 4))
        sets = [ImageMaskPairs([Pair(p.stem, p, None, VALUES)], TWO, ("grey",)) for p in (one, two)]
        require_disjoint(*sets)


def test_a_window_beyond_the_border_is_filled(folder):
    dataset = open_folder(folder)
    sample = dataset.read(dataset.pairs[1], Window(5, 36, 8, 8))
    assert (sample.mask != IGNORE).nonzero().max(0).values.tolist() == [3, 3]
    assert torch.equal(sample.mask[:4, :4], dataset[1].mask[5:, 36:])
