"""Streets on the plan: pavements, carriageways, repairs, markings, cars and trees."""

from rsnotes.scenes import cars
from rsnotes.scenes.materials import Colour, shade
from rsnotes.scenes.plan import Plan, Tree, blob, box
from rsnotes.scenes.streets import Street
from rsnotes.scenes.surfaces import Surface


def lay_streets(plan: Plan, streets: list[Street]) -> None:
    """Place all streets; ``streets`` come narrowest first, so that main roads run through."""
    for street in streets:
        if street.pavement > 0.0:
            kerb = plan.materials.pick(plan.rng("kerb", street.level), "kerb", 0.04)
            plan.patch("roads", street.band(plan.frame, 0.5 * street.width + street.pavement), kerb, Surface.PAVING)
    for street in streets:
        colour = _asphalt(plan, street)
        plan.patch("roads", street.band(plan.frame, 0.5 * street.width), colour, Surface.ASPHALT)
        _ends(plan, street, colour)
        _repairs(plan, street, colour)
    for street in streets:
        if plan.on.markings and street.level < 2:
            _centre_line(plan, street)
            _crossings(plan, street)
        cars.traffic(plan, street)
        if plan.on.parked_cars:
            cars.along_kerbs(plan, street)
        if plan.on.overhanging_trees:
            _street_trees(plan, street)


def _asphalt(plan: Plan, street: Street) -> Colour:
    """Colour of the carriageway; streets of one level often share it, as if resurfaced together."""
    own = plan.rng("asphalt", *street.key)
    return plan.materials.pick(own if own.random() < 0.4 else plan.rng("asphalt", street.level), "asphalt", 0.04)


def _ends(plan: Plan, street: Street, colour: Colour) -> None:
    """Rounded ends, so that kerbs turn corners."""
    for k, along in enumerate((street.start, street.end)):
        x, y, _ = plan.frame.place(*street.point(along, 0.0))
        outline = blob(plan.rng("ends", *street.key, k), x, y, 0.72 * street.width, 0.02)
        plan.patch("roads", outline, colour, Surface.ASPHALT)


def _repairs(plan: Plan, street: Street, colour: Colour) -> None:
    """Trenches and squares of younger or older asphalt."""
    rng = plan.rng("repairs", *street.key)
    for _ in range(rng.poisson((street.end - street.start) / 45.0)):
        along, aside = rng.uniform(street.start, street.end), rng.uniform(-0.3, 0.3) * street.width
        length, width, gain = rng.uniform(1.5, 16.0), rng.uniform(0.8, 2.6), rng.uniform(0.78, 1.2)
        place = cars.on_street(plan, street, along, aside)
        plan.patch("roads", box(*place, length, width), shade(colour, gain), None)


def _centre_line(plan: Plan, street: Street) -> None:
    """A broken line along the middle."""
    colour = plan.materials.pick(plan.rng("centre line", *street.key), "marking", 0.03)
    step, along = (7.0, 9.0)[street.level], street.start + 9.0
    while along < street.end - 9.0:
        plan.patch("markings", box(*cars.on_street(plan, street, along, 0.0), 0.5 * step, 0.28), colour, None)
        along += step


def _crossings(plan: Plan, street: Street) -> None:
    """Zebra crossings at some ends."""
    rng = plan.rng("crossings", *street.key)
    colour = plan.materials.pick(rng, "marking", 0.03)
    for along in (street.start + 8.0, street.end - 8.0):
        if rng.random() < 0.5:
            for k in range(int(street.width / 1.1)):
                place = cars.on_street(plan, street, along, (k + 0.7) * 1.1 - 0.5 * street.width)
                plan.patch("markings", box(*place, 3.0, 0.5), colour, None)


def _street_trees(plan: Plan, street: Street) -> None:
    """Rows of trees at the kerb, their crowns over the carriageway."""
    rng = plan.rng("street trees", *street.key)
    for side in (-1.0, 1.0):
        if rng.random() > 0.15 + 0.75 * plan.config.trees:
            continue
        step, along = rng.uniform(8.0, 15.0), street.start + 9.0
        while along < street.end - 8.0:
            u = rng.random(3).tolist()
            if u[0] < 0.35 + 0.5 * plan.config.trees:
                aside = side * (0.5 * street.width + 0.5 * street.pavement + 0.8)
                x, y, _ = cars.on_street(plan, street, along + 3.0 * (u[1] - 0.5), aside)
                plan.trees.append(Tree(x, y, 2.0 + 2.3 * u[2], 5.9 + 4.8 * u[2], u[1]))
            along += step
