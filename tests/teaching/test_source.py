"""Source shown at run time."""

import colorsys
import inspect

import pytest
from bs4 import BeautifulSoup
from matplotlib.colors import to_rgb

from rsnotes.datasets import Classes
from rsnotes.teaching import show_source
from rsnotes.teaching.source import DarkStyle, LightStyle, source_html


def test_the_whole_source_is_there_under_its_name():
    output = show_source(colorsys.rgb_to_hsv)
    soup = BeautifulSoup(output._repr_mimebundle_()["text/html"], "html.parser")
    assert soup.pre.text.strip() == inspect.getsource(colorsys.rgb_to_hsv).strip()
    assert soup.figcaption.text == "colorsys.rgb_to_hsv"
    assert soup.find(class_="rs-code")["tabindex"] == "0"  # long lines scroll by keyboard too
    assert repr(output) == "Source of colorsys.rgb_to_hsv"


def test_a_method_is_shown_from_the_margin():
    soup = BeautifulSoup(show_source(Classes.index)._repr_mimebundle_()["text/html"], "html.parser")
    assert soup.pre.text.lstrip("\n").startswith("def index(self")


def test_equations_of_the_docstring_are_marked():
    code = (
        'def f():\n    """Map.\n\n    Equation: drd 1\n    Equation: maflnet 27\n    """\n    return "Equation: no"\n'
    )
    soup = BeautifulSoup(source_html("f", code), "html.parser")
    marks = soup.find_all(class_="rs-equation")
    assert [mark["data-equation"] for mark in marks] == ["drd-1", "maflnet-27"]
    assert [mark.text for mark in marks] == ["Equation: drd 1", "Equation: maflnet 27"]


@pytest.mark.parametrize("thing", [len, 3])
def test_what_has_no_source_is_refused(thing):
    with pytest.raises(TypeError, match="wants a function or class written in Python"):
        show_source(thing)


@pytest.mark.parametrize("style", [LightStyle, DarkStyle])
def test_tokens_have_contrast_with_their_ground(style):
    def luminance(colour: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    ground = luminance(style.background_color)
    for _, token in style:
        light, dark = sorted((luminance("#" + token["color"]), ground), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, token
