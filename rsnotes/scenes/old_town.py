"""Old town: closed rows of houses along the streets, yards and annexes behind them."""

import math

from rsnotes.scenes import gardens, lots
from rsnotes.scenes.plan import Building, Frontage, Plan
from rsnotes.scenes.roads import make_car
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface


def fill(plan: Plan, block: Block) -> None:
    """Houses on all four sides around a court."""
    rng = plan.rng("old town", *block.key)
    u = rng.random(6).tolist()
    whole = Frontage(plan.frame, block, 0)
    if u[0] < 0.10:
        _square(plan, whole, block.key)
        return
    green = u[1] < 0.45
    name, surface = ("lawn", Surface.LAWN) if green else ("paving", Surface.PAVING)
    plan.patch(
        "parcels", whole.area(0.0, whole.length, 0.0, whole.depth), plan.materials.pick(rng, name, 0.08), surface
    )
    deep = min(9.5 + 3.0 * u[2], 0.42 * min(whole.length, whole.depth))
    for side in range(4):
        front = Frontage(plan.frame, block, side)
        if u[3] < 0.3 and side == int(4 * u[4]):
            continue  # an open side
        _row(plan, front, deep, (*block.key, side))
    inner = (deep + 1.0, whole.length - deep - 1.0, deep + 1.0, whole.depth - deep - 1.0)
    _court(plan, whole, inner, green, block.key)


def _row(plan: Plan, front: Frontage, deep: float, key: tuple[int, ...]) -> None:
    rng = plan.rng("row", *key)
    a, index = (0.0, 0) if front.side % 2 == 0 else (deep, 0)
    end = front.length if front.side % 2 == 0 else front.length - deep
    while end - a > 5.0:
        u = rng.random(9).tolist()
        width = 7.0 + 6.0 * u[0]
        if end - a - width < 5.0:
            width = end - a
        if u[1] > 0.06:
            depth = deep + 1.6 * (u[2] - 0.5)
            x, y, angle = front.place(a + 0.5 * width, 0.5 * depth + 0.3)
            roof, palette = ("gable", "roof") if u[3] < 0.86 else ("flat", "flat roof")
            colour, wall = plan.materials.pick(rng, palette, 0.09), plan.materials.pick(rng, "wall", 0.08)
            turned = u[3] < 0.14  # gable to the street
            size = (depth, width + 0.1) if turned else (width + 0.1, depth)
            eave, rise = 5.5 + 5.0 * u[4], 3.0 + 1.8 * u[5]
            dormers = int(u[6] * 3.6) if roof == "gable" else 0
            plan.buildings.append(
                Building(
                    x,
                    y,
                    angle + (1.5708 if turned else 0.0),
                    *size,
                    eave,
                    rise,
                    roof,
                    colour,
                    wall,
                    dormers,
                    int(u[7] < 0.06),
                    int(u[8] * 1e6),
                )
            )
        a += width
        index += 1


def _court(
    plan: Plan, whole: Frontage, inner: tuple[float, float, float, float], green: bool, key: tuple[int, ...]
) -> None:
    """Annexes, gardens or paving, trees and a few cars in the yard."""
    a0, a1, d0, d1 = inner
    if a1 - a0 < 4.0 or d1 - d0 < 4.0:
        return
    rng = plan.rng("yard", *key)
    area = (a1 - a0) * (d1 - d0)
    for k in range(rng.poisson(area / 260.0) + 1):
        u = rng.random(8).tolist()
        x, y, angle = whole.place(a0 + u[0] * (a1 - a0), d0 + u[1] * (d1 - d0))
        kind, palette = ("mono", "roof") if u[2] < 0.4 else ("flat", "flat roof")
        length, width = 4.0 + 6.0 * u[3], 3.5 + 3.0 * u[4]
        angle += 0.5 * math.pi * (u[5] < 0.5)
        colour = plan.materials.pick(rng, palette, 0.1)
        plan.buildings.append(
            Building(
                x,
                y,
                angle,
                length,
                width,
                2.6 + 2.0 * u[6],
                1.0,
                kind,
                colour,
                plan.materials.pick(rng, "wall"),
                0,
                0,
                k,
            )
        )
    parts = plan.rng("yard parts", *key)
    for k in range(parts.poisson(area / 170.0)):
        u = parts.random(6).tolist()
        x, d = a0 + u[0] * (a1 - a0), d0 + u[1] * (d1 - d0)
        name, surface = [("lawn", Surface.LAWN), ("paving", Surface.PAVING), ("gravel", Surface.GRAVEL)][int(3 * u[2])]
        outline = whole.area(x, min(x + 4.0 + 8.0 * u[3], a1), d, min(d + 4.0 + 7.0 * u[4], d1))
        plan.patch("parcels", outline, plan.materials.pick(parts, name, 0.08), surface)
        gardens.boundary(plan, whole, x, min(d + 6.0, d1), (*key, 40 + k)) if u[5] < 0.3 else None
    gardens.beds(plan, whole, a0, a1, d0, d1, key)
    gardens.trees(plan, whole, inner, area / (95.0 if green else 170.0), key, (1.6, 4.2))
    cars = plan.rng("yard cars", *key)
    for _ in range(cars.poisson(area * (0.001 + 0.006 * plan.config.cars))):
        x, y, angle = whole.place(cars.uniform(a0, a1), cars.uniform(d0, d1))
        make_car(plan, cars, x, y, angle + (1.5708 if cars.random() < 0.5 else 0.0))
    if a1 - a0 > 12.0:
        lots.pool(plan, whole, a0, a1, d0, d1, key)


def _square(plan: Plan, whole: Frontage, key: tuple[int, ...]) -> None:
    """A paved square: a church or hall, rows of trees, parked cars."""
    rng = plan.rng("square", *key)
    length, depth = whole.length, whole.depth
    plan.patch("parcels", whole.area(0.0, length, 0.0, depth), plan.materials.pick(rng, "paving"), Surface.PAVING)
    x, y, angle = whole.place(0.5 * length, 0.5 * depth)
    colour, wall = plan.materials.pick(rng, "roof"), plan.materials.pick(rng, "wall")
    plan.buildings.append(
        Building(x, y, angle, min(30.0, 0.55 * length), 12.0, 11.0, 6.0, "gable", colour, wall, 0, 0, 5)
    )
    gardens.trees(plan, whole, (2.0, length - 2.0, 2.0, 6.0), length / 9.0, (*key, 0), (2.2, 3.8))
    gardens.trees(plan, whole, (2.0, length - 2.0, depth - 6.0, depth - 2.0), length / 12.0, (*key, 1), (2.2, 3.8))
    if plan.on.car_rows:
        lots.car_park(plan, whole, 1.0, length - 1.0, 0.6 * depth + 6.5, depth, key)
