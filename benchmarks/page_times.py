"""Seconds and peak memory of each page, as the last execution of the book measured them."""

from pathlib import Path

import nbformat
from common import json_argument, report

EXECUTED = Path(__file__).resolve().parents[1] / "_build" / "executed"


def main() -> None:
    path = json_argument("page_times")
    notebooks = sorted(EXECUTED.rglob("*.ipynb"))
    if not notebooks:
        raise SystemExit(f"no executed page under {EXECUTED}: run make book first")
    rows, book = [], 0.0
    for notebook in notebooks:
        measured = nbformat.read(notebook, 4).metadata["rsnotes"]
        book += measured["seconds"] / measured.get("beside", 1)
        rows.append({
            "page": notebook.relative_to(EXECUTED).with_suffix("").as_posix(),
            "seconds": measured["seconds"],
            "peak memory, MB": round(measured["memory"] / 1e6) if measured["memory"] else None,
        })  # fmt: skip
    total = sum(row["seconds"] for row in rows)
    for row in rows:
        row["share of the book"] = round(row["seconds"] / total, 3) if total else None
    beside = {"page": "all, as they ran beside each other", "seconds": round(book, 1)}
    report(path, "Pages of the book", [*rows, beside])


if __name__ == "__main__":
    main()
