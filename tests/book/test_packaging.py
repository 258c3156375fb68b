"""The wheel holds the package, the data of the manifest, and nothing else; data_path() finds them everywhere."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import nbval_outside  # noqa: E402

NAMES = ("rsnotes", "data", "pyproject.toml", "README.md", "LICENSE", "LICENSE-text.md", ".gitignore")
CHECK = """
import hashlib, json, sys
import rsnotes
root, named = sys.argv[1], json.load(sys.stdin)
assert rsnotes.__file__.startswith(root), rsnotes.__file__
assert str(rsnotes.data_path()).startswith(root), rsnotes.data_path()
for name, entry in named.items():
    found = hashlib.sha256(rsnotes.data_path(*name.split("/")).read_bytes()).hexdigest()
    assert found == entry["sha256"], name
try:
    rsnotes.data_path("weights", "none.safetensors")
except FileNotFoundError as error:
    print(error)
"""
IMPORT_ALL = """
import importlib, pkgutil, rsnotes
modules = [module.name for module in pkgutil.walk_packages(rsnotes.__path__, "rsnotes.")]
for name in modules:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print("rsnotes", *modules)
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is made from, with things beside it that do not belong into one."""
    folder = tmp_path_factory.mktemp("clone")
    for name in NAMES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for stray in ("notes.txt", "tests/test_x.py", "rsnotes/__pycache__/x.cpython-311.pyc", "_build/html/index.html"):
        (folder / stray).parent.mkdir(parents=True, exist_ok=True)
        (folder / stray).write_text("stray")
    return folder


@pytest.fixture(scope="module")
def listed(clone: Path) -> dict[str, dict[str, str]]:
    return json.loads((clone / "data" / "manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nbval_outside.build_wheel(tmp_path_factory.mktemp("wheel"), clone)


@pytest.fixture(scope="module")
def site(wheel: Path) -> Path:
    """A folder that holds the installed wheel and nothing else."""
    nbval_outside.install(wheel, wheel.parent / "site")
    return wheel.parent / "site"


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def run_in(folder: Path, search: Path, code: str, *arguments: str, stdin: object = None) -> str:
    """Run Python code in ``folder`` with ``search`` before everything else on its path; what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False,
        input=json.dumps(stdin), env={**os.environ, "PYTHONPATH": str(search)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_the_package_the_listed_data_and_nothing_else(
    clone: Path, listed: dict[str, dict[str, str]], wheel: Path
) -> None:
    modules = {path.relative_to(clone).as_posix() for path in (clone / "rsnotes").rglob("*.py")}
    data = {f"rsnotes/data/{name}" for name in [*listed, "manifest.json"]}
    found = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert found == modules | data


def test_wheel_carries_both_licences_and_the_dependencies(wheel: Path) -> None:
    files = contents(wheel)
    (name,) = (name for name in files if name.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(files[name].decode())
    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0"
    assert {"LICENSE", "LICENSE-text.md"} == set(metadata.get_all("License-File"))
    assert any(line.startswith("torch>=") for line in metadata.get_all("Requires-Dist"))


def test_data_is_found_from_the_wheel_in_an_empty_folder(
    listed: dict[str, dict[str, str]], site: Path, tmp_path: Path
) -> None:
    message = run_in(tmp_path, site, CHECK, str(site), stdin=listed)
    assert str(site / "rsnotes" / "data") in message
    assert "none.safetensors" in message
    assert "reinstall rsnotes" in message


def test_data_is_found_in_a_clone(clone: Path, listed: dict[str, dict[str, str]], tmp_path: Path) -> None:
    run_in(tmp_path, clone, CHECK, str(clone), stdin=listed)


def test_data_is_found_from_the_editable_install(tmp_path: Path) -> None:
    run_in(tmp_path, tmp_path, CHECK, str(ROOT), stdin={})


def test_every_module_of_the_wheel_can_be_imported_outside_the_repository(site: Path, tmp_path: Path) -> None:
    files = [path.relative_to(site).with_suffix("").parts for path in (site / "rsnotes").rglob("*.py")]
    named = {".".join(parts).removesuffix(".__init__") for parts in files}
    assert set(run_in(tmp_path, site, IMPORT_ALL).split()) == named, "a folder without __init__.py?"


def test_source_distribution_gives_the_same_wheel(clone: Path, wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(tmp_path), str(clone)]
    subprocess.run(command, check=True, capture_output=True)
    (sdist,) = tmp_path.glob("rsnotes-*.tar.gz")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(sdist)]
    subprocess.run(command, check=True)
    (again,) = tmp_path.glob("rsnotes-*.whl")
    assert again.name == wheel.name
    assert contents(again) == contents(wheel)
