"""Industry: halls on paved yards, car parks, containers, tracks."""

from rsnotes.scenes import gardens, lots
from rsnotes.scenes.plan import Building, Frontage, Plan, Store
from rsnotes.scenes.roads import make_car
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface


def fill(plan: Plan, block: Block) -> None:
    """Two to four plots along the longer side, each with halls and a yard."""
    wide = block.s1 - block.s0 >= block.t1 - block.t0
    front = Frontage(plan.frame, block, 0 if wide else 1)
    rng = plan.rng("industry", *block.key)
    u = rng.random(8).tolist()
    end = front.depth
    plan.patch("parcels", front.area(0.0, front.length, 0.0, end), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    if u[0] < 0.5 * plan.config.clutter:
        lots.railway(plan, front, end - 9.0, block.key)
        end -= 10.0
    a, index = 0.0, 0
    while front.length - a > 16.0:
        width = 26.0 + 24.0 * rng.random()
        if front.length - a - width < 16.0:
            width = front.length - a
        key = (*block.key, index)
        if not lots.special(plan, front, a + 1.0, a + width - 1.0, end - 1.0, key):
            _plot(plan, front, a + 0.8, a + width - 0.8, end - 0.8, key)
        a += width
        index += 1


def _plot(plan: Plan, front: Frontage, a0: float, a1: float, depth: float, key: tuple[int, ...]) -> None:
    rng = plan.rng("plot", *key)
    u = rng.random(10).tolist()
    name, surface = [("asphalt", Surface.ASPHALT), ("paving", Surface.PAVING), ("gravel", Surface.GRAVEL)][
        int(3 * u[0] ** 1.5)
    ]
    verge = 1.0 + 4.0 * u[1]
    plan.patch("parcels", front.area(a0, a1, verge, depth), plan.materials.pick(rng, name), surface)
    plan.patch(
        "gardens",
        front.area(a0 + 3.0, a0 + 9.0, 0.0, verge + 0.5),
        plan.materials.pick(rng, "asphalt"),
        Surface.ASPHALT,
    )
    yard = verge + 6.0 + 12.0 * u[2]
    hall_end = depth - 1.5 - 6.0 * u[3]
    length, width = (a1 - a0) - 3.0 - 6.0 * u[4], hall_end - yard
    if width > 6.0:
        x, y, angle = front.place(0.5 * (a0 + a1), yard + 0.5 * width)
        roof = "hall" if u[5] < 0.6 else ("flat" if u[5] < 0.85 else "gable")
        colour, wall = plan.materials.pick(rng, "hall roof", 0.08), plan.materials.pick(rng, "wall", 0.08)
        plan.buildings.append(
            Building(
                x,
                y,
                angle,
                length,
                width,
                5.0 + 5.0 * u[6],
                1.8,
                roof,
                colour,
                wall,
                0,
                int(3 * u[7] > 2.2),
                int(u[8] * 1e6),
            )
        )
        if u[9] < 0.6:  # the office in front
            x, y, angle = front.place(a1 - 7.0, yard - 2.5)
            plan.buildings.append(
                Building(x, y, angle, 11.0, 7.0, 6.5, 0.0, "flat", plan.materials.pick(rng, "flat roof"), wall, 0, 0, 3)
            )
    _yard(plan, front, (a0, a1), (verge, yard), depth, key)
    gardens.trees(plan, front, (a0, a1, 0.0, verge + 1.0), 0.10 * (a1 - a0), (*key, 0), (1.6, 3.4))
    gardens.trees(plan, front, (a0, a0 + 2.0, verge, depth), 0.045 * depth, (*key, 1), (1.6, 3.6))
    gardens.trees(plan, front, (a0, a1, depth - 2.0, depth + 1.0), 0.09 * (a1 - a0), (*key, 2), (1.6, 3.8))


def _yard(plan: Plan, front: Frontage, plot, yard, depth: float, key: tuple[int, ...]) -> None:
    """Cars in a row, containers, tanks and heaps between street and hall."""
    (a0, a1), (d0, d1) = plot, yard
    rng = plan.rng("industry yard", *key)
    u = rng.random(6).tolist()
    if plan.on.car_rows and d1 - d0 > 7.0 and u[0] < 0.1 + 0.8 * plan.config.cars:
        lots.car_park(plan, front, a0 + 10.0, a1 - 1.0, d0, d0 + 7.0, key)
    for _ in range(rng.poisson(8.0 * plan.config.clutter * (a1 - a0) / 30.0)):
        v = rng.random(4).tolist()
        x, y, angle = front.place(a0 + 2.0 + v[0] * (a1 - a0 - 4.0), depth - 1.6 - 2.5 * v[1])
        angle += 0.0 if v[2] < 0.6 else 1.5708
        from_palette = plan.materials.pick(rng, "container", 0.1)
        plan.stores.append(_container(x, y, angle, from_palette))
    if u[1] < 0.25:
        x, y, _ = front.place(a0 + 4.0, d1 + 3.0)
        plan.buildings.append(
            Building(
                x,
                y,
                0.0,
                6.0,
                6.0,
                7.0,
                0.0,
                "round",
                plan.materials.pick(rng, "hall roof"),
                plan.materials.pick(rng, "wall"),
                0,
                0,
                0,
            )
        )
    cars = plan.rng("yard cars", *key)
    for _ in range(cars.poisson(0.1 + 5.0 * plan.config.cars)):
        x, y, angle = front.place(cars.uniform(a0 + 2.0, a1 - 2.0), cars.uniform(d0 + 1.0, max(d1 - 1.5, d0 + 1.5)))
        make_car(plan, cars, x, y, angle + (1.5708 if cars.random() < 0.6 else 0.0))


def _container(x: float, y: float, angle: float, colour):
    return Store(x, y, angle, 6.1, 2.45, 2.6, colour)
