"""How to run a page, said under the title of every notebook."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx


def line(page: str, repository: str | None) -> nodes.paragraph:
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
    paragraph += nodes.Text(". It needs no GPU and no data set.")
    return paragraph


def add_line(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is None or Path(app.env.doc2path(page)).suffix != ".ipynb":
        return
    theme = app.config.html_theme_options
    named = theme.get("repository_url") if theme.get("launch_buttons", {}).get("colab_url") else None
    title.parent.insert(title.parent.index(title) + 1, line(page, named))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", add_line)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
