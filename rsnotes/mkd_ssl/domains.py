"""Source, bridge and target as scenes: views from the ground, another place in summer, autumn."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, ISPRS, Augment, Classes, Sample
from rsnotes.datasets.memory import InMemory, Readable
from rsnotes.datasets.squares import Squares
from rsnotes.losses import at_least_float32, counted_weights
from rsnotes.mkd_ssl.chain import Domain
from rsnotes.scenes import AUTUMN, OTHER_SENSOR, TEACHING, WINTER, SceneConfig, SceneDataset, interpolate
from rsnotes.scenes.ground_dataset import GROUND, SEEN_FROM_ABOVE, GroundViews

SIDE = 128
"""Side of the squares that are trained on, pixels."""

TARGET = interpolate(TEACHING, AUTUMN, 0.6)
"""Few labels: early autumn, lower sun, first coloured leaves. The source model alone reaches about 27 mIoU here."""

BRIDGE = replace(interpolate(TEACHING, OTHER_SENSOR, 0.1), suburb=0.2, old_town=0.5, industry=0.3, village=0.0)
"""Many labels: another place, in summer as the source is, through a slightly hazier camera."""

FAR_BRIDGE = replace(WINTER, haze=0.9, cast=0.1, contrast=0.2, softness=0.9, grain=0.9)
"""A bridge that leads away: deep winter through a bad camera."""

JOINT = Classes(
    names=(*ISPRS.names, "sky", "person"),
    colours=(*ISPRS.colours, (70, 130, 180), (220, 20, 60)),
    counted=(*ISPRS.counted, True, True),
)
"""The classes of bridge and source together."""

TO_BRIDGE = tuple(SEEN_FROM_ABOVE.items())
"""Classes of the views from the ground and what they are called from above, for ``Stage.overlap``."""


def bridge_at(place: float) -> SceneConfig:
    """A bridge to move: at 0 it is :data:`FAR_BRIDGE`, at 1/2 :data:`TEACHING`, at 1 the target itself."""
    if place <= 0.5:
        return interpolate(FAR_BRIDGE, TEACHING, 2 * place)
    return interpolate(TEACHING, TARGET, 2 * place - 1)


def squares(split: str, tiles: int, config: SceneConfig, start: int = 0) -> Squares:
    """Squares of :data:`SIDE` pixels from scenes of 256², four a scene.

    Args:
        split: of the scenes' seeds.
        tiles: number of scenes.
        config: their domain.
        start: scenes of the split that are passed over.
    """
    return Squares(InMemory(SceneDataset(split, tiles, config, start=start)), SIDE)


def source_views(split: str, count: int, start: int = 0) -> InMemory:
    """Views from the ground of :data:`SIDE` pixels."""
    return InMemory(GroundViews(split, count, SIDE, start))


class Union:
    """Scenes and views from the ground as one data set, in the classes of :data:`JOINT`.

    Attributes:
        classes, bands, samples: of the union; scenes come first.
    """

    classes: Classes = JOINT
    bands: tuple[str, ...] = ("red", "green", "blue")

    def __init__(self, above: Sequence[Sample], ground: Sequence[Sample]) -> None:
        table = torch.full((IGNORE + 1,), IGNORE)
        for index, name in enumerate(GROUND.names):
            table[index] = JOINT.index(SEEN_FROM_ABOVE.get(name, name))
        self.samples = [*above, *(Sample(image, table[mask]) for image, mask in ground)]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


def as_domain(samples: Squares | InMemory | Union) -> Domain:
    """Samples with flips and turns, and weights for rare classes."""
    return Domain(samples, Augment(SIDE), counted_weights(samples))


class Renamed(nn.Module):
    """A network for one set of classes scored in another: probabilities of classes with one meaning are added up.

    Classes of ``old`` without a counterpart are never predicted.

    Args:
        network: returns an output with ``logits`` for the classes ``old``.
        old, new: class names before and after.
        same: pairs of an old and a new name that mean the same.
    """

    def __init__(
        self, network: nn.Module, old: Sequence[str], new: Sequence[str], same: Sequence[tuple[str, str]] = TO_BRIDGE
    ) -> None:
        super().__init__()
        self.network = network
        self.table: Tensor
        self.register_buffer("table", torch.zeros(len(old), len(new)))
        for a, b in same:
            self.table[list(old).index(a), list(new).index(b)] = 1

    def forward(self, images: Tensor) -> Tensor:  # (B, bands, H, W) -> (B, new classes, H, W)
        probability = at_least_float32(self.network(images).logits).softmax(dim=1)
        return torch.einsum("bohw,on->bnhw", probability, self.table)


def source_only(network: nn.Module, classes: Sequence[str], target: Readable) -> nn.Module:
    """``network`` ready to be scored on a data set it never saw: as it is where the classes agree, else renamed."""
    if tuple(classes) == target.classes.names:
        return network
    return Renamed(network, classes, target.classes.names)
