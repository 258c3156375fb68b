"""The directive ``{timings} NAME``: the table of ``data/results/benchmark_NAME.json``, and what it was measured on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from book_equations import repository
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def benchmark(name: str, results: Path) -> dict[str, Any]:
    """The file that ``benchmarks/NAME.py`` wrote; without it an error says how it is made."""
    path = results / f"benchmark_{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: run python benchmarks/{name}.py")
    return json.loads(path.read_text("utf-8"))


def origin(environment: Mapping[str, Any]) -> str:
    """Processor, threads and commit in a sentence."""
    threads = environment["threads"]
    named = f"{threads} thread" if threads == 1 else f"{threads} threads"
    commit = environment["commit"].removesuffix("+")
    changed = " with changes of its day" if environment["commit"].endswith("+") else ""
    return f"Measured on {environment['processor']}, {named}, at commit {commit}{changed}."


def text(value: object) -> str:
    """A cell: three figures are what a noisy machine can say, whole numbers stay whole."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def as_table(found: Mapping[str, Any]) -> nodes.table:
    """The rows as a table with the title as caption; figures stand to the right."""
    columns = list(dict.fromkeys(key for row in found["rows"] for key in row))
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in columns), cols=len(columns))
    head = nodes.row("", *(nodes.entry("", nodes.paragraph("", name)) for name in columns))
    body = [nodes.row("", *(_entry(row.get(name)) for name in columns)) for row in found["rows"]]
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return nodes.table("", nodes.title("", found["title"]), group, classes=["rs-timings"])


def _entry(value: object) -> nodes.entry:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return nodes.entry("", nodes.paragraph("", text(value)), classes=["text-right"] if number else [])


class Timings(SphinxDirective):
    """``{timings} scenes`` shows one benchmark."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the file may change though this page does not
        try:
            found = benchmark(self.arguments[0], repository(Path(self.env.srcdir)) / "data" / "results")
        except FileNotFoundError as missing:
            raise self.error(str(missing)) from missing
        return [as_table(found), nodes.paragraph("", origin(found["environment"]))]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("timings", Timings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
