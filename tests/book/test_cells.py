"""What the cells of the book's notebooks may hold, and how the pairs agree."""

import re
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from rsnotes.teaching.sync import synced

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from page_cells import notebooks

BOOK = Path(__file__).resolve().parents[2] / "book"

PAGES = notebooks(BOOK)
MYST_ONLY = {
    "a directive": re.compile(r"^\s*(?:`{3,}|~{3,}|:{3,})\s*\{", re.MULTILINE),
    "a role": re.compile(r"(?<!`)\{[\w:.-]+\}`[^`]"),
    "a target": re.compile(r"^\([\w:.-]+\)=\s*$", re.MULTILINE),
    "an equation label": re.compile(r"\$\$[ \t]+\([\w:.-]+\)[ \t]*$", re.MULTILINE),
    "a comment of MyST": re.compile(r"^%", re.MULTILINE),
    "a block break": re.compile(r"^\+\+\+", re.MULTILINE),
    "an attribute list": re.compile(r"^\{[#.][\w-]+", re.MULTILINE),
}
CODE_BLOCK = re.compile(r"^```(?!\s*\{).*?^```\s*$", re.MULTILINE | re.DOTALL)
IGNORING = {"nbval-ignore-output", "nbval-skip"}


def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str, dict[str, object]]]:
    """What the two files of a pair must share."""
    shared = ("tags", "mystnb")
    return [(c.cell_type, c.source, {k: v for k, v in c.metadata.items() if k in shared}) for c in notebook.cells]


def myst_only(markdown: str) -> list[str]:
    """What of a Markdown cell only MyST renders, so that Colab would print it."""
    prose = CODE_BLOCK.sub("", markdown)
    return [kind for kind, pattern in MYST_ONLY.items() if pattern.search(prose)]


def ignored_share(notebook: nbformat.NotebookNode) -> float:
    """Share of the code cells whose output nbval does not compare."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return sum(bool(IGNORING & set(cell.metadata.get("tags", []))) for cell in code) / max(1, len(code))


def page(path: Path) -> str:
    return path.relative_to(BOOK).with_suffix("").as_posix()


@pytest.fixture(params=PAGES, ids=page)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def pair(path: Path) -> tuple[nbformat.NotebookNode, nbformat.NotebookNode]:
    """The page as its Markdown and as its stored notebook have it."""
    stored = path.with_suffix(".ipynb")
    assert stored.exists(), f"{page(path)} has no .ipynb beside it: make page P={page(path)}"
    return jupytext.read(path), nbformat.read(stored, 4)


def test_the_pair_holds_the_same_cells(path, pair):
    assert cells(pair[0]) == cells(pair[1]), f"the pair differs: make page P={page(path)}"


def test_markdown_is_what_colab_renders_too(path, pair):
    faults = [
        (kind, cell.source[:60])
        for cell in pair[0].cells
        if cell.cell_type == "markdown"
        for kind in myst_only(cell.source)
    ]
    assert not faults, f"{page(path)} has in its Markdown cells: {faults}"


def test_every_code_cell_was_executed(path, pair):
    counts = [cell.execution_count for cell in pair[1].cells if cell.cell_type == "code"]
    assert None not in counts, f"nbval would compare nothing in cell {counts.index(None)}: make page P={page(path)}"


def test_stored_outputs_are_text(path, pair):
    outputs = [output for cell in pair[1].cells if cell.cell_type == "code" for output in cell.outputs]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds <= {"text/plain"}, (
        f"{page(path)}.ipynb stores {sorted(kinds)}: text only, pictures are made at the build"
    )


def test_figures_are_shown_with_their_alt_text(path, pair):
    outputs = [
        str(output.get("data", {}).get("text/plain", ""))
        for cell in pair[1].cells
        for output in cell.get("outputs", [])
    ]
    bare = [text for text in outputs if text.startswith(("<Figure", "Figure("))]
    assert not bare, f"{page(path)} shows a bare {bare}: end the cell with show(figure, alt=...)"


def test_at_most_a_third_of_the_cells_ignore_their_output(path, pair):
    assert ignored_share(pair[0]) <= 1 / 3
    assert "NBVAL_" not in path.read_text("utf-8"), "tag the cell instead: readers see the comment"


def test_exercises_are_those_of_the_package(path):
    text = path.read_text("utf-8")
    assert synced(text) == text, f"run: python -m rsnotes.teaching.sync {path.parent.relative_to(BOOK.parent)}"


def test_no_cell_gives_a_quiz_away(path):
    assert "right=True" not in path.read_text("utf-8"), "move the questions to the package's exercises module"


@pytest.mark.parametrize(
    ("markdown", "kinds"),
    [
        ("```{note}\nx\n```", ["a directive"]),
        (":::{warning}\nx\n:::", ["a directive"]),
        ("see {eq}`loss`", ["a role"]),
        ("(here)=\n# There", ["a target"]),
        ("$$ x $$ (loss)", ["an equation label"]),
        ("% hidden", ["a comment of MyST"]),
        ("$$ x \\tag{1} $$ and $\\mathbf{S}_{ij}$ and `{1: 2}`", []),
        ("<details>\n<summary>Solution</summary>\n\n```python\nx = {1: `2`}\n% no\n```\n\n</details>", []),
    ],
)
def test_what_only_myst_renders_is_found(markdown, kinds):
    assert myst_only(markdown) == kinds


def test_ignored_share_counts_code_cells_only():
    new = nbformat.v4
    tagged = new.new_code_cell("x", metadata={"tags": ["nbval-ignore-output"]})
    book = new.new_notebook(cells=[new.new_markdown_cell("m"), tagged, new.new_code_cell("y"), new.new_code_cell("z")])
    assert ignored_share(book) == pytest.approx(1 / 3)
