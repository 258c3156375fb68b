"""The folder of a run from the command line: the settings it began with, and the weights it leaves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_model
from torch import nn

from rsnotes.datasets.errors import DataError
from rsnotes.paths import written_aside


def same_run(path: Path, settings: Mapping[str, Any]) -> None:
    """Keep the settings of a new run; refuse to go on with others than those it began with.

    Args:
        path: the JSON file that holds them; its folder is made if need be.
        settings: what JSON can hold.

    Raises:
        ValueError: the file holds other settings; it says which.
    """
    settings = json.loads(json.dumps(settings))
    if not path.exists():
        keep_text(path, json.dumps(settings, indent=1) + "\n")
        return
    before = json.loads(path.read_text("utf-8"))
    changed = [f"{key} is {now}, was {before.get(key)}" for key, now in settings.items() if now != before.get(key)]
    if changed:
        raise ValueError(f"{path} belongs to a run with other settings ({'; '.join(changed)}): choose another folder")


def keep_text(path: Path, text: str) -> None:
    """Write a file, aside first."""
    with written_aside(path) as aside:
        aside.write_text(text, "utf-8")


def keep_weights(network: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors, aside first."""
    with written_aside(path) as aside:
        save_model(network, str(aside))


def present(path: Path, remedy: str) -> Path:
    """``path`` itself.

    Raises:
        DataError: there is no such file; ``remedy`` is its advice.
    """
    if not path.is_file():
        raise DataError.at(path, "no such file", remedy)
    return path
