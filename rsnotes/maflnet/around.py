"""MACA with what stands around attention elsewhere, a residual and a norm before it; the paper shows neither."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rsnotes.datasets import Augment
from rsnotes.losses import counted_weights
from rsnotes.maflnet.factory import tiny_teacher
from rsnotes.maflnet.fit import fit
from rsnotes.maflnet.mosaic import Mosaic
from rsnotes.maflnet.network import MAFLNet
from rsnotes.maflnet.objective import teacher_objective
from rsnotes.maflnet.runs import AblationSettings, _curve, _data, _figures
from rsnotes.maflnet.weights import copy_trunk, load_tiny_teacher


@dataclass(frozen=True)
class AroundSettings(AblationSettings):
    """A row of the ablation whose blocks stand in residuals.

    Attributes:
        norm: whether a batch normalisation stands before each block, inside the residual.
    """

    norm: bool = False


class Residual(nn.Module):
    """``x + block(norm(x))``, as UNetFormer's attention stands; without the norm ``x + block(x)``.

    Args:
        block: gives a map of the shape it gets.
        channels: of the norm; None for no norm.
    """

    def __init__(self, block: nn.Module, channels: int | None) -> None:
        super().__init__()
        self.norm = nn.Identity() if channels is None else nn.BatchNorm2d(channels)
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(self.norm(x))


def surround(network: MAFLNet, norm: bool) -> None:
    """Put a residual around each block of context, in place; the blocks keep their weights."""
    width = network.classifier.in_channels
    network.context = nn.ModuleList(Residual(block, width if norm else None) for block in network.context)


def run_around(settings: AroundSettings, seed: int, folder: Path) -> dict[str, Any]:
    """As :func:`~rsnotes.maflnet.runs.run_ablation`, from the same weights on the same views, with residuals."""
    data, test = _data(settings, seed)
    recipe = settings.recipe
    torch.manual_seed(seed)
    network = tiny_teacher(
        len(data.classes), frozen=True, context=settings.context, edges=settings.edges, normalise=settings.normalise
    )
    copy_trunk(load_tiny_teacher(len(data.classes)), network)
    surround(network, settings.norm)
    curve = _curve(network, test, recipe, folder)
    fit(
        network, teacher_objective(data.classes, counted_weights(data)), recipe.teacher_weights(), recipe, data,
        Mosaic(data, Augment(recipe.crop), recipe.mosaic), seed, checkpoints=folder, after_step=curve,
    )  # fmt: skip
    return _figures(network, test, recipe.crop, curve)
