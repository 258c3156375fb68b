"""Execute the pages of the book that changed, and keep their pairs in step.

A page is a MyST notebook ``book/**/x.md`` with its pair ``x.ipynb``. Executing one writes two files:
``_build/executed/**/x.ipynb`` with every output (the HTML is built from these) and ``book/**/x.ipynb``
with source, execution counts and text outputs (what nbval compares and Colab opens).

Several pages are executed beside each other, each on its share of the processor's cores: much of a page is the work of
one core.

    python tools/pages.py            execute what changed
    python tools/pages.py drd/page   execute this page
"""

import contextlib
import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
EXECUTED = ROOT / "_build" / "executed"
CELL_TIMEOUT = 600
PAGE_ENVIRONMENT = {"RSNOTES_STATIC": "1", "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"}
"""What a page sees when it is built rather than read live: static sliders, no progress bars."""
KERNEL = ["--IPKernelApp.log_level=ERROR"]
"""Else each kernel warns that it talks to this machine's own programs without encryption."""
MOST_BESIDE = 4
"""Pages executed at a time, at most: a page takes up to 2 GB."""


def pages() -> list[Path]:
    """The Markdown files of all executable pages, sorted."""
    found = (p for p in BOOK.rglob("*.md") if not any(part.startswith("_") for part in p.parts))
    return sorted(p for p in found if p.read_text("utf-8").startswith("---\njupytext:"))


def read_page(md: Path) -> NotebookNode:
    """The notebook of a Markdown page, with cell ids that do not change from run to run."""
    notebook = jupytext.read(md)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{md.stem.replace('_', '-')}-{number:03d}"
    notebook.metadata.pop("jupytext", None)
    return notebook


@cache
def _common_hash() -> str:
    """Hash of everything but its cells that a page's outputs depend on."""
    digest = hashlib.sha256()
    sources = sorted((ROOT / "rsnotes").rglob("*.py"))
    for path in [*sources, ROOT / "data" / "manifest.json", ROOT / "constraints.txt"]:
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def page_key(notebook: NotebookNode) -> str:
    """Key of a page: its cells with their tags, the package's source, the data manifest, the lock file."""
    digest = hashlib.sha256(_common_hash().encode())
    for cell in notebook.cells:
        digest.update(repr((cell.cell_type, cell.source, cell.metadata.get("tags"))).encode())
    return digest.hexdigest()


def executed_path(md: Path) -> Path:
    return (EXECUTED / md.relative_to(BOOK)).with_suffix(".ipynb")


def is_fresh(md: Path) -> bool:
    """Whether the stored execution of a page is still the one its key asks for."""
    stored, pair, page = executed_path(md), md.with_suffix(".ipynb"), read_page(md)
    if not stored.exists() or not pair.exists() or _sources(nbformat.read(pair, 4)) != _sources(page):
        return False
    return nbformat.read(stored, 4).metadata.get("rsnotes", {}).get("key") == page_key(page)


def _sources(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def peak_memory(pid: int) -> int | None:
    """Peak resident memory of a process in bytes; None where the system does not tell."""
    with contextlib.suppress(OSError, AttributeError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 if found else None
    return None


def processor_seconds(pid: int) -> float | None:
    """Processor time of a process over all its threads in seconds; None where the system does not tell."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return None


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def beside(count: int) -> int:
    """How many of ``count`` pages to execute at a time."""
    return max(1, min(count, cores(), MOST_BESIDE))


def share_of_cores(count: int) -> dict[str, str]:
    """What tells a page's kernel how many threads to use where ``count`` pages run at a time."""
    return {"OMP_NUM_THREADS": str(max(1, cores() // count))}


class Cost(NamedTuple):
    """What executing a page took.

    Attributes:
        seconds: time on the wall.
        processor: processor time over all threads in seconds, None where the system does not tell.
        memory: peak resident memory in bytes, likewise.
        beside: how many pages ran at a time.
    """

    seconds: float
    processor: float | None
    memory: int | None
    beside: int = 1


def write_aside(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    nbformat.write(notebook, aside)
    os.replace(aside, path)


def store_execution(md: Path, notebook: NotebookNode, cost: Cost) -> None:
    """Store an executed page for the HTML build, with its key and what it took."""
    notebook.metadata["rsnotes"] = {"key": page_key(read_page(md)), **cost._asdict()}
    write_aside(notebook, executed_path(md))


def committed_form(notebook: NotebookNode) -> NotebookNode:
    """A copy with text outputs only: what stands in the repository."""
    kept = nbformat.from_dict(notebook)
    for cell in kept.cells:
        if cell.cell_type == "code":
            cell.outputs = [text for output in cell.outputs if (text := _text_output(output))]
            cell.metadata = {k: v for k, v in cell.metadata.items() if k != "execution"}
    kept.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return kept


def _text_output(output: NotebookNode) -> NotebookNode | None:
    if output.output_type not in ("display_data", "execute_result"):
        return output
    data = {"text/plain": output.data["text/plain"]} if "text/plain" in output.data else {}
    return nbformat.from_dict({**output, "data": data, "metadata": {}}) if data else None


@contextlib.contextmanager
def page_environment(at_a_time: int = 1) -> Iterator[None]:
    """Set :data:`PAGE_ENVIRONMENT`, and the share of the cores, for kernels started inside."""
    wanted = PAGE_ENVIRONMENT | (share_of_cores(at_a_time) if at_a_time > 1 else {})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def execute(md: Path, at_a_time: int = 1) -> float:
    """Execute one page in an empty folder and store both forms; returns the seconds it took.

    Args:
        md: the page.
        at_a_time: how many pages are executed beside each other.
    """
    notebook = read_page(md)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, page_environment(at_a_time):
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook, timeout=CELL_TIMEOUT, resources=resources, record_timing=False, extra_arguments=list(KERNEL)
        )
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
            seconds = time.perf_counter() - start
            pid = client.km.provisioner.pid  # type: ignore[union-attr]
            cost = Cost(round(seconds, 1), processor_seconds(pid), peak_memory(pid), at_a_time)
    store_execution(md, notebook, cost)
    write_aside(committed_form(notebook), md.with_suffix(".ipynb"))
    return cost.seconds


def page_named(name: str) -> Path:
    """The page called ``drd/relation_maps``; an unknown name lists those there are."""
    md = (BOOK / name).with_suffix(".md")
    if md not in pages():
        names = ", ".join(p.relative_to(BOOK).with_suffix("").as_posix() for p in pages())
        raise SystemExit(f"no page {name!r} in book/; the pages are: {names}")
    return md


def label(md: Path) -> str:
    return md.relative_to(BOOK).with_suffix("").as_posix()


def main(names: list[str]) -> None:
    wanted = [page_named(name) for name in names] or pages()
    stale = [md for md in wanted if names or not is_fresh(md)]
    for md in wanted:
        if md not in stale:
            print(f"{label(md)}: unchanged", flush=True)
    if not stale:
        return
    count = beside(len(stale))
    with ProcessPoolExecutor(count) as pool:
        running = {md: pool.submit(execute, md, count) for md in stale}
        try:
            for md, page in running.items():
                print(f"{label(md)}: {page.result():.1f} s", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


if __name__ == "__main__":
    main(sys.argv[1:])
