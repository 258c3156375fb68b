"""Small faults that the tests must notice: ``make mutants``, or ``tools/mutants.py drd`` for one paper's.

Each ``tests/mutants/<paper>.toml`` lists one-line faults: a file, a text in it, what replaces it, and the tests that
must fail then. Every fault is put into a copy of the tree of its own, and its tests are run there. The list is at
fault, and the command fails, when a text no longer occurs, when the tests fail without any fault, and when a fault
keeps the tests from running at all.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import tomllib
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("pytest", "torch", "torchvision", "lightning_fabric", "timm", "scipy", "sklearn.metrics")
"""Loaded once and shared by all processes; loading them takes longer than most tests."""

FOUND, SURVIVED = 1, 0  # pytest's exit statuses for failed tests and for none


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        name: what is wrong, in words.
        file: path from the root.
        old: text that occurs once in the file.
        new: text that replaces it.
        tests: what pytest is given; one of them has to fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def apply(self, root: Path) -> None:
        """Put the fault into the tree at ``root``; ``ValueError`` if the text is not there once."""
        path = root / self.file
        text = path.read_text("utf-8")
        if text.count(self.old) != 1 or self.old == self.new:
            raise ValueError(
                f"{self.name}: {self.file} should hold {self.old!r} once and not as its own replacement, "
                f"found {text.count(self.old)} times; bring the list up to date"
            )
        path.write_text(text.replace(self.old, self.new), "utf-8")


def load(path: Path) -> list[Mutant]:
    """Faults of one list."""
    entries = tomllib.loads(path.read_text("utf-8"))["mutant"]
    return [Mutant(**entry | {"tests": tuple(entry["tests"])}) for entry in entries]


def run_tests(tests: tuple[str, ...], mutant: Mutant | None = None) -> tuple[int, str]:
    """Exit status and output of pytest in a fresh copy of the tree, with the fault in it.

    Runs in a process of its own, which has the libraries loaded and not yet the package.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in ("rsnotes", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        (copy / "data").symlink_to(ROOT / "data")
        if mutant is not None:
            mutant.apply(copy)
        os.chdir(copy)
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = folder  # for tests that start processes
        sys.dont_write_bytecode = True
        with redirect_stdout(StringIO()) as output:
            status = pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests])
        os.chdir(ROOT)
        return int(status), output.getvalue()[-3000:]


def try_mutant(mutant: Mutant) -> str | None:
    """None when a test notices the fault, otherwise what is wrong."""
    try:
        status, output = run_tests(mutant.tests, mutant)
    except (ValueError, OSError) as error:
        return str(error)
    if status == SURVIVED:
        return f"{mutant.name}: survived {' '.join(mutant.tests)}"
    if status != FOUND:
        return f"{mutant.name}: the tests could not run (pytest gave {status})\n{output}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="*", help="names in tests/mutants, all of them by default")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    folder = ROOT / "tests" / "mutants"
    paths = [folder / f"{name}.toml" for name in arguments.lists] or sorted(folder.glob("*.toml"))
    mutants = [mutant for path in paths for mutant in load(path)]
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    problems = []
    with ProcessPoolExecutor(arguments.processes, context, max_tasks_per_child=1) as pool:
        status, output = pool.submit(run_tests, tuple(sorted({t for mutant in mutants for t in mutant.tests}))).result()
        if status != SURVIVED:
            print(f"the tests fail without any fault (pytest gave {status})\n{output}")
            return 1
        for mutant, problem in zip(mutants, pool.map(try_mutant, mutants), strict=True):
            print(problem or f"{mutant.name}: noticed", flush=True)
            problems += [problem] if problem else []
    print(f"{len(mutants) - len(problems)} of {len(mutants)} faults noticed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
