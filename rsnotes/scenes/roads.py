"""Streets on the plan: pavements, carriageways, markings, and the cars and trees along them."""

from rsnotes.scenes.plan import Car, Plan, Tree, blob, box
from rsnotes.scenes.streets import Street
from rsnotes.scenes.surfaces import Surface


def lay_streets(plan: Plan, streets: list[Street]) -> None:
    """Place all streets; ``streets`` come narrowest first, so that main roads run through."""
    colours = {}
    for street in streets:
        rng = plan.rng("road colour", *street.key)
        # one resurfacing campaign a level and quarter: neighbours often share a colour
        town = plan.rng("road colour", street.level)
        colours[street.key] = plan.materials.pick(town if rng.random() < 0.6 else rng, "asphalt", 0.04)
        if street.pavement > 0.0:
            kerb = plan.materials.pick(plan.rng("kerb", street.level), "kerb", 0.04)
            outline = street.band(plan.frame, 0.5 * street.width + street.pavement)
            plan.patch("roads", outline, kerb, Surface.PAVING)
    for street in streets:
        plan.patch("roads", street.band(plan.frame, 0.5 * street.width), colours[street.key], Surface.ASPHALT)
        _junction(plan, street, colours[street.key])
        _repairs(plan, street, colours[street.key])
    for street in streets:
        if plan.on.markings and street.level < 2 and plan.on.road_hierarchy:
            _markings(plan, street)
        _moving_cars(plan, street)
        if plan.on.parked_cars:
            _parked_cars(plan, street)
        if plan.on.overhanging_trees:
            _street_trees(plan, street)


def _junction(plan: Plan, street: Street, colour: tuple) -> None:
    """Rounded ends, so that kerbs turn corners."""
    for along in (street.start, street.end):
        x, y, _ = plan.frame.place(*street.point(along, 0.0))
        rng = plan.rng("junction", *street.key, int(along))
        plan.patch("roads", blob(rng, x, y, 0.72 * street.width, 0.02), colour, Surface.ASPHALT)


def _repairs(plan: Plan, street: Street, colour: tuple) -> None:
    """Patches of younger or older asphalt: trenches and squares."""
    rng = plan.rng("repairs", *street.key)
    for _ in range(rng.poisson((street.end - street.start) / 45.0)):
        along, aside = rng.uniform(street.start, street.end), rng.uniform(-0.3, 0.3) * street.width
        length, width, gain = rng.uniform(1.5, 16.0), rng.uniform(0.8, 2.6), rng.uniform(0.78, 1.2)
        x, y, angle = plan.frame.place(*street.point(along, aside))
        outline = box(x, y, angle + (0.0 if street.axis == 0 else 1.5708), length, width)
        plan.patch("roads", outline, tuple(min(gain * c, 255.0) for c in colour), None)


def _markings(plan: Plan, street: Street) -> None:
    rng = plan.rng("markings", *street.key)
    colour = plan.materials.pick(rng, "marking", 0.03)
    step = 7.0 if street.level == 0 else 9.0
    along = street.start + 9.0
    while along < street.end - 9.0:
        x, y, angle = plan.frame.place(*street.point(along, 0.0))
        angle += 0.0 if street.axis == 0 else 1.5708
        plan.patch("markings", box(x, y, angle, 0.5 * step, 0.28), colour, None)
        along += step
    for along in (street.start + 8.0, street.end - 8.0):
        if rng.random() < 0.5:
            for k in range(int(street.width / 1.1)):
                x, y, angle = plan.frame.place(*street.point(along, (k + 0.7) * 1.1 - 0.5 * street.width))
                angle += 0.0 if street.axis == 0 else 1.5708
                plan.patch("markings", box(x, y, angle, 3.0, 0.5), colour, None)


def make_car(plan: Plan, rng, x: float, y: float, angle: float) -> None:
    """Place a car, now and then a van, with a little disorder."""
    van = rng.random() < 0.12
    u = rng.random(4).tolist()
    length, width, height = (5.6, 2.1, 2.3) if van else (4.1 + 0.8 * u[0], 1.75 + 0.2 * u[1], 1.5)
    angle += 0.08 * (u[2] - 0.5) + (3.1416 if u[3] < 0.5 else 0.0)
    plan.cars.append(Car(x, y, angle, length, width, height, plan.materials.pick(rng, "car", 0.08)))


def _place_car(plan: Plan, rng, street: Street, along: float, aside: float) -> None:
    x, y, angle = plan.frame.place(*street.point(along, aside))
    make_car(plan, rng, x, y, angle + (0.0 if street.axis == 0 else 1.5708))


def _moving_cars(plan: Plan, street: Street) -> None:
    rng = plan.rng("traffic", *street.key)
    gap = (26.0, 45.0, 80.0)[street.level] / (0.12 + 1.5 * plan.config.cars)
    for lane in (-0.22, 0.22):
        along = street.start + rng.uniform(6.0, 6.0 + gap)
        while along < street.end - 6.0:
            _place_car(plan, rng, street, along, lane * street.width)
            along += 8.0 + rng.exponential(gap)


def _parked_cars(plan: Plan, street: Street) -> None:
    """Cars along the kerb, in runs, because driveways and corners are kept free."""
    rng = plan.rng("parked", *street.key)
    share = (0.35, 0.8, 1.0)[street.level] * (0.02 + 0.95 * plan.config.cars)
    for side in (-1.0, 1.0):
        along, taken = street.start + 10.0, False
        while along < street.end - 10.0:
            if rng.random() < 0.28:
                taken = bool(rng.random() < share)
            if taken:
                _place_car(plan, rng, street, along, side * (0.5 * street.width - 1.0))
            along += 5.4 + 0.9 * rng.random()


def _street_trees(plan: Plan, street: Street) -> None:
    rng = plan.rng("street trees", *street.key)
    for side in (-1.0, 1.0):
        if rng.random() > 0.15 + 0.75 * plan.config.trees:
            continue
        step = rng.uniform(8.0, 15.0)
        along = street.start + 9.0
        while along < street.end - 8.0:
            if rng.random() < 0.35 + 0.5 * plan.config.trees:
                aside = side * (0.5 * street.width + 0.5 * street.pavement + 0.8)
                x, y, _ = plan.frame.place(*street.point(along + rng.uniform(-1.5, 1.5), aside))
                radius = rng.uniform(2.0, 4.0)
                plan.trees.append(Tree(x, y, radius, 2.2 * radius + 1.5, False))
            along += step
