"""Masks, overlays and relation maps as pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb as parse_colour

from rsnotes.datasets import IGNORE, ISPRS
from rsnotes.figures import class_colours, overlay, paint, relation_map, relation_rows, tiles, to_rgb

MASK = np.array([[1, 1, 4], [1, 1, 4], [IGNORE, IGNORE, IGNORE]])
IMAGE = np.full((3, 3, 3), 100, np.uint8)


def colour(name: str) -> list[int]:
    return [round(255 * part) for part in parse_colour(class_colours(ISPRS)[ISPRS.index(name)])]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_to_rgb_moves_the_bands_and_scales():
    image = torch.zeros(4, 2, 5)  # four bands: the fourth is not shown
    image[0, 1, 3], image[2, 0, 0], image[3] = 0.5, 1.2, 1.0
    picture = to_rgb(image)
    assert picture.shape == (2, 5, 3)
    assert picture[1, 3].tolist() == [128, 0, 0]
    assert picture[0, 0].tolist() == [0, 0, 255]
    assert to_rgb(IMAGE) is IMAGE


def test_to_rgb_refuses_what_is_no_image():
    with pytest.raises(ValueError, match=r"got float32 \(2, 5\)"):
        to_rgb(torch.zeros(2, 5))


def test_paint_by_hand():
    painted = paint(MASK, ISPRS)
    assert painted[0, 0].tolist() == colour("building")
    assert painted[1, 2].tolist() == colour("car")
    assert painted[2, 1].tolist() == [0, 0, 0]


def test_paint_names_an_id_that_is_no_class():
    with pytest.raises(ValueError, match=r"ids \[6, 9\]; the classes are 0\.\.5 and 255"):
        paint([[0, 9], [6, 255]], ISPRS)


def test_overlay_tints_inside_marks_borders_and_leaves_ignored_pixels():
    mixed = overlay(IMAGE, MASK, ISPRS, strength=0.25)
    assert mixed[0, 0].tolist() == [round(100 + 0.25 * (part - 100)) for part in colour("building")]
    assert mixed[0, 1].tolist() == colour("building")  # its right neighbour is a car
    assert mixed[2].tolist() == IMAGE[2].tolist()


def test_overlay_refuses_sizes_that_differ():
    with pytest.raises(ValueError, match=r"image \(3, 3\) and mask \(2, 3\) differ"):
        overlay(IMAGE, MASK[:2], ISPRS)


def test_tiles_show_images_as_they_are_and_masks_painted():
    figure = tiles([IMAGE, MASK], ["image", "mask"], classes=ISPRS)
    first, second = figure.axes
    np.testing.assert_array_equal(first.images[0].get_array(), IMAGE)
    np.testing.assert_array_equal(second.images[0].get_array(), paint(MASK, ISPRS))
    assert [axis.get_title() for axis in figure.axes] == ["image", "mask"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*ISPRS.names, "ignored"]


def test_relation_map_is_the_logarithm_of_the_shares():
    shares = np.array([[0.9, 0.1], [0.001, 0.999]])  # an even share is 0.5: the scale ends at 0.005
    figure = relation_map(shares, "S", axis="channel")
    drawn = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(drawn, np.log10([[0.9, 0.1], [0.005, 0.999]]))
    assert figure.axes[0].get_ylabel() == "channel i"


def test_relation_rows_share_one_scale_and_mark_the_pixel():
    strong, weak = np.zeros((4, 6)), np.full((4, 6), 1 / 24)
    strong[1, 5] = 1.0
    figure = relation_rows([strong, weak], ["teacher", "student"], point=(1, 5))
    assert {image.get_clim() for axis in figure.axes[:2] for image in axis.images} == {(0.0, 1.0)}
    assert figure.axes[0].lines[0].get_xydata().tolist() == [[5.0, 1.0]]  # x is the column
