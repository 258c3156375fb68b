"""A pytest plugin beside nbval: compares text only, and keeps what was executed for the HTML build."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile
from pages import BOOK, Cost, peak_memory, processor_seconds, read_page, store_execution

PICTURES = ("text/html", "image/png", "image/jpeg", "image/svg+xml")


def pytest_configure(config: pytest.Config) -> None:
    site = os.environ["RSNOTES_SITE"]
    import rsnotes

    if not str(rsnotes.__file__).startswith(site):
        raise pytest.UsageError(f"rsnotes is imported from {rsnotes.__file__}, not from the wheel in {site}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, IPyNbCell) and PICTURES[0] not in item.parent.skip_compare:
            item.parent.skip_compare = (*item.parent.skip_compare, *PICTURES)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After a notebook's last cell, store its outputs if all its cells passed."""
    start = time.perf_counter()
    result = yield
    if isinstance(item, IPyNbCell):
        notebook = item.parent
        notebook.seconds = getattr(notebook, "seconds", 0.0) + time.perf_counter() - start
        notebook.outputs = [*getattr(notebook, "outputs", []), item.test_outputs]
    return result


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Read the kernel's processor time and peak memory while it still runs."""
    if isinstance(item, IPyNbCell) and item.parent.kernel is not None:
        item.parent.usage = _usage(item.parent.kernel)


def pytest_sessionfinish(session: pytest.Session) -> None:
    notebooks = {item.parent for item in session.items if isinstance(item, IPyNbCell)}
    for notebook in notebooks:
        _store(notebook, Path(session.config.rootpath))


def _usage(kernel: RunningKernel) -> tuple[float | None, int | None]:
    provisioner = kernel.km.provisioner
    if provisioner is None or not provisioner.pid:
        return None, None
    return processor_seconds(provisioner.pid), peak_memory(provisioner.pid)


def _store(notebook: IPyNbFile, folder: Path) -> None:
    md = (BOOK / notebook.path.relative_to(folder)).with_suffix(".md")
    page = read_page(md)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    outputs = getattr(notebook, "outputs", [])
    if len(outputs) != len(code) or any(out is None for out in outputs):
        return
    for count, (cell, out) in enumerate(zip(code, outputs, strict=True), start=1):
        cell.execution_count = count
        cell.outputs = [nbformat.from_dict(o) for o in out]
    if not any(o.output_type == "error" for cell in code for o in cell.outputs):
        processor, memory = getattr(notebook, "usage", (None, None))
        at_a_time = int(os.environ["RSNOTES_BESIDE"])
        store_execution(md, page, Cost(round(notebook.seconds, 1), processor, memory, at_a_time))
