"""Pictures that nobody here drew: Dubai's 36 pairs with their traps, and images of four and eight bands."""

import numpy as np
import pytest
import rasterio
from PIL import Image

from rsnotes.datasets import IGNORE, Classes, Colours, DataError, ImageMaskFolder, ImageMaskPairs, Indices, Pair

DUBAI = Classes(
    ("building", "land", "road", "vegetation", "water"),
    ((0x3C, 0x10, 0x98), (0x84, 0x29, 0xF6), (0x6E, 0xC1, 0xE4), (0xFE, 0xDD, 0x3A), (0xE2, 0xA9, 0x29)),
    (True,) * 5,
)
GREY, BLACK = (0x9B, 0x9B, 0x9B), (0, 0, 0)


def dubai(folder, tile, labels):
    return ImageMaskFolder(folder / f"tile{tile}" / "images", folder / f"tile{tile}" / "masks", labels)


def test_all_36_pairs_of_dubai_read_once_black_is_declared(real_images):
    folder = real_images / "dubai-cc0"
    read = 0
    for tile in range(1, 9):
        if not (folder / f"tile{tile}").is_dir():
            continue
        dataset = dubai(folder, tile, Colours(DUBAI, (GREY, BLACK)))
        for pair, sample in zip(dataset.pairs, dataset, strict=True):
            rgb = np.asarray(Image.open(pair.mask).convert("RGB"))
            for ids, colours in [*((k, [c]) for k, c in enumerate(DUBAI.colours)), (IGNORE, [GREY, BLACK])]:
                painted = np.any([(rgb == colour).all(2) for colour in colours], axis=0)
                assert np.array_equal(sample.mask.numpy() == ids, painted)
            read += 1
    assert read == 36


def test_dubais_traps_are_named(real_images):
    folder = real_images / "dubai-cc0"
    dataset = dubai(folder, 3, Colours(DUBAI, (GREY,)))
    problems = []
    for index in range(len(dataset)):
        try:
            _ = dataset[index]
        except DataError as error:
            problems.append(str(error))
    assert len(problems) == 2
    assert "image_part_006.png: colours that stand in no table: #000000 on 302 pixels" in problems[0]
    for tile in (2, 4):
        with pytest.raises(DataError, match="the order of the palette differs from file to file"):
            dubai(folder, tile, Indices(DUBAI, {k: k for k in range(5)}))


@pytest.mark.parametrize(("pattern", "count", "value_range"), [("naip*", 4, None), ("LE7*", 8, (0, 6000))])
def test_four_bands_of_uint8_and_eight_of_int16(real_images, pattern, count, value_range):
    (path,) = (real_images / "public-domain").glob(pattern)
    bands = tuple(f"band {k}" for k in range(1, count + 1))
    pair = Pair(path.name, path, None, Colours(DUBAI))
    dataset = ImageMaskPairs([pair], DUBAI, bands, value_range=value_range, side=200, pad=True)
    with rasterio.open(path) as source:
        raw = source.read()
    total = np.zeros(count)
    for image, mask in dataset:
        assert image.shape == (count, 200, 200)
        assert (mask == IGNORE).all()
        total += image.sum((1, 2)).double().numpy()
    assert np.allclose(total, (raw / (value_range[1] if value_range else 255)).clip(0, 1).sum((1, 2)))
    if value_range:
        with pytest.raises(DataError, match=r"int16 values.*Give value_range"):
            _ = ImageMaskPairs([pair], DUBAI, bands)[0]
