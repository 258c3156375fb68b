"""The street network: the plane of street coordinates, split again and again, wider streets first."""

import math
from typing import NamedTuple

import numpy as np

from rsnotes.scenes.config import LAYOUTS, SceneConfig
from rsnotes.scenes.frame import Frame
from rsnotes.scenes.seeds import generator

CELL = 190.0  # metres between main roads
CARRIAGEWAY = (9.0, 6.8, 5.4)  # metres, of main, collector and residential streets
PAVEMENT = (2.4, 1.9, 1.4)


class Street(NamedTuple):
    """A street: straight in street coordinates, along s (``axis`` 0) or t (``axis`` 1)."""

    axis: int
    at: float
    start: float
    end: float
    level: int
    width: float
    pavement: float
    key: tuple[int, ...]

    def point(self, along: float, aside: float) -> tuple[float, float]:
        """Street coordinates of a point ``along`` the street and ``aside`` of its axis."""
        return (along, self.at + aside) if self.axis == 0 else (self.at - aside, along)

    def band(self, frame: Frame, half: float, aside: float = 0.0) -> np.ndarray:
        """(N, 2) world outline of a band of half width ``half`` along the street."""
        n = max(2, math.ceil((self.end - self.start) / 7.0) + 1)
        along = np.linspace(self.start, self.end, n)
        sides = []
        for offset in (aside - half, aside + half):
            s, t = (along, np.full(n, self.at + offset)) if self.axis == 0 else (np.full(n, self.at - offset), along)
            sides.append(frame.world(np.stack([s, t], axis=1)))
        return np.concatenate([sides[0], sides[1][::-1]])


class Block(NamedTuple):
    """Land between streets, a rectangle in street coordinates behind the pavements."""

    s0: float
    s1: float
    t0: float
    t1: float
    kind: str
    key: tuple[int, ...]


class Network(NamedTuple):
    """All streets and blocks near the tile."""

    streets: list[Street]
    blocks: list[Block]


class _Builder:
    def __init__(self, seed: int, config: SceneConfig, frame: Frame, reach: float) -> None:
        self.seed, self.config, self.frame, self.reach = seed, config, frame, reach
        self.limit = config.mixed(96.0, 66.0, 118.0, 112.0)
        self.scale = config.mixed(1.0, 0.8, 1.15, 0.85)
        self.pavement = config.mixed(1.0, 0.9, 0.9, 0.25) if config.switches.pavements else 0.0
        self.town = float(generator(seed, "kind").random())
        self.out = Network([], [])

    def widths(self, level: int) -> tuple[float, float]:
        """Half carriageway and pavement of a street of this level, in metres."""
        if not self.config.switches.road_hierarchy:
            level = 2
        return 0.5 * self.scale * CARRIAGEWAY[level], self.pavement * PAVEMENT[level]

    def kind(self, u: float) -> str:
        """Layout at ``u`` on the line of cumulated weights."""
        total, cumulated = sum(self.config.weights), 0.0
        for name, weight in zip(LAYOUTS, self.config.weights, strict=True):
            cumulated += weight / total
            if u < cumulated:
                return name
        return max(zip(self.config.weights, LAYOUTS, strict=True))[1]

    def near(self, s0: float, s1: float, t0: float, t1: float) -> bool:
        """Whether a rectangle of street coordinates comes near the tile."""
        outline = self.frame.rectangle(s0, s1, t0, t1, step=25.0)
        low, high = outline.min(axis=0), outline.max(axis=0)
        return bool((low < self.reach).all() and (high > -self.reach).all())

    def main(self, axis: int, index: int) -> float:
        """Where the main road ``index`` of an axis lies."""
        return CELL * index + float(generator(self.seed, "mains", axis, index).uniform(-30.0, 30.0))

    def street(self, axis: int, at: float, start: float, end: float, level: int, key: tuple[int, ...]) -> None:
        half, pavement = self.widths(level)
        self.out.streets.append(Street(axis, at, start, end, level, 2.0 * half, pavement, key))

    def cell(self, i: int, j: int) -> None:
        """One cell between main roads: its lower and left main road, and all that is inside."""
        s0, s1, t0, t1 = self.main(0, i), self.main(0, i + 1), self.main(1, j), self.main(1, j + 1)
        if not self.near(s0 - 20.0, s1 + 20.0, t0 - 20.0, t1 + 20.0):
            return
        self.street(1, s0, t0, t1, 0, (i, j, 0))
        self.street(0, t0, s0, s1, 0, (i, j, 1))
        numbers = generator(self.seed, "splits", i, j).random((64, 4)).tolist()
        self.split((s0, s1, t0, t1), (0, 0, 0, 0), 1, (i, j), numbers)

    def split(
        self, box: tuple[float, ...], levels: tuple[int, ...], node: int, cell: tuple[int, int], numbers: list
    ) -> None:
        """Split a box by a street, or make it a block; ``levels`` are those of its four bounding streets."""
        s0, s1, t0, t1 = box
        u = numbers[node]
        axis = 1 if s1 - s0 > t1 - t0 else 0  # the new street runs across the longer side
        longer = max(s1 - s0, t1 - t0)
        if longer < self.limit * (0.85 + 0.4 * u[1]) or node >= 32:
            self.block(box, levels, (*cell, node), u)
            return
        level = 1 if node < 2 else 2
        low, high = (s0, s1) if axis == 1 else (t0, t1)
        at = low + (0.36 + 0.28 * u[0]) * (high - low)
        if axis == 1:
            self.street(1, at, t0, t1, level, (*cell, node + 2))
            halves = ((s0, at, t0, t1), (at, s1, t0, t1))
            sides = ((levels[0], level, levels[2], levels[3]), (level, levels[1], levels[2], levels[3]))
        else:
            self.street(0, at, s0, s1, level, (*cell, node + 2))
            halves = ((s0, s1, t0, at), (s0, s1, at, t1))
            sides = ((levels[0], levels[1], levels[2], level), (levels[0], levels[1], level, levels[3]))
        for half, side, child in zip(halves, sides, (2 * node, 2 * node + 1), strict=True):
            if self.near(*half):
                self.split(half, side, child, cell, numbers)

    def block(self, box: tuple[float, ...], levels: tuple[int, ...], key: tuple[int, ...], u: list[float]) -> None:
        margins = [sum(self.widths(level)) for level in levels]
        s0, s1, t0, t1 = box[0] + margins[0], box[1] - margins[1], box[2] + margins[2], box[3] - margins[3]
        kind = self.kind(self.town if u[2] < 0.5 else u[3])
        self.out.blocks.append(Block(s0, s1, t0, t1, kind, key))


def street_network(seed: int, config: SceneConfig, frame: Frame, reach: float) -> Network:
    """Streets and blocks that come within ``reach`` metres of the tile's centre, in x and in y."""
    builder = _Builder(seed, config, frame, reach)
    steps = math.ceil(1.6 * reach / CELL) + 1
    i0, j0 = (math.floor(c / CELL) for c in frame.centre)
    for i in range(i0 - steps, i0 + steps + 1):
        for j in range(j0 - steps, j0 + steps + 1):
            builder.cell(i, j)
    builder.out.streets.sort(key=lambda street: -street.level)
    return builder.out
