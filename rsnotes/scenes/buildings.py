"""Buildings on the canvas: walls with windows, and roofs by their planes."""

import math
from collections.abc import Sequence

import numpy as np

from rsnotes.scenes.canvas import Canvas
from rsnotes.scenes.config import Switches
from rsnotes.scenes.materials import Colour, shade
from rsnotes.scenes.plan import Building
from rsnotes.scenes.surfaces import Surface

Corners = Sequence[tuple[float, float, float]]
_OVERHANG = 0.45


class Local:
    """A building's own axes: u along its length, v across, z up."""

    def __init__(self, canvas: Canvas, building: Building, on: Switches) -> None:
        self.canvas, self.b, self.on = canvas, building, on
        self.c, self.s = math.cos(building.angle), math.sin(building.angle)

    def points(self, uvz: Corners) -> np.ndarray:
        """(N, 3) world corners."""
        b, c, s = self.b, self.c, self.s
        return np.array([(b.x + u * c - v * s, b.y + u * s + v * c, z) for u, v, z in uvz])

    def face(
        self,
        uvz: Corners,
        colour: Colour,
        surface: Surface = Surface.ROOF,
        normal: tuple[float, float, float] = (0.0, 0.0, 1.0),
    ) -> None:
        """A plane with its heights; ``normal`` of any length, in the building's axes."""
        u, v, z = normal
        size = math.sqrt(u * u + v * v + z * z)
        u, v, z = u / size, v / size, z / size
        self.canvas.face(self.points(uvz), colour, surface, (u * self.c - v * self.s, u * self.s + v * self.c, z))

    def decal(self, uvz: Corners, colour: Colour) -> None:
        """Paint on a face that is already there."""
        self.canvas.decal(self.points(uvz), colour)

    def walls(self, ring: Sequence[tuple[float, float]], base: float, top: float, colour: Colour, of: Surface) -> None:
        """Upright walls around an outline in (u, v)."""
        for k, (ua, va) in enumerate(ring):
            ub, vb = ring[(k + 1) % len(ring)]
            self.face(
                [(ua, va, base), (ub, vb, base), (ub, vb, top), (ua, va, top)], colour, of, (vb - va, ua - ub, 0.0)
            )

    def box(self, u: float, v: float, size: tuple[float, float], base: float, top: float, colour: Colour) -> None:
        """A small block on a roof, ``size`` in half extents: sides, then the lid."""
        self.walls(ring(u, v, *size), base, top, shade(colour, 0.9), Surface.ROOF)
        self.face(level(u, v, *size, top), colour)


def ring(u: float, v: float, half_u: float, half_v: float) -> list[tuple[float, float]]:
    """Corners of a rectangle around (u, v)."""
    return [(u - half_u, v - half_v), (u + half_u, v - half_v), (u + half_u, v + half_v), (u - half_u, v + half_v)]


def level(u: float, v: float, half_u: float, half_v: float, z: float) -> list[tuple[float, float, float]]:
    """Corners of a level rectangle at height ``z``."""
    return [(a, b, z) for a, b in ring(u, v, half_u, half_v)]


def draw_walls(local: Local) -> None:
    """The walls, and windows where enough of a wall is seen."""
    b = local.b
    half_u, half_v = 0.5 * b.length, 0.5 * b.width
    local.walls(ring(0.0, 0.0, half_u, half_v), 0.0, b.eave, b.wall, Surface.WALL)
    across = -local.s * local.canvas.lean[0] + local.c * local.canvas.lean[1]  # lean along v
    if abs(across) * b.eave < 1.4:
        return
    v, dark = -math.copysign(half_v, across), shade(b.wall, 0.62)
    for floor in range(int(b.eave / 2.9)):
        low, high = 1.0 + 2.9 * floor, 2.4 + 2.9 * floor
        for k in range(int(b.length / 2.6)):
            u = -half_u + 1.3 + 2.6 * k
            local.decal([(u - 0.6, v, low), (u + 0.6, v, low), (u + 0.6, v, high), (u - 0.6, v, high)], dark)


def draw_flat(local: Local) -> None:
    """A level roof inside a brighter parapet."""
    b = local.b
    half_u, half_v = 0.5 * b.length, 0.5 * b.width
    local.face(level(0.0, 0.0, half_u, half_v, b.eave), shade(b.colour, 1.16 if local.on.eaves else 1.0))
    if local.on.eaves:
        local.decal(level(0.0, 0.0, half_u - 0.35, half_v - 0.35, b.eave), b.colour)


def draw_mono(local: Local) -> None:
    """One plane that falls to one side."""
    b = local.b
    half_u, half_v = _under_eaves(local)
    z0, z1 = b.eave, b.eave + b.rise
    corners = [(-half_u, -half_v, z0), (half_u, -half_v, z0), (half_u, half_v, z1), (-half_u, half_v, z1)]
    local.face(corners, b.colour, normal=(0.0, -0.5 * b.rise / half_v, 1.0))


def _under_eaves(local: Local) -> tuple[float, float]:
    """Half extents of the roof, which stands over the walls."""
    out = _OVERHANG if local.on.eaves else 0.0
    return 0.5 * local.b.length + 0.6 * out, 0.5 * local.b.width + out


def draw_pitched(local: Local) -> tuple[float, float]:
    """Two planes and two gables, or four planes; gutters and a ridge.

    Returns:
        Half the length of the ridge, and half the width of the roof.
    """
    b, on = local.b, local.on
    half_u, half_v = _under_eaves(local)
    hip = min(half_v, half_u - 0.2) if b.roof == "hip" else 0.0
    top, ridge, slope = b.eave + b.rise, half_u - hip, b.rise / half_v
    for sign in (-1.0, 1.0):
        if hip:
            end = [(sign * half_u, -half_v, b.eave), (sign * half_u, half_v, b.eave), (sign * ridge, 0.0, top)]
            local.face(end, shade(b.colour, 0.98), normal=(sign * b.rise / hip, 0.0, 1.0))
        elif on.facades:
            u = sign * 0.5 * b.length
            local.face(
                [(u, -half_v, b.eave), (u, half_v, b.eave), (u, 0.0, top)], b.wall, Surface.WALL, (sign, 0.0, 0.0)
            )
    across = -local.s * local.canvas.lean[0] + local.c * local.canvas.lean[1]
    for sign in (1.0, -1.0) if across > 0.0 else (-1.0, 1.0):  # the nearer plane last
        v = sign * half_v
        plane = [(-half_u, v, b.eave), (half_u, v, b.eave), (ridge, 0.0, top), (-ridge, 0.0, top)]
        local.face(plane, shade(b.colour, 1.0 + 0.03 * sign), normal=(0.0, sign * slope, 1.0))
        if on.eaves:
            v1, z1 = v - 0.3 * sign, b.eave + 0.3 * slope
            local.decal(
                [(-half_u, v, b.eave), (half_u, v, b.eave), (half_u, v1, z1), (-half_u, v1, z1)], shade(b.colour, 0.68)
            )
    local.decal(level(0.0, 0.0, ridge, 0.18, top), shade(b.colour, 1.22))
    return ridge, half_v


def draw_tank(local: Local) -> None:
    """A round tank or silo."""
    b, n = local.b, 20
    r = 0.5 * b.length
    outline = [(r * math.cos(2.0 * math.pi * k / n), r * math.sin(2.0 * math.pi * k / n)) for k in range(n)]
    if local.on.facades:
        local.walls(outline, 0.0, b.eave, b.wall, Surface.WALL)
    local.face([(u, v, b.eave) for u, v in outline], b.colour)
    local.decal([(0.8 * u, 0.8 * v, b.eave) for u, v in outline], shade(b.colour, 0.94))
