"""Build the HTML from the executed pages, with warnings as errors.

python tools/build.py [DESTINATION]     default: _build/html
"""

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pages import BOOK, EXECUTED, ROOT, pages

STAGE = ROOT / "_build" / "stage"


def copy_if_changed(source: Path, target: Path) -> None:
    """Copy a file unless the target holds the same bytes, so that Sphinx re-reads only what changed."""
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def stage() -> Path:
    """Lay out the book with its executed notebooks in ``_build/stage`` and return the book's folder there."""
    executable = set(pages())
    wanted: dict[Path, Path] = {Path("_config.yml"): ROOT / "_config.yml"}
    for source in BOOK.rglob("*"):
        if source.is_file() and "__pycache__" not in source.parts and source.suffix != ".ipynb":
            relative = source.relative_to(BOOK)
            if source in executable:
                relative = relative.with_suffix(".ipynb")
                source = EXECUTED / relative
                if not source.exists():
                    raise SystemExit(f"{relative} has not been executed: run make book")
            wanted[Path("book") / relative] = source
    for old in (STAGE / "book").rglob("*"):
        if old.is_file() and old.relative_to(STAGE) not in wanted:
            old.unlink()
    for relative, source in wanted.items():
        copy_if_changed(source, STAGE / relative)
    return STAGE / "book"


def build() -> Path:
    """Run Jupyter Book on the stage; any warning, or a page that cannot be read, ends with a non-zero exit."""
    book = stage()
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    command = [jupyter_book, "build", book.name, "-W", "-n", "--keep-going", "-q"]
    code = subprocess.run(command, cwd=STAGE, check=False).returncode
    if code:
        raise SystemExit(f"jupyter-book ended with exit code {code}: see the warnings above")
    return STAGE / "_build" / "html"


def main(destination: Path) -> None:
    html = build()
    aside = destination.with_name(destination.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(html, aside)
    shutil.rmtree(destination, ignore_errors=True)
    aside.rename(destination)
    print(f"The book is at {destination / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "_build" / "html")
