"""Every built page in a browser, in light and in dark: each is opened once, and the tests ask what was found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser
HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
FILES = (path.relative_to(HTML) for path in HTML.rglob("*.html"))
PAGES = sorted(f.as_posix() for f in FILES if f.parts[0][0] != "_" and f.name != "index.html") or ["intro.html"]
SERIOUS = ("serious", "critical")
RAW_MATHEMATICS = """() => {
  const left = [...document.querySelectorAll('article .math')].filter(e => !e.querySelector('mjx-container'));
  const quiz = [...document.querySelectorAll('article .tex2jax_process')].filter(e => /\\\\\\(/.test(e.textContent));
  const wrong = [...document.querySelectorAll('mjx-merror, [data-mjx-error]')];
  return [...left, ...quiz, ...wrong].map(e => e.textContent.slice(0, 80));
}"""

OUT_OF_REACH = """() => [...document.querySelectorAll('article mjx-container')]
  .filter(e => e.getBoundingClientRect().left < 0).map(e => e.textContent.slice(0, 80))"""


@dataclass
class Visit:
    """What was found on a page in one colour scheme."""

    theme: str = ""
    script_errors: list[str] = field(default_factory=list)
    requests_elsewhere: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)
    raw_mathematics: list[str] = field(default_factory=list)
    pictures_not_drawn: list[str] = field(default_factory=list)
    sliders: int = 0
    still_sliders: list[str] = field(default_factory=list)
    inaccessible: list[str] = field(default_factory=list)
    too_wide: int = 0
    cut_off: list[str] = field(default_factory=list)


def press_through(control: Locator) -> str | None:
    """What is wrong with a slider: it is moved to its far end and back to the next frame by keyboard."""
    name = control.locator("xpath=..").inner_text().strip()
    picture = control.locator("xpath=ancestor::figure").locator("img:visible")
    seen = []
    for key in ("Home", "ArrowRight", "End"):
        control.press(key)
        if picture.count() != 1:
            return f"{name}: {picture.count()} frames visible"
        seen.append(picture.get_attribute("src"))
    frames = int(control.get_attribute("max") or 0) + 1
    return None if len(set(seen)) == min(3, frames) else f"{name}: the picture stands still"


def is_drawn(picture: Locator) -> bool:
    return bool(picture.evaluate("e => e.complete && e.naturalWidth > 0 && e.getBoundingClientRect().width > 0"))


def look(page: Page, address: str, base: str) -> Visit:
    """Open a page and look at everything."""
    found = Visit()

    def on_request(request: Any) -> None:
        if not request.url.startswith((base, "data:", "blob:")):
            found.requests_elsewhere.append(request.url)

    def on_response(response: Any) -> None:
        if response.status >= 400:
            found.failed_requests.append(f"{response.status} {response.url}")

    page.on("request", on_request)
    page.on("response", on_response)
    page.on("requestfailed", lambda request: found.failed_requests.append(request.url))
    page.on("console", lambda line: found.script_errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: found.script_errors.append(str(error)))
    page.goto(base + address, wait_until="load")
    page.evaluate("window.MathJax?.startup?.promise?.then(() => true)")
    found.theme = page.evaluate("document.documentElement.dataset.theme")
    found.raw_mathematics = page.evaluate(RAW_MATHEMATICS)
    visible = page.locator("article img:visible").all()
    found.pictures_not_drawn = [str(p.get_attribute("alt")) for p in visible if not is_drawn(p)]
    controls = page.locator("article input[type=range]").all()
    found.sliders = len(controls)
    found.still_sliders = [fault for control in controls if (fault := press_through(control))]
    found.inaccessible = list(axe_faults(page))
    page.set_viewport_size({"width": 390, "height": 800})
    found.too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    found.cut_off = page.evaluate(OUT_OF_REACH)
    return found


def axe_faults(page: Page) -> Iterator[str]:
    """What axe finds serious, with every rule on. ``preload`` is off: it asks for style sheets at wrong addresses."""
    page.evaluate(AXE_SCRIPT)
    for fault in page.evaluate("axe.run(document, {preload: false, resultTypes: ['violations']})")["violations"]:
        if fault["impact"] in SERIOUS:
            yield from (f"{fault['id']}: {node['html'][:200]}" for node in fault["nodes"])


@pytest.fixture(scope="session")
def visit(chromium: Browser, server: str) -> Callable[[str, str], Visit]:
    """Looks at a page in a colour scheme, once a session."""
    seen: dict[tuple[str, str], Visit] = {}

    def visited(address: str, scheme: str) -> Visit:
        if (address, scheme) not in seen:
            page = chromium.new_page(viewport={"width": 1300, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            seen[address, scheme] = look(page, address, server)
            page.close()
        return seen[address, scheme]

    return visited


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=PAGES)
def found(request: pytest.FixtureRequest, scheme: str, visit: Callable[[str, str], Visit]) -> Visit:
    return visit(request.param, scheme)


def test_page_shows_the_scheme_asked_for(found: Visit, scheme: str) -> None:
    assert found.theme == scheme


def test_page_loads_without_errors_and_without_the_network(found: Visit) -> None:
    assert not found.script_errors
    assert not found.requests_elsewhere
    assert not found.failed_requests


def test_mathematics_is_typeset_and_pictures_are_drawn(found: Visit) -> None:
    assert not found.raw_mathematics
    assert not found.pictures_not_drawn


def test_sliders_move_their_picture_by_keyboard(found: Visit) -> None:
    assert not found.still_sliders


def test_axe_finds_nothing_serious(found: Visit) -> None:
    assert not found.inaccessible


def test_page_fits_a_phone(found: Visit) -> None:
    assert found.too_wide <= 0
    assert not found.cut_off, "to the left of the screen, where nobody can scroll"


def test_the_front_door_opens_the_first_page(chromium: Browser, server: str) -> None:
    page = chromium.new_page()
    page.goto(server + "index.html")
    page.wait_for_url(server + "intro.html", timeout=10_000)
    page.close()


FAULTY = """<!doctype html><html lang="en" data-theme="light"><title>Faults</title><body><main><article>
<h1>Faults</h1><p style="color:#aaa;background:#fff">Hardly to be read.</p><span class="math">\\(x^2\\)</span>
<img src="http://127.0.0.1:9/far.png" alt="far"><img src="missing.png" alt="missing"><input type="text">
<figure><label>Still<input type="range" max="1" value="0" aria-valuetext="0"></label><img alt="a" src="data:,"></figure>
<mjx-container style="position:absolute;left:-9px">left</mjx-container>
<div style="width:900px">wide</div></article></main><script>undefined_function()</script></body></html>"""


def test_each_fault_is_found(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "faults.html").write_text(FAULTY)
    page = chromium.new_page()
    found = look(page, "faults.html", tmp_path.as_uri() + "/")
    page.close()
    assert any("undefined_function" in error for error in found.script_errors)
    assert found.requests_elsewhere == ["http://127.0.0.1:9/far.png"]
    assert any(address.endswith("missing.png") for address in found.failed_requests)
    assert found.raw_mathematics == ["\\(x^2\\)"]
    assert {"far", "missing"} <= set(found.pictures_not_drawn)
    assert (found.sliders, found.still_sliders) == (1, ["Still: the picture stands still"])
    assert {fault.split(":")[0] for fault in found.inaccessible} >= {"color-contrast", "label"}
    assert found.too_wide > 300
    assert found.cut_off == ["left"]
