"""Suburb: detached and terraced houses on parcels with gardens."""

import numpy as np

from rsnotes.scenes import gardens, lots
from rsnotes.scenes.cars import park
from rsnotes.scenes.plan import Frontage, Lot, Plan, turned
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface

DRIVES = (("paving", Surface.PAVING), ("asphalt", Surface.ASPHALT), ("gravel", Surface.GRAVEL))


def fill(plan: Plan, block: Block) -> None:
    """Two rows of parcels back to back, or one where the block is shallow."""
    wide = block.s1 - block.s0 >= block.t1 - block.t0
    rng = plan.rng("suburb", *block.key)
    terraces = rng.random() < 0.35
    for side in (0, 2) if wide else (1, 3):
        front = Frontage(plan.frame, block, side)
        shallow = front.depth <= 34.0
        if shallow and side in (1, 2):
            continue
        depth, a, index = front.depth if shallow else 0.5 * front.depth, 0.0, 0
        while front.length - a > 9.0:
            width = 26.0 + 16.0 * rng.random() if terraces else 15.0 + 9.0 * rng.random()
            if front.length - a - width < 9.0:
                width = front.length - a
            lot = Lot(front, a, a + width, 0.0, depth, (*block.key, side, index))
            a, index = a + width, index + 1
            if plan.beyond(*lot.share(0.5, 0.5)[:2], 0.8 * (width + depth)) or lots.special(plan, lot):
                continue
            (terrace if terraces and width > 15.0 else detached)(plan, lot)


def _lawn(plan: Plan, lot: Lot) -> None:
    rng = plan.rng("lawn", *lot.key)
    name, surface = ("lawn", Surface.LAWN) if rng.random() < 0.8 else ("meadow", Surface.MEADOW)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, name, 0.09), surface)


def detached(plan: Plan, lot: Lot) -> None:
    """A house, its driveway at one side, the garden behind."""
    _lawn(plan, lot)
    rng = plan.rng("house", *lot.key)
    u = rng.random(4).tolist()
    setback, right = 3.5 + 3.5 * u[0], u[3] < 0.5
    length, deep = min(9.0 + 6.0 * u[1], lot.width - 5.0), min(8.0 + 4.0 * u[2], lot.depth - setback - 4.0)
    a0 = lot.a0 + 1.8 if right else lot.a1 - 1.8 - length
    house = lot.part(a0=a0, a1=a0 + length, d0=setback, d1=setback + deep)
    _house(plan, rng, house)
    drive = lot.part(a0=lot.a1 - 3.6, a1=lot.a1 - 0.5) if right else lot.part(a0=lot.a0 + 0.5, a1=lot.a0 + 3.6)
    _driveway(plan, drive, house)
    _garden(plan, lot, house)


def _house(plan: Plan, rng: np.random.Generator, house: Lot) -> None:
    """A detached house; a wing makes some an L."""
    u = rng.random(10).tolist()
    roof = "flat" if u[0] > 0.78 else ("gable" if u[0] < 0.5 else "hip")
    roofing = plan.materials.pick(rng, "flat roof" if roof == "flat" else "roof", 0.08)
    colours = roofing, plan.materials.pick(rng, "wall", 0.08)
    eave, rise, dormers = 3.0 + 3.2 * u[2], 2.0 + 2.2 * u[3], int(3.2 * u[4]) if roof == "gable" else 0
    place, size = turned(house.share(0.5, 0.5), 0.06 * (u[1] - 0.5)), (house.width, house.depth)
    ridge = (place, size) if u[5] > 0.35 else (turned(place), size[::-1])
    plan.build(*ridge, (eave, rise), roof, colours, dormers, u[6] < 0.22, u[7])
    if u[8] < 0.4:
        x, y, _ = house.place(house.a0 + (0.22 if u[9] < 0.5 else 0.78) * house.width, house.d1 + 1.6)
        plan.build(turned((x, y, place[2])), (6.0, 0.45 * house.width), (eave, 0.8 * rise), roof, colours)


def _driveway(plan: Plan, strip: Lot, house: Lot) -> None:
    """Driveway along the house, garage at its end, cars on it."""
    rng = plan.rng("driveway", *strip.key)
    u = rng.random(3).tolist()
    end = house.d0 + 0.6 * house.depth
    name, surface = DRIVES[int(3 * u[0] ** 1.6)]
    plan.patch("gardens", strip._replace(d1=end).outline(), plan.materials.pick(rng, name, 0.08), surface)
    middle = 0.5 * (strip.a0 + strip.a1)
    if u[1] < 0.75:
        colours = plan.materials.pick(rng, "flat roof", 0.08), plan.materials.pick(rng, "wall")
        plan.build(turned(strip.place(middle, end + 2.8)), (5.8, 3.2), (2.5, 0.0), "flat", colours)
    cars = plan.rng("driveway cars", *strip.key)
    for d, chance in ((3.0, 0.05 + 0.7 * plan.config.cars), (end - 2.4, 0.04 + 0.6 * plan.config.cars)):
        if cars.random() < chance and (d == 3.0 or end > 8.5):
            park(plan, cars, turned(strip.place(middle, d)))


def _garden(plan: Plan, lot: Lot, house: Lot) -> None:
    """Path to the door, terrace, shed, walk, beds, hedges and fences, pool, trees."""
    rng = plan.rng("terrace", *lot.key)
    u = rng.random(7).tolist()
    back, front = lot.part(0, d0=house.d1), lot.part(1, d1=house.d0)
    if u[0] < 0.8:
        name, surface = ("paving", Surface.PAVING) if u[1] < 0.8 else ("gravel", Surface.GRAVEL)
        paved = house.inset((0.05 + 0.25 * u[2]) * house.width, 0.0)
        outline = paved._replace(d0=house.d1, d1=house.d1 + 2.0 + 2.5 * u[3]).outline()
        plan.patch("gardens", outline, plan.materials.pick(rng, name, 0.08), surface)
    if u[4] < 0.45 and back.depth > 8.0:
        colours = plan.materials.pick(rng, "roof", 0.1), plan.materials.pick(rng, "wall")
        hut = back.place(back.a0 + 2.5 + u[5] * (back.width - 5.0), back.d1 - 2.4)
        plan.build(hut, (3.4, 2.6), (2.1, 0.5), "gable" if u[5] < 0.5 else "flat", colours)
    gardens.path(plan, front, house.a0 + (0.25 + 0.5 * u[6]) * house.width)
    gardens.walk(plan, back.inset(0.0, 2.0))
    gardens.beds(plan, back)
    gardens.beds(plan, front.inset(0.0, 0.6))
    gardens.boundary(plan, lot, lot.a0)
    gardens.front_hedge(plan, lot)
    lots.pool(plan, back.part(d0=back.d0 + 4.0))
    gardens.trees(plan, back.inset(1.0, 0.0), 0.018 * back.depth * back.width, house=house)
    gardens.trees(plan, front.inset(1.0, 0.0), 0.6, (1.2, 2.6), house)


def terrace(plan: Plan, lot: Lot) -> None:
    """A row of joined houses with narrow gardens."""
    _lawn(plan, lot)
    rng = plan.rng("terrace row", *lot.key)
    u = rng.random(6).tolist()
    unit, setback = 6.2 + 2.2 * u[0], 3.0 + 2.0 * u[1]
    count = max(2, int((lot.width - 3.0) / unit))
    start = lot.a0 + 0.5 * (lot.width - count * unit)
    deep = min(9.0 + 2.5 * u[2], lot.depth - setback - 4.0)
    roof, palette = ("gable", "roof") if u[5] < 0.7 else ("flat", "flat roof")
    shared, heights = plan.materials.pick(rng, palette, 0.05), (5.0 + 1.5 * u[3], 2.2 + 1.5 * u[4])
    for k in range(count):
        v = rng.random(5).tolist()
        own = plan.materials.pick(rng, palette, 0.06), plan.materials.pick(rng, "wall")
        colours = (shared if v[1] < 0.65 else own[0], own[1])
        a = start + (k + 0.5) * unit
        place = lot.place(a, setback + 0.5 * deep + (1.2 if v[0] < 0.3 else 0.0))
        plan.build(place, (unit + 0.1, deep), heights, roof, colours, int(v[2] < 0.3), v[3] < 0.15, v[4])
        _narrow_garden(plan, lot.part(k, a0=a - 0.5 * unit, a1=a + 0.5 * unit), setback, setback + deep)


def _narrow_garden(plan: Plan, lot: Lot, setback: float, back: float) -> None:
    """Front yard or parking in front, terrace and lawn behind."""
    rng = plan.rng("lawn", *lot.key)
    middle, garden = 0.5 * (lot.a0 + lot.a1), lot._replace(d0=back)
    plan.patch("parcels", garden.outline(), plan.materials.pick(rng, "lawn", 0.1), Surface.LAWN)
    paving = plan.materials.pick(rng, "paving", 0.08)
    plan.patch("gardens", garden._replace(d1=back + 2.6).outline(), paving, Surface.PAVING)
    if rng.random() < 0.35:
        yard = lot._replace(d1=setback)
        plan.patch("gardens", yard.outline(), plan.materials.pick(rng, "paving", 0.08), Surface.PAVING)
        cars = plan.rng("driveway cars", *lot.key)
        if cars.random() < 0.05 + 0.6 * plan.config.cars and setback > 3.6:
            park(plan, cars, lot.place(middle, 2.6))
    gardens.path(plan, lot._replace(d1=setback), middle, 1.3)
    gardens.beds(plan, garden._replace(d0=back + 2.0))
    gardens.boundary(plan, lot, lot.a1)
    gardens.trees(plan, garden.inset(0.7, 0.0)._replace(d0=back + 3.5), 0.017 * lot.width * garden.depth, (1.1, 2.6))
