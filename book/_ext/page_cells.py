"""What the pages of the book show, read from their code cells."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

NOTEBOOK = "---\njupytext:"
_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def notebooks(book: Path) -> list[Path]:
    """The Markdown files of ``book`` that are notebooks, sorted; folders that begin with ``_`` are no part of it."""
    found = (path for path in book.rglob("*.md") if not any(p.startswith("_") for p in path.relative_to(book).parts))
    return sorted(path for path in found if path.read_text("utf-8").startswith(NOTEBOOK))


def code_cells(page: str) -> list[str]:
    """The code of a page's cells, without their options and IPython's magics."""
    return [_MAGIC.sub("", _OPTIONS.sub("", cell["code"])) for cell in _CELL.finditer(page)]


def shown_by(book: Path) -> dict[str, set[str]]:
    """For each notebook, by its name without suffix, the dotted names whose source it shows."""
    return {
        path.relative_to(book).with_suffix("").as_posix(): shown_names(path.read_text("utf-8"))
        for path in notebooks(book)
    }


def shown_names(page: str) -> set[str]:
    """Dotted names of what a page passes to ``show_source``, as the page imports them."""
    imported: dict[str, str] = {}
    shown = set()
    for cell in code_cells(page):
        for node in ast.walk(ast.parse(cell)):
            imported.update(_imports(node))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("show_source") and node.args:
                first, _, rest = ast.unparse(node.args[0]).partition(".")
                shown.add(".".join(filter(None, (imported.get(first, first), rest))))
    return shown


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ImportFrom) and node.module:
        yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            root = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or root, root
