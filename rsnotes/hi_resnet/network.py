"""Hi-ResNet and what it grew from: the rows of tables VI and VII as named variants."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.hi_resnet.blocks import BasicBlock, Bottleneck, InformationAggregation, InvertedBottleneck, conv3x3
from rsnotes.hi_resnet.branches import BranchModule, Transition
from rsnotes.hi_resnet.refinement import DILATIONS, CoarseHead, Refinement
from rsnotes.networks import SegmentationOutput

Variant = Literal["hrnet", "hrnet_v1", "hrnet_v2", "base", "funnel", "ia", "final"]


class Layout(NamedTuple):
    """What a variant is made of.

    Attributes:
        stages: (modules, blocks on each branch) of the stages with two, three and four branches.
        funnel: inverted bottlenecks in the place of HRNet's first stage.
        aggregation: information aggregation blocks in the place of basic ones.
        refinement: the feature refinement module in the place of a plain head.
    """

    stages: tuple[tuple[int, int], ...]
    funnel: bool = False
    aggregation: bool = False
    refinement: bool = False


SHORT = ((1, 4), (4, 12))
"""Stage 3 tripled, no stage 4."""

LAYOUTS: dict[str, Layout] = {
    "hrnet": Layout(((1, 4), (4, 4), (3, 4))),
    "hrnet_v1": Layout(((1, 4), (4, 12), (3, 4))),
    "hrnet_v2": Layout(((1, 4), (4, 4), (3, 12))),
    "base": Layout(SHORT),
    "funnel": Layout(SHORT, funnel=True),
    "ia": Layout(SHORT, funnel=True, aggregation=True),
    "final": Layout(SHORT, funnel=True, aggregation=True, refinement=True),
}
"""HRNet-W48 with stage 3 (V1) or stage 4 (V2) tripled, then the cumulative rows of table VII."""


class Backbone(nn.Module):
    """Stem, first stage, and branches of several resolutions.

    Attributes:
        channels: of the branches at the end, the largest map first.

    Args:
        layout: which parts.
        width: factor on the number of channels; 1 gives branches of 48, 96, 192 (and 384).
        depth: factor on the number of blocks in each branch module, one at least.
        bands: of the image.
        norm_first: batch normalisation before the convolutions of transitions and fusions.
    """

    def __init__(
        self, layout: Layout, width: float = 1.0, depth: float = 1.0, bands: int = 3, norm_first: bool = True
    ) -> None:
        super().__init__()
        stem, first = round(64 * width), round(256 * width)
        self.channels = tuple(round(48 * width) * 2**k for k in range(len(layout.stages) + 1))
        self.stem = nn.Sequential(
            conv3x3(bands, stem, 2), nn.BatchNorm2d(stem), nn.ReLU(),
            conv3x3(stem, stem, 2), nn.BatchNorm2d(stem), nn.ReLU(),
        )  # fmt: skip
        make = InvertedBottleneck if layout.funnel else Bottleneck
        blocks = max(1, round(4 * depth))
        self.first = nn.Sequential(make(stem, first), *(make(first, first) for _ in range(blocks - 1)))
        self.transitions, self.stages = nn.ModuleList(), nn.ModuleList()
        before: tuple[int, ...] = (first,)
        block = InformationAggregation if layout.aggregation else BasicBlock
        for number, (modules, count) in enumerate(layout.stages):
            after, blocks = self.channels[: number + 2], max(1, round(count * depth))
            self.transitions.append(Transition(before, after, norm_first))
            self.stages.append(nn.Sequential(*(BranchModule(after, blocks, block, norm_first) for _ in range(modules))))
            before = after

    def layers(self, images: Tensor) -> list[list[Tensor]]:
        """The maps after the first stage and after each stage with branches, the largest first."""
        maps = [self.first(self.stem(images))]
        layers = [maps]
        for transition, stage in zip(self.transitions, self.stages, strict=True):
            maps = stage(transition(maps))
            layers.append(maps)
        return layers

    def forward(self, images: Tensor) -> list[Tensor]:  # (B, bands, H, W) -> (B, 48, H/4, W/4), (B, 96, H/8, W/8), ...
        return self.layers(images)[-1]


def joined(maps: list[Tensor]) -> Tensor:
    """All branches at the largest one's size, one behind another: (B, sum of C, h, w)."""
    size = maps[0].shape[-2:]
    return torch.cat([maps[0], *(F.interpolate(x, size, mode="bilinear") for x in maps[1:])], dim=1)


class HiResNet(nn.Module):
    """A backbone that keeps a quarter of the resolution, and a head on its joined branches.

    Attributes:
        backbone: (B, bands, H, W) to the branches.
        head: the joined branches to logits, or to coarse and refined ones.
    """

    def __init__(self, backbone: Backbone, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, bands, H, W)
        """Logits at the images' size; with the refinement module they are coarse plus refined, 1 : 1."""
        size = images.shape[-2:]
        features = joined(self.backbone(images))  # (B, C, H/4, W/4)
        found = self.head(features)
        if isinstance(found, Tensor):
            return SegmentationOutput(F.interpolate(found, size, mode="bilinear"), features)
        coarse, refined = (F.interpolate(x, size, mode="bilinear") for x in found)
        return SegmentationOutput(coarse + refined, features, (coarse, refined))


def hi_resnet(
    variant: Variant,
    classes: int,
    *,
    width: float = 1.0,
    depth: float = 1.0,
    bands: int = 3,
    norm_first: bool = True,
    dilations: tuple[int, int, int] = DILATIONS,
) -> HiResNet:
    """A row of table VI or VII. At width and depth 1 and with six classes the final network has 26.02 M parameters.

    Images may have any size from 32 pixels up; windows are filled with zeros where a branch's sides are no multiples of
    eight. Training needs batches of two or more.

    Args:
        variant: "hrnet", "hrnet_v1", "hrnet_v2" and "base" are table VI; "funnel", "ia" and "final" add table VII's
            parts to "base" one by one.
        classes: number of classes.
        width: factor on the number of channels; ``48 * width`` must be 2 or more.
        depth: factor on the number of blocks, in the first stage and in each branch module.
        bands: number of image bands.
        norm_first: batch normalisation before the convolutions of transitions and fusions. The printed parameters are
            those of False, 544 less. The text names fusions, and "the network downsampling" beside the two convolutions
            of the stem. There we depart from it: the stem normalises after its convolutions, as HRNet and the authors'
            public code do.
        dilations: of the refinement, in pixels of a quarter of the image; the paper's suit 512 pixels and more.

    Returns:
        A module from (B, bands, H, W) to :class:`~rsnotes.networks.SegmentationOutput`; "final" has coarse and refined
        logits as auxiliary ones, the others none.

    Raises:
        ValueError: no such variant, a width that leaves no channels, or no classes.
    """
    if variant not in LAYOUTS:
        raise ValueError(f"no variant {variant!r}; there are {', '.join(LAYOUTS)}")
    if classes < 1:
        raise ValueError(f"a segmentation network needs at least one class, got {classes}")
    if round(48 * width) < 2:
        raise ValueError(f"width {width} leaves {round(48 * width)} channels: round(48 * width) must be 2 or more")
    layout = LAYOUTS[variant]
    backbone = Backbone(layout, width, depth, bands, norm_first)
    total = sum(backbone.channels)
    if layout.refinement:
        return HiResNet(backbone, Refinement(total, classes, width, dilations))
    return HiResNet(backbone, CoarseHead(total, round(512 * width), classes))
