"""A network's scores on a data set."""

from typing import Protocol

import torch
from torch import nn
from torch.utils.data import DataLoader

from rsnotes.datasets import Classes, Sample
from rsnotes.metrics.borders import erode_borders
from rsnotes.metrics.scores import Scores
from rsnotes.networks import evaluating


class Labelled(Protocol):
    """A map-style data set of samples with a class table."""

    classes: Classes

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sample: ...


def evaluate(
    network: nn.Module,
    dataset: Labelled,
    *,
    batch_size: int = 8,
    device: torch.device | str | None = None,
    precision: torch.dtype | None = None,
    border: float = 0.0,
) -> Scores:
    """Score a network on every sample of a data set, in eval mode; the modes it had are put back.

    Args:
        network: returns logits (B, K, H, W), or a :class:`~rsnotes.networks.SegmentationOutput`.
        dataset: samples of one size, or of any size with ``batch_size=1``.
        batch_size: images at a time.
        device: where to compute; where the network is by default. The network is moved there.
        precision: of autocast, ``torch.bfloat16`` for example; none by default.
        border: pixels to leave out around class outlines, see :func:`~rsnotes.metrics.erode_borders`.

    Returns:
        One confusion matrix an image, on the CPU.
    """
    device = torch.device(device) if device is not None else next(network.parameters()).device
    network.to(device)
    scores = Scores(dataset.classes)
    with evaluating(network), torch.autocast(device.type, dtype=precision, enabled=precision is not None):
        for image, mask in DataLoader(dataset, batch_size):  # type: ignore[arg-type]
            output = network(image.to(device))  # (B, bands, H, W)
            logits = output if isinstance(output, torch.Tensor) else output.logits
            scores.add(logits.argmax(dim=1).cpu(), erode_borders(mask, border))
    return scores
