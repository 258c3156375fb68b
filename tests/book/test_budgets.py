"""The pages of a group execute within their time, and each within its memory, as measured by the run just made.

On a quiet machine a page's time on the wall lies below its processor time over both threads; on a busy one it says more
about the neighbours than about the page. The smaller of the two is held to the budget. Pages run
beside each other, each on its share of the cores: a group takes the sum of its pages divided by how many run at a time.
"""

import sys
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest

from rsnotes.training import choose_precision

EXECUTED = Path(__file__).resolve().parents[2] / "_build" / "executed"
GROUND = {"scenes", "metrics", "baseline"}
SECONDS = {"ground": 60, "paper": 100}
"""Budget of a group on two cores that multiply bfloat16 tiles in hardware (AMX)."""
SLOWER = {("bf16-mixed", True): 1, ("bf16-mixed", False): 2, ("32-true", False): 4}
"""Allowance by arithmetic: AMX, AVX-512 BF16, neither."""
MEMORY = 2e9
"""Bytes a page."""


def executed_pages() -> dict[str, dict[str, float]]:
    found = {}
    for path in sorted(EXECUTED.rglob("*.ipynb")):
        name = path.relative_to(EXECUTED).with_suffix("").as_posix()
        found[name] = dict(nbformat.read(path, 4).metadata["rsnotes"])
    return found


def test_each_group_executes_within_its_budget() -> None:
    pages = executed_pages()
    assert pages, "no executed pages: run make book or make notebooks first"
    groups: dict[str, float] = defaultdict(float)
    for name, record in pages.items():
        folder = name.split("/")[0]
        processor = record.get("processor") or record["seconds"]
        groups["ground" if folder in GROUND else folder] += min(record["seconds"], processor) / record.get("beside", 1)
    allowance = SLOWER[tuple(choose_precision("cpu"))]
    budgets = {group: allowance * SECONDS.get(group, SECONDS["paper"]) for group in groups}
    print({group: f"{seconds:.0f} of {budgets[group]} s" for group, seconds in groups.items()})
    assert {g: s for g, s in groups.items() if s > budgets[g]} == {}


def test_each_page_stays_within_its_memory() -> None:
    memory = {name: record["memory"] for name, record in executed_pages().items() if record["memory"] is not None}
    if not memory and sys.platform != "linux":
        pytest.skip("this system does not tell a process's peak memory")
    assert memory, "Linux tells it, so it was not asked: run make notebooks again"
    assert {name: f"{value / 1e9:.2f} GB" for name, value in memory.items() if value > MEMORY} == {}
