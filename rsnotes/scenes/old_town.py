"""Old town: closed rows of houses along the streets, yards and annexes behind them."""

from rsnotes.scenes import gardens, lots
from rsnotes.scenes.cars import car_park, park
from rsnotes.scenes.plan import Frontage, Lot, Plan, turned
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface

YARDS = (("lawn", Surface.LAWN), ("paving", Surface.PAVING), ("gravel", Surface.GRAVEL))


def fill(plan: Plan, block: Block) -> None:
    """Houses on all four sides, one side open now and then, around a court."""
    rng = plan.rng("old town", *block.key)
    u = rng.random(5).tolist()
    front = Frontage(plan.frame, block, 0)
    lot = Lot(front, 0.0, front.length, 0.0, front.depth, block.key)
    if u[0] < 0.10:
        _square(plan, lot)
        return
    green = u[1] < 0.6
    name, surface = YARDS[0] if green else YARDS[1]
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, name, 0.08), surface)
    deep = min(9.5 + 3.0 * u[2], 0.42 * min(lot.width, lot.depth))
    for side in range(4):
        if u[3] > 0.3 or side != int(4 * u[4]):
            row = Frontage(plan.frame, block, side)
            corner = 0.0 if side % 2 == 0 else deep
            _row(plan, Lot(row, corner, row.length - corner, 0.3, deep, (*block.key, side)))
    inner = lot.inset(deep + 1.0, deep + 1.0)
    if inner.width > 4.0 and inner.depth > 4.0:
        _court(plan, inner, green)


def _row(plan: Plan, lot: Lot) -> None:
    """Houses wall to wall, each with its own height, roof and colour; a gap here and there."""
    rng = plan.rng("row", *lot.key)
    a = lot.a0
    while lot.a1 - a > 5.0:
        u = rng.random(9).tolist()
        width = 7.0 + 6.0 * u[0]
        if lot.a1 - a - width < 5.0:
            width = lot.a1 - a
        if u[1] > 0.06:
            deep = lot.depth + 1.6 * (u[2] - 0.5)
            roof, palette = ("gable", "roof") if u[3] < 0.86 else ("flat", "flat roof")
            colours = plan.materials.pick(rng, palette, 0.09), plan.materials.pick(rng, "wall", 0.08)
            across = u[3] < 0.14  # gable to the street
            size = (deep, width + 0.1) if across else (width + 0.1, deep)
            place = lot.place(a + 0.5 * width, lot.d0 + 0.5 * deep)
            heights, dormers = (5.5 + 5.0 * u[4], 3.0 + 1.8 * u[5]), int(3.6 * u[6]) if roof == "gable" else 0
            plan.build(turned(place) if across else place, size, heights, roof, colours, dormers, u[7] < 0.06, u[8])
        a += width


def _court(plan: Plan, lot: Lot, green: bool) -> None:
    """Annexes, gardens or paving, trees and a few cars in the yard."""
    rng = plan.rng("yard", *lot.key)
    area = lot.width * lot.depth
    for u in rng.random((int(rng.poisson(area / 260.0)) + 1, 7)).tolist():
        roof, palette = ("mono", "roof") if u[2] < 0.4 else ("flat", "flat roof")
        colours = plan.materials.pick(rng, palette, 0.1), plan.materials.pick(rng, "wall")
        place = lot.share(u[0], u[1])
        size, heights = (4.0 + 6.0 * u[3], 3.5 + 3.0 * u[4]), (2.6 + 2.0 * u[6], 1.0)
        plan.build(turned(place) if u[5] < 0.5 else place, size, heights, roof, colours)
    parts = plan.rng("yard parts", *lot.key)
    for k, u in enumerate(parts.random((int(parts.poisson(area / 170.0)), 6)).tolist()):
        a, d = lot.a0 + u[0] * lot.width, lot.d0 + u[1] * lot.depth
        part = lot.part(k, a0=a, a1=min(a + 4.0 + 8.0 * u[3], lot.a1), d0=d, d1=min(d + 4.0 + 7.0 * u[4], lot.d1))
        name, surface = YARDS[int(3 * u[2] ** 1.5)]
        plan.patch("parcels", part.outline(), plan.materials.pick(parts, name, 0.08), surface)
        if u[5] < 0.3:
            gardens.boundary(plan, part, part.a0)
    gardens.beds(plan, lot)
    gardens.trees(plan, lot, area / (110.0 if green else 180.0), (1.5, 5.0))
    cars = plan.rng("yard cars", *lot.key)
    for u in cars.random((int(cars.poisson(area * (0.0005 + 0.006 * plan.config.cars))), 3)).tolist():
        place = lot.share(u[0], u[1])
        park(plan, cars, turned(place) if u[2] < 0.5 else place)
    if lot.width > 12.0:
        lots.pool(plan, lot)


def _square(plan: Plan, lot: Lot) -> None:
    """A paved square: a church or hall, rows of trees, parked cars."""
    rng = plan.rng("square", *lot.key)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "paving"), Surface.PAVING)
    colours = plan.materials.pick(rng, "roof"), plan.materials.pick(rng, "wall")
    size = min(30.0, 0.55 * lot.width), 12.0
    plan.build(lot.share(0.5, 0.4), size, (11.0, 6.0), "gable", colours, detail=rng.random())
    inner = lot.inset(2.0, 2.0)
    gardens.trees(plan, inner.part(0, d1=lot.d0 + 6.0), lot.width / 9.0, (2.2, 3.8))
    gardens.trees(plan, inner.part(1, d0=lot.d1 - 6.0), lot.width / 12.0, (2.2, 3.8))
    if plan.on.car_rows:
        car_park(plan, lot.part(2, d0=lot.d0 + 0.4 * lot.depth + 7.5).inset(1.0, 0.0))
