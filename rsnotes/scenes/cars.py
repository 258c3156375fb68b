"""Cars on the plan: one, a row along a kerb, a car park."""

import math

import numpy as np

from rsnotes.scenes.plan import Car, Lot, Plan, Tree, box, turned
from rsnotes.scenes.streets import Street
from rsnotes.scenes.surfaces import Surface


def park(plan: Plan, rng: np.random.Generator, place: tuple[float, float, float]) -> None:
    """Place a car, now and then a van, along a direction or against it, a little askew."""
    x, y, angle = place
    van, *u = rng.random(5).tolist()
    length, width, height = (5.6, 2.1, 2.3) if van < 0.12 else (4.1 + 0.8 * u[0], 1.75 + 0.2 * u[1], 1.5)
    angle += 0.08 * (u[2] - 0.5) + (math.pi if u[3] < 0.5 else 0.0)
    plan.cars.append(Car(x, y, angle, length, width, height, plan.materials.pick(rng, "car", 0.08)))


def on_street(plan: Plan, street: Street, along: float, aside: float) -> tuple[float, float, float]:
    """World x, y and the street's direction at a point of it."""
    place = plan.frame.place(*street.point(along, aside))
    return place if street.axis == 0 else turned(place)


def traffic(plan: Plan, street: Street) -> None:
    """Cars on their way, in both lanes."""
    rng = plan.rng("traffic", *street.key)
    gap = (26.0, 45.0, 80.0)[street.level] / (0.12 + 1.5 * plan.config.cars)
    for lane in (-0.22, 0.22):
        along = street.start + rng.uniform(6.0, 6.0 + gap)
        while along < street.end - 6.0:
            park(plan, rng, on_street(plan, street, along, lane * street.width))
            along += 8.0 + rng.exponential(gap)


def along_kerbs(plan: Plan, street: Street) -> None:
    """Parked cars in runs, because driveways and corners are kept free."""
    rng = plan.rng("parked", *street.key)
    share = (0.35, 0.8, 1.0)[street.level] * (0.02 + 0.95 * plan.config.cars)
    for side in (-1.0, 1.0):
        along, taken = street.start + 10.0, False
        while along < street.end - 10.0:
            if rng.random() < 0.28:
                taken = bool(rng.random() < share)
            if taken:
                park(plan, rng, on_street(plan, street, along, side * (0.5 * street.width - 1.0)))
            along += 5.4 + 0.9 * rng.random()


def car_park(plan: Plan, lot: Lot) -> None:
    """Rows of bays, back to back, with lanes between, a grass edge and cars in many."""
    rng = plan.rng("car park", *lot.key)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "asphalt"), Surface.ASPHALT)
    if rng.random() < 0.5:
        plan.patch("gardens", lot._replace(d0=lot.d1 - 2.0).outline(), plan.materials.pick(rng, "lawn"), Surface.LAWN)
    d, row = lot.d0 + 1.0, 0
    while d < lot.d1 - 6.0:
        _bays(plan, rng, lot, d + 2.4)
        d += 5.0 if row % 2 == 1 else 11.0
        row += 1


def _bays(plan: Plan, rng: np.random.Generator, lot: Lot, d: float) -> None:
    """One row of bays around the depth ``d``: lines, cars, and an island with a tree now and then."""
    line, taken, a = plan.materials.pick(rng, "marking"), 0.2 + 0.7 * plan.config.cars, lot.a0 + 1.6
    while a < lot.a1 - 1.4:
        u = rng.random(4).tolist()
        if plan.on.markings:
            plan.patch("markings", box(*lot.place(a - 1.28, d), 0.2, 4.8), line, None)
        if u[0] < 0.06:
            x, y, angle = lot.place(a, d)
            plan.patch("gardens", box(x, y, angle, 2.3, 4.6), plan.materials.pick(rng, "lawn"), Surface.LAWN)
            if u[1] < plan.config.trees + 0.3:
                plan.trees.append(Tree(x, y, 1.6 + 1.4 * u[2], 5.0 + 3.1 * u[2], u[3]))
        elif u[1] < taken:
            park(plan, rng, turned(lot.place(a + 0.3 * (u[2] - 0.5), d + 0.8 * (u[3] - 0.5))))
        a += 2.56
