"""The two commands notice what they must: a cell that fails, a number that is no longer so, a page that changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = """---
jupytext:
  formats: ipynb,md:myst
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A page

```{{code-cell}} ipython3
print({expression})
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project whose book has one page."""
    for name in ("tools", "rsnotes"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "manifest.json").write_text("{}")
    (tmp_path / "book").mkdir()
    return tmp_path


def write_page(project: Path, expression: str) -> None:
    (project / "book" / "page.md").write_text(PAGE.format(expression=expression))


def run(project: Path, tool: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "tools" / tool)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_a_page_that_divides_by_zero_ends_with_an_error(project: Path) -> None:
    write_page(project, "1 / 0")
    done = run(project, "pages.py")
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr
    assert not (project / "_build" / "executed" / "page.ipynb").exists()


def test_an_unchanged_page_is_not_executed_again_and_a_changed_one_is(project: Path) -> None:
    write_page(project, "6 * 7")
    assert "page: unchanged" not in run(project, "pages.py").stdout
    assert "page: unchanged" in run(project, "pages.py").stdout
    (project / "rsnotes" / "paths.py").open("a").write("# a change\n")
    assert "page: unchanged" not in run(project, "pages.py").stdout
    write_page(project, "6 * 9")
    assert "page: unchanged" not in run(project, "pages.py").stdout


def test_nbval_runs_from_the_wheel_and_fails_when_a_stored_number_is_changed(project: Path) -> None:
    write_page(project, "6 * 7")
    assert run(project, "pages.py").returncode == 0
    done = run(project, "nbval_outside.py")
    assert done.returncode == 0, done.stdout + done.stderr
    pair = project / "book" / "page.ipynb"
    notebook = nbformat.read(pair, 4)
    assert notebook.cells[1].outputs[0].text == "42\n"
    notebook.cells[1].outputs[0].text = "43\n"
    nbformat.write(notebook, pair)
    done = run(project, "nbval_outside.py")
    assert done.returncode != 0
    assert "Cell outputs differ" in done.stdout
