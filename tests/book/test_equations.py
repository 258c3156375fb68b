"""The equation index of this book: complete, and a gap ends the build."""

import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from equation_marks import index, problems

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "book" / "_ext"
CELL = "```{code-cell} ipython3\nimport rsnotes.x as x\nshow_source(x.square)\n```\n"


def test_every_equation_has_function_test_and_page_or_a_reason():
    assert problems(ROOT) == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One equation with function, test and page, and a Sphinx project with the book's extensions."""
    files = {
        "pyproject.toml": "",
        "data/papers/equations.csv": "paper,number,name,left_out\nx,1,square,\n",
        "rsnotes/x.py": 'def square(a):\n    """Equation: x 1"""\n',
        "tests/test_x.py": 'import pytest\n\n@pytest.mark.equation("x", "1")\ndef test_square(): ...\n',
        "book/page.md": "---\njupytext:\n---\n\n" + CELL,
        "book/page.rst": ":orphan:\n\nPage\n====\n",
        "book/index.rst": "Index\n=====\n\n.. equation-index:: x\n\n.. py:function:: rsnotes.square(a)\n",
        "book/conf.py": "extensions = ['book_equations']\nexclude_patterns = ['*.md']\nhtml_theme = 'basic'\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def sphinx(repository: Path) -> subprocess.CompletedProcess[str]:
    book = repository / "book"
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(book), str(repository / "html")]
    return subprocess.run(command, env={"PYTHONPATH": str(EXTENSIONS)}, capture_output=True, text=True, timeout=100)


def test_the_index_lists_function_test_and_page(repository):
    done = sphinx(repository)
    assert done.returncode == 0, done.stderr
    soup = BeautifulSoup((repository / "html" / "index.html").read_text(), "html.parser")
    term = soup.find(id="eq-x-1")
    assert term.text.startswith("(1) square")
    assert [line.text.strip() for line in term.find_next("dd").find_all(class_="line")] == [
        "Function: rsnotes.x.square",
        "Test: test_x.py::test_square",
        "Page: Page",
    ]
    links = [link["href"] for link in term.find_next("dd").find_all("a", class_="reference")]
    assert links == ["#rsnotes.square", "page.html"]


def test_a_function_that_the_api_page_lacks_ends_the_build(repository):
    (repository / "book" / "index.rst").write_text("Index\n=====\n\n.. equation-index:: x\n")
    done = sphinx(repository)
    assert done.returncode != 0
    assert "rsnotes.square" in done.stderr


def test_a_gap_ends_the_build(repository):
    (repository / "tests" / "test_x.py").unlink()
    done = sphinx(repository)
    assert done.returncode != 0
    assert "x 1 (square) has no test, and no reason in data/papers/equations.csv" in done.stderr


def test_the_built_page_lists_them_all():
    built = ROOT / "_build" / "html" / "reference" / "equations.html"
    assert built.exists(), "there is no equation index to look at: run make book first"
    soup = BeautifulSoup(built.read_text("utf-8"), "html.parser")
    missing = [f"eq-{e.paper}-{e.number}" for e in index(ROOT) if soup.find(id=f"eq-{e.paper}-{e.number}") is None]
    assert not missing
    functions = [line for line in soup.find_all(class_="line") if line.text.startswith("Function:")]
    assert functions
    assert not [line.text for line in functions if not line.find("a", href=lambda link: link.startswith("api.html#"))]
