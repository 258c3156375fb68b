"""The directive ``{equation-index}``: every equation with its function, its tests and the pages that show it.

The list is made from the marks in the source at every build. A gap without a reason is a warning, which ends the
build where warnings are errors.
"""

import re
from pathlib import Path

from docutils import nodes
from equation_marks import Equation, index, problems
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
        return [nodes.definition_list("", *(self.item(equation) for equation in rows), classes=["rs-equations"])]

    def item(self, equation: Equation) -> nodes.definition_list_item:
        """An equation, and under it a line each for function, tests and pages, and for the reason of a gap."""
        term = nodes.term("", f"({equation.number}) {equation.name}", ids=[f"eq-{equation.paper}-{equation.number}"])
        named: list[tuple[str, list[nodes.Node]]] = [
            ("Function", [_function(name) for name in equation.functions]),
            ("Test", [_code(name.removeprefix("tests/")) for name in equation.tests]),
            ("Page", [self.page(name) for name in equation.pages]),
            ("Gap", [nodes.Text(equation.left_out)] if equation.left_out else []),
        ]
        lines = (nodes.line("", "", nodes.Text(f"{kind}: "), part) for kind, parts in named for part in parts)
        return nodes.definition_list_item("", term, nodes.definition("", nodes.line_block("", *lines)))

    def page(self, name: str) -> nodes.Node:
        if name not in self.env.found_docs:
            return _code(name)
        return addnodes.pending_xref(
            "", nodes.inline("", name), refdomain="std", reftype="doc", reftarget=f"/{name}", refexplicit=False
        )


def _function(name: str) -> nodes.Node:
    """``package.module:function``, linked to where the API page has it: in the package that offers it."""
    module, _, function = name.partition(":")
    target = f"{module.rpartition('.')[0]}.{function}"
    return addnodes.pending_xref(
        "", _code(f"{module}.{function}"), refdomain="py", reftype="obj", reftarget=target, refwarn=True
    )


def _code(text: str) -> nodes.literal:
    """A long name that may break after its marks, and nowhere else."""
    code = nodes.literal("", "", classes=["rs-name"])
    for part in re.findall(r"[^/._:]+[/._:]*", text):
        code += [nodes.Text(part), nodes.raw("", "<wbr>", format="html")]
    return code


def warn_of_gaps(app: Sphinx) -> None:
    for problem in problems(repository(Path(app.srcdir))):
        logger.warning(problem, type="equations")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("equation-index", EquationIndex)
    app.connect("builder-inited", warn_of_gaps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
