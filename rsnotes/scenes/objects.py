"""Small upright things on the canvas: hedges, fences, cars, containers."""

import math

import numpy as np

from rsnotes.scenes.canvas import Canvas
from rsnotes.scenes.materials import Colour, shade
from rsnotes.scenes.plan import Car, Store, Wall, box
from rsnotes.scenes.surfaces import Surface


def _lid(outline: np.ndarray, height: float) -> np.ndarray:
    """(N, 2) outline to (N, 3) corners at one height."""
    return np.concatenate([outline, np.full((len(outline), 1), height)], axis=1)


def _block(canvas: Canvas, outline: np.ndarray, height: float, colour: Colour, surface: Surface | None) -> None:
    """Sides, then lid, of a low block."""
    base, top = _lid(outline, 0.0), _lid(outline, height)
    for k in range(len(outline)):
        j = (k + 1) % len(outline)
        dx, dy = (outline[j] - outline[k]).tolist()
        size = math.hypot(dx, dy) or 1.0
        side = np.stack([base[k], base[j], top[j], top[k]])
        canvas.face(side, shade(colour, 0.9), surface, (dy / size, -dx / size, 0.0))
    canvas.face(top, colour, surface)


def draw_walls(canvas: Canvas, walls: list[Wall]) -> None:
    """Hedges and fences."""
    for wall in walls:
        (xa, ya), (xb, yb) = wall.start, wall.end
        x, y, length = 0.5 * (xa + xb), 0.5 * (ya + yb), math.hypot(xb - xa, yb - ya)
        if not canvas.outside(x, y, length):
            outline = box(x, y, math.atan2(yb - ya, xb - xa), length, wall.width)
            canvas.face(_lid(outline, wall.height), wall.colour, wall.surface)


def draw_stores(canvas: Canvas, stores: list[Store]) -> None:
    """Containers, stacks and bales."""
    for store in stores:
        if not canvas.outside(store.x, store.y, store.length + 4.0):
            outline = box(store.x, store.y, store.angle, store.length, store.width)
            _block(canvas, outline, store.height, store.colour, Surface.STORAGE)


# Outlines along (forward, across) in halves of length and width.
_Shape = tuple[tuple[float, float], ...]
_BODY: _Shape = (
    (-1.0, -0.75),
    (-0.92, -1.0),
    (0.86, -1.0),
    (1.0, -0.7),
    (1.0, 0.7),
    (0.86, 1.0),
    (-0.92, 1.0),
    (-1.0, 0.75),
)
_WINDSCREEN: _Shape = ((0.42, -0.8), (0.18, -0.72), (0.18, 0.72), (0.42, 0.8))
_REAR_WINDOW: _Shape = ((-0.78, -0.74), (-0.6, -0.7), (-0.6, 0.7), (-0.78, 0.74))
_ROOF: _Shape = ((-0.58, -0.7), (0.17, -0.7), (0.17, 0.7), (-0.58, 0.7))
_VAN_SCREEN: _Shape = ((0.72, -0.8), (0.58, -0.8), (0.58, 0.8), (0.72, 0.8))
_GLASS = (48.0, 54.0, 62.0, 40.0)


def draw_cars(canvas: Canvas, cars: list[Car]) -> None:
    """Body, roof and windows, bright or dark against each other, so that a car is not a plain rectangle."""
    for car in cars:
        if canvas.unseen(car.x, car.y):
            continue
        canvas.decal(_part(car, _BODY, 0.0), shade(car.colour, 0.55), Surface.CAR)
        canvas.face(_part(car, _BODY, 0.75), shade(car.colour, 0.93), Surface.CAR)
        if car.height < 2.0:
            canvas.decal(_part(car, _WINDSCREEN, 0.9), _GLASS)
            canvas.decal(_part(car, _REAR_WINDOW, 0.9), _GLASS)
            canvas.decal(_part(car, _ROOF, 1.0), shade(car.colour, 1.08))
        else:
            canvas.decal(_part(car, _VAN_SCREEN, 0.8), _GLASS)


def _part(car: Car, shape: _Shape, level: float) -> np.ndarray:
    """(N, 3) world corners of an outline on a car, at a fraction of its height."""
    c, s = math.cos(car.angle), math.sin(car.angle)
    length, width, z = 0.5 * car.length, 0.5 * car.width, level * car.height
    return np.array(
        [(car.x + f * length * c - a * width * s, car.y + f * length * s + a * width * c, z) for f, a in shape]
    )
