"""Equation marks: which function implements an equation, which test checks it, which page shows it.

A function says so in its docstring (``Equation: drd 1``), a test by ``@pytest.mark.equation("drd", "1")``, a page by
``show_source(function)``. All three are read from the source, nothing is imported. The equations of the papers stand in
``data/papers/equations.csv``; an equation that is left out has the reason there.
"""

import ast
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from page_cells import shown_by

EQUATION_LINE = re.compile(r"^\s*Equation: (?P<paper>[a-z_]+) (?P<number>\w+)\s*$", re.MULTILINE)
"""The docstring line that names an equation."""

Key = tuple[str, str]
"""Paper and number of an equation, for example ``("drd", "1")``."""


@dataclass(frozen=True)
class Equation:
    """One row of the index.

    Attributes:
        paper: the paper's key, the name of its sub-package.
        number: the equation's number in the paper.
        name: what it defines.
        left_out: why it has a gap, empty if it has none.
        functions: dotted names of the functions that implement it.
        tests: ``tests/path.py::name`` of the tests that check it.
        pages: names of the pages that show one of its functions, without suffix, relative to ``book``.
    """

    paper: str
    number: str
    name: str
    left_out: str
    functions: tuple[str, ...]
    tests: tuple[str, ...]
    pages: tuple[str, ...]

    def gaps(self) -> list[str]:
        """What it lacks, out of function, test and page."""
        kinds = {"function": self.functions, "test": self.tests, "page": self.pages}
        return [kind for kind, found in kinds.items() if not found]


def index(root: Path) -> list[Equation]:
    """The equations of ``data/papers/equations.csv`` under ``root``, each with what implements, checks and shows it."""
    functions, tests = _by_key(_marked_functions(root)), _by_key(_marked_tests(root))
    shown = shown_by(root / "book")
    rows = []
    table = root / "data" / "papers" / "equations.csv"
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if None in row or None in row.values():
                raise ValueError(
                    f"{table}: the row of {row['paper']} {row['number']} has not four fields: quote commas"
                )
            key = (row["paper"], row["number"])
            found = functions.get(key, ())
            pages = sorted({page for page, names in shown.items() if any(_shows(names, name) for name in found)})
            rows.append(Equation(**row, functions=found, tests=tests.get(key, ()), pages=tuple(pages)))
    return rows


def problems(root: Path) -> list[str]:
    """What is wrong with the marks, a sentence each: gaps without a reason, reasons without a gap, unknown numbers.

    A paper without a row in the table is not begun, and its marks are not looked at.
    """
    equations = index(root)
    faults = []
    for equation in equations:
        label, gaps = f"{equation.paper} {equation.number} ({equation.name})", equation.gaps()
        if gaps and not equation.left_out:
            faults.append(f"{label} has no {', no '.join(gaps)}, and no reason in data/papers/equations.csv")
        if equation.left_out and not gaps:
            faults.append(f"{label} has function, test and page: take its reason out of data/papers/equations.csv")
    known = {(equation.paper, equation.number) for equation in equations}
    begun = {equation.paper for equation in equations}
    marks = {**_by_key(_marked_functions(root)), **_by_key(_marked_tests(root))}
    for paper, number in sorted(marks.keys() - known):
        if paper in begun:
            mark = marks[paper, number][0]
            faults.append(f"{paper} {number} is marked by {mark} and not in data/papers/equations.csv")
    return faults


def _by_key(marks: Iterator[tuple[Key, str]]) -> dict[Key, tuple[str, ...]]:
    found: dict[Key, tuple[str, ...]] = {}
    for key, name in marks:
        found[key] = (*found.get(key, ()), name)
    return found


def _definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name, node
            yield from _definitions(node.body, f"{prefix}{node.name}.")


def _marked_functions(root: Path) -> Iterator[tuple[Key, str]]:
    for path in sorted((root / "rsnotes").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for name, node in _definitions(ast.parse(path.read_text("utf-8")).body):
            for mark in EQUATION_LINE.finditer(ast.get_docstring(node) or ""):
                yield (mark["paper"], mark["number"]), f"{module}:{name}"


def _marked_tests(root: Path) -> Iterator[tuple[Key, str]]:
    for path in sorted((root / "tests").rglob("test_*.py")):
        for name, node in _definitions(ast.parse(path.read_text("utf-8")).body):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.equation":
                    paper, number = (ast.literal_eval(argument) for argument in decorator.args)
                    place = f"{path.relative_to(root).as_posix()}::{name.replace('.', '::')}"
                    yield (paper, number), place


def _shows(names: set[str], function: str) -> bool:
    """Whether one of the dotted names a page shows is this ``module:function``, or the class it belongs to.

    A page imports from the package that re-exports it (``rsnotes.drd``) or from the module (``rsnotes.drd.relations``).
    """
    module, _, name = function.partition(":")
    parts = name.split(".")
    wholes = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    packages = [".".join(module.split(".")[:length]) for length in range(1, module.count(".") + 2)]
    return any(f"{package}.{whole}" in names for package in packages for whole in wholes)
