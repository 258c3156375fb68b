"""Suburb: detached and terraced houses on parcels with gardens."""

from rsnotes.scenes import gardens, lots
from rsnotes.scenes.plan import Building, Frontage, Plan
from rsnotes.scenes.roads import make_car
from rsnotes.scenes.streets import Block
from rsnotes.scenes.surfaces import Surface


def fill(plan: Plan, block: Block) -> None:
    """Two rows of parcels back to back, or one where the block is shallow."""
    wide = block.s1 - block.s0 >= block.t1 - block.t0
    rng = plan.rng("suburb", *block.key)
    u = rng.random(4).tolist()
    terraces = u[0] < 0.35
    for side in (0, 2) if wide else (1, 3):
        front = Frontage(plan.frame, block, side)
        share = 0.5 if front.depth > 34.0 else 1.0
        if share == 1.0 and side in (1, 2):
            continue
        depth, a, index = share * front.depth, 0.0, 0
        while front.length - a > 9.0:
            draw = rng.random(2).tolist()
            width = (15.0 + 9.0 * draw[0]) if not terraces else 26.0 + 16.0 * draw[0]
            if front.length - a - width < 9.0:
                width = front.length - a
            key = (*block.key, side, index)
            far = plan.beyond(*front.place(a + 0.5 * width, 0.5 * depth)[:2], 0.8 * (width + depth))
            a, index = a + width, index + 1
            if not far and not lots.special(plan, front, a - width, a, depth, key):
                (_terrace if terraces and width > 15.0 else detached)(plan, front, a - width, a, depth, key)


def _ground(plan: Plan, front: Frontage, a0: float, a1: float, depth: float, key: tuple[int, ...]) -> None:
    rng = plan.rng("lawn", *key)
    name, surface = ("lawn", Surface.LAWN) if rng.random() < 0.8 else ("meadow", Surface.MEADOW)
    plan.patch("parcels", front.area(a0, a1, 0.0, depth), plan.materials.pick(rng, name, 0.09), surface)


def _roof(plan: Plan, rng, pitched: float) -> tuple[str, str]:
    u = rng.random()
    if u < pitched:
        return ("gable", "roof") if u < 0.65 * pitched else ("hip", "roof")
    return "flat", "flat roof"


def detached(plan: Plan, front: Frontage, a0: float, a1: float, depth: float, key: tuple[int, ...]) -> None:
    _ground(plan, front, a0, a1, depth, key)
    rng = plan.rng("house", *key)
    u = rng.random(14).tolist()
    width = a1 - a0
    setback = 3.5 + 3.5 * u[0]
    length, deep = min(9.0 + 6.0 * u[1], width - 5.0), min(8.0 + 4.0 * u[2], depth - setback - 4.0)
    right = u[3] < 0.5  # side of the driveway
    centre = a0 + 1.8 + 0.5 * length if right else a1 - 1.8 - 0.5 * length
    x, y, angle = front.place(centre, setback + 0.5 * deep)
    roof, palette = _roof(plan, rng, 0.78)
    colour, wall = plan.materials.pick(rng, palette, 0.08), plan.materials.pick(rng, "wall", 0.08)
    angle += 0.06 * (u[4] - 0.5)
    turned = u[5] < 0.35
    eave, rise = 3.0 + 3.2 * u[6], 2.0 + 2.2 * u[7]
    dormers, panels = int(u[8] * 3.2) if roof == "gable" else 0, int(u[9] < 0.22)
    size = (deep, length) if turned else (length, deep)
    house = Building(
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
        panels,
        int(u[10] * 1e6),
    )
    plan.buildings.append(house)
    if u[11] < 0.4:  # a wing makes an L
        wx, wy, _ = front.place(centre + 0.28 * length * (1 if u[12] < 0.5 else -1), setback + deep + 1.6)
        plan.buildings.append(
            Building(
                wx,
                wy,
                angle + 1.5708,
                6.0,
                0.45 * length,
                eave,
                0.8 * rise,
                roof,
                colour,
                wall,
                0,
                0,
                int(u[10] * 1e6) + 1,
            )
        )
    drive = (a1 - 3.6, a1 - 0.5) if right else (a0 + 0.5, a0 + 3.6)
    _driveway(plan, front, drive, setback, deep, key)
    gardens.path(plan, front, centre + (u[13] - 0.5) * 0.5 * length, 0.0, setback, 1.4, key)
    _back(plan, front, (a0, a1), (centre, length), setback + deep, depth, key)
    keep = (centre - 0.5 * length, centre + 0.5 * length, setback - 0.5, setback + deep + 0.5)
    gardens.trees(
        plan,
        front,
        (a0 + 1.0, a1 - 1.0, setback + deep, depth),
        0.022 * (depth - setback - deep) * width,
        (*key, 0),
        keep_off=keep,
    )
    gardens.trees(plan, front, (a0 + 1.0, a1 - 1.0, 1.0, setback), 0.6, (*key, 1), (1.2, 2.6), keep)


def _driveway(plan: Plan, front: Frontage, drive: tuple[float, float], setback: float, deep: float, key) -> None:
    """Driveway, garage at its end, a car on it."""
    rng = plan.rng("driveway", *key)
    u = rng.random(6).tolist()
    end = setback + 0.6 * deep
    name, surface = [("paving", Surface.PAVING), ("asphalt", Surface.ASPHALT), ("gravel", Surface.GRAVEL)][
        int(3 * u[0] ** 1.6)
    ]
    plan.patch("gardens", front.area(*drive, 0.0, end), plan.materials.pick(rng, name, 0.08), surface)
    x, y, angle = front.place(0.5 * sum(drive), end + 2.8)
    colour = plan.materials.pick(rng, "flat roof", 0.08)
    if u[1] < 0.75:
        plan.buildings.append(
            Building(
                x, y, angle + 1.5708, 5.8, 3.2, 2.5, 0.0, "flat", colour, plan.materials.pick(rng, "wall"), 0, 0, 0
            )
        )
    cars = plan.rng("driveway cars", *key)
    for d, chance in ((3.0, 0.05 + 0.7 * plan.config.cars), (end - 2.4, 0.04 + 0.6 * plan.config.cars)):
        if cars.random() < chance and (d == 3.0 or end > 8.5):
            x, y, angle = front.place(0.5 * sum(drive), d)
            make_car(plan, cars, x, y, angle + 1.5708)


def _back(plan: Plan, front: Frontage, parcel, house, back: float, depth: float, key) -> None:
    """Terrace, shed, walk, beds, hedges and fences."""
    (a0, a1), (centre, length) = parcel, house
    rng = plan.rng("terrace", *key)
    u = rng.random(6).tolist()
    if u[0] < 0.8:
        name, surface = ("paving", Surface.PAVING) if u[1] < 0.8 else ("gravel", Surface.GRAVEL)
        half = (0.2 + 0.25 * u[2]) * length
        plan.patch(
            "gardens",
            front.area(centre - half, centre + half, back, back + 2.0 + 2.5 * u[3]),
            plan.materials.pick(rng, name, 0.08),
            surface,
        )
    if u[4] < 0.45 and depth - back > 8.0:
        x, y, angle = front.place(a0 + 2.5 + u[5] * (a1 - a0 - 5.0), depth - 2.4)
        plan.buildings.append(
            Building(
                x,
                y,
                angle,
                3.4,
                2.6,
                2.1,
                0.5,
                "gable" if u[5] < 0.5 else "flat",
                plan.materials.pick(rng, "roof", 0.1),
                plan.materials.pick(rng, "wall"),
                0,
                0,
                0,
            )
        )
    gardens.garden_walk(plan, front, a0, a1, back + 3.0, depth - 2.0, key)
    gardens.beds(plan, front, a0, a1, back, depth, key)
    gardens.beds(plan, front, a0, a1, 0.8, 4.0, (*key, 1))
    gardens.boundary(plan, front, a0, depth, (*key, 0))
    gardens.front_hedge(plan, front, a0, a1, key)
    gardens.boundary(plan, front, a1, depth, (*key, 1)) if front.length - a1 < 1.0 else None
    lots.pool(plan, front, a0, a1, back + 4.0, depth, key)


def _terrace(plan: Plan, front: Frontage, a0: float, a1: float, depth: float, key: tuple[int, ...]) -> None:
    """A row of joined houses with narrow gardens."""
    rng = plan.rng("terrace row", *key)
    u = rng.random(6).tolist()
    unit = 6.2 + 2.2 * u[0]
    count = max(2, int((a1 - a0 - 3.0) / unit))
    start = a0 + 0.5 * (a1 - a0 - count * unit)
    setback, deep, eave, rise = 3.0 + 2.0 * u[1], 9.0 + 2.5 * u[2], 5.0 + 1.5 * u[3], 2.2 + 1.5 * u[4]
    deep = min(deep, depth - setback - 4.0)
    roof, palette = ("gable", "roof") if u[5] < 0.7 else ("flat", "flat roof")
    shared = plan.materials.pick(rng, palette, 0.05)
    _ground(plan, front, a0, a1, depth, key)
    for k in range(count):
        v = rng.random(5).tolist()
        a = start + (k + 0.5) * unit
        x, y, angle = front.place(a, setback + 0.5 * deep + 1.2 * (v[0] < 0.3))
        colour = shared if v[1] < 0.65 else plan.materials.pick(rng, palette, 0.06)
        plan.buildings.append(
            Building(
                x,
                y,
                angle,
                unit + 0.1,
                deep,
                eave,
                rise,
                roof,
                colour,
                plan.materials.pick(rng, "wall"),
                int(v[2] < 0.3),
                int(v[3] < 0.15),
                int(v[4] * 1e6),
            )
        )
        lawn = plan.rng("lawn", *key, k)
        plan.patch(
            "parcels",
            front.area(a - 0.5 * unit, a + 0.5 * unit, setback + deep, depth),
            plan.materials.pick(lawn, "lawn", 0.1),
            Surface.LAWN,
        )
        paved = lawn.random() < 0.5
        if paved:
            plan.patch(
                "gardens",
                front.area(a - 0.5 * unit, a + 0.5 * unit, 0.0, setback),
                plan.materials.pick(lawn, "paving", 0.08),
                Surface.PAVING,
            )
            cars = plan.rng("driveway cars", *key, k)
            if cars.random() < 0.05 + 0.6 * plan.config.cars and setback > 3.6:
                make_car(plan, cars, *front.place(a, 2.6))
        gardens.path(plan, front, a, 0.0, setback, 1.3, (*key, k))
        plan.patch(
            "gardens",
            front.area(a - 0.5 * unit, a + 0.5 * unit, setback + deep, setback + deep + 2.6),
            plan.materials.pick(lawn, "paving", 0.08),
            Surface.PAVING,
        )
        gardens.beds(plan, front, a - 0.5 * unit, a + 0.5 * unit, setback + deep + 2.0, depth, (*key, k))
        gardens.boundary(plan, front, a + 0.5 * unit, depth, (*key, k))
        gardens.trees(
            plan,
            front,
            (a - 0.4 * unit, a + 0.4 * unit, setback + deep + 3.5, depth),
            0.02 * unit * (depth - setback - deep),
            (*key, k),
            (1.1, 2.6),
        )
