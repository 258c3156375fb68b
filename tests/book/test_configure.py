"""With a repository's address the book has buttons and install cells; without one it has neither, and says so."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import configure  # noqa: E402
import pages  # noqa: E402

URL = "https://github.com/someone/light-maps"
TOC = "format: jb-book\nroot: intro.md\nchapters:\n  - file: part/a_page.ipynb\n"
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

Some words.

```{code-cell} ipython3
6 * 7
```

```{code-cell} ipython3
:tags: [other]

print("end")
```
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's tools and configuration around a book of one text and one executed notebook."""
    tmp_path = tmp_path_factory.mktemp("executed")
    for name in ("tools", "book/_ext", "book/_static"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "_config.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "data" / "papers").mkdir(parents=True)
    (tmp_path / "data" / "manifest.json").write_text("{}")
    (tmp_path / "data" / "papers" / "equations.csv").write_text("paper,number,name,left_out\n")
    (tmp_path / "rsnotes").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "book" / "part").mkdir()
    (tmp_path / "book" / "_toc.yml").write_text(TOC)
    (tmp_path / "book" / "intro.md").write_text("# The book\n")
    (tmp_path / "book" / "references.bib").write_text("")
    (tmp_path / "book" / "part" / "a_page.md").write_text(PAGE)
    run(tmp_path, "configure.py", "none")
    run(tmp_path, "pages.py")
    return tmp_path


@pytest.fixture
def project(executed: Path, tmp_path: Path) -> Path:
    """That copy, for one test to change."""
    return Path(shutil.copytree(executed, tmp_path / "project"))


def run(project: Path, tool: str, *arguments: str) -> None:
    command = [sys.executable, str(project / "tools" / tool), *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def html(project: Path) -> str:
    run(project, "build.py")
    return (project / "_build" / "html" / "part" / "a_page.html").read_text("utf-8")


def code(project: Path) -> list[str]:
    notebook = nbformat.read(project / "book" / "part" / "a_page.ipynb", 4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_without_an_address_there_is_no_button_and_the_page_says_how_to_run_it(project: Path) -> None:
    page = html(project)
    assert "colab" not in page.lower()
    assert "mybinder" not in page
    assert "pip" not in page
    line = re.search(r'<p class="rs-run">(.*?)</p>', page)
    assert line is not None
    assert "make lab P=part/a_page" in re.sub(r"<[^>]*>", "", line[1])
    assert code(project) == ["6 * 7", 'print("end")']


def test_with_an_address_the_buttons_open_a_notebook_that_exists(project: Path) -> None:
    run(project, "configure.py", URL)
    run(project, "pages.py")
    page = html(project)
    colab = re.search(r'href="https://colab\.research\.google\.com/github/someone/light-maps/blob/main/([^"]+)"', page)
    binder = re.search(r'href="https://mybinder\.org/v2/gh/someone/light-maps/main\?urlpath=lab/tree/([^"]+)"', page)
    assert colab is not None
    assert binder is not None
    assert colab[1] == binder[1] == "book/part/a_page.ipynb"
    assert (project / colab[1]).exists()
    assert "find_spec" not in page  # the install cell is for Colab, not for readers of the page
    assert f"git clone {URL}" in re.sub(r"<[^>]*>", "", page)
    assert not any(Path(match).is_absolute() for match in re.findall(r'<script src="([^"]+)"', page))


def test_the_install_cell_comes_first_in_both_files_and_changes_no_number(project: Path) -> None:
    pair = project / "book" / "part" / "a_page.ipynb"
    run(project, "configure.py", URL)
    written = pair.read_text("utf-8")
    assert len(code(project)) == 3
    assert f"git+{URL}@main" in code(project)[0]
    page = pages.read_page(project / "book" / "part" / "a_page.md")
    assert [c.source for c in page.cells if c.cell_type == "code"] == code(project)
    assert page.cells[1].metadata.tags == configure.TAGS
    run(project, "pages.py")
    assert pair.read_text("utf-8") == written, "what configure writes is what the next execution writes"


def test_naming_another_repository_replaces_and_none_restores_every_byte(project: Path) -> None:
    files = [project / "_config.yml", *sorted((project / "book").rglob("a_page.*"))]
    before = [path.read_bytes() for path in files]
    run(project, "configure.py", URL, "develop")
    assert yaml.safe_load(files[0].read_text())["repository"] == {
        "url": URL, "path_to_book": "book", "branch": "develop",
    }  # fmt: skip
    run(project, "configure.py", "https://github.com/someone/else.git")
    assert len(code(project)) == 3
    assert "git+https://github.com/someone/else@main" in code(project)[0]
    assert "light-maps" not in files[0].read_text() + files[1].read_text() + files[2].read_text()
    run(project, "configure.py", "none")
    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize("address", ["", "github.com/a/b", "https://github.com/a", "https://gitlab.com/a/b"])
def test_an_address_that_the_buttons_cannot_use_is_refused(address: str) -> None:
    with pytest.raises(SystemExit, match="which repository"):
        configure.main([address])


def test_the_committed_book_is_in_one_state() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    named = config.get("repository", {}).get("url")
    for md in pages.pages():
        pair = md.with_suffix(".ipynb")
        for page in [pages.read_page(md), *([nbformat.read(pair, 4)] if pair.exists() else [])]:
            cells = [c.source for c in page.cells if "install" in c.metadata.get("tags", [])]
            wanted = [configure.CELL.format(url=named, branch=config["repository"]["branch"])] if named else []
            assert cells == wanted, f"{md.name}: run make configure REPO={named or 'none'}"
