"""A pruned architecture as the channels of its layers: kept, built again, saved and loaded."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from rsnotes.networks import deeplabv3plus
from rsnotes.paths import written_aside

Widths = dict[str, list[int]]
"""Outputs and inputs of every convolution and batch normalisation, by name."""


def widths(network: nn.Module) -> Widths:
    """Outputs and inputs of every convolution, transposed ones too, and batch normalisation of a network."""
    found: Widths = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            found[name] = [module.out_channels, module.in_channels]
        elif isinstance(module, nn.BatchNorm2d):
            found[name] = [module.num_features, module.num_features]
    return found


def resize(network: nn.Module, wanted: Mapping[str, list[int]]) -> None:
    """Give a network's layers other widths, freshly initialised where they change.

    Args:
        network: of the architecture that ``wanted`` was pruned from, or any that has its layers.
        wanted: from :func:`widths`.

    Raises:
        ValueError: the network has other layers.
    """
    present = widths(network)
    if set(present) != set(wanted):
        first = min(set(present) ^ set(wanted))
        raise ValueError(f"the widths are those of another architecture: {first} is only in one of the two")
    for name, (outputs, inputs) in wanted.items():
        if [outputs, inputs] != present[name]:
            _resize(network.get_submodule(name), outputs, inputs)


def save_pruned(network: nn.Module, path: str | os.PathLike[str], **options: Any) -> None:
    """Save a pruned network's tensors with its widths and how it was built, as one safetensors file.

    Args:
        network: what was once ``deeplabv3plus(**options)``.
        path: written aside first, then renamed.
        options: what JSON can hold.
    """
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    with written_aside(Path(path)) as aside:
        save_file(tensors, aside, {"options": json.dumps(options), "widths": json.dumps(widths(network))})


def load_pruned(path: str | os.PathLike[str], build: Callable[..., nn.Module] = deeplabv3plus) -> nn.Module:
    """The network of :func:`save_pruned`, in eval mode.

    Args:
        path: the file.
        build: what takes the file's options to the unpruned network.

    Raises:
        ValueError: the file holds no pruned network.
    """
    with safe_open(path, "pt") as file:
        record = file.metadata() or {}
        if not {"options", "widths"} <= set(record):
            raise ValueError(f"{path}: no widths in its header; expected a file written by save_pruned")
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  no mapping
    network = build(**json.loads(record["options"]))
    resize(network, json.loads(record["widths"]))
    network.load_state_dict(tensors)
    return network.eval()


def _resize(module: nn.Module, outputs: int, inputs: int) -> None:
    frozen = not any(parameter.requires_grad for parameter in module.parameters())
    if isinstance(module, nn.BatchNorm2d):
        module.num_features = outputs
        for name in ("weight", "bias"):
            setattr(module, name, nn.Parameter(torch.empty(outputs)))
        module.running_mean, module.running_var = torch.empty(outputs), torch.empty(outputs)
    elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        module.groups = outputs if module.groups > 1 else 1  # depthwise
        module.out_channels, module.in_channels = outputs, inputs
        first, second = (inputs, outputs) if isinstance(module, nn.ConvTranspose2d) else (outputs, inputs)
        module.weight = nn.Parameter(torch.empty(first, second // module.groups, *module.kernel_size))
        if module.bias is not None:
            module.bias = nn.Parameter(torch.empty(outputs))
    module.reset_parameters()  # type: ignore[operator]
    module.requires_grad_(not frozen)
