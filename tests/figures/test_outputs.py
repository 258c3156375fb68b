"""What show, slider and picker put into a page."""

import base64
import io
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from rsnotes.figures import picker, show, slider
from rsnotes.figures.encode import encode

ALT = "A checkerboard of {} grey squares, light and dark in turn."


def board(value: int) -> np.ndarray:
    squares = (np.indices((8, 12)).sum(0) % 2 * 200 + value).astype(np.uint8)
    return np.repeat(squares[..., None], 3, axis=2)


def page(output) -> BeautifulSoup:
    return BeautifulSoup(output._repr_mimebundle_()["text/html"], "html.parser")


def decoded(img) -> np.ndarray:
    kind, data = img["src"].split(",", 1)
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_show_holds_the_picture_its_size_and_its_alt():
    output = show(board(9), alt=ALT.format(96), caption="a < b")
    img = page(output).img
    np.testing.assert_array_equal(decoded(img), board(9))
    assert (img["width"], img["height"]) == ("360", "240")  # 30 CSS pixels a square
    assert img["alt"] == ALT.format(96)
    assert page(output).figcaption.text == "a < b"
    assert output._repr_mimebundle_()["text/plain"] == repr(output) == "Figure: " + ALT.format(96)


def test_show_closes_its_figure_and_keeps_its_size_on_paper():
    figure, _ = plt.subplots(figsize=(5, 2))
    img = page(show(figure, alt=ALT.format("no"))).img
    assert not plt.fignum_exists(figure.number)
    assert (img["width"], img["height"]) == ("480", "192")
    assert decoded(img).shape == (288, 720, 3)


@pytest.mark.parametrize("alt", ["", "figure.png", "   too   short      after   stripping   "[:32]])
def test_alt_must_say_what_is_seen(alt):
    with pytest.raises(ValueError, match="must say what is seen"):
        show(board(0), alt=alt)


def test_alt_is_escaped():
    alt = 'Rows of "tree" & <car> squares, side by side in the mask.'
    assert page(show(board(0), alt=alt)).img["alt"] == alt


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), "picture.png"])
def test_only_figures_and_uint8_pictures_are_encoded(wrong):
    with pytest.raises(TypeError, match=r"expected a matplotlib Figure or an array \(H, W, 3\) of uint8, got"):
        encode(wrong)


def moved(**changes):
    options = {"name": "Grey", "alt": lambda v: ALT.format(v), "label": lambda v: f'{v} "units"'}
    return slider(board, [1, 2, 3], **{**options, **changes})


def test_slider_has_a_frame_a_value_and_shows_one():
    soup = page(moved(start=1))
    frames = soup.find_all("img")
    for value, frame in zip([1, 2, 3], frames, strict=True):
        np.testing.assert_array_equal(decoded(frame), board(value))
        assert frame["alt"] == ALT.format(value)
        assert frame.has_attr("hidden") == (value != 2)
    control = soup.find("input")
    assert (control["type"], control["min"], control["max"], control["value"]) == ("range", "0", "2", "1")
    assert json.loads(control["data-labels"]) == ['1 "units"', '2 "units"', '3 "units"']
    assert control["aria-valuetext"] == soup.output.text == '2 "units"'
    assert control.find_parent("label").span.text == "Grey"


def test_outputs_are_the_same_each_time_and_need_no_id_or_script():
    html = moved()._repr_mimebundle_()["text/html"]
    assert html == moved()._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    assert " id=" not in html
    assert repr(moved()) == 'Slider: Grey, 1 "units" to 3 "units", 3 frames'


@pytest.mark.parametrize("alts", [[ALT.format(1)] * 3, [ALT.format(1), ALT.format(2)]])
def test_slider_wants_an_alt_of_its_own_for_each_frame(alts):
    with pytest.raises(ValueError, match="as many different alt texts"):
        moved(alt=alts)


def test_slider_start_must_be_a_frame():
    with pytest.raises(ValueError, match="a start among them"):
        moved(start=3)


def test_live_slider_draws_what_is_asked_for(monkeypatch):
    monkeypatch.delenv("RSNOTES_STATIC", raising=False)
    output = moved(live=range(1, 50))
    bundle = output._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(moved())
    control, picture = output.widget.children
    control.value = 37
    img = BeautifulSoup(picture.value, "html.parser").img
    np.testing.assert_array_equal(decoded(img), board(37))


def test_a_built_page_gets_no_widget(monkeypatch):
    monkeypatch.setenv("RSNOTES_STATIC", "1")
    assert set(moved(live=range(1, 50))._repr_mimebundle_()) == {"text/html", "text/plain"}


def picked(points=((0.25, 0.5), (1.0, 0.0)), **changes):
    options = {
        "name": "Pick a square",
        "alt": ALT.format(96),
        "frame_alt": lambda i: f"The row of the relation map that belongs to square {i}.",
        "labels": ["middle", "corner"],
    }
    return picker(board(0), points, lambda i: board(10 + i), **{**options, **changes})


def test_picker_lays_its_points_over_the_picture():
    soup = page(picked(start=1))
    field, *frames = soup.find_all("img")
    np.testing.assert_array_equal(decoded(field), board(0))
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(decoded(frame), board(10 + index))
        assert frame.has_attr("hidden") == (index != 1)
    radios = soup.find_all("input", type="radio")
    assert [radio["style"] for radio in radios] == ["top:25.00%;left:50.00%", "top:100.00%;left:0.00%"]
    assert [radio["aria-label"] for radio in radios] == ["middle", "corner"]
    assert [radio.has_attr("checked") for radio in radios] == [False, True]
    assert len({radio["name"] for radio in radios}) == 1
    assert soup.legend.text == "Pick a square"


def test_two_pickers_on_a_page_have_groups_of_their_own():
    groups = {page(picked(name=name)).input["name"] for name in ("Pick one", "Pick another")}
    assert len(groups) == 2


def test_picker_refuses_points_in_pixels():
    with pytest.raises(ValueError, match=r"fractions of the picture in 0\.\.1, got \(12, 40\)"):
        picked(points=((0.5, 0.5), (12, 40)))
