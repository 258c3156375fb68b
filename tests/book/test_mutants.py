"""The lists of faults still fit the code; whether the tests notice each fault is for ``make mutants`` to ask."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import mutants  # noqa: E402

LISTS = sorted((ROOT / "tests" / "mutants").glob("*.toml"))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_fault_fits_one_place_and_names_tests_that_exist(path: Path) -> None:
    for mutant in mutants.load(path):
        assert (ROOT / mutant.file).read_text("utf-8").count(mutant.old) == 1, mutant.name
        assert mutant.old != mutant.new, mutant.name
        assert all((ROOT / test.split("::")[0]).exists() for test in mutant.tests), mutant.name
