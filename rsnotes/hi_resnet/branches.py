"""Parallel branches of several resolutions, and how they exchange what they know."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.hi_resnet.blocks import conv3x3

Block = Callable[[int], nn.Module]
"""From a number of channels to a block that keeps it."""


def norm_conv(conv: nn.Conv2d, norm_first: bool) -> list[nn.Module]:
    """A convolution with batch normalisation before it, as the paper has it, or after it, as HRNet has it."""
    if norm_first:
        return [nn.BatchNorm2d(conv.in_channels), conv]
    return [conv, nn.BatchNorm2d(conv.out_channels)]


class Fusion(nn.Module):
    """Every branch becomes the sum of all branches at its resolution.

    A smaller map comes through a 1×1 convolution and bilinear upsampling, a larger one through as many 3×3 convolutions
    of stride 2 as halvings lie between. The paper enlarges before it normalises and convolves. Upsampling mixes pixels,
    the other two channels, so the order changes nothing but the cost, and the statistics in training.

    Args:
        channels: of the branches, the largest map first.
        norm_first: see :func:`norm_conv`.
    """

    def __init__(self, channels: Sequence[int], norm_first: bool = True) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(_path(channels, source, target, norm_first) for source in range(len(channels)))
            for target in range(len(channels))
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:  # each (B, C, h, w)
        return [F.relu(self._sum(target, maps)) for target in range(len(maps))]

    def _sum(self, target: int, maps: list[Tensor]) -> Tensor:
        paths: nn.ModuleList = self.paths[target]  # type: ignore[assignment]
        parts = [_at(path(x), maps[target]) for path, x in zip(paths, maps, strict=True)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total


class BranchModule(nn.Module):
    """Blocks on each branch alone, then a fusion.

    Args:
        channels: of the branches, the largest map first.
        blocks: number of blocks on each branch.
        block: makes one.
        norm_first: see :func:`norm_conv`.
    """

    def __init__(self, channels: Sequence[int], blocks: int, block: Block, norm_first: bool = True) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(block(c) for _ in range(blocks))) for c in channels)
        self.fusion = Fusion(channels, norm_first)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        return self.fusion([branch(x) for branch, x in zip(self.branches, maps, strict=True)])


class Transition(nn.Module):
    """From the maps of a stage to those of the next, which has one branch more, half as large.

    Args:
        before: channels of the branches there are.
        after: channels of those there will be, one more.
        norm_first: see :func:`norm_conv`.
    """

    def __init__(self, before: Sequence[int], after: Sequence[int], norm_first: bool = True) -> None:
        super().__init__()
        pairs = zip(before, after[:-1], strict=True)
        self.kept = nn.ModuleList(nn.Identity() if a == b else _change(conv3x3(a, b), norm_first) for a, b in pairs)
        self.new = _change(conv3x3(before[-1], after[-1], stride=2), norm_first)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        return [*(step(x) for step, x in zip(self.kept, maps, strict=True)), self.new(maps[-1])]


def _change(conv: nn.Conv2d, norm_first: bool) -> nn.Sequential:
    return nn.Sequential(*norm_conv(conv, norm_first), nn.ReLU())


def _path(channels: Sequence[int], source: int, target: int, norm_first: bool) -> nn.Module:
    """From one branch to another, up to the upsampling."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(*norm_conv(nn.Conv2d(channels[source], channels[target], 1, bias=False), norm_first))
    layers: list[nn.Module] = []
    for _ in range(target - source - 1):
        layers += [*norm_conv(conv3x3(channels[source], channels[source], 2), norm_first), nn.ReLU()]
    return nn.Sequential(*layers, *norm_conv(conv3x3(channels[source], channels[target], 2), norm_first))


def _at(x: Tensor, like: Tensor) -> Tensor:
    """``x`` at the height and width of ``like``."""
    return x if x.shape[-2:] == like.shape[-2:] else F.interpolate(x, like.shape[-2:], mode="bilinear")
