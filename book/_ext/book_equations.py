"""The directive ``{equation-index}``: every equation with its function, its tests and the pages that show it.

The table is made from the marks in the source at every build. A gap without a reason is a warning, which ends the
build where warnings are errors.
"""

from pathlib import Path

from docutils import nodes
from rsnotes.teaching.equations import Equation, index, problems
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


def repository(start: Path) -> Path:
    """The folder above ``start`` that holds ``pyproject.toml``; the pages may be built from a copy inside it."""
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").exists():
            return folder
    raise FileNotFoundError(f"no pyproject.toml above {start}: the equation index is made from the repository's source")


class EquationIndex(SphinxDirective):
    """``{equation-index} drd`` lists the equations of one paper."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the marks may change though this page does not
        paper = self.arguments[0]
        rows = [equation for equation in index(repository(Path(self.env.srcdir))) if equation.paper == paper]
        if not rows:
            raise self.error(f"no equation of {paper!r} in data/papers/equations.csv")
        table = nodes.table("", classes=["rs-equations"])
        group = nodes.tgroup("", cols=4)
        group += [nodes.colspec(colwidth=width) for width in (24, 30, 34, 24)]
        group += nodes.thead("", _row([[nodes.Text(t)] for t in ("Equation", "Function", "Tests", "Pages")]))
        group += nodes.tbody("", *(self.entry(equation) for equation in rows))
        table += group
        return [table]

    def entry(self, equation: Equation) -> nodes.row:
        functions = [_code(name.replace(":", ".")) for name in equation.functions]
        tests = [_code(name.rpartition("/")[2]) for name in equation.tests]
        pages = [self.page(name) for name in equation.pages]
        cells = [_lines(part) for part in (functions, tests, pages)]
        if equation.left_out:
            last = max(i for i, part in enumerate((functions, tests, pages)) if not part or i == 2)
            cells[last].append(nodes.emphasis("", equation.left_out))
        row = _row([[nodes.Text(f"({equation.number}) {equation.name}")], *cells])
        row["ids"] = [f"eq-{equation.paper}-{equation.number}"]
        return row

    def page(self, name: str) -> nodes.Node:
        if name not in self.env.found_docs:
            return _code(name)
        return addnodes.pending_xref(
            "", nodes.inline("", name), refdomain="std", reftype="doc", reftarget=f"/{name}", refexplicit=False
        )


def _code(text: str) -> nodes.literal:
    return nodes.literal("", text)


def _lines(parts: list[nodes.Node]) -> list[nodes.Node]:
    return [nodes.line_block("", *(nodes.line("", "", part) for part in parts))] if parts else []


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))


def warn_of_gaps(app: Sphinx) -> None:
    for problem in problems(repository(Path(app.srcdir))):
        logger.warning(problem, type="equations")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("equation-index", EquationIndex)
    app.connect("builder-inited", warn_of_gaps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
