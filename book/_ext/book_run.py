"""How to run a page, and whether it ever ran on a GPU, said under the title of every notebook."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from book_equations import repository
from docutils import nodes
from sphinx.application import Sphinx


def on_gpu(page: str, runs: Mapping[str, Any]) -> str:
    """What is known of the page on a GPU; ``runs`` is what ``tools/gpu.py`` kept."""
    if page not in runs:
        return "Its cells have not been run on a GPU yet."
    run = runs[page]
    return f"On a GPU ({run['environment']['processor']}) it took {run['seconds']:.0f} seconds."


def line(page: str, repository: str | None, runs: Mapping[str, Any]) -> nodes.paragraph:
    """The paragraph for the page ``drd/relation_maps``; without a repository's address it names no button."""
    paragraph = nodes.paragraph("", classes=["rs-run"])
    command = nodes.literal("", f"make lab P={page}")
    if repository is None:
        paragraph += [
            nodes.Text("To run this page, give the command "),
            command,
            nodes.Text(" in the project's folder"),
        ]
    else:
        paragraph += [
            nodes.Text("To run this page, use the rocket button above (Colab or Binder), or on your machine "),
            *(nodes.literal("", f"git clone {repository}"), nodes.Text(" and there "), command),
        ]
    paragraph += nodes.Text(f". It needs no GPU and no data set. {on_gpu(page, runs)}")
    return paragraph


def add_line(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is None or Path(app.env.doc2path(page)).suffix != ".ipynb":
        return
    theme = app.config.html_theme_options
    named = theme.get("repository_url") if theme.get("launch_buttons", {}).get("colab_url") else None
    kept = repository(Path(app.srcdir)) / "data" / "results" / "gpu_pages.json"
    runs = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    title.parent.insert(title.parent.index(title) + 1, line(page, named, runs))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", add_line)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
