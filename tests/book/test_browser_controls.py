"""Slider, picker and quiz by keyboard, from a file, with nothing but what their output holds."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from rsnotes.figures import Output, picker, slider
from rsnotes.teaching import Choice, Question, quiz

pytestmark = pytest.mark.browser
VALUES = [10, 120, 230]


def grey(value: int) -> np.ndarray:
    return np.full((40, 40, 3), value, np.uint8)


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Callable[..., Page]:
    """Opens a file with these outputs, and fails on any request or script error."""
    faults: list[str] = []
    pages = []

    def open_page(*outputs: Output, script: bool = True) -> Page:
        body = "".join(str(output._repr_mimebundle_()["text/html"]) for output in outputs)
        file = tmp_path / "page.html"
        file.write_text(f"<!doctype html><html lang=en><title>Page</title><body>{body}</body></html>", "utf-8")
        page = chromium.new_page(java_script_enabled=script)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.append(request.url) if request.url.startswith("http") else None)
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not faults


def shades(page: Page) -> list[int]:
    """The grey of the middle of each visible picture, read from a screenshot."""
    found = []
    for img in page.locator("img:visible").all():
        shot = cv2.imdecode(np.frombuffer(img.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
        found.append(int(shot[shot.shape[0] // 2, shot.shape[1] // 2]))
    return found


def grey_slider(name: str = "Grey", **changes) -> Output:
    return slider(grey, VALUES, name=name, alt=lambda v: f"A grey square of brightness {v} out of 255.", **changes)


def test_slider_moves_by_keyboard_and_each_only_its_own(opened):
    page = opened(grey_slider(), grey_slider("Another", start=1))
    assert shades(page) == [10, 120]
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert shades(page) == [120, 120]
    assert page.locator("output").all_inner_texts() == ["120", "120"]
    assert page.locator("input").first.get_attribute("aria-valuetext") == "120"
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert shades(page) == [230, 120]
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert shades(page) == [230, 10]


def test_slider_prints_the_frame_it_stands_at(opened):
    page = opened(grey_slider(start=2))
    page.emulate_media(media="print")
    assert shades(page) == [230]
    assert not page.locator("input").is_visible()
    assert page.locator("output").is_visible()


def test_slider_without_scripts_shows_its_first_frame(opened):
    assert shades(opened(grey_slider(start=1), script=False)) == [120]


def test_slider_is_read_out_with_its_name_and_value(opened):
    page = opened(grey_slider(label=lambda v: f"{v} of 255"))
    control = page.get_by_role("slider", name="Grey")
    control.press("ArrowRight")
    assert control.get_attribute("aria-valuetext") == "120 of 255"
    assert page.get_by_role("img").get_attribute("alt") == "A grey square of brightness 120 out of 255."


def test_picker_swaps_its_frame_by_click_and_by_keyboard(opened):
    points = [(0.25, 0.25), (0.75, 0.5), (0.5, 0.75)]
    page = opened(
        picker(
            grey(200),
            points,
            lambda i: grey(VALUES[i]),
            name="Pick",
            alt="A light grey square that carries three points to pick from.",
            frame_alt=lambda i: f"A grey square that stands for point number {i}.",
            labels=["one", "two", "three"],
        )
    )
    field = page.locator(".rs-field img").bounding_box()
    for (row, column), point in zip(points, page.get_by_role("radio").all(), strict=True):
        box = point.bounding_box()
        assert box["x"] + box["width"] / 2 == pytest.approx(field["x"] + column * field["width"], abs=1)
        assert box["y"] + box["height"] / 2 == pytest.approx(field["y"] + row * field["height"], abs=1)
    frame = page.locator(".rs-frames")
    assert frame.locator("img:visible").get_attribute("alt").endswith("number 0.")
    page.get_by_role("radio", name="three").click()
    assert frame.locator("img:visible").get_attribute("alt").endswith("number 2.")
    page.keyboard.press("ArrowUp")
    assert frame.locator("img:visible").get_attribute("alt").endswith("number 1.")
    assert shades(page)[1] == VALUES[1]


def test_quiz_explains_the_choice_made_and_only_that(opened):
    first = Question("First?", (Choice("yes", "So it is.", right=True), Choice("no", "It is not.")))
    second = Question("Second?", (Choice("no", "Look again."), Choice("yes", "Indeed.", right=True)))
    page = opened(quiz(first, second))
    assert page.get_by_role("status").all_inner_texts() == ["", ""]
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.get_by_role("status").all_inner_texts() == ["Right. So it is.", ""]
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("status").all_inner_texts() == ["Not this one. It is not.", ""]
    page.get_by_role("group", name="2. Second?").get_by_label("yes").click()
    assert page.get_by_role("status").all_inner_texts() == ["Not this one. It is not.", "Right. Indeed."]
