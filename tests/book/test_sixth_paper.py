"""CONTRIBUTING.md's recipe for a sixth paper, followed to the letter in a copy of the tree, and taken back."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import equation_marks  # noqa: E402

BLOCK = re.compile(r"^(New file|Add to) `([^`]+)`:\n\n````\w+\n(.*?)^````$", re.MULTILINE | re.DOTALL)
MADE_BY_TOOLS = ("__pycache__", "_build", ".pytest_cache", ".ruff_cache")

Blocks = list[tuple[str, str, str]]
Run = Callable[..., str]


@pytest.fixture(scope="module")
def blocks() -> Blocks:
    found = BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert [kind for kind, _, _ in found].count("New file") == 6
    assert [kind for kind, _, _ in found].count("Add to") == 4
    return found


def snapshot(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    kept = (path for path in files if not set(MADE_BY_TOOLS) & set(path.relative_to(root).parts))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in kept}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without the other papers' pages and tests, as small as the recipe can do with."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("rsnotes", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    files = (
        "pyproject.toml",
        "constraints.txt",
        "book/_toc.yml",
        "book/reference/api.md",
        "book/reference/equations.md",
    )
    for file in (*files, "data/papers/equations.csv", "tests/mutants/drd.toml"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    run_in(root)("tools/manifest.py", "--write")
    return root


@pytest.fixture(scope="module")
def project(before: Path, blocks: Blocks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That tree with the sixth paper."""
    root = Path(shutil.copytree(before, tmp_path_factory.mktemp("sixth") / "tree"))
    for kind, name, text in blocks:
        path = root / name
        assert path.exists() == (kind == "Add to"), name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    run_in(root)("tools/manifest.py", "--write")
    return root


def run_in(root: Path) -> Run:
    """A function that runs Python in ``root`` with that tree's package, and returns what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_its_code_keeps_the_style(project: Path, blocks: Blocks) -> None:
    code = [name for kind, name, _ in blocks if name.endswith(".py")]
    run_in(project)("-m", "ruff", "check", "--no-cache", *code)
    run_in(project)("-m", "ruff", "format", "--no-cache", "--check", *code)


def test_its_tests_pass_and_notice_every_fault(project: Path) -> None:
    printed = run_in(project)("tools/mutants.py", "sixth", "--processes", "1")  # runs them without a fault first
    assert "2 of 2 faults noticed" in printed


def test_its_page_runs_and_has_its_pair(project: Path) -> None:
    run_in(project)("tools/pages.py", "sixth/imitation")
    assert (project / "book" / "sixth" / "imitation.ipynb").exists()
    listed = re.findall(r"file: (sixth/\S+)", (project / "book" / "_toc.yml").read_text())
    assert listed == ["sixth/imitation.ipynb"]


def test_its_equation_has_function_test_and_page(project: Path) -> None:
    (equation,) = (each for each in equation_marks.index(project) if each.paper == "sixth")
    assert equation.functions == ("rsnotes.sixth.imitation:imitation_loss",)
    assert equation.tests == ("tests/sixth/test_sixth_imitation.py::test_imitation_loss_by_hand",)
    assert equation.pages == ("sixth/imitation",)
    assert not [problem for problem in equation_marks.problems(project) if "sixth" in problem]


def test_its_data_is_in_the_manifest(project: Path) -> None:
    run_in(project)("tools/manifest.py")
    assert "papers/sixth_table1.csv" in (project / "data" / "manifest.json").read_text()


def test_taken_away_it_leaves_the_tree_as_it_was(before: Path, project: Path, blocks: Blocks, tmp_path: Path) -> None:
    root = Path(shutil.copytree(project, tmp_path / "tree"))
    for folder in ("rsnotes/sixth", "tests/sixth", "book/sixth"):
        shutil.rmtree(root / folder)
    for kind, name, text in blocks:
        path = root / name
        if kind == "Add to":
            path.write_text(path.read_text("utf-8").replace(text, ""), "utf-8")
        else:
            path.unlink(missing_ok=True)
    run_in(root)("tools/manifest.py", "--write")
    assert snapshot(root) == snapshot(before)
