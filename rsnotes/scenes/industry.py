"""Industry: halls on paved yards, car parks, containers, tracks."""

from rsnotes.scenes import gardens, lots
from rsnotes.scenes.cars import car_park, park
from rsnotes.scenes.plan import Frontage, Lot, Plan, turned
from rsnotes.scenes.streets import Block
from rsnotes.scenes.suburb import DRIVES
from rsnotes.scenes.surfaces import Surface


def fill(plan: Plan, block: Block) -> None:
    """Plots along the longer side, each with a hall and a yard; a railway behind some."""
    wide = block.s1 - block.s0 >= block.t1 - block.t0
    front = Frontage(plan.frame, block, 0 if wide else 1)
    rng = plan.rng("industry", *block.key)
    end, a, index = front.depth, 0.0, 0
    whole = Lot(front, 0.0, front.length, 0.0, end, block.key)
    plan.patch("parcels", whole.outline(), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    if rng.random() < 0.5 * plan.config.clutter:
        lots.railway(plan, front, end - 9.0, block.key)
        end -= 10.0
    while front.length - a > 16.0:
        width = 26.0 + 24.0 * rng.random()
        if front.length - a - width < 16.0:
            width = front.length - a
        lot = Lot(front, a + 0.8, a + width - 0.8, 0.0, end - 0.8, (*block.key, index))
        a, index = a + width, index + 1
        if not lots.special(plan, lot):
            _plot(plan, lot)


def _plot(plan: Plan, lot: Lot) -> None:
    """A paved yard behind a verge, a hall, an office in front of some."""
    rng = plan.rng("plot", *lot.key)
    u = rng.random(10).tolist()
    verge = 1.0 + 4.0 * u[1]
    name, surface = DRIVES[int(3 * (1.0 - u[0]) ** 1.5)]
    plan.patch("parcels", lot._replace(d0=verge).outline(), plan.materials.pick(rng, name), surface)
    gate = lot._replace(a0=lot.a0 + 3.0, a1=lot.a0 + 9.0, d1=verge + 0.5)
    plan.patch("gardens", gate.outline(), plan.materials.pick(rng, "asphalt"), Surface.ASPHALT)
    front, back = verge + 6.0 + 12.0 * u[2], lot.d1 - 1.5 - 6.0 * u[3]
    if back - front > 6.0:
        roof = "hall" if u[5] < 0.6 else ("flat" if u[5] < 0.85 else "gable")
        wall = plan.materials.pick(rng, "wall", 0.08)
        colours = plan.materials.pick(rng, "hall roof", 0.08), wall
        size = lot.width - 3.0 - 6.0 * u[4], back - front
        place = lot.place(0.5 * (lot.a0 + lot.a1), 0.5 * (front + back))
        plan.build(place, size, (5.0 + 5.0 * u[6], 1.8), roof, colours, panels=u[7] > 0.73, detail=u[8])
        if u[9] < 0.6:
            colours = plan.materials.pick(rng, "flat roof"), wall
            plan.build(lot.place(lot.a1 - 7.0, front - 2.5), (11.0, 7.0), (6.5, 0.0), "flat", colours, detail=u[9])
    _yard(plan, lot._replace(d0=verge, d1=front))
    _stores(plan, lot._replace(d0=back))
    gardens.trees(plan, lot.part(0, d1=verge + 1.0), 0.10 * lot.width, (1.6, 3.4))
    gardens.trees(plan, lot.part(1, a1=lot.a0 + 2.0, d0=verge), 0.045 * lot.depth, (1.6, 3.8))
    gardens.trees(plan, lot.part(2, d0=lot.d1 - 2.0, d1=lot.d1 + 1.0), 0.09 * lot.width, (1.6, 4.0))


def _yard(plan: Plan, lot: Lot) -> None:
    """Cars between street and hall, in rows or scattered; a tank."""
    rng = plan.rng("industry yard", *lot.key)
    u = rng.random(2).tolist()
    if plan.on.car_rows and lot.depth > 7.0 and u[0] < 0.1 + 0.8 * plan.config.cars:
        car_park(plan, lot.inset(1.0, 0.0)._replace(a0=lot.a0 + 10.0, d1=lot.d0 + 7.0))
    if u[1] < 0.25:
        colours = plan.materials.pick(rng, "hall roof"), plan.materials.pick(rng, "wall")
        plan.build(lot.place(lot.a0 + 4.0, lot.d1 + 3.0), (6.0, 6.0), (7.0, 0.0), "round", colours)
    cars = plan.rng("yard cars", *lot.key)
    for v in cars.random((int(cars.poisson(0.1 + 5.0 * plan.config.cars)), 3)).tolist():
        place = lot.inset(2.0, 1.2).share(v[0], v[1])
        park(plan, cars, turned(place) if v[2] < 0.6 else place)


def _stores(plan: Plan, lot: Lot) -> None:
    """Containers behind the hall."""
    rng = plan.rng("stores", *lot.key)
    count = int(rng.poisson(8.0 * plan.config.clutter * lot.width / 30.0))
    for u in rng.random((count, 3)).tolist():
        place = lot.inset(2.0, 0.0).share(u[0], 0.3 + 0.5 * u[1])
        lots.container(plan, rng, place if u[2] < 0.6 else turned(place), 2.6)
