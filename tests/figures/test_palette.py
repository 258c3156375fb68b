"""The palettes hold for readers with a colour vision deficiency, and on the figure's ground."""

import itertools

import cv2
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from rsnotes.datasets import ISPRS, Classes
from rsnotes.figures.palette import FACE, INK, LINES, SERIES, class_colours

# Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB.
VISIONS = {
    "full colour vision": np.eye(3),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritanopia": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def linear(colour: str) -> np.ndarray:
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def smallest_difference(colours: list[str] | tuple[str, ...], vision: np.ndarray) -> float:
    """Smallest CIE 1976 difference of any two colours as this vision has them."""
    seen = np.clip([vision @ linear(colour) for colour in colours], 0, 1).astype(np.float32)
    lab = cv2.cvtColor(seen[None], cv2.COLOR_LRGB2LAB)[0]
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(lab, 2))


@pytest.mark.parametrize("vision", VISIONS)
def test_series_and_classes_stay_apart(vision):
    assert smallest_difference(SERIES, VISIONS[vision]) > 20
    assert smallest_difference(class_colours(ISPRS), VISIONS[vision]) > 20


def test_the_measure_finds_the_isprs_colours_hard_to_tell():
    files = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in ISPRS.colours]
    assert smallest_difference(files, VISIONS["tritanopia"]) < smallest_difference(
        class_colours(ISPRS), VISIONS["tritanopia"]
    )


def test_lines_and_text_have_contrast_with_the_face():
    assert all(contrast(colour, FACE) >= 3 for colour in SERIES)
    assert contrast(INK, FACE) >= 7
    assert len(set(map(str, LINES))) == len(SERIES)


def test_a_class_without_a_display_colour_is_named():
    with pytest.raises(ValueError, match=r"no display colour for lava: .*palette\.py"):
        class_colours(Classes(("car", "lava"), ((0, 0, 0), (1, 1, 1)), (True, True)))
