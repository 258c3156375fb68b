"""The blocks that Hi-ResNet stacks: HRNet's two, the inverted bottleneck, and the information aggregation block."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 8
"""L, side of a window of attention in pixels; unstated. Of 8 and 16, 8 is nearer to the printed operations."""

HEAD_CHANNELS = 16
"""Channels a head of attention has; the paper does not say how many heads there are."""


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 3×3 convolution without bias that keeps the size, divided by the stride."""
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut, the block of HRNet's branches."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(channels, channels), nn.BatchNorm2d(channels), nn.ReLU(),
            conv3x3(channels, channels), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:  # (B, C, h, w) -> (B, C, h, w)
        return F.relu(x + self.body(x))


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions, thin in the middle: the block of HRNet's first stage.

    Args:
        inputs: channels of the map.
        outputs: channels of the result; the middle has a quarter of them.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        middle = outputs // 4
        self.body = nn.Sequential(
            nn.Conv2d(inputs, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU(),
            conv3x3(middle, middle), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:  # (B, inputs, h, w) -> (B, outputs, h, w)
        return F.relu(self.shortcut(x) + self.body(x))


class InvertedBottleneck(nn.Module):
    """3×3, then 1×1 to four times as many channels, then 1×1 back: thin at the ends and thick in the middle.

    The last convolution is linear, and a factor a channel, small at first, scales what the block adds. The factor and
    the batch normalisation before the shortcut's convolution are those of the authors' public code; with them the
    network has the printed number of parameters.

    Args:
        inputs: channels of the map.
        outputs: channels of the result; the middle has four times as many.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(inputs, outputs), nn.BatchNorm2d(outputs),
            nn.Conv2d(outputs, 4 * outputs, 1, bias=False), nn.GELU(),
            nn.Conv2d(4 * outputs, outputs, 1, bias=False),
        )  # fmt: skip
        self.scale = nn.Parameter(torch.full((outputs,), 0.1))
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = nn.Sequential(nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:  # (B, inputs, h, w) -> (B, outputs, h, w)
        return self.shortcut(x) + self.scale[:, None, None] * self.body(x)


class SqueezeExcitation(nn.Module):
    """A factor between 0 and 1 for each channel, from the means of all channels.

    Hu et al., Squeeze-and-excitation networks, CVPR 2018.
    """

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // reduction, 1)
        self.expand = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, h, w) -> (B, C, h, w)
        mean = x.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1)
        return x * self.expand(F.silu(self.reduce(mean))).sigmoid()


def split_windows(x: Tensor, side: int) -> Tensor:
    """Squares of a map, row by row, each with its pixels as tokens.

    Args:
        x: (B, C, h, w), h and w multiples of ``side``.
        side: L, of a square in pixels.

    Returns:
        (B · h / L · w / L, L², C).
    """
    b, c, h, w = x.shape
    squares = x.reshape(b, c, h // side, side, w // side, side)
    return squares.permute(0, 2, 4, 3, 5, 1).reshape(-1, side * side, c)


def merge_windows(tokens: Tensor, side: int, height: int, width: int) -> Tensor:
    """The map (B, C, height, width) whose squares :func:`split_windows` gave."""
    rows, columns, c = height // side, width // side, tokens.shape[-1]
    squares = tokens.reshape(-1, rows, columns, side, side, c)
    return squares.permute(0, 5, 1, 3, 2, 4).reshape(-1, c, height, width)


class WindowAttention(nn.Module):
    """Attention of every pixel to the L × L pixels of its window, in several heads.

    The paper resizes C × H × W to (C · HW / L²) × L × L. Read to the letter, every channel's window is on its own, and
    a pixel is a token of one number. That is what as many heads as channels give: ``heads=channels``. By default a head
    has :data:`HEAD_CHANNELS` channels, as in other networks with windows. Windows do not overlap and are not shifted.

    A map whose sides are no multiples of L is padded with zeros on the right and below, and cut afterwards. Padding is
    not attended to. The paper is silent, as its sizes need none; Swin Transformer's code lets padded keys take their
    share of the softmax, which in a map of 4 × 4 would be three quarters of all keys.

    Attributes:
        heads: number of heads.
        window: L, in pixels of the map.

    Args:
        channels: C of the map.
        heads: number of heads, a divisor of C; None for one head for every 16 channels.
        window: L, in pixels of the map.

    Raises:
        ValueError: the heads do not divide the channels.
    """

    def __init__(self, channels: int, heads: int | None = None, window: int = WINDOW) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD_CHANNELS) if heads is None else heads
        self.window = window
        if channels % self.heads:
            raise ValueError(f"{self.heads} heads do not divide {channels} channels: give heads= a divisor")
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, h, w) -> (B, C, h, w)
        height, width = x.shape[-2:]
        rows, columns = (-length % self.window for length in (height, width))
        padded = F.pad(self.qkv(x), (0, columns, 0, rows)) if rows or columns else self.qkv(x)
        q, k, v = self._split(padded)  # (windows, heads, L², C / heads)
        scores = q @ k.mT / q.shape[-1] ** 0.5  # (windows, heads, L², L²)
        if rows or columns:
            there = F.pad(torch.ones_like(x[:, :1]), (0, columns, 0, rows))  # 1 on the map, 0 on the padding
            scores = scores.masked_fill(split_windows(there, self.window).mT[:, None] == 0, float("-inf"))
        tokens = (scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)  # (windows, L², C)
        merged = merge_windows(tokens, self.window, *padded.shape[-2:])
        return self.project(merged[..., :height, :width])

    def _split(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        tokens = split_windows(maps, self.window)  # (windows, L², 3 C)
        parts = tokens.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]


class InformationAggregation(nn.Module):
    """The IA block: normalisation, squeeze and excitation, window attention, a depthwise 5×5 and a 1×1 convolution.

    Attention and depthwise convolution have shortcuts of their own, and so has the whole block. The paper names the
    parts; this composition has the printed number of parameters, and is not the only one that does.

    Args:
        channels: C, of input and output.
        heads: of the attention, see :class:`WindowAttention`.
        window: L, in pixels of the map.
    """

    def __init__(self, channels: int, heads: int | None = None, window: int = WINDOW) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.excitation = SqueezeExcitation(channels)
        self.attention = WindowAttention(channels, heads, window)
        self.depthwise = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, h, w) -> (B, C, h, w)
        y = self.excitation(self.norm(x))
        y = y + self.attention(y)
        y = y + F.gelu(self.depthwise(y))
        return x + self.mix(y)
