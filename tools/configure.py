"""Name the repository the book is published from, or take the name away.

With an address, ``_config.yml`` gets the repository and the Colab and Binder buttons, and every notebook a cell that
installs rsnotes where it is missing. Without one there is neither, and each page says how to run it locally.

    python tools/configure.py https://github.com/OWNER/NAME [BRANCH]    default branch: main
    python tools/configure.py none
"""

import os
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

sys.path.insert(0, str(Path(__file__).parent))
from pages import ROOT, pages, write_aside

CONFIG = ROOT / "_config.yml"
TAGS = ["install", "remove-cell"]
NAMED = """\
repository:
  url: {url}
  path_to_book: book
  branch: {branch}
launch_buttons:
  notebook_interface: jupyterlab
  colab_url: https://colab.research.google.com
  binderhub_url: https://mybinder.org
"""
NONE = "# none: no Colab or Binder button, and no cell that installs rsnotes\n"
BLOCK = re.compile(r"^(# <repository>[^\n]*\n)(.*?)^(# </repository>)$", re.MULTILINE | re.DOTALL)
CODE_CELL = re.compile(r"^```\{code-cell\}", re.MULTILINE)
INSTALL_BLOCK = re.compile(r"^```\{code-cell\}[^\n]*\n:tags: \[install[^\n]*\n.*?^```\n\n", re.MULTILINE | re.DOTALL)
CELL = """\
# On Colab this installs rsnotes beside the torch and numpy that are there; where rsnotes is installed, nothing happens.
import importlib.util
import subprocess
import sys
from importlib.metadata import distributions

if importlib.util.find_spec("rsnotes") is None:
    kept = {{f"{{d.name}}=={{d.version}}" for d in distributions() if d.name in ("torch", "torchvision", "numpy")}}
    rsnotes = "rsnotes @ git+{url}@{branch}"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *sorted(kept), rsnotes], check=True)
    importlib.invalidate_caches()"""


def configured(config: str, url: str | None, branch: str) -> str:
    """The text of ``_config.yml`` with the repository named, or with none."""
    block = NONE if url is None else NAMED.format(url=url, branch=branch)
    text, found = BLOCK.subn(lambda place: place[1] + block + place[3], config)
    if found != 1:
        raise SystemExit(f"{CONFIG}: expected one block from '# <repository>' to '# </repository>', found {found}")
    return text


def markdown_with_cell(page: str, cell: str | None) -> str:
    """The text of a Markdown page with the install cell before its first code cell, or without one."""
    page = INSTALL_BLOCK.sub("", page)
    if cell is None:
        return page
    block = f"```{{code-cell}} ipython3\n:tags: [{', '.join(TAGS)}]\n\n{cell}\n```\n\n"
    return CODE_CELL.sub(lambda fence: block + fence[0], page, count=1)


def notebook_with_cell(notebook: NotebookNode, cell: str | None) -> NotebookNode:
    """The notebook with the install cell before its first code cell, or without one."""
    cells = [each for each in notebook.cells if "install" not in each.metadata.get("tags", [])]
    first = next((i for i, each in enumerate(cells) if each.cell_type == "code"), None)
    if cell is not None and first is not None:
        cells.insert(first, new_code_cell(cell, metadata={"tags": TAGS}))
    notebook.cells = cells
    return notebook


def renumbered(notebook: NotebookNode, stem: str) -> NotebookNode:
    """The notebook with the ids and execution counts that ``tools/pages.py`` would give it."""
    count = 0
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{stem.replace('_', '-')}-{number:03d}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    return notebook


def configure_page(md: Path, cell: str | None) -> None:
    """Give both files of a page the install cell, or take it out of both."""
    before = md.read_text("utf-8")
    after = markdown_with_cell(before, cell)
    if after != before:
        _write(md, after)
    pair = md.with_suffix(".ipynb")
    if pair.exists():
        write_aside(renumbered(notebook_with_cell(nbformat.read(pair, 4), cell), md.stem), pair)


def _write(path: Path, text: str) -> None:
    aside = path.with_suffix(".part")
    aside.write_text(text, "utf-8")
    os.replace(aside, path)


def main(arguments: list[str]) -> None:
    if not arguments or not re.fullmatch(r"none|https://github\.com/[\w.-]+/[\w.-]+", arguments[0]):
        raise SystemExit("which repository? python tools/configure.py https://github.com/OWNER/NAME, or none")
    url = None if arguments[0] == "none" else arguments[0].removesuffix(".git")
    branch = arguments[1] if arguments[1:] else "main"
    cell = None if url is None else CELL.format(url=url, branch=branch)
    _write(CONFIG, configured(CONFIG.read_text("utf-8"), url, branch))
    for md in pages():
        configure_page(md, cell)


if __name__ == "__main__":
    main(sys.argv[1:])
