"""Buildings on the canvas: walls, roofs by their planes, eaves, ridges, dormers, panels, vents."""

import math

import numpy as np

from rsnotes.scenes.canvas import Canvas
from rsnotes.scenes.config import Switches
from rsnotes.scenes.materials import PALETTES, Colour
from rsnotes.scenes.plan import Building
from rsnotes.scenes.surfaces import Surface

_OVERHANG = 0.45


def _shade(colour: Colour, gain: float) -> Colour:
    return tuple(min(gain * c, 255.0) for c in colour)  # type: ignore[return-value]


class _Local:
    """A building's own axes: u along its length, v across, z up."""

    def __init__(self, canvas: Canvas, building: Building, on: Switches) -> None:
        self.canvas, self.b, self.on = canvas, building, on
        self.c, self.s = math.cos(building.angle), math.sin(building.angle)

    def points(self, uvz: list[tuple[float, float, float]]) -> np.ndarray:
        b, c, s = self.b, self.c, self.s
        return np.array([(b.x + u * c - v * s, b.y + u * s + v * c, z) for u, v, z in uvz])

    def normal(self, u: float, v: float, z: float) -> tuple[float, float, float]:
        size = math.sqrt(u * u + v * v + z * z)
        u, v = u / size, v / size
        return u * self.c - v * self.s, u * self.s + v * self.c, z / size

    def face(self, uvz, colour: Colour, surface=Surface.ROOF, normal=(0.0, 0.0, 1.0)) -> None:
        self.canvas.face(self.points(uvz), colour, surface, self.normal(*normal))

    def box(self, u0: float, u1: float, v0: float, v1: float, base: float, top: float, colour: Colour) -> None:
        """A small block on a roof: four sides, then the lid."""
        self.walls(u0, u1, v0, v1, base, top, _shade(colour, 0.9), Surface.ROOF)
        self.face([(u0, v0, top), (u1, v0, top), (u1, v1, top), (u0, v1, top)], colour)

    def walls(self, u0, u1, v0, v1, base, top, colour: Colour, surface) -> None:
        ring = [(u0, v0), (u1, v0), (u1, v1), (u0, v1)]
        for (ua, va), (ub, vb) in zip(ring, ring[1:] + ring[:1], strict=True):
            quad = [(ua, va, base), (ub, vb, base), (ub, vb, top), (ua, va, top)]
            self.face(quad, colour, surface, (vb - va, ua - ub, 0.0))


def draw_buildings(canvas: Canvas, buildings: list[Building], on: Switches) -> None:
    """Draw all buildings; those the camera leans towards first, so that nearer ones hide them."""
    lx, ly = canvas.lean
    for building in sorted(buildings, key=lambda b: (-(b.x * lx + b.y * ly), b.x, b.y)):
        if not canvas.outside(building.x, building.y, 0.75 * (building.length + building.width) + 4.0):
            _draw(_Local(canvas, building, on))


def _draw(local: _Local) -> None:
    b, on = local.b, local.on
    half_u, half_v = 0.5 * b.length, 0.5 * b.width
    if b.roof == "round":
        _tank(local)
        return
    if on.facades:
        local.walls(-half_u, half_u, -half_v, half_v, 0.0, b.eave, b.wall, Surface.WALL)
        _windows(local, half_u, half_v)
    if on.eaves and b.roof in ("gable", "hip", "mono"):
        half_u, half_v = half_u + 0.6 * _OVERHANG, half_v + _OVERHANG
    if not on.ridges or b.roof in ("flat", "hall"):
        _flat(local, half_u, half_v)
    elif b.roof == "mono":
        slope = b.rise / (2.0 * half_v)
        corners = [(-half_u, -half_v, b.eave), (half_u, -half_v, b.eave)]
        corners += [(half_u, half_v, b.eave + b.rise), (-half_u, half_v, b.eave + b.rise)]
        local.face(corners, b.colour, normal=(0.0, -slope, 1.0))
    else:
        _pitched(local, half_u, half_v, half_v if b.roof == "hip" else 0.0)


def _windows(local: _Local, half_u: float, half_v: float) -> None:
    """Rows of dark windows on the long walls."""
    b = local.b
    dark = _shade(b.wall, 0.45)
    for floor in range(int(b.eave / 2.9)):
        z0 = 1.0 + 2.9 * floor
        for k in range(int(b.length / 2.6)):
            u = -half_u + 1.3 + 2.6 * k
            for v, sign in ((-half_v, -1.0), (half_v, 1.0)):
                quad = [(u - 0.6, v, z0), (u + 0.6, v, z0), (u + 0.6, v, z0 + 1.4), (u - 0.6, v, z0 + 1.4)]
                local.face(quad, dark, Surface.WALL, (0.0, sign, 0.0))


def _pitched(local: _Local, half_u: float, half_v: float, hip: float) -> None:
    """Two planes and two gables, or four planes; then what sits on them."""
    b = local.b
    hip = min(hip, half_u - 0.2)
    top, ridge = b.eave + b.rise, half_u - hip
    slope = b.rise / half_v
    if local.on.facades and hip == 0.0:
        for sign in (-1.0, 1.0):
            u = sign * (half_u - 0.3)
            gable = [(u, -half_v, b.eave), (u, half_v, b.eave), (u, 0.0, top)]
            local.face(gable, b.wall, Surface.WALL, (sign, 0.0, 0.0))
    far_first = sorted(
        (-1.0, 1.0), key=lambda g: -g * (-local.s * local.canvas.lean[0] + local.c * local.canvas.lean[1])
    )
    if hip:
        for sign in (-1.0, 1.0):
            end = [(sign * half_u, -half_v, b.eave), (sign * half_u, half_v, b.eave), (sign * ridge, 0.0, top)]
            local.face(end, _shade(b.colour, 0.98), normal=(sign * b.rise / hip, 0.0, 1.0))
    for sign in far_first:
        plane = [
            (-half_u, sign * half_v, b.eave),
            (half_u, sign * half_v, b.eave),
            (ridge, 0.0, top),
            (-ridge, 0.0, top),
        ]
        normal = (0.0, sign * slope, 1.0)
        local.face(plane, _shade(b.colour, 1.0 + 0.02 * sign), normal=normal)
        if local.on.eaves:
            v0, z1 = sign * half_v, b.eave + 0.3 * slope
            gutter = [
                (-half_u, v0, b.eave),
                (half_u, v0, b.eave),
                (half_u, v0 - 0.3 * sign, z1),
                (-half_u, v0 - 0.3 * sign, z1),
            ]
            local.face(gutter, _shade(b.colour, 0.68), normal=normal)
    line = [(-ridge, -0.18, top), (ridge, -0.18, top), (ridge, 0.18, top), (-ridge, 0.18, top)]
    local.face(line, _shade(b.colour, 1.22))
    _on_pitched(local, ridge, half_v, slope)


def _on_pitched(local: _Local, ridge: float, half_v: float, slope: float) -> None:
    """Solar panels, dormers, a chimney."""
    b = local.b
    rng = np.random.Generator(np.random.PCG64(b.detail))
    u = rng.random(8).tolist()
    side = -1.0 if u[0] < 0.5 else 1.0

    def height(v: float) -> float:
        return b.eave + b.rise - slope * abs(v)

    if local.on.solar_panels and b.panels:
        a0, a1 = -0.75 * ridge, 0.75 * ridge * (0.2 + 0.8 * u[1])
        _panels(local, a0, a1, side, (0.16 * half_v, 0.8 * half_v), height, slope)
    if local.on.dormers and b.dormers and ridge > 1.5:
        for k in range(b.dormers):
            at = ridge * (-0.8 + 1.6 * (k + 0.5) / b.dormers)
            for sign in (-1.0, 1.0) if u[2] < 0.5 else (side,):
                if not (b.panels and local.on.solar_panels and sign == side):
                    _dormer(local, at, sign, half_v, height)
    if u[3] < 0.75 and b.length > 5.0:
        at, v = (u[4] - 0.5) * 1.2 * ridge, 0.3 * (u[5] - 0.5) * half_v
        local.box(at - 0.4, at + 0.4, v - 0.35, v + 0.35, height(v) - 0.4, height(0.0) + 0.8, _shade(b.wall, 0.75))


def _panels(
    local: _Local, a0: float, a1: float, side: float, across: tuple[float, float], height, slope: float
) -> None:
    colour = PALETTES["solar"][0]
    v0, v1 = side * across[0], side * across[1]
    normal = (0.0, side * slope, 1.0)
    local.face(
        [(a0, v0, height(v0)), (a1, v0, height(v0)), (a1, v1, height(v1)), (a0, v1, height(v1))], colour, None, normal
    )
    count = int((a1 - a0) / 1.1)
    for k in range(1, count):
        a = a0 + k * (a1 - a0) / count
        bar = [
            (a - 0.06, v0, height(v0)),
            (a + 0.06, v0, height(v0)),
            (a + 0.06, v1, height(v1)),
            (a - 0.06, v1, height(v1)),
        ]
        local.face(bar, (96.0, 100.0, 116.0, 88.0), None, normal)


def _dormer(local: _Local, at: float, sign: float, half_v: float, height) -> None:
    """A small house in the roof: a front wall and two little planes."""
    b = local.b
    front, back = sign * 0.72 * half_v, sign * 0.2 * half_v
    top, base = height(0.2 * half_v) - 0.1, height(0.72 * half_v)
    wide = 0.95
    local.face(
        [
            (at - wide, front, base),
            (at + wide, front, base),
            (at + wide, front, top - 0.5),
            (at, front, top),
            (at - wide, front, top - 0.5),
        ],
        b.wall,
        Surface.ROOF,
        (0.0, sign, 0.0),
    )
    for hand in (-1.0, 1.0):
        edge = at + hand * (wide + 0.15)
        plane = [(edge, front, top - 0.6), (edge, back, top - 0.6), (at, back, top), (at, front, top)]
        local.face(plane, _shade(b.colour, 0.92), normal=(hand * 0.55, 0.0, 1.0))


def _flat(local: _Local, half_u: float, half_v: float) -> None:
    """A level roof with a parapet; vents and skylights, ribs on halls."""
    b, eave = local.b, local.b.eave

    def area(u: float, v: float) -> list[tuple[float, float, float]]:
        return [(-u, -v, eave), (u, -v, eave), (u, v, eave), (-u, v, eave)]

    local.face(area(half_u, half_v), _shade(b.colour, 1.14 if local.on.eaves else 1.0))
    if local.on.eaves:
        rim = 0.35
        local.face(area(half_u - rim, half_v - rim), b.colour)
    if b.length * b.width < 25.0:
        return
    rng = np.random.Generator(np.random.PCG64(b.detail))
    if b.roof == "hall" and local.on.ridges:
        _ribs(local, half_u, half_v, rng)
    for _ in range(int(rng.integers(0, 3 + int(b.length * b.width / 150.0)))):
        u, v = rng.uniform(-0.8, 0.8) * half_u, rng.uniform(-0.8, 0.8) * half_v
        size, tall = rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.6)
        gain = rng.uniform(0.7, 1.25)
        local.box(
            u - size,
            u + size,
            v - 0.7 * size,
            v + 0.7 * size,
            eave,
            eave + tall,
            _shade((165.0, 165.0, 165.0, 140.0), gain),
        )
    if local.on.solar_panels and b.panels:
        dark = PALETTES["solar"][0]
        for k in range(int((2.0 * half_v - 2.0) / 2.2)):
            v = -half_v + 1.2 + 2.2 * k
            row = [
                (-0.8 * half_u, v, eave),
                (0.5 * half_u, v, eave),
                (0.5 * half_u, v + 1.3, eave),
                (-0.8 * half_u, v + 1.3, eave),
            ]
            local.face(row, dark, None)


def _ribs(local: _Local, half_u: float, half_v: float, rng: np.random.Generator) -> None:
    """Sheet ribs, a shallow ridge, skylight bands or a saw-tooth."""
    b, eave = local.b, local.b.eave
    saw = rng.random() < 0.35
    step = 5.5 if saw else 2.4
    for k in range(1, int(2.0 * half_u / step)):
        u = -half_u + k * step
        quad = [
            (u, 0.4 - half_v, eave),
            (u + (2.2 if saw else 0.3), 0.4 - half_v, eave),
            (u + (2.2 if saw else 0.3), half_v - 0.4, eave),
            (u, half_v - 0.4, eave),
        ]
        local.face(quad, _shade(b.colour, 0.72 if saw else 0.93))
    if not saw:
        for v in (-0.45 * half_v, 0.45 * half_v):
            band = [
                (-0.8 * half_u, v - 0.6, eave),
                (0.8 * half_u, v - 0.6, eave),
                (0.8 * half_u, v + 0.6, eave),
                (-0.8 * half_u, v + 0.6, eave),
            ]
            local.face(band, _shade(b.colour, 1.18))


def _tank(local: _Local) -> None:
    """A round tank or silo."""
    b, n = local.b, 20
    r = 0.5 * b.length
    ring = [(r * math.cos(2.0 * math.pi * k / n), r * math.sin(2.0 * math.pi * k / n)) for k in range(n)]
    if local.on.facades:
        for (ua, va), (ub, vb) in zip(ring, ring[1:] + ring[:1], strict=True):
            quad = [(ua, va, 0.0), (ub, vb, 0.0), (ub, vb, b.eave), (ua, va, b.eave)]
            local.face(quad, b.wall, Surface.WALL, (vb - va, ua - ub, 0.0))
    local.face([(u, v, b.eave) for u, v in ring], b.colour)
    local.face([(0.8 * u, 0.8 * v, b.eave) for u, v in ring], _shade(b.colour, 0.94))
