"""Weights that travel with the package, and the scenes they were trained on."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from rsnotes.networks.pspnet import pspnet
from rsnotes.paths import data_path, written_aside
from rsnotes.scenes import VERSION

TEACHER_WIDTH = 11 / 32
"""Width of the shipped teacher, a PSPNet on ResNet-18 of about 1.5 M parameters."""


def weights_path(name: str) -> Path:
    """Where the weights called ``name`` lie; the file need not exist yet."""
    return data_path() / "weights" / f"{name}.safetensors"


def save_weights(network: nn.Module, path: Path, record: Mapping[str, str]) -> None:
    """Write a network's state in float16, with a record, aside and then renamed."""
    state = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    with written_aside(path) as aside:
        save_file(state, aside, metadata=dict(record))


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Load weights into ``network``, strictly.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file was trained on another version of the scenes.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: expected weights shipped with rsnotes; reinstall the package")
    with safe_open(path, "pt") as file:
        record = file.metadata() or {}
        if record.get("scenes") != VERSION:
            raise ValueError(
                f"{path} was trained on scenes version {record.get('scenes')}, this package draws version {VERSION}: "
                "run the command in its result file again"
            )
        network.load_state_dict({key: file.get_tensor(key).to(network.state_dict()[key].dtype) for key in file.keys()})  # noqa: SIM118
    return network


def load_teacher(classes: int = 6) -> nn.Module:
    """The shipped teacher in eval mode: a PSPNet of width :data:`TEACHER_WIDTH` trained on the teaching scenes."""
    return load_weights(pspnet("resnet18", classes, width=TEACHER_WIDTH), weights_path("teacher")).eval()
