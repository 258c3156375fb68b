"""Checkpoints: tensors as safetensors, the rest as a small JSON file, never half-written."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

PREFIX = "step-"


class Stateful(Protocol):
    """A module or an optimiser."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state_dict: Any) -> Any: ...


def save_checkpoint(folder: Path, number: int, parts: Mapping[str, Stateful], record: Mapping[str, Any]) -> Path:
    """Save the parts of a run after ``number`` steps, and forget the checkpoint before.

    The checkpoint is the folder ``step-<number>``, written under another name and renamed when whole.

    Args:
        folder: where the run keeps its checkpoints.
        parts: modules and optimisers by name.
        record: what else the run needs, as JSON can hold it.
    """
    target, aside = folder / f"{PREFIX}{number:08d}", folder / f"{PREFIX}{number:08d}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    tensors: dict[str, Tensor] = {}
    plain = {name: _split(name, part.state_dict(), tensors) for name, part in parts.items()}
    save_file({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, aside / "tensors.safetensors")
    (aside / "state.json").write_text(json.dumps({"number": number, "parts": plain, "record": dict(record)}), "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(aside, target)
    for old in _checkpoints(folder):
        if old != target:
            shutil.rmtree(old)
    return target


def load_checkpoint(folder: Path, parts: Mapping[str, Stateful]) -> tuple[int, dict[str, Any]] | None:
    """Bring ``parts`` to the newest checkpoint in ``folder``; its step number and record, None where there is none.

    Raises:
        ValueError: the checkpoint holds other parts than asked for; both lists are named.
    """
    found = _checkpoints(folder)
    if not found:
        return None
    state = json.loads((found[-1] / "state.json").read_text("utf-8"))
    if set(state["parts"]) != set(parts):
        raise ValueError(
            f"{found[-1]} holds {sorted(state['parts'])} but the run has {sorted(parts)}: "
            "it was written by another method; give this run a folder of its own"
        )
    tensors = load_file(found[-1] / "tensors.safetensors")
    for name, part in parts.items():
        part.load_state_dict(_join(state["parts"][name], tensors))
    return int(state["number"]), state["record"]


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob(f"{PREFIX}*") if p.suffix != ".part")


def _split(name: str, value: Any, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of a nested state into ``tensors``; what is left can be written as JSON."""
    if isinstance(value, torch.Tensor):
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"items": [[key, _split(f"{name}/{key}", item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_split(f"{name}/{i}", item, tensors) for i, item in enumerate(value)]}
    return {"value": value}


def _join(plain: Any, tensors: Mapping[str, Tensor]) -> Any:
    if "tensor" in plain:
        return tensors[plain["tensor"]]
    if "items" in plain:
        return {key: _join(item, tensors) for key, item in plain["items"]}
    if "list" in plain:
        return [_join(item, tensors) for item in plain["list"]]
    return plain["value"]
