"""Whole buildings: walls, the roof of their kind, and what sits on it: panels, dormers, chimneys, vents."""

from collections.abc import Callable

import numpy as np

from rsnotes.scenes.buildings import Local, draw_flat, draw_mono, draw_pitched, draw_tank, draw_walls, level
from rsnotes.scenes.canvas import Canvas
from rsnotes.scenes.config import Switches
from rsnotes.scenes.materials import PALETTES, shade
from rsnotes.scenes.plan import Building
from rsnotes.scenes.surfaces import Surface


def draw_buildings(canvas: Canvas, buildings: list[Building], on: Switches) -> None:
    """Draw all buildings; those the camera leans towards first, so that nearer ones hide them."""
    lx, ly = canvas.lean
    for building in sorted(buildings, key=lambda b: (-(b.x * lx + b.y * ly), b.x, b.y)):
        if not canvas.outside(building.x, building.y, 0.5 * (building.length + building.width) + 4.0):
            _draw(Local(canvas, building, on))


def _draw(local: Local) -> None:
    b, on = local.b, local.on
    if b.roof == "round":
        draw_tank(local)
        return
    if on.facades:
        draw_walls(local)
    detailed = not local.canvas.unseen(b.x, b.y, 0.5 * (b.length + b.width))
    if b.roof in ("flat", "hall") or not on.ridges:
        draw_flat(local)
        if detailed and b.length * b.width > 25.0:
            _on_flat(local)
    elif b.roof == "mono":
        draw_mono(local)
    else:
        ridge, half_v = draw_pitched(local)
        if detailed:
            _on_pitched(local, ridge, half_v)


def _on_pitched(local: Local, ridge: float, half_v: float) -> None:
    """Solar panels, dormers, a chimney."""
    b = local.b
    u = np.random.Generator(np.random.PCG64(b.detail)).random(8).tolist()
    side = -1.0 if u[0] < 0.5 else 1.0

    def height(v: float) -> float:
        return b.eave + b.rise * (1.0 - abs(v) / half_v)

    if local.on.solar_panels and b.panels:
        _panels(
            local,
            (-0.75 * ridge, 0.75 * ridge * (0.2 + 0.8 * u[1])),
            (side * 0.16 * half_v, side * 0.8 * half_v),
            height,
        )
    if local.on.dormers and ridge > 1.5:
        for k in range(b.dormers):
            at = ridge * (-0.8 + 1.6 * (k + 0.5) / b.dormers)
            for sign in (-1.0, 1.0) if u[2] < 0.5 else (side,):
                if not (b.panels and sign == side):
                    _dormer(local, at, sign, half_v, height)
    if u[3] < 0.75 and b.length > 5.0:
        at, v = (u[4] - 0.5) * 1.2 * ridge, 0.3 * (u[5] - 0.5) * half_v
        local.box(at, v, (0.4, 0.35), height(v) - 0.4, height(0.0) + 0.8, shade(b.wall, 0.75))


def _panels(
    local: Local, along: tuple[float, float], across: tuple[float, float], height: Callable[[float], float]
) -> None:
    """A field of solar panels with bright bars between them."""
    (a0, a1), (v0, v1) = along, across
    z0, z1 = height(v0), height(v1)
    local.decal([(a0, v0, z0), (a1, v0, z0), (a1, v1, z1), (a0, v1, z1)], PALETTES["solar"][0])
    count = int((a1 - a0) / 1.1)
    for k in range(1, count):
        a = a0 + k * (a1 - a0) / count
        bar = [(a - 0.06, v0, z0), (a + 0.06, v0, z0), (a + 0.06, v1, z1), (a - 0.06, v1, z1)]
        local.decal(bar, (96.0, 100.0, 116.0, 88.0))


def _dormer(local: Local, at: float, sign: float, half_v: float, height: Callable[[float], float]) -> None:
    """A small house in the roof: a front wall and two little planes."""
    front, back, wide = sign * 0.72 * half_v, sign * 0.2 * half_v, 0.95
    top, base = height(back) - 0.1, height(front)
    wall = [(at - wide, front, base), (at + wide, front, base), (at + wide, front, top - 0.5)]
    wall += [(at, front, top), (at - wide, front, top - 0.5)]
    local.face(wall, local.b.wall, Surface.ROOF, (0.0, sign, 0.0))
    for hand in (-1.0, 1.0):
        edge = at + hand * (wide + 0.15)
        plane = [(edge, front, top - 0.6), (edge, back, top - 0.6), (at, back, top), (at, front, top)]
        local.face(plane, shade(local.b.colour, 0.92), normal=(hand * 0.55, 0.0, 1.0))


def _on_flat(local: Local) -> None:
    """Ribs or a saw-tooth on halls; vents, skylights, rows of solar panels."""
    b = local.b
    half_u, half_v = 0.5 * b.length, 0.5 * b.width
    rng = np.random.Generator(np.random.PCG64(b.detail))
    if b.roof == "hall":
        _ribs(local, half_u, half_v, saw=rng.random() < 0.35)
    for _ in range(int(rng.integers(0, 3 + int(b.length * b.width / 150.0)))):
        u, v = rng.uniform(-0.8, 0.8) * half_u, rng.uniform(-0.8, 0.8) * half_v
        size, tall, gain = rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.6), rng.uniform(0.7, 1.25)
        local.box(u, v, (size, 0.7 * size), b.eave, b.eave + tall, shade((165.0, 165.0, 165.0, 140.0), gain))
    if local.on.solar_panels and b.panels:
        for k in range(int((2.0 * half_v - 2.0) / 2.2)):
            v = -half_v + 1.85 + 2.2 * k
            local.decal(level(-0.15 * half_u, v, 0.65 * half_u, 0.65, b.eave), PALETTES["solar"][0])


def _ribs(local: Local, half_u: float, half_v: float, saw: bool) -> None:
    """Sheet ribs and two skylight bands, or the strips of a saw-tooth roof."""
    b, step, width = local.b, 5.5 if saw else 2.4, 1.1 if saw else 0.15
    if not local.on.ridges:
        return
    for k in range(1, int(2.0 * half_u / step)):
        local.decal(level(k * step - half_u, 0.0, width, half_v - 0.4, b.eave), shade(b.colour, 0.72 if saw else 0.93))
    if not saw:
        for v in (-0.45 * half_v, 0.45 * half_v):
            local.decal(level(0.0, v, 0.8 * half_u, 0.6, b.eave), shade(b.colour, 1.18))
