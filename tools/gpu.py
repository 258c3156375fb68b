"""Execute the pages on a machine with a GPU, and keep what each took: the book then says where it ran.

python tools/gpu.py               every page
python tools/gpu.py drd/losses    this page
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from nbclient import NotebookClient
from pages import BOOK, CELL_TIMEOUT, ROOT, page_environment, page_named, pages, read_page

from rsnotes.experiments import environment
from rsnotes.training.kept import keep_text

RESULT = ROOT / "data" / "results" / "gpu_pages.json"


def main(names: list[str]) -> None:
    if not torch.cuda.is_available():
        raise SystemExit("torch sees no GPU here, so nothing was run; on a machine with one, give the same command")
    for md in [page_named(name) for name in names] or pages():
        notebook, start = read_page(md), time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, page_environment():
            NotebookClient(notebook, timeout=CELL_TIMEOUT, resources={"metadata": {"path": folder}}).execute()
        page = md.relative_to(BOOK).with_suffix("").as_posix()
        keep(page, round(time.perf_counter() - start, 1))
        print(f"{page}: ran on {torch.cuda.get_device_name()}", flush=True)


def keep(page: str, seconds: float, result: Path = RESULT) -> None:
    """Add a page to the result file, aside first, then renamed."""
    stored = json.loads(result.read_text("utf-8")) if result.exists() else {}
    stored[page] = {"seconds": seconds, "environment": environment()}
    keep_text(result, json.dumps(stored, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
