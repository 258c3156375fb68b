"""The unit tests, and notebooks copied to an empty folder, on every Python that rsnotes allows and this machine has.

Each Python gets an environment of its own in ``_build/versions`` with the wheel and the locked versions (7 GB with
PyTorch's CUDA build, under 3 with PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu).

    python tools/versions.py [VERSION ...] [--pages PAGE ...]    default: all versions, the book's first notebook
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from nbval_outside import build_wheel
from pages import BOOK, ROOT, pages

VERSIONS = ("3.11", "3.12", "3.13")
ENVIRONMENTS = ROOT / "_build" / "versions"
NEEDED = (
    "rsnotes",
    "data",
    "book",
    "tools",
    "pyproject.toml",
    "constraints.txt",
    "README.md",
    "LICENSE",
    "LICENSE-text.md",
)


def interpreters() -> dict[str, Path]:
    """A Python of each allowed version, from the search path or from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in VERSIONS:
        named = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]
        if working := [Path(each) for each in named if each and _version(Path(each)) == version]:
            found[version] = working[0]
    return found


def _version(python: Path) -> str:
    command = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def install(python: Path, wheel: Path, folder: Path) -> Path:
    """An environment with the wheel and everything the tests need; its ``bin`` folder."""
    if not (folder / "bin" / "python").exists():
        subprocess.run([str(python), "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, f"rsnotes[dev] @ {wheel.as_uri()}"], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)
    return folder / "bin"


def unit_tests(programs: Path) -> int:
    """The tests of the package, against the installed wheel: ``pytest`` itself does not put this folder on the path."""
    tests = [str(ROOT / "tests"), f"--ignore={ROOT / 'tests' / 'book'}", "-p", "no:cacheprovider"]
    return subprocess.run(
        [str(programs / "pytest"), "-q", "-n", "2", "--dist=loadfile", *tests], check=False
    ).returncode


def notebooks(programs: Path, names: list[str]) -> int:
    """nbval over the notebooks from a copy of the project, so that the book here keeps its own outputs."""
    with tempfile.TemporaryDirectory() as copy:
        for name in NEEDED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, Path(copy, name), ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, copy)
        command = [str(programs / "python"), "tools/nbval_outside.py", *names]
        return subprocess.run(command, cwd=copy, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", nargs="*", help="for example 3.12")
    first = pages()[0].relative_to(BOOK).with_suffix("").as_posix()
    parser.add_argument("--pages", nargs="+", default=[first], help="notebooks to run")
    arguments = parser.parse_args()
    there = interpreters()
    wanted = arguments.versions or list(there)
    if missing := [version for version in wanted if version not in there]:
        raise SystemExit(f"no Python {', '.join(missing)} here; there are {', '.join(there) or 'none'}")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        for version in wanted:
            programs = install(there[version], wheel, ENVIRONMENTS / version)
            codes = unit_tests(programs), notebooks(programs, arguments.pages)
            print(f"Python {version}: unit tests {_word(codes[0])}, notebooks {_word(codes[1])}", flush=True)
            failed += [version] if any(codes) else []
    return 1 if failed else 0


def _word(code: int) -> str:
    return "pass" if code == 0 else "FAIL"


if __name__ == "__main__":
    raise SystemExit(main())
