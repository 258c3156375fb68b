"""The teacher's outputs: computed at every step, or once and kept."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from rsnotes.datasets import Sample
from rsnotes.datasets.augment import Augment
from rsnotes.networks import SegmentationOutput, evaluating
from rsnotes.training.batches import Batch, Samples
from rsnotes.training.precision import choose_precision

Teacher = Callable[[Batch], SegmentationOutput]
"""From a batch to the teacher's outputs for it, without gradient."""


class LiveTeacher:
    """A teacher that sees every batch.

    Args:
        network: from (B, bands, H, W) to :class:`~rsnotes.networks.SegmentationOutput`. It is put in eval mode and
            its parameters are frozen. It must be on the batches' device.
    """

    def __init__(self, network: nn.Module) -> None:
        if choose_precision(next(network.parameters()).device.type).channels_last:
            network = network.to(memory_format=torch.channels_last)
        self.network = network.eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> SegmentationOutput:
        return self.network(batch.image)


class TeacherCache:
    """A teacher's outputs for every sample of a data set, computed once and turned as the samples are.

    A turned output is not quite the output for the turned image, since a network with stride 8 does not commute with
    flips. Crops, zooms and colour would change what the teacher sees, so there is a limit: the view has to be the
    whole sample, flipped or turned. Colour may change, and then the teacher has seen the unchanged colours.

    Attributes:
        logits: (samples, K, H, W) float16, 2 bytes a number.
        features: (samples, C, h, w) float16.

    Args:
        network: the teacher; it is left in the mode it was in.
        samples: the data set, all samples of one size.
        augment: what the training loop is given, with a crop of the samples' side; None leaves samples as they are.
        batch_size: samples a forward pass.

    Raises:
        ValueError: ``augment`` crops or zooms.
    """

    def __init__(
        self, network: nn.Module, samples: Samples, augment: Augment | None = None, batch_size: int = 8
    ) -> None:
        height, width = samples[0].mask.shape
        if augment is not None and (augment.scale != (1.0,) or not augment.crop == height == width):
            raise ValueError(
                f"cached outputs can be flipped and turned only: the samples are {height} × {width}, the view is "
                f"{augment.crop} × {augment.crop} at scales {augment.scale}. Cut the samples into squares of the "
                "crop's size first, or use LiveTeacher"
            )
        self.augment = None if augment is None else replace(augment, colour=0.0)
        self.logits, self.features = _run(network, samples, batch_size)

    def __call__(self, batch: Batch) -> SegmentationOutput:
        """Outputs for the samples of ``batch``, on its device, in float32."""
        return SegmentationOutput(self._view(self.logits, batch), self._view(self.features, batch))

    def _view(self, maps: Tensor, batch: Batch) -> Tensor:
        """What the batch's augmentation makes of its samples' (C, h, w) maps."""
        chosen = maps[batch.indices.cpu()].float()  # (B, C, h, w)
        if self.augment is not None:
            view = replace(self.augment, crop=chosen.shape[-1])
            blank = torch.zeros(chosen.shape[-2:], dtype=torch.int64)
            pairs = zip(chosen, batch.seeds.tolist(), strict=True)
            chosen = torch.stack([view(Sample(one, blank), seed).image for one, seed in pairs])
        return chosen.to(batch.image.device)


def _run(network: nn.Module, samples: Samples, batch_size: int) -> tuple[Tensor, Tensor]:
    device = next(network.parameters()).device
    logits, features = [], []
    with evaluating(network):
        for start in range(0, len(samples), batch_size):
            indices = range(start, min(start + batch_size, len(samples)))
            output = network(torch.stack([samples[index].image for index in indices]).to(device))
            logits.append(output.logits.half().cpu())
            features.append(output.features.half().cpu())
    return torch.cat(logits).clone(), torch.cat(features).clone()
