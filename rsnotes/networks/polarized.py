"""Polarized self-attention: a gate over the channels and a gate over the pixels of a map."""

from typing import Literal

import torch
from torch import Tensor, nn


class ChannelGate(nn.Module):
    """A weight in (0, 1) for every channel, from a softmax over the pixels.

    Liu et al., Polarized self-attention, 2021: a one-channel query, softened over all pixels, pools C / 2 values; these
    are brought back to C channels and squeezed by a sigmoid.

    Args:
        channels: C, even.
        bottleneck: bring the pooled values back through C / 8 channels with layer normalisation instead of directly.
    """

    def __init__(self, channels: int, bottleneck: bool = False) -> None:
        super().__init__()
        half, narrow = channels // 2, max(1, channels // 8)
        self.query = nn.Conv2d(channels, 1, 1, bias=False)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.up: nn.Module = nn.Conv2d(half, channels, 1, bias=False)
        if bottleneck:
            self.up = nn.Sequential(
                nn.Conv2d(half, narrow, 1), nn.LayerNorm([narrow, 1, 1]), nn.ReLU(), nn.Conv2d(narrow, channels, 1)
            )

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C, 1, 1)
        query = self.query(x).flatten(2).softmax(dim=-1)  # (B, 1, N)
        pooled = self.value(x).flatten(2) @ query.mT  # (B, C/2, 1)
        return self.up(pooled.unsqueeze(-1)).sigmoid()


class PixelGate(nn.Module):
    """A weight in (0, 1) for every pixel, from a softmax over the channels of the mean query.

    Args:
        channels: C, even.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.value = nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, 1, H, W)
        query = self.query(x).mean(dim=(2, 3)).softmax(dim=-1)  # (B, C/2)
        return torch.einsum("bc,bchw->bhw", query, self.value(x)).unsqueeze(1).sigmoid()


class PolarizedSelfAttention(nn.Module):
    """The two gates side by side or one after the other; a gate of one would leave the map as it is.

    Liu et al., Polarized self-attention: towards high-quality pixel-wise regression, 2021. Their published code takes
    the second gate's softmax over the pixels *after* the product, not over the channels before it; with N pixels that
    leaves every gate near sigmoid(1 / N), one half. Here it is as their paper has it. The parameters are the same.

    Args:
        channels: C of the map, even.
        order: "parallel" adds the two gated maps; "sequential" gates the channels, then the pixels of the result, and
            brings its channel gate back through a bottleneck, as the published code does.

    Raises:
        ValueError: an odd number of channels, or another order.
    """

    def __init__(self, channels: int, order: Literal["parallel", "sequential"] = "parallel") -> None:
        super().__init__()
        if channels < 2 or channels % 2:
            raise ValueError(f"polarized self-attention halves the channels: expected an even number, got {channels}")
        if order not in ("parallel", "sequential"):
            raise ValueError(f"no order {order!r}; there are parallel and sequential")
        self.order = order
        self.channel_gate = ChannelGate(channels, bottleneck=order == "sequential")
        self.pixel_gate = PixelGate(channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C, H, W)
        gated = x * self.channel_gate(x)
        if self.order == "parallel":
            return gated + x * self.pixel_gate(x)
        return gated * self.pixel_gate(gated)
