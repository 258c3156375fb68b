"""The pipeline that teacher and student share: encoder, context at four levels, decoder with edges, heads."""

from typing import Literal, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsnotes.maflnet.edges import LHFEM
from rsnotes.maflnet.fusion import MACA
from rsnotes.maflnet.hiera import HieraEncoder
from rsnotes.maflnet.mit import MiTEncoder
from rsnotes.networks import SegmentationOutput
from rsnotes.networks.pspnet import conv_bn_relu

Context = Literal["maca", "plain", "none"]
Edges = Literal["lhfem", "masked", "plain", "none"]


class Options(TypedDict, total=False):
    """What every network of the paper can be built with; :class:`MAFLNet` says what each does."""

    width: int
    context: Context
    edges: Edges
    normalise: bool
    auxiliary: bool


class MAFLNet(nn.Module):
    """An encoder's four maps, each projected and given context, then decoded from coarse to fine with edges.

    At each level a skip map is the encoder's map through a 1×1 convolution, MACA, and LHFEM with the stage below it
    (at the coarsest level with itself). A stage is the stage below it, enlarged, beside the skip map, through two 3×3
    convolutions. The paper's figure does not show the layers between its modules. The two 3×3 convolutions are U-Net's;
    the width is the one that brings the student to the printed size. MACA stands bare: UNetFormer, which the paper
    cites, has a norm before its attention, a residual around it and an MLP behind.

    Args:
        encoder: gives four maps at strides 4 to 32.
        classes: number of classes K.
        width: channels of the decoder; attention has heads of 32 channels.
        context: "maca"; "plain" for convolutions with as many parameters; "none".
        edges: "lhfem"; "masked" with its further mask; "plain" for convolutions with as many parameters; "none".
        normalise: as in :class:`~rsnotes.maflnet.attention.LinearAngularAttention`.
        auxiliary: whether the three coarser stages have classifiers of their own.

    Raises:
        ValueError: another context or other edges.
    """

    def __init__(
        self,
        encoder: HieraEncoder | MiTEncoder,
        classes: int,
        width: int = 256,
        context: Context = "maca",
        edges: Edges = "lhfem",
        normalise: bool = False,
        auxiliary: bool = True,
    ) -> None:
        super().__init__()
        if classes < 1:
            raise ValueError(f"a segmentation network needs at least one class, got {classes}")
        self.encoder = encoder
        self.project = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))
            for channels in encoder.channels
        )
        self.context = nn.ModuleList(_context(context, width, normalise) for _ in encoder.channels)
        self.edges = nn.ModuleList(_edges(edges, width) for _ in encoder.channels)
        self.decode = nn.ModuleList(
            nn.Sequential(conv_bn_relu(2 * width, width, 3), conv_bn_relu(width, width, 3)) for _ in range(3)
        )
        self.classifier = nn.Conv2d(width, classes, 1)
        self.auxiliary_heads = nn.ModuleList(nn.Conv2d(width, classes, 1) for _ in range(3 if auxiliary else 0))

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, 3, H, W)
        size = images.shape[-2:]
        stages = self.stages(self.skips(images))
        features = stages[-1]  # (B, width, h, w) at stride 4
        logits = F.interpolate(self.classifier(features), size, mode="bilinear")
        auxiliary = tuple(
            F.interpolate(head(stage), size, mode="bilinear")
            for head, stage in zip(self.auxiliary_heads, stages, strict=False)
        )
        return SegmentationOutput(logits, features, auxiliary)

    def skips(self, images: Tensor) -> list[Tensor]:
        """The encoder's maps with context, from fine to coarse, (B, width, h, w) each."""
        layers = zip(self.project, self.context, self.encoder(images), strict=True)
        return [context(project(level)) for project, context, level in layers]

    def stages(self, skips: list[Tensor]) -> list[Tensor]:
        """The decoder's maps, from coarse to fine, (B, width, h, w) each."""
        stages = [self.edges[3](skips[3], skips[3])]
        for level in (2, 1, 0):
            deeper = stages[-1]
            skip = self.edges[level](skips[level], deeper)
            enlarged = F.interpolate(deeper, skip.shape[-2:], mode="bilinear")
            stages.append(self.decode[level](torch.cat([enlarged, skip], dim=1)))
        return stages


class PlainSkip(nn.Module):
    """1×1 convolutions in LHFEM's place, which do not look at the deeper stage."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(conv_bn_relu(width, width, 1) for _ in range(count)))

    def forward(self, features: Tensor, deeper: Tensor) -> Tensor:
        return self.layers(features)


def _context(kind: Context, width: int, normalise: bool) -> nn.Module:
    if kind == "maca":
        return MACA(width, heads=max(1, width // 32), normalise=normalise)
    if kind == "plain":  # 12 C² + 35 C parameters; MACA has 12 C² + 38 C and a few, and no batch norm or ReLU around it
        depthwise = nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False)
        layers = [conv_bn_relu(width, width, kernel) for kernel in (3, 1, 1, 1)]
        return nn.Sequential(depthwise, nn.BatchNorm2d(width), *layers)
    if kind != "none":
        raise ValueError(f"no context {kind!r}; there are maca, plain and none")
    return nn.Identity()


def _edges(kind: Edges, width: int) -> nn.Module:
    if kind in ("lhfem", "masked"):
        return LHFEM(width, width, mask=kind == "masked")
    if kind not in ("plain", "none"):
        raise ValueError(f"no edges {kind!r}; there are lhfem, masked, plain and none")
    return PlainSkip(width, count=2 if kind == "plain" else 0)  # 2 C² + 4 C parameters; LHFEM has 2 C² + 3 C + 1
