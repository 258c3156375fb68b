"""Ten thousand damaged images, masks and headers: a sample or a named error, never a crash."""

import random
from typing import NamedTuple

import numpy as np
import pytest
import rasterio

from rsnotes.datasets import (
    IGNORE,
    Classes,
    Colours,
    DataError,
    ImageMaskPairs,
    Indices,
    Pair,
    Sample,
    export,
)
from rsnotes.datasets.tiles import Window

CASES = 10_000
SIDE = 12
TWO = Classes(("land", "water"), ((255, 255, 255), (0, 0, 255)), (True, True))
PAINTED, VALUES = Colours(TWO), Indices(TWO, {0: 0, 1: 1})
BANDS = ("red", "green", "blue")
TRICKY = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\x80\x00",
    b"II*\x00",
    b"MM\x00*",
)


@pytest.fixture(scope="module")
def sound(save, tmp_path_factory):
    """Sound images and masks, one a format and way of storing: file, role, and how its labels are read."""
    folder, rng = tmp_path_factory.mktemp("sound"), np.random.default_rng(0)
    image = rng.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    ids = rng.integers(0, 2, (SIDE, SIDE), dtype=np.uint8)
    painted = np.array(TWO.colours, np.uint8)[ids].transpose(2, 0, 1)
    tiled = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    palette = {0: (255, 255, 255, 255), 1: (0, 0, 255, 255)}
    files = {
        "plain.tif": (image, None, {}),
        "deflate.tif": (image, None, {"compress": "deflate", "predictor": 2, "crs": "EPSG:32632", **tiled}),
        "lzw.tif": (image, None, {"compress": "lzw", "interleave": "band", "nodata": 7}),
        "photo.tif": (image, None, {"compress": "jpeg", "photometric": "ycbcr", **tiled}),
        "image.png": (image, None, {}),
        "image.jpg": (image, None, {}),
        "painted.tif": (painted, PAINTED, {"photometric": "RGB", "compress": "deflate"}),
        "painted.png": (painted, PAINTED, {}),
        "palette.png": (ids, PAINTED, {"palette": palette}),
        "values.png": (ids, VALUES, {}),
        "values.tif": (ids, VALUES, {"compress": "packbits"}),
    }
    paths = {name: (save(folder / name, array, **options), labels) for name, (array, labels, options) in files.items()}
    return paths, image, ids


def damage(content, rng):
    """One to four changes: bytes set, bits flipped, parts cut, doubled, moved or blanked; headers twice as often."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        reach = len(content) if rng.random() < 0.5 else min(len(content), 64)
        at = rng.randrange(max(1, reach))
        match rng.randrange(6):
            case 0:
                content[at : at + 1] = bytes([rng.randrange(256)])
            case 1 if content:
                content[min(at, len(content) - 1)] ^= 1 << rng.randrange(8)
            case 2:
                del content[at : at + rng.randint(1, 40)]
            case 3:
                token = rng.choice(TRICKY)
                content[at : at + len(token)] = token
            case 4:
                content[at:at] = content[at : at + rng.randint(1, 40)]
            case 5:
                del content[rng.randrange(max(1, len(content))) :]
    return bytes(content)


def read_damaged(path, labels, partner, window=None):
    """What reading the damaged file gives: as the image of a pair, or as the mask of the sound ``partner``."""
    pair = Pair("x", path, None, PAINTED) if labels is None else Pair("x", partner, path, labels)
    return ImageMaskPairs([pair], TWO, BANDS).read(pair, window)


def test_ten_thousand_damaged_files(sound, tmp_path):
    paths = sound[0]
    rng = random.Random(0)
    partner = paths["plain.tif"][0]
    contents = {name: path.read_bytes() for name, (path, _) in paths.items()}
    outcomes = {"sample": 0, "error": 0}
    for case in range(CASES):
        name = rng.choice(sorted(paths))
        path = tmp_path / f"damaged{paths[name][0].suffix}"
        path.write_bytes(damage(contents[name], rng))
        try:
            sample = read_damaged(path, paths[name][1], partner, rng.choice([None, Window(1, 2, 9, 8)]))
        except DataError as error:
            outcomes["error"] += 1
            message = str(error)
        else:
            outcomes["sample"] += 1
            message = str(path)
            require_sound(sample, case, name)
        assert str(path) in message, (case, name)
        path.unlink()
        assert not list(tmp_path.iterdir()), (case, name)  # no side file is left
    assert min(outcomes.values()) > CASES // 20, outcomes  # both happen


def require_sound(sample, case, name):
    assert isinstance(sample, Sample)
    assert sample.image.shape[1:] == sample.mask.shape, (case, name)
    assert len(sample.image) == len(BANDS), (case, name)
    assert 0 <= float(sample.image.min()) <= float(sample.image.max()) <= 1, (case, name)
    assert set(sample.mask.unique().tolist()) <= {0, 1, IGNORE}, (case, name)


def test_damage_is_damage(sound):
    rng = random.Random(1)
    for path, _ in sound[0].values():
        content = path.read_bytes()
        assert sum(damage(content, rng) != content for _ in range(50)) > 40


def test_a_sound_file_is_read_after_a_damaged_one(sound, tmp_path):
    """An error leaves nothing behind in GDAL that the next file would meet."""
    paths, image, ids = sound
    (tmp_path / "cut.tif").write_bytes(paths["deflate.tif"][0].read_bytes()[:-200])
    with pytest.raises(DataError):
        read_damaged(tmp_path / "cut.tif", None, None)
    sample = read_damaged(paths["painted.png"][0], PAINTED, paths["plain.tif"][0])
    assert np.array_equal((sample.image * 255).round(), image)
    assert np.array_equal(sample.mask, ids)


def test_arrays_of_any_kind_are_written_whole_or_not_at_all(tmp_path):
    rng = random.Random(2)
    written = 0
    for case in range(300):
        shape = rng.choice([(4, 4), (4, 5), (0, 4), (16, 16), (4,)])
        shapes = [shape if rng.random() < 0.8 else (5, 4), (*shape, 3) if rng.random() < 0.8 else shape, shape]
        types = [np.uint8 if rng.random() < 0.8 else rng.choice([np.int64, np.float32, bool]) for _ in shapes]
        nir, rgb, mask = (np.full(s, rng.choice([0, 1, 5]), t) for s, t in zip(shapes, types, strict=True))
        root = tmp_path / str(case)
        try:
            export.write_vaihingen(root, {"1": Arrays(rgb, nir, mask)})
        except DataError:
            assert not root.exists()
            continue
        written += 1
        files = [path for path in root.rglob("*") if path.is_file()]
        assert len(files) == 3
        for path in files:
            with rasterio.open(path) as source:
                assert source.read().shape == (3, *shape)
    assert 50 < written < 250


class Arrays(NamedTuple):
    rgb: np.ndarray
    nir: np.ndarray
    mask: np.ndarray
