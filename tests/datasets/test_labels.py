"""Label pictures: colours and indices become class ids, and what is in no table is named."""

import numpy as np
import pytest
from PIL import Image

from rsnotes.datasets import IGNORE, ISPRS, Colours, DataError, Indices
from rsnotes.datasets.labels import hex_colour

BLACK = (0, 0, 0)


@pytest.fixture
def ids():
    return np.random.default_rng(3).integers(0, 3, (12, 9))


def painted(ids, table):
    """Picture (3, H, W) of ids, by hand."""
    picture = np.zeros((3, *ids.shape), np.uint8)
    for k, colour in enumerate(table):
        for channel in range(3):
            picture[channel][ids == k] = colour[channel]
    return picture


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_colours_become_ids(save, tmp_path, ids, colours, suffix):
    path = save(tmp_path / f"mask{suffix}", painted(ids, colours.colours), photometric="RGB")
    assert np.array_equal(Colours(colours).read(path), ids)
    assert Colours(colours).read(path).dtype == np.int64


def test_isprs_colours_are_read_in_rgb_order(tmp_path):
    """In BGR order every ISPRS colour is another one's: nothing fails, but blue roofs become clutter."""
    words = {"white": "impervious", "blue": "building", "cyan": "low vegetation", "lime": "tree", "yellow": "car"}
    for word, name in (words | {"red": "clutter"}).items():
        Image.new("RGB", (2, 2), word).save(tmp_path / "mask.png")
        assert (Colours(ISPRS).read(tmp_path / "mask.png") == ISPRS.index(name)).all()


def test_ignored_colours(save, tmp_path, ids, colours):
    picture = painted(ids, colours.colours)
    picture[:, 0] = 0
    path = save(tmp_path / "mask.png", picture)
    mask = Colours(colours, ignored=(BLACK,)).read(path)
    assert (mask[0] == IGNORE).all()
    assert np.array_equal(mask[1:], ids[1:])


def test_palette_pictures_are_read_by_colour_whatever_their_order(save, tmp_path, ids, colours):
    for order in ((0, 1, 2), (2, 0, 1)):
        palette = {order.index(k): (*colours.colours[k], 255) for k in range(3)}
        indices = np.array([order.index(k) for k in range(3)], np.uint8)[ids]
        path = save(tmp_path / "mask.png", indices, palette=palette)
        assert np.array_equal(Colours(colours).read(path), ids)


def test_an_alpha_channel_is_dropped(tmp_path, ids, colours):
    rgba = np.concatenate([painted(ids, colours.colours), np.full((1, 12, 9), 255, np.uint8)])
    Image.fromarray(rgba.transpose(1, 2, 0), "RGBA").save(tmp_path / "mask.png")
    assert np.array_equal(Colours(colours).read(tmp_path / "mask.png"), ids)


def test_unknown_colours_are_named_with_pixels_and_nearest(save, tmp_path, ids, colours):
    picture = painted(ids, colours.colours)
    picture[:, 0, :4] = np.array([[199], [12], [33]])
    picture[:, 5, 5] = 0
    with pytest.raises(DataError) as caught:
        Colours(colours).read(save(tmp_path / "mask.png", picture))
    assert str(caught.value) == (
        f"{tmp_path / 'mask.png'}: colours that stand in no table: #C70C21 on 4 pixels (nearest is house #C80A1E), "
        "#000000 on 1 pixels (nearest is house #C80A1E). Add them to the class table, or to the ignored colours."
    )


def test_only_the_most_frequent_unknown_colours_are_listed(save, tmp_path, colours):
    picture = np.zeros((3, 1, 20), np.uint8)
    picture[0, 0] = np.minimum(np.arange(20), 8)  # 0 to 7 once, 8 twelve times
    with pytest.raises(DataError, match=r"#080000 on 12 pixels.* and 4 more"):
        Colours(colours).read(save(tmp_path / "mask.png", picture))


def test_interpolated_labels(tmp_path):
    blocks = np.kron(np.random.default_rng(0).integers(0, 6, (8, 8)), np.ones((10, 10), int))
    picture = Image.fromarray(painted(blocks, ISPRS.colours).transpose(1, 2, 0))
    picture.resize((200, 200), Image.Resampling.BICUBIC).save(tmp_path / "resized.png")
    picture.save(tmp_path / "lossy.jpg", quality=80)
    for name in ("resized.png", "lossy.jpg"):
        with pytest.raises(DataError, match=rf"{name}: \d+ colours .*interpolated.*nearest-neighbour"):
            Colours(ISPRS).read(tmp_path / name)


def test_a_tolerance_takes_the_nearest_colour(tmp_path):
    blocks = np.kron(np.random.default_rng(0).integers(0, 6, (8, 8)), np.ones((16, 16), int))
    Image.fromarray(painted(blocks, ISPRS.colours).transpose(1, 2, 0)).save(tmp_path / "m.jpg", quality=95)
    mask = Colours(ISPRS, (BLACK,), tolerance=255).read(tmp_path / "m.jpg")
    inside = np.kron(np.ones((8, 8), int), np.pad(np.ones((10, 10), int), 3)).astype(bool)
    assert np.array_equal(mask[inside], blocks[inside])


def test_a_tolerance_has_an_end(save, tmp_path):
    picture = np.array([252, 255, 0], np.uint8).reshape(3, 1, 1)  # the cars of Potsdam's tile 6_7
    path = save(tmp_path / "mask.tif", picture, photometric="RGB")
    assert Colours(ISPRS, tolerance=3).read(path).tolist() == [[ISPRS.index("car")]]
    with pytest.raises(DataError, match="#FCFF00 on 1 pixels"):
        Colours(ISPRS, tolerance=2).read(path)


def test_indices_become_ids(save, tmp_path, colours):
    values = np.array([[0, 1, 7, 9]], np.uint8)
    labels = Indices(colours, {0: IGNORE, 1: 0, 7: 2, 9: 1})
    assert labels.read(save(tmp_path / "mask.png", values)).tolist() == [[IGNORE, 0, 2, 1]]


def test_unknown_values_are_named(save, tmp_path, colours):
    path = save(tmp_path / "mask.png", np.array([[0, 3, 3]], np.uint8))
    with pytest.raises(DataError, match=r"mask\.png: 1 values that stand in no table: 3 on 2 pixels.*255"):
        Indices(colours, {0: 0}).read(path)


def test_an_index_table_must_lead_to_classes(colours):
    with pytest.raises(ValueError, match=r"\[3\]"):
        Indices(colours, {0: 0, 1: 3})


def test_painted_and_indexed_labels_are_not_mixed_up(save, tmp_path, ids, colours):
    painted_path = save(tmp_path / "painted.png", painted(ids, colours.colours))
    grey_path = save(tmp_path / "grey.png", ids.astype(np.uint8))
    with pytest.raises(DataError, match=r"painted\.png: 3 bands of uint8.*give a colour table"):
        Indices(colours, {0: 0, 1: 1, 2: 2}).read(painted_path)
    with pytest.raises(DataError, match=r"grey\.png: 1 bands of uint8 without a palette.*give an index table"):
        Colours(colours).read(grey_path)


def test_hex_colour():
    assert hex_colour((60, 16, 152)) == "#3C1098"
