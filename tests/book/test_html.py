"""The built pages as files: figures say what is seen, links lead somewhere, nothing comes from elsewhere."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
FILES = sorted(path for path in HTML.rglob("*.html") if path.relative_to(HTML).parts[0][0] != "_")
SHORTEST_ALT = 30
LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
FILE_NAME = re.compile(r"\.(png|jpe?g|webp|svg|gif)$|^[0-9a-f]{16,}|/")


@pytest.fixture(scope="module")
def soups() -> dict[Path, BeautifulSoup]:
    assert FILES, "there is no built book to look at: run make book first"
    return {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in FILES}


def alt_faults(soup: BeautifulSoup) -> list[str]:
    """Pictures of a page that do not say what is seen, or say what another one says."""
    pictures = soup.select("article img:not(.toggler)")  # the plus and minus of Sphinx's module index are buttons
    alts = [str(img.get("alt", "")) for img in pictures]
    short = [f"too short: {alt!r}" for alt in alts if len(alt) < SHORTEST_ALT]
    named = [f"a file name: {alt!r}" for alt in alts if FILE_NAME.search(alt) and " " not in alt]
    twice = [f"said twice: {alt!r}" for alt in sorted(set(alts)) if alts.count(alt) > 1]
    return short + named + twice


def broken_links(path: Path, soups: dict[Path, BeautifulSoup], root: Path) -> list[str]:
    """Links of a page that lead to no file, or to no place in the file."""
    faults = []
    for element in soups[path].find_all(href=True) + soups[path].find_all(src=True):
        link = urlsplit(str(element.get("href") or element.get("src")))
        if link.scheme or link.netloc:
            continue
        target = (path.parent / unquote(link.path)).resolve() if link.path else path
        if not target.exists() or not target.is_relative_to(root):
            faults.append(f"{link.geturl()} does not exist")
        elif link.fragment and target in soups and not has_place(soups[target], unquote(link.fragment)):
            faults.append(f"{link.geturl()}: no such place in the page")
    return faults


def has_place(soup: BeautifulSoup, fragment: str) -> bool:
    return soup.find(attrs={"id": fragment}) is not None or soup.find(attrs={"name": fragment}) is not None


def loaded_from_elsewhere(soup: BeautifulSoup) -> list[str]:
    """Addresses that a page would ask another server for."""
    addresses = [str(e.get(LOADS[e.name], "")) for e in soup.find_all(list(LOADS)) if isinstance(e, Tag)]
    styles = [address for style in soup.find_all("style") for address in re.findall(r"url\(([^)]*)\)", style.text)]
    return [address for address in addresses + styles if re.match(r"[\"']?(https?:)?//", address)]


def test_every_figure_says_what_is_seen(soups: dict[Path, BeautifulSoup]) -> None:
    faults = {path.name: found for path, soup in soups.items() if (found := alt_faults(soup))}
    assert not faults


def test_links_lead_somewhere(soups: dict[Path, BeautifulSoup]) -> None:
    faults = {path.name: found for path in soups if (found := broken_links(path, soups, HTML))}
    assert not faults


def test_nothing_is_loaded_from_elsewhere(soups: dict[Path, BeautifulSoup]) -> None:
    faults = {path.name: found for path, soup in soups.items() if (found := loaded_from_elsewhere(soup))}
    assert not faults


def test_outputs_are_no_bare_pictures(soups: dict[Path, BeautifulSoup]) -> None:
    """A picture that a cell leaves behind gets a hashed file name for an alt; ``show`` puts its own in."""
    bare = {path.name: [i["src"] for i in s.select(".cell_output img[src*='_images/']")] for path, s in soups.items()}
    assert not any(bare.values()), f"end these cells with show(figure, alt=...): {bare}"


def test_equations_of_shown_sources_lead_to_the_index(soups: dict[Path, BeautifulSoup]) -> None:
    marks = [mark for soup in soups.values() for mark in soup.select(".rs-equation")]
    assert [mark.text for mark in marks if mark.name != "a"] == []


PAGE = '<article><img alt="{}"><img alt="Another picture, of which enough is said here."></article>'


@pytest.mark.parametrize(
    ("alt", "fault"),
    [
        ("A house with its shadow to the north-west.", None),
        ("", "too short"),
        ("../_images/0123456789abcdef0123456789abcdef01234567.png", "a file name"),
        ("Another picture, of which enough is said here.", "said twice"),
    ],
)
def test_alts_that_say_nothing_are_found(alt: str, fault: str | None) -> None:
    faults = alt_faults(BeautifulSoup(PAGE.format(alt), "html.parser"))
    assert [text.split(":")[0] for text in faults] == ([fault] if fault else [])


def test_broken_links_and_foreign_files_are_found(tmp_path: Path) -> None:
    one = tmp_path / "one.html"
    one.write_text('<a href="#here" id=here></a><a href="two.html#no"></a><a href="https://example.org"></a>')
    two = tmp_path / "two.html"
    two.write_text('<a href="three.html"></a><script src="https://cdn.example.org/x.js"></script><a href="../up"></a>')
    soups = {path: BeautifulSoup(path.read_text(), "html.parser") for path in (one, two)}
    assert broken_links(one, soups, tmp_path) == ["two.html#no: no such place in the page"]
    assert broken_links(two, soups, tmp_path) == ["three.html does not exist", "../up does not exist"]
    assert loaded_from_elsewhere(soups[one]) == []
    assert loaded_from_elsewhere(soups[two]) == ["https://cdn.example.org/x.js"]
