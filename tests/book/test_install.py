"""What pip does with the install cell and with PyTorch's CPU builds, tried with small wheels in their place."""

import base64
import hashlib
import json
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pip
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import configure  # noqa: E402

CELL = configure.CELL.format(url="https://github.com/someone/light-maps", branch="main")
COLAB = {"torch": "2.8.0+cu126", "torchvision": "0.23.0+cu126", "numpy": "2.0.2"}


def wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """A wheel whose only module holds its version."""
    info = f"{name}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {n}" for n in needs),
    ]
    members = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for member, text in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{member},sha256={digest},{len(text.encode())}\n"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in {**members, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(member, text)
    return path


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python like Colab's: torch, torchvision and numpy of its own, pip, and no rsnotes."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder / "python", symlinks=True)
    (site,) = (folder / "python").glob("lib/python*/site-packages")
    (site / "pip").symlink_to(pip.__path__[0])  # this Python's: quicker than one of its own
    theirs = [str(wheel(folder / "theirs", name, version)) for name, version in COLAB.items()]
    run(folder, "-m", "pip", "install", "-q", "--no-index", *theirs)
    return folder


def run(folder: Path, *arguments: str, index: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index or folder), "PIP_CONFIG_FILE": "/dev/null"}
    command = [str(folder / "python" / "bin" / "python"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)


def run_cell(colab: Path, index: Path) -> subprocess.CompletedProcess[str]:
    """Run the install cell with rsnotes taken from ``index`` in place of GitHub."""
    (ours,) = index.glob("rsnotes-*.whl")
    cell = CELL.replace("git+https://github.com/someone/light-maps@main", ours.as_uri())
    assert cell != CELL
    show = "\nimport json, rsnotes, torch, torchvision, numpy"
    show += "\nprint(json.dumps([m.version for m in (rsnotes, torch, torchvision, numpy)]))"
    return run(colab, "-c", cell + show, index=index)


@pytest.fixture
def index(colab: Path, tmp_path: Path) -> Callable[..., Path]:
    """An index that holds newer versions of everything, and rsnotes with the needs given."""

    def fill(*needs: str) -> Path:
        for name in COLAB:
            wheel(tmp_path / "index", name, "99.0")
        wheel(tmp_path / "index", "greedy", "1.0", "torch>=50")
        wheel(tmp_path / "index", "timm", "1.0.31", "torch")
        wheel(tmp_path / "index", "rsnotes", "0.1.0", *needs)
        return tmp_path / "index"

    yield fill
    run(colab, "-m", "pip", "uninstall", "-q", "-y", "rsnotes", "timm", "greedy")


def test_the_install_cell_keeps_colabs_torch_and_numpy(colab: Path, index: Callable[..., Path]) -> None:
    done = run_cell(colab, index("torch>=2.6", "torchvision>=0.21", "numpy>=2.0", "timm>=1.0.15"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["0.1.0", *COLAB.values()]


def test_a_dependency_that_wants_another_torch_is_an_error_and_replaces_nothing(
    colab: Path, index: Callable[..., Path]
) -> None:
    done = run_cell(colab, index("torch>=2.6", "greedy"))
    assert done.returncode != 0
    assert "torch==2.8.0+cu126 because these package versions have conflicting" in done.stderr
    assert run(colab, "-c", "import torch; print(torch.version)").stdout == COLAB["torch"] + "\n"


def test_the_install_cell_does_nothing_where_rsnotes_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"the cell ran {arguments}")

    monkeypatch.setattr(subprocess, "run", refuse)
    exec(CELL, {})


def test_the_install_cell_names_the_repository_to_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(CELL, {})
    ((python, *words, numpy, torch, torchvision, rsnotes),) = commands
    assert (python, *words) == (sys.executable, "-m", "pip", "install", "-q")
    assert [each.partition("==")[0] for each in (numpy, torch, torchvision)] == ["numpy", "torch", "torchvision"]
    assert rsnotes == "rsnotes @ git+https://github.com/someone/light-maps@main"


def test_pytorchs_cpu_build_is_taken_before_pypis_and_keeps_to_the_lock(tmp_path: Path) -> None:
    pins = [Requirement(line) for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line]
    locked = {pin.name: next(iter(pin.specifier)).version for pin in pins if pin.name in ("torch", "torchvision")}
    for name, version in locked.items():
        wheel(tmp_path / "index", name, version, "nvidia-cublas")
        wheel(tmp_path / "index", name, f"{version}+cpu")
        wheel(tmp_path / "index", name, "99.0+cpu")
    command = [sys.executable, "-m", "pip", "--isolated", "install", "-q", "--dry-run", "--ignore-installed"]
    command += ["--no-index", "--find-links", str(tmp_path / "index"), "--report", "-"]
    command += ["-c", str(ROOT / "constraints.txt"), "torch>=2.6", "torchvision>=0.21"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    chosen = {each["metadata"]["name"]: each["metadata"]["version"] for each in json.loads(done.stdout)["install"]}
    assert chosen == {name: f"{version}+cpu" for name, version in locked.items()}
