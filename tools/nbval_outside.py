"""nbval over every notebook, from the wheel, in a folder outside the repository.

One run proves three things: the stored text outputs are what the cells give, a notebook needs nothing but the
installed package, and the wheel holds all of it. Its outputs are kept for the HTML build, so that no page is
executed twice.

    python tools/nbval_outside.py [PAGE ...]     default: all pages
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pages import BOOK, CELL_TIMEOUT, PAGE_ENVIRONMENT, ROOT, beside, page_named, pages, share_of_cores

TOOLS = Path(__file__).resolve().parent


def build_wheel(folder: Path, project: Path = ROOT) -> Path:
    """The project's wheel, built into ``folder``."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(project)]
    subprocess.run(command, check=True)
    return next(folder.glob("rsnotes-*.whl"))


def install(wheel: Path, site: Path) -> None:
    """Install the wheel alone into ``site``; its dependencies are those of the running Python."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(command, check=True)


def nbval_command(folder: Path, at_a_time: int) -> list[str]:
    """nbval over the notebooks under ``folder``, so many of them beside each other."""
    several = ["-n", str(at_a_time), "--dist=loadfile"] if at_a_time > 1 else []
    return [
        *(sys.executable, "-m", "pytest", "-q", "-p", "nbval_store", "--nbval", "--nbval-current-env"),
        *("--nbval-sanitize-with", str(TOOLS / "nbval_sanitize.cfg"), "--nbval-cell-timeout", str(CELL_TIMEOUT)),
        *("-p", "no:cacheprovider", "--rootdir", str(folder), "--override-ini", "addopts=", str(folder)),
        *several,
    ]


def main(names: list[str]) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder, site = Path(scratch, "notebooks"), Path(scratch, "site")
        wanted = [page_named(name) for name in names] or pages()
        for md in wanted:
            target = folder / md.relative_to(BOOK).with_suffix(".ipynb")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(md.with_suffix(".ipynb"), target)
        install(build_wheel(Path(scratch)), site)
        search = os.pathsep.join([str(site), str(TOOLS)])
        environment = {**os.environ, **PAGE_ENVIRONMENT, "PYTHONPATH": search, "RSNOTES_SITE": str(site)}
        count = beside(len(wanted))
        environment |= {"RSNOTES_BESIDE": str(count)} | (share_of_cores(count) if count > 1 else {})
        return subprocess.run(nbval_command(folder, count), cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
