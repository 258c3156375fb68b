"""What the benchmarks share: interleaved timing, and the file a table is written to."""

import json
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from rsnotes.datasets import ISPRS
from rsnotes.experiments import environment
from rsnotes.training import Batch
from rsnotes.training.kept import keep_text

RESULTS = Path(__file__).resolve().parents[1] / "data" / "results"


def interleaved(ways: Mapping[str, Callable[[], object]], rounds: int, warm: int = 1) -> dict[str, float]:
    """Median seconds of a call of each way; every round calls all of them, so that a slow moment hits them alike.

    Args:
        ways: what to time, by name.
        rounds: timed calls of each.
        warm: calls of each before, not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-warm, rounds):
        for name, call in ways.items():
            start = time.perf_counter()
            call()
            if number >= 0:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def random_batch(size: int, crop: int) -> Batch:
    """Random images and masks: the time of a step does not depend on what they show."""
    draw = torch.Generator().manual_seed(0)
    image = torch.rand(size, 3, crop, crop, generator=draw)  # (B, 3, H, W)
    mask = torch.randint(len(ISPRS), (size, crop, crop), generator=draw)  # (B, H, W)
    index = torch.arange(size)
    return Batch(image, mask, index, index)


def json_argument(name: str) -> Path:
    """Where the command line (``--json PATH``) wants the table, by default ``data/results/benchmark_NAME.json``."""
    parser = ArgumentParser(description=f"the benchmark {name}")
    parser.add_argument("--json", type=Path, default=RESULTS / f"benchmark_{name}.json", help="file to write")
    return parser.parse_args().json


def report(path: Path, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table and write it, with what it was measured on; aside first, then renamed."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, *([_text(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    print(title)
    for line in lines:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    result = {"benchmark": path.stem, "title": title, "rows": list(rows), "environment": environment()}
    keep_text(path, json.dumps(result, indent=1) + "\n")


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str("" if value is None else value)
