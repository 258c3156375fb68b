"""The plan of a scene: what lies where, in world metres, before a single pixel is drawn."""

import math
from typing import NamedTuple

import numpy as np

from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.frame import Frame
from rsnotes.scenes.materials import Colour, Materials
from rsnotes.scenes.seeds import generator
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface

GROUND_STAGES = ("ground", "parcels", "gardens", "roads", "markings")


class Patch(NamedTuple):
    """A flat area; without a surface it only colours what lies there."""

    outline: np.ndarray  # (N, 2) world metres
    colour: Colour
    surface: Surface | None


class Wall(NamedTuple):
    """A thin upright thing along a line: a hedge or a fence."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    height: float
    colour: Colour
    surface: Surface | None


class Building(NamedTuple):
    """A building on a rectangle; ``length`` runs along ``angle``, the ridge too."""

    x: float
    y: float
    angle: float
    length: float
    width: float
    eave: float
    rise: float
    roof: str  # "gable", "hip", "mono", "flat", "hall" or "round"
    colour: Colour
    wall: Colour
    dormers: int = 0
    panels: bool = False
    detail: int = 0  # seed of chimneys, vents and skylights


class Tree(NamedTuple):
    """A tree; the crown is a dome of this radius under a top of this height.

    ``nature`` in [0, 1) gives the crown's outline and colour.
    """

    x: float
    y: float
    radius: float
    height: float
    nature: float
    conifer: bool = False


class Car(NamedTuple):
    """A car or a van."""

    x: float
    y: float
    angle: float
    length: float
    width: float
    height: float
    colour: Colour


class Store(NamedTuple):
    """A block that is no building: a container, a pile."""

    x: float
    y: float
    angle: float
    length: float
    width: float
    height: float
    colour: Colour


class Plan:
    """Collects what the layouts place; holds what they all need.

    Args:
        seed: the scene's seed.
        config: its domain.
        frame: its street coordinates.
        materials: its colours.
        reach: half the side of what is drawn, in metres.
    """

    def __init__(self, seed: int, config: SceneConfig, frame: Frame, materials: Materials, reach: float) -> None:
        self.seed, self.config, self.on = seed, config, config.switches
        self.frame, self.materials, self.reach = frame, materials, reach
        self.patches: dict[str, list[Patch]] = {stage: [] for stage in GROUND_STAGES}
        self.walls: list[Wall] = []
        self.buildings: list[Building] = []
        self.trees: list[Tree] = []
        self.cars: list[Car] = []
        self.stores: list[Store] = []

    def beyond(self, x: float, y: float, radius: float) -> bool:
        """Whether everything within ``radius`` metres of (x, y) lies off what is drawn."""
        return abs(x) > self.reach + radius or abs(y) > self.reach + radius

    def build(
        self,
        place: tuple[float, float, float],
        size: tuple[float, float],
        heights: tuple[float, float],
        roof: str,
        colours: tuple[Colour, Colour],
        dormers: int = 0,
        panels: bool = False,
        detail: float = 0.0,
    ) -> None:
        """Place a building.

        Args:
            place: x, y, direction of the ridge.
            size: length along the ridge and width, metres.
            heights: of the eaves, and of the ridge above them.
            roof: see :class:`Building`.
            colours: of roof and walls.
            dormers, panels: how many dormers a side, and whether there are solar panels.
            detail: a number in [0, 1) from which chimneys, vents and skylights follow.
        """
        self.buildings.append(
            Building(*place, *size, *heights, roof, *colours, dormers, bool(panels), int(detail * 1_000_000))
        )

    def rng(self, stage: str, *key: int) -> np.random.Generator:
        """Random numbers of one stage at one place."""
        return generator(self.seed, stage, *key)

    def patch(self, stage: str, outline: np.ndarray, colour: Colour, surface: Surface | None) -> None:
        self.patches[stage].append(Patch(outline, colour, surface))


def box(x: float, y: float, angle: float, length: float, width: float) -> np.ndarray:
    """(4, 2) corners of a rectangle around (x, y), its length along ``angle``."""
    c, s = math.cos(angle), math.sin(angle)
    lx, ly, wx, wy = 0.5 * length * c, 0.5 * length * s, -0.5 * width * s, 0.5 * width * c
    return np.array(
        [
            (x - lx - wx, y - ly - wy),
            (x + lx - wx, y + ly - wy),
            (x + lx + wx, y + ly + wy),
            (x - lx + wx, y - ly + wy),
        ]
    )


def blob(rng: np.random.Generator, x: float, y: float, radius: float, rough: float = 0.25, n: int = 22) -> np.ndarray:
    """(n, 2) outline of a rounded, irregular area."""
    angle = np.arange(n) * (2.0 * math.pi / n)
    r = np.ones(n)
    for k in (2, 3, 5):
        size, phase = rng.uniform(0.0, rough / (k - 1)), rng.uniform(0.0, 2.0 * math.pi)
        r += size * np.sin(k * angle + phase)
    stretch = rng.uniform(0.75, 1.3)
    return np.stack([x + radius * r * stretch * np.cos(angle), y + radius * r / stretch * np.sin(angle)], axis=1)


class Frontage(NamedTuple):
    """One side of a block, seen from its street: ``a`` runs along it, ``d`` into the block."""

    frame: Frame
    block: Block
    side: int  # 0 bottom, 1 right, 2 top, 3 left

    @property
    def length(self) -> float:
        b = self.block
        return b.s1 - b.s0 if self.side % 2 == 0 else b.t1 - b.t0

    @property
    def depth(self) -> float:
        b = self.block
        return b.t1 - b.t0 if self.side % 2 == 0 else b.s1 - b.s0

    def street(self, a: float, d: float) -> tuple[float, float]:
        """Street coordinates of (a, d)."""
        b = self.block
        if self.side == 0:
            return b.s0 + a, b.t0 + d
        if self.side == 1:
            return b.s1 - d, b.t0 + a
        if self.side == 2:
            return b.s1 - a, b.t1 - d
        return b.s0 + d, b.t1 - a

    def place(self, a: float, d: float) -> tuple[float, float, float]:
        """World x, y, and the direction of growing ``a``."""
        x, y, angle = self.frame.place(*self.street(a, d))
        return x, y, angle + 0.5 * math.pi * self.side

    def area(self, a0: float, a1: float, d0: float, d1: float) -> np.ndarray:
        """(N, 2) world outline of a rectangle in (a, d)."""
        (s0, t0), (s1, t1) = self.street(a0, d0), self.street(a1, d1)
        return self.frame.rectangle(min(s0, s1), max(s0, s1), min(t0, t1), max(t0, t1))


class Lot(NamedTuple):
    """A piece of land along a frontage: from ``a0`` to ``a1`` along it, from ``d0`` to ``d1`` into the block."""

    front: Frontage
    a0: float
    a1: float
    d0: float
    d1: float
    key: tuple[int, ...]

    @property
    def width(self) -> float:
        return self.a1 - self.a0

    @property
    def depth(self) -> float:
        return self.d1 - self.d0

    def place(self, a: float, d: float) -> tuple[float, float, float]:
        """World x, y, and the direction of growing ``a``."""
        return self.front.place(a, d)

    def share(self, u: float, v: float) -> tuple[float, float, float]:
        """The place at the fractions ``u`` of the width and ``v`` of the depth."""
        return self.front.place(self.a0 + u * self.width, self.d0 + v * self.depth)

    def outline(self) -> np.ndarray:
        """(N, 2) world outline."""
        return self.front.area(self.a0, self.a1, self.d0, self.d1)

    def inset(self, along: float, across: float) -> "Lot":
        """The lot without a margin."""
        return self._replace(a0=self.a0 + along, a1=self.a1 - along, d0=self.d0 + across, d1=self.d1 - across)

    def part(self, *key: int, **limits: float) -> "Lot":
        """A part of the lot with other ``a0``, ``a1``, ``d0`` or ``d1``, and its own random numbers."""
        sides = {"a0": self.a0, "a1": self.a1, "d0": self.d0, "d1": self.d1} | limits
        return Lot(self.front, key=(*self.key, *key), **sides)


def turned(place: tuple[float, float, float], by: float = 0.5 * math.pi) -> tuple[float, float, float]:
    """The same place, facing ``by`` radians further round."""
    return place[0], place[1], place[2] + by
