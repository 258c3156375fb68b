"""The book's local extensions, on small pieces of pages."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from sphinx.ext.napoleon import Config, GoogleDocstring

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
import book_accessible
import book_api
import book_findings
import book_offline
import book_run
import book_timings

MARK = '<span class="rs-equation" data-equation="drd-1">Equation: drd 1</span>'
SIDEBAR = '<div id="pst-primary-sidebar" class="bd-sidebar-primary">'
ICONS = '<script src="../_static/scripts/fontawesome.js?digest=1"></script>'
THEBE = '<script type="text/x-thebe-config">\n{ requestKernel: true }\n</script><script>kernelName = "python3"</script>'


@pytest.fixture
def app(tmp_path: Path) -> SimpleNamespace:
    """A finished build of two pages, one in a folder."""
    (tmp_path / "reference").mkdir()
    (tmp_path / "drd").mkdir()
    (tmp_path / "reference" / "equations.html").write_text(SIDEBAR)
    (tmp_path / "drd" / "maps.html").write_text(f"<p>{SIDEBAR}{MARK}</div>{ICONS}{THEBE}<script>ours()</script></p>")
    return SimpleNamespace(outdir=str(tmp_path), builder=SimpleNamespace(format="html"))


def page(app: SimpleNamespace, name: str) -> BeautifulSoup:
    return BeautifulSoup((Path(app.outdir) / name).read_text(), "html.parser")


def test_equation_marks_become_links_of_the_right_depth(app: SimpleNamespace) -> None:
    book_accessible.finish(app, None)
    link = page(app, "drd/maps.html").find("a", class_="rs-equation")
    assert (link["href"], link.text) == ("../reference/equations.html#eq-drd-1", "Equation: drd 1")


def test_marks_stay_text_where_the_book_has_no_index(app: SimpleNamespace) -> None:
    (Path(app.outdir) / "reference" / "equations.html").unlink()
    book_accessible.finish(app, None)
    assert page(app, "drd/maps.html").find("a") is None


def test_the_sidebar_is_a_named_region(app: SimpleNamespace) -> None:
    book_accessible.finish(app, None)
    sidebar = page(app, "reference/equations.html").find(id="pst-primary-sidebar")
    assert (sidebar["role"], sidebar["aria-label"]) == ("region", "Book")


def test_references_are_items_of_their_list() -> None:
    entry = '<div role="list"><div class="citation" id="id2" role="doc-biblioentry">A paper.</div></div>'
    assert BeautifulSoup(book_accessible.amend(entry, None), "html.parser").find(id="id2")["role"] == "listitem"


def test_scripts_of_the_theme_go_and_the_books_own_stay(app: SimpleNamespace) -> None:
    book_offline.finish(app, None)
    assert [script.text for script in page(app, "drd/maps.html").find_all("script")] == ["ours()"]


def test_mathematics_comes_with_its_fonts(app: SimpleNamespace) -> None:
    book_offline.finish(app, None)
    folder = Path(app.outdir) / book_offline.MATHJAX
    assert (folder / "tex-chtml.js").stat().st_size > 500_000
    assert (folder / "output" / "chtml" / "fonts" / "woff-v2" / "MathJax_Main-Regular.woff").exists()


def test_a_failed_build_is_left_alone(app: SimpleNamespace) -> None:
    before = (Path(app.outdir) / "drd" / "maps.html").read_text()
    book_offline.finish(app, RuntimeError())
    book_accessible.finish(app, RuntimeError())
    assert (Path(app.outdir) / "drd" / "maps.html").read_text() == before


def test_a_page_says_whether_it_ran_on_a_gpu():
    runs = {"drd/maps": {"seconds": 12.4, "environment": {"processor": "Some GPU"}}}
    ran, never = (book_run.line(name, None, runs).astext() for name in ("drd/maps", "drd/losses"))
    assert "On a GPU (Some GPU) it took 12 seconds." in ran
    assert "have not been run on a GPU yet" in never
    assert "make lab P=drd/losses" in never


ENVIRONMENT = {"processor": "a processor", "threads": 2, "commit": "abc"}


def test_a_table_of_timings_holds_every_row_and_column() -> None:
    rows = [{"way": "ours", "seconds": 0.012345}, {"way": "theirs", "seconds": 1234.5, "pixels": 16384}]
    table = book_timings.as_table({"title": "Two ways", "rows": rows})
    cells = [entry.astext() for entry in table.findall(book_timings.nodes.entry)]
    assert cells == ["way", "seconds", "pixels", "ours", "0.0123", "–", "theirs", "1,234", "16,384"]
    assert next(iter(table.findall(book_timings.nodes.title))).astext() == "Two ways"


def test_timings_say_where_they_come_from() -> None:
    assert book_timings.origin(ENVIRONMENT) == "Measured on a processor, 2 threads, at commit abc."
    assert "1 thread," in book_timings.origin(ENVIRONMENT | {"threads": 1})
    assert book_timings.origin(ENVIRONMENT | {"commit": "abc+"}).endswith("commit abc with changes of its day.")


def test_a_finding_is_the_first_minus_the_second_with_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"a": {0: 51.0, 1: 52.0, 2: 53.0, 3: 54.0, 4: 55.5}, "b": {0: 50.0, 1: 51.0, 2: 52.0, 3: 53.0, 4: 54.0},
             "one": {0: 52.0}, "none": {}}  # fmt: skip
    monkeypatch.setattr(book_findings, "scores", lambda operand, figure: found[operand])
    monkeypatch.setattr(book_findings, "is_stale", lambda operand: operand == "one")
    half = 2.7764 * 0.2236 / 5**0.5  # Student's t for four degrees, times the deviation of 1, 1, 1, 1, 1.5
    assert book_findings.answer("a against b | a | b") == {
        "question": "a against b", "points": f"+1.1 ± {half:.1f}", "seeds": 5, "answer": "a gain"
    }  # fmt: skip
    turned = book_findings.answer("q | b | a | boundary_f1")
    assert (turned["points"], turned["answer"], turned["question"]) == ("-1.1 ± 0.3", "a loss", "q (boundary F1)")
    assert book_findings.answer("q | one | a") | {"question": ""} == {
        "question": "", "points": "+1.0", "seeds": 1, "answer": "too few seeds (stale)"
    }  # fmt: skip
    assert book_findings.answer("q | a | none")["answer"] == "not run yet"


def test_findings_are_read_from_the_committed_files() -> None:
    folder = Path(__file__).parents[2] / "data" / "results" / "drd_ablation"
    runs = [json.loads(path.read_text("utf-8")) for path in folder.glob("DRD.seed*.json")]
    expected = {run["seed"]: 100 * run["scores"]["miou"] for run in runs}
    assert book_findings.scores("drd_ablation: DRD", "miou") == pytest.approx(expected)
    with pytest.raises(ValueError, match="drd_ablation has no variant 'DDR'; there are none, L_P"):
        book_findings.scores("drd_ablation: DDR", "miou")


def test_a_finding_from_older_code_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {"none": "another rate"}
    monkeypatch.setattr(book_findings, "staleness", lambda _, result: changed.get(result["variant"], []))
    assert book_findings.is_stale("drd_ablation: none")
    assert not book_findings.is_stale("drd_ablation: DRD")


def through_napoleon(what: str, docstring: str) -> list[str]:
    """A docstring's lines as the API page gets them."""
    app = SimpleNamespace(env=SimpleNamespace(temp_data={}))
    lines = [*docstring.split("\n"), ""]
    book_api.before_napoleon(app, what, "name", None, None, lines)
    lines[:] = GoogleDocstring(lines, Config(napoleon_use_ivar=True), what=what, name="name").lines()
    book_api.after_napoleon(app, what, "name", None, None, lines)
    return lines


def test_a_colon_in_a_text_makes_no_type() -> None:
    assert through_napoleon("property", "In words: a gain.")[0] == "In words: a gain."
    returned = through_napoleon("function", "Text.\n\nReturns:\n    A scalar: it adds 1,\n    and no gradient.")
    assert returned[2:4] == [":returns: A scalar: it adds 1,", "          and no gradient."]
    assert not any("rtype" in line for line in returned)


def test_equations_of_a_docstring_lead_to_the_index() -> None:
    lines = through_napoleon("function", "Text.\n\nEquation: drd 1\nEquation: drd 4")
    assert lines[2] == ("Equations: `drd 1 <equations.html#eq-drd-1>`__, `drd 4 <equations.html#eq-drd-4>`__.")


def test_names_that_share_a_description_stay_together() -> None:
    lines = through_napoleon("class", "Text.\n\nAttributes:\n    suburb, village: weights.\n    season: of the year.")
    assert ":ivar suburb,\u200bvillage: weights." in lines
    assert ":ivar season: of the year." in lines


def test_signatures_are_written_as_in_the_source() -> None:
    shown = "(a: int = <factory>, f: F = <function rsnotes.constant at 0x7f>, kind: type = <class 'builtins.str'>)"
    assert book_api.readable_signature(None, "class", "n", None, None, shown, None) == (
        "(a: int = ..., f: F = constant, kind: type = str)",
        None,
    )


def test_a_benchmark_that_was_not_run_says_how_to_run_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"benchmark_scenes.json.*python benchmarks/scenes.py"):
        book_timings.benchmark("scenes", tmp_path)


def test_runs_on_a_gpu_are_found_from_the_copy_that_is_built(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    kept = tmp_path / "data" / "results" / "gpu_pages.json"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"drd/maps": {"seconds": 12.3, "environment": {"processor": "a GPU"}}}')
    doctree = book_run.nodes.section("", book_run.nodes.title("", "Maps"))
    environment = SimpleNamespace(docname="drd/maps", doc2path=lambda page: f"{page}.ipynb")
    settings = SimpleNamespace(html_theme_options={})
    srcdir = tmp_path / "_build" / "stage" / "book"
    book_run.add_line(SimpleNamespace(env=environment, config=settings, srcdir=srcdir), doctree)
    assert "On a GPU (a GPU) it took 12 seconds." in doctree.astext()
