"""Village and fields: farmsteads on gravel yards, orchards, and fields with furrows."""

import math

from rsnotes.scenes import gardens, lots, suburb
from rsnotes.scenes.cars import park
from rsnotes.scenes.materials import shade
from rsnotes.scenes.plan import Frontage, Lot, Plan, Store, Tree, turned
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface

BALE = (214.0, 212.0, 200.0, 190.0)


def fill(plan: Plan, block: Block) -> None:
    """Fields, meadows, farmsteads and a few houses, in strips across the block."""
    wide = block.s1 - block.s0 >= block.t1 - block.t0
    front = Frontage(plan.frame, block, 0 if wide else 1)
    rng = plan.rng("village", *block.key)
    a, index = 0.0, 0
    while front.length - a > 12.0:
        u = rng.random(2).tolist()
        width = 20.0 + 26.0 * u[0]
        if front.length - a - width < 14.0:
            width = front.length - a
        lot = Lot(front, a, a + width, 0.0, front.depth, (*block.key, index))
        a, index = a + width, index + 1
        if u[1] < 0.40:
            _farm(plan, lot)
        elif u[1] < 0.55:
            if not lots.special(plan, lot):
                _orchard(plan, lot)
        elif u[1] < 0.70:
            suburb.detached(plan, lot._replace(d1=0.5 * lot.d1))
            _field(plan, lot._replace(d0=0.5 * lot.d1))
        else:
            _field(plan, lot)


def _field(plan: Plan, lot: Lot) -> None:
    """Crop or ploughed soil with furrows, bales, and a grass edge with trees."""
    rng = plan.rng("field", *lot.key)
    u = rng.random(5).tolist()
    inner = lot.inset(1.2, 1.5)
    plan.patch("ground", lot.outline(), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    colour = plan.materials.pick(rng, "crop" if u[0] < 0.8 else "soil", 0.08)
    plan.patch("parcels", inner.outline(), colour, Surface.CROP)
    step, a = 1.2 + 1.6 * u[1], inner.a0 + 0.4
    while a < inner.a1 - 0.4:
        furrow = inner._replace(a0=a, a1=a + 0.35 * step).outline()
        plan.patch("parcels", furrow, shade(colour, 0.86 + 0.06 * u[2]), None)
        a += step
    if u[3] < 0.35 * plan.config.clutter:
        for v in rng.random((int(rng.integers(3, 9)), 2)).tolist():
            plan.stores.append(Store(*inner.inset(2.0, 2.0).share(v[0], v[1]), 1.6, 1.3, 1.3, BALE))
    if u[4] < 0.7:
        gardens.trees(plan, lot.part(7, a0=lot.a0 - 0.5, a1=lot.a0 + 1.0), 0.07 * lot.depth, (1.6, 4.5))


def _orchard(plan: Plan, lot: Lot) -> None:
    """Fruit trees in rows on a meadow."""
    rng = plan.rng("orchard", *lot.key)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    step = rng.uniform(5.0, 7.5)
    for i in range(int((lot.width - 2.0) / step)):
        for j in range(int((lot.depth - 2.0) / step)):
            u = rng.random(4).tolist()
            if u[0] < 0.35 + 0.7 * plan.config.trees:
                x, y, _ = lot.place(lot.a0 + 2.5 + i * step + u[1], lot.d0 + 2.5 + j * step + u[2])
                plan.trees.append(Tree(x, y, 1.3 + 0.9 * u[3], 3.6 + 1.8 * u[3], u[2]))


def _farm(plan: Plan, lot: Lot) -> None:
    """House, barn and stable around a yard, a meadow behind."""
    rng = plan.rng("farm", *lot.key)
    u = rng.random(10).tolist()
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "meadow", 0.08), Surface.MEADOW)
    name, surface = suburb.DRIVES[2 - int(3 * u[0] ** 1.4)]
    yard = lot.inset(3.0, 0.0)._replace(d1=min(0.62 * lot.d1, 24.0 + 8.0 * u[1]))
    plan.patch("gardens", yard.outline(), plan.materials.pick(rng, name), surface)
    wall = plan.materials.pick(rng, "wall")
    parts = (
        (turned(yard.share(0.0, 0.3)), (13.0 + 4.0 * u[2], 9.0), (4.0, 3.2)),
        (yard.share(0.5, 0.95), (min(16.0 + 10.0 * u[3], yard.width), 11.0), (5.0, 3.6)),
        (turned(yard.share(1.0, 0.4)), (12.0 + 8.0 * u[4], 8.0), (3.4, 2.6)),
    )
    for k, (place, size, heights) in enumerate(parts[: 3 if lot.width > 30.0 else 2]):
        palette = "roof" if u[8] < 0.8 or k == 0 else "hall roof"
        colours = plan.materials.pick(rng, palette, 0.08), wall
        plan.build(place, size, heights, "gable", colours, panels=palette == "roof" and u[5 + k] < 0.3, detail=u[9])
    _around(plan, lot, yard)


def _around(plan: Plan, lot: Lot, yard: Lot) -> None:
    """Trailers and heaps, trees, beds, hedges and cars around a farmstead."""
    rng = plan.rng("farm stores", *lot.key)
    back = lot.part(0, d0=yard.d1 + 4.0)
    if rng.random() < 0.3 + 0.5 * plan.config.clutter:
        for u in rng.random((int(rng.integers(1, 4)), 3)).tolist():
            place = turned(lot.place(lot.a0 + u[0] * lot.width, back.d0 + 1.0 + 3.0 * u[1]), math.pi * u[2])
            plan.stores.append(Store(*place, 4.5, 2.4, 2.0, plan.materials.pick(rng, "container", 0.12)))
    gardens.trees(plan, back, 0.012 * lot.width * max(lot.d1 - yard.d1, 0.0))
    gardens.trees(plan, lot.part(1, d1=3.0), 1.0)
    gardens.beds(plan, back)
    gardens.boundary(plan, lot, lot.a0)
    cars = plan.rng("yard cars", *lot.key)
    for u in cars.random((int(cars.poisson(0.1 + 3.5 * plan.config.cars)), 3)).tolist():
        park(plan, cars, turned(yard.share(0.3 + 0.4 * u[0], 0.1 + 0.5 * u[1]), 2.5 * u[2]))
