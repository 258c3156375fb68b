"""Reverse attention and edge attention, from a map of edges (equations 16 and 19)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsnotes.losses import at_least_float32
from rsnotes.maflnet.pyramid import laplacian
from rsnotes.networks.pspnet import conv_bn_relu


def reverse_attention(edge: Tensor) -> Tensor:
    """1 - σ(F_e): near 1 where the edge map says no.

    Equation: maflnet 16

    Args:
        edge: (B, 1, H, W), unbounded.

    Returns:
        (B, 1, H, W) in (0, 1).
    """
    return 1 - edge.sigmoid()


class LHFEM(nn.Module):
    """A feature map, weighted once by where there is no edge and once by where the edge map has fine detail.

    The paper writes F_e for the map that is weighted *and* for the map of edges. Equations 16 to 19 agree with MEGANet,
    which the paper does not cite; as there, the features are the encoder's and the edge map has one channel, read off
    the deeper stage of the decoder. In MEGANet that map is a prediction with a loss of its own on the mask. Here
    nothing tells it to be an edge map but the loss at the end. The text before equation 19 asks for a further mask,
    which is in no equation; ``mask`` multiplies the result by σ of a 3×3 convolution of it.

    Args:
        channels: C of the features.
        deeper_channels: of the deeper stage.
        mask: whether there is the further mask.
    """

    def __init__(self, channels: int, deeper_channels: int, mask: bool = False) -> None:
        super().__init__()
        self.edge_head = nn.Conv2d(deeper_channels, 1, 1)
        self.cbr = conv_bn_relu(2 * channels, channels, 1)
        self.mask = nn.Conv2d(channels, 1, 3, padding=1) if mask else None

    def edge(self, deeper: Tensor, size: tuple[int, int]) -> Tensor:
        """F_e: (B, C', h, w) of the deeper stage to one channel ``(B, 1, *size)``, unbounded."""
        return F.interpolate(self.edge_head(deeper), size, mode="bilinear")

    def forward(self, features: Tensor, deeper: Tensor) -> Tensor:
        """CBR of both weighted maps.

        Equation: maflnet 19

        Args:
            features: (B, C, H, W).
            deeper: (B, C', h, w), of any size.

        Returns:
            (B, C, H, W)
        """
        edge = self.edge(deeper, (features.shape[2], features.shape[3]))
        fine = laplacian(at_least_float32(edge).sigmoid())  # (B, 1, H, W); in bf16 the difference would have no digits
        fused = self.cbr(torch.cat([features * reverse_attention(edge), features * fine], dim=1))
        return fused if self.mask is None else fused * self.mask(fused).sigmoid()
