"""Village and fields: farmsteads on gravel yards, orchards, and fields with furrows."""

import math

from rsnotes.scenes import gardens, lots, suburb
from rsnotes.scenes.plan import Building, Frontage, Plan, Store, Tree
from rsnotes.scenes.roads import make_car
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface


def fill(plan: Plan, block: Block) -> None:
    """Fields, meadows, farmsteads and a few houses, in strips across the block."""
    wide = block.s1 - block.s0 >= block.t1 - block.t0
    front = Frontage(plan.frame, block, 0 if wide else 1)
    rng = plan.rng("village", *block.key)
    a, index = 0.0, 0
    while front.length - a > 12.0:
        u = rng.random(3).tolist()
        width = 20.0 + 26.0 * u[0]
        if front.length - a - width < 14.0:
            width = front.length - a
        key = (*block.key, index)
        if u[1] < 0.42:
            _farm(plan, front, a, a + width, front.depth, key)
        elif u[1] < 0.60 and not lots.special(plan, front, a, a + width, front.depth, key):
            _orchard(plan, front, a, a + width, 0.0, front.depth, key)
        elif u[1] < 0.72:
            suburb.detached(plan, front, a, a + width, 0.5 * front.depth, key)
            _field(plan, front, a, a + width, 0.5 * front.depth, front.depth, key)
        else:
            _field(plan, front, a, a + width, 0.0, front.depth, key)
        a += width
        index += 1


def _field(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """Crop or ploughed soil with furrows, and a grass edge with trees."""
    rng = plan.rng("field", *key)
    u = rng.random(6).tolist()
    plan.patch("ground", front.area(a0, a1, d0, d1), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    colour = plan.materials.pick(rng, "crop" if u[0] < 0.8 else "soil", 0.08)
    plan.patch("parcels", front.area(a0 + 1.2, a1 - 1.2, d0 + 1.5, d1 - 1.5), colour, Surface.CROP)
    step, dark = 1.2 + 1.6 * u[1], tuple((0.86 + 0.06 * u[2]) * c for c in colour)
    a = a0 + 1.6
    while a < a1 - 1.6:
        plan.patch("parcels", front.area(a, a + 0.35 * step, d0 + 1.5, d1 - 1.5), dark, None)
        a += step
    if u[3] < 0.35 * plan.config.clutter:
        for _ in range(rng.integers(3, 9)):
            x, y, angle = front.place(rng.uniform(a0 + 3.0, a1 - 3.0), rng.uniform(d0 + 3.0, d1 - 3.0))
            plan.stores.append(Store(x, y, angle, 1.6, 1.3, 1.3, (214.0, 212.0, 200.0, 190.0)))
    gardens.trees(plan, front, (a0 - 0.5, a0 + 1.0, d0, d1), 0.07 * (d1 - d0) * (u[4] < 0.7), (*key, 7), (1.6, 4.2))


def _orchard(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """Fruit trees in rows on a meadow."""
    rng = plan.rng("orchard", *key)
    plan.patch("parcels", front.area(a0, a1, d0, d1), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    step = rng.uniform(5.0, 7.5)
    for i in range(int((a1 - a0 - 2.0) / step)):
        for j in range(int((d1 - d0 - 2.0) / step)):
            u = rng.random(4).tolist()
            if u[0] < 0.35 + 0.7 * plan.config.trees:
                x, y, _ = front.place(a0 + 2.5 + i * step + u[1], d0 + 2.5 + j * step + u[2])
                radius = 1.3 + 0.9 * u[3]
                plan.trees.append(Tree(x, y, radius, 2.0 * radius + 1.0, False))


def _farm(plan: Plan, front: Frontage, a0: float, a1: float, depth: float, key: tuple[int, ...]) -> None:
    """House, barn and stable around a gravel yard, a meadow behind."""
    rng = plan.rng("farm", *key)
    u = rng.random(12).tolist()
    plan.patch("parcels", front.area(a0, a1, 0.0, depth), plan.materials.pick(rng, "meadow", 0.08), Surface.MEADOW)
    name, surface = [("gravel", Surface.GRAVEL), ("paving", Surface.PAVING), ("asphalt", Surface.ASPHALT)][
        int(3 * u[0] ** 1.4)
    ]
    yard = min(0.62 * depth, 24.0 + 8.0 * u[1])
    plan.patch("gardens", front.area(a0 + 3.0, a1 - 3.0, 0.0, yard), plan.materials.pick(rng, name), surface)
    wall = plan.materials.pick(rng, "wall")
    parts = (
        (a0 + 7.0, 0.3 * yard, 13.0 + 4.0 * u[2], 9.0, 4.0, 3.2, 1.5708),
        (0.5 * (a0 + a1), yard - 2.0, min(16.0 + 10.0 * u[3], a1 - a0 - 6.0), 11.0, 5.0, 3.6, 0.0),
        (a1 - 6.0, 0.4 * yard, 12.0 + 8.0 * u[4], 8.0, 3.4, 2.6, 1.5708),
    )
    for k, (a, d, length, width, eave, rise, turn) in enumerate(parts):
        if k < 2 or a1 - a0 > 30.0:
            x, y, angle = front.place(a, d)
            palette, panels = ("roof", int(u[5 + k] < 0.3)) if u[8] < 0.8 or k == 0 else ("hall roof", 0)
            plan.buildings.append(
                Building(
                    x,
                    y,
                    angle + turn,
                    length,
                    width,
                    eave,
                    rise,
                    "gable",
                    plan.materials.pick(rng, palette, 0.08),
                    wall,
                    0,
                    panels,
                    int(u[9] * 1e6) + k,
                )
            )
    if u[10] < 0.3 + 0.5 * plan.config.clutter:
        for _ in range(rng.integers(1, 4)):
            x, y, angle = front.place(rng.uniform(a0 + 4.0, a1 - 4.0), yard + rng.uniform(5.0, 8.0))
            plan.stores.append(
                Store(
                    x, y, angle + rng.uniform(0.0, math.pi), 4.5, 2.4, 2.0, plan.materials.pick(rng, "container", 0.12)
                )
            )
    gardens.trees(
        plan, front, (a0, a1, yard + 4.0, depth), 0.012 * (a1 - a0) * max(depth - yard, 0.0), (*key, 0), (1.6, 4.4)
    )
    gardens.trees(plan, front, (a0 + 1.0, a1 - 1.0, 0.0, 3.0), 1.0, (*key, 1), (1.6, 4.0))
    gardens.beds(plan, front, a0, a1, yard, depth, key)
    gardens.boundary(plan, front, a0, depth, key)
    cars = plan.rng("yard cars", *key)
    for _ in range(cars.poisson(0.1 + 3.5 * plan.config.cars)):
        x, y, angle = front.place(
            cars.uniform(a0 + 11.0, max(a1 - 11.0, a0 + 12.0)), cars.uniform(3.0, max(yard - 9.0, 4.0))
        )
        make_car(plan, cars, x, y, angle + cars.uniform(-0.5, 2.0))
