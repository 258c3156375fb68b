"""From what, on what and by which source a result was made."""

import ast
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from rsnotes import scenes
from rsnotes.training import choose_precision

PACKAGE = Path(__file__).resolve().parents[1]
SCORING = (
    *("datasets/augment.py", "datasets/memory.py"),
    *(f"metrics/{name}.py" for name in ("confusion", "evaluate", "measures", "scores")),
)
"""What every network on scenes is fed and scored with; part of the sources of each experiment."""

LIBRARIES = ("rsnotes", "torch", "torchvision", "timm", "lightning-fabric", "numpy", "opencv-python-headless")


def source_hashes(names: Iterable[str]) -> dict[str, str]:
    """Hash of the code of modules and packages; comments, docstrings, layout and refusals are left out.

    A refusal is a ``raise``, or an ``if`` that does nothing else: a result that exists has passed it, and passes it
    still, whatever it says.

    Args:
        names: paths inside the package, a file ("drd/relations.py") or a folder ("drd").

    Returns:
        A short hash for each file, by its path inside the package.
    """
    files: list[Path] = []
    for name in names:
        path = PACKAGE / name
        if not path.exists():
            raise FileNotFoundError(f"{path}: the experiment names {name!r} as its source, and rsnotes has none")
        files += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return {path.relative_to(PACKAGE).as_posix(): _code_hash(path.read_text("utf-8")) for path in files}


@cache  # a page asks for the same files once for each result
def _code_hash(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for block in ("body", "orelse"):
            if isinstance(part := getattr(node, block, None), list):
                kept = [line for line in part if not _is_text(line) and not _refuses(line)]
                setattr(node, block, kept if kept or block == "orelse" else [ast.Pass()])
        if isinstance(node, ast.JoinedStr):  # 3.12.1 ends some of them with an empty text
            node.values = [part for part in node.values if getattr(part, "value", None) != ""]
    return hashlib.sha256(_written(tree).encode()).hexdigest()[:16]


def _written(node: Any) -> str:
    """A tree in words, the same on every Python: what ``ast.dump`` of 3.11 gives, which later ones write otherwise."""
    if isinstance(node, list):
        return f"[{', '.join(_written(part) for part in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    shown = []
    for name in node._fields:
        value = getattr(node, name)
        missing = value is None and getattr(type(node), name, ...) is None  # an optional part that is not there
        if not missing and name != "type_params":  # new in 3.12
            shown.append(f"{name}={_written(value)}")
    return f"{type(node).__name__}({', '.join(shown)})"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _refuses(node: ast.stmt) -> bool:
    return isinstance(node, ast.Raise) or (
        isinstance(node, ast.If)
        and not any(isinstance(part, ast.NamedExpr) for part in ast.walk(node.test))
        and all(map(_refuses, node.body + node.orelse))
    )


def environment() -> dict[str, Any]:
    """Versions, processor, threads, arithmetic, commit and scenes version of this process."""
    cuda = torch.cuda.is_available()
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "processor": torch.cuda.get_device_name() if cuda else processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "precision": choose_precision("cuda" if cuda else "cpu").format,
        "scenes": scenes.VERSION,
        "commit": commit(),
    }


def processor_name() -> str:
    """The processor's name as the system gives it, with what decides the speed of training."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
        flags = next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])
    except OSError:
        flags = []
    known = [flag for flag in ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx2") if flag in flags]
    return f"{name} ({', '.join(known)})" if known else name


def commit() -> str:
    """The commit of the clone this package lies in, with "+" if files differ from it; "unknown" outside a clone."""
    git = ["git", "-C", str(PACKAGE)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain", "--", "."], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
