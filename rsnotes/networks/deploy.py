"""What leaves the training code: a network that returns logits and nothing else."""

from torch import Tensor, nn


class LogitsOnly(nn.Module):
    """A segmentation network that returns its logits (B, classes, H, W) alone, for export and for timing.

    Args:
        network: returns a :class:`~rsnotes.networks.SegmentationOutput`.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:  # (B, bands, H, W) -> (B, classes, H, W)
        return self.network(images).logits
