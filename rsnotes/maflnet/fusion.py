"""Cross-fusion of two feature maps, and the block of two attentions that it joins (equations 9 to 15)."""

import torch
from torch import Tensor, nn

from rsnotes.maflnet.attention import CrossCovarianceAttention, LinearAngularAttention


class Descriptor(nn.Module):
    """One number a channel: the means and the maxima of a map, each through the same small network, added.

    The paper pools and calls a_1 and a_2 "two feature branches". That pooling leaves one number a channel is a reading,
    AMGCFN's. How mean and maximum become a is not said; the network is CBAM's channel attention without its bottleneck.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels))

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C)
        return self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3)))


class FusionModule(nn.Module):
    """Two maps, each with a spatial weight that is read off a mixture of its channels; their sum.

    The mixture f̃ serves for the weights alone: equation 13 weighs f, not f̃. A softmax over all H W pixels gives
    weights of 1 / (H W) on average, so on a large map f' is nearly f.

    Args:
        channels: C of both maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = Descriptor(channels), Descriptor(channels)
        # Nothing stands between the two: equation 12 prints no activation. With a ReLU, which sees one channel, a share
        # of the modules is dead from the start: 0 at stride 4, 0 to 0.05 at 8, 0.25 to 0.40 at 16, 0.42 to 0.50 at 32
        # (200 first convolutions on three initialisations). A last bias would be lost in the softmax.
        self.refine = nn.Sequential(nn.Conv2d(2, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1, bias=False))

    def forward(self, f1: Tensor, f2: Tensor) -> Tensor:
        """f1' + f2'. The paper does not say how the two maps of equation 13 become the one of equation 15.

        Equation: maflnet 13

        Args:
            f1: (B, C, H, W).
            f2: (B, C, H, W).

        Returns:
            (B, C, H, W)
        """
        mixed1, mixed2 = self.mix(f1, f2)
        return f1 * self.spatial_weight(mixed1) + f1 + f2 * self.spatial_weight(mixed2) + f2

    def mix(self, f1: Tensor, f2: Tensor) -> tuple[Tensor, Tensor]:
        """f̃1 and f̃2: the channels of each map, mixed by how the other's descriptor goes with its own.

        Both equations print Softmax(M). For the second branch this is Mᵀ, so that its rows belong to f2's channels
        as those of M belong to f1's; f1 and f2 then play the same part.

        Equation: maflnet 9
        Equation: maflnet 10
        Equation: maflnet 11

        Args:
            f1: (B, C, H, W).
            f2: (B, C, H, W).

        Returns:
            Two maps (B, C, H, W).
        """
        cross = self.first(f1)[:, :, None] * self.second(f2)[:, None]  # (B, C, C)
        mixed1 = cross.softmax(dim=-1) @ f1.flatten(2)  # (B, C, C) @ (B, C, N) -> (B, C, N)
        mixed2 = cross.mT.softmax(dim=-1) @ f2.flatten(2)
        return mixed1.view_as(f1), mixed2.view_as(f2)

    def spatial_weight(self, mixed: Tensor) -> Tensor:
        """α: mean and maximum over the channels, two convolutions, softmax over all pixels.

        Equation: maflnet 12

        Args:
            mixed: (B, C, H, W).

        Returns:
            (B, 1, H, W), sums to 1 over the pixels.
        """
        pooled = torch.cat([mixed.mean(dim=1, keepdim=True), mixed.amax(dim=1, keepdim=True)], dim=1)  # (B, 2, H, W)
        return self.refine(pooled).flatten(1).softmax(dim=1).view_as(pooled[:, :1])


class MACA(nn.Module):
    """Linear-angular and cross-covariance attention side by side on one map, then the fusion of the two.

    The attentions are defined on sequences and the block on maps: the map is flattened row by row and folded again.

    Args:
        channels: C, a multiple of ``heads``.
        heads: of both attentions.
        normalise: as in :class:`~rsnotes.maflnet.attention.LinearAngularAttention`.
    """

    def __init__(self, channels: int, heads: int = 8, normalise: bool = False) -> None:
        super().__init__()
        self.laa = LinearAngularAttention(channels, heads, normalise)
        self.xca = CrossCovarianceAttention(channels, heads)
        self.fusion = FusionModule(channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C, H, W)
        """Fuse what the two attentions make of the map.

        Equation: maflnet 15
        """
        return self.fusion(*self.branches(x))

    def branches(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """F^LAA and F^XCA.

        Equation: maflnet 14

        Args:
            x: (B, C, H, W).

        Returns:
            Two maps (B, C, H, W).
        """
        size = (x.shape[2], x.shape[3])
        tokens = x.flatten(2).mT  # (B, N, C)
        angular = self.laa(tokens, size).mT.unflatten(2, size)  # (B, C, H, W)
        covariance = self.xca(tokens).mT.unflatten(2, size)
        return angular, covariance
