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
    panels: int = 0
    detail: int = 0  # seed of chimneys, vents and skylights


class Tree(NamedTuple):
    """A tree; the crown is a dome of this radius under a top of this height."""

    x: float
    y: float
    radius: float
    height: float
    conifer: bool


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
