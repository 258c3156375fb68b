"""Clutter and car parks: pools, ponds, courts, containers, building sites, railway, rows of cars."""

import math

from rsnotes.scenes.plan import Building, Frontage, Plan, Store, Tree, blob, box
from rsnotes.scenes.roads import make_car
from rsnotes.scenes.surfaces import Surface


def special(plan: Plan, front: Frontage, a0: float, a1: float, depth: float, key: tuple[int, ...]) -> bool:
    """Now and then a whole parcel is something else; whether it was."""
    rng = plan.rng("special", *key)
    u = rng.random(3).tolist()
    clutter, parking = 0.10 * plan.config.clutter, 0.005 + 0.12 * plan.config.cars
    if u[0] < clutter:
        kinds = (court, building_site, containers, pond)
        kinds[int(u[1] * len(kinds))](plan, front, a0, a1, 0.0, depth, key)
        return True
    if u[0] > 1.0 - parking and plan.on.car_rows:
        car_park(plan, front, a0, a1, 0.0, depth, key)
        return True
    return False


def pool(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """A swimming pool with a paved rim, in some back gardens."""
    rng = plan.rng("pool", *key)
    u = rng.random(6).tolist()
    if u[0] > 0.3 * plan.config.clutter or d1 - d0 < 6.0 or a1 - a0 < 8.0:
        return
    x, y, angle = front.place(a0 + 4.0 + u[1] * (a1 - a0 - 8.0), d0 + 2.5 + u[2] * (d1 - d0 - 5.0))
    length, width = 5.0 + 4.0 * u[3], 3.0 + 1.8 * u[4]
    plan.patch(
        "gardens", box(x, y, angle, length + 1.8, width + 1.8), plan.materials.pick(rng, "paving"), Surface.PAVING
    )
    outline = blob(rng, x, y, 0.42 * (length + width), 0.15) if u[5] < 0.25 else box(x, y, angle, length, width)
    plan.patch("gardens", outline, plan.materials.pick(rng, "pool"), Surface.WATER)


def pond(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """A meadow with a pond and trees at its shore."""
    rng = plan.rng("pond", *key)
    plan.patch("parcels", front.area(a0, a1, d0, d1), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    x, y, _ = front.place(0.5 * (a0 + a1), 0.5 * (d0 + d1))
    radius = rng.uniform(0.26, 0.4) * min(a1 - a0, d1 - d0)
    plan.patch("gardens", blob(rng, x, y, radius + 0.8, 0.3), plan.materials.pick(rng, "soil"), Surface.SOIL)
    plan.patch("gardens", blob(rng, x, y, radius, 0.3), plan.materials.pick(rng, "pond"), Surface.WATER)
    for _ in range(rng.poisson(5.0 * plan.config.trees)):
        turn, r = rng.uniform(0.0, 2.0 * math.pi), rng.uniform(1.2, 3.2)
        plan.trees.append(
            Tree(x + 1.4 * radius * math.cos(turn), y + 1.4 * radius * math.sin(turn), r, 2.2 * r + 1.0, False)
        )


def court(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """A sports court with white lines on a lawn."""
    rng = plan.rng("court", *key)
    plan.patch("parcels", front.area(a0, a1, d0, d1), plan.materials.pick(rng, "lawn"), Surface.LAWN)
    x, y, angle = front.place(0.5 * (a0 + a1), 0.5 * (d0 + d1))
    width, length = min(a1 - a0 - 2.0, rng.uniform(11.0, 16.0)), min(d1 - d0 - 3.0, rng.uniform(18.0, 28.0))
    colour = plan.materials.pick(rng, "court")
    line = plan.materials.pick(rng, "marking")
    plan.patch("gardens", box(x, y, angle, width, length), colour, Surface.COURT)
    if not plan.on.markings:
        return
    for share in (0.84, 0.82):
        plan.patch("markings", box(x, y, angle, share * width, share * length), line if share == 0.84 else colour, None)
    plan.patch("markings", box(x, y, angle, 0.84 * width, 0.35), line, None)
    plan.patch("markings", box(x, y, angle, 0.3, 0.5 * length), line, None)


def containers(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """Containers in rows on gravel or asphalt."""
    rng = plan.rng("containers", *key)
    name, surface = ("gravel", Surface.GRAVEL) if rng.random() < 0.5 else ("asphalt", Surface.ASPHALT)
    plan.patch("parcels", front.area(a0, a1, d0, d1), plan.materials.pick(rng, name), surface)
    d = d0 + 2.5
    while d < d1 - 3.5:
        a = a0 + 2.0
        while a < a1 - 2.0:
            u = rng.random(3).tolist()
            if u[0] < 0.72:
                x, y, angle = front.place(a, d + 3.0)
                height = 2.6 if u[1] < 0.7 else 5.2
                plan.stores.append(
                    Store(x, y, angle + 1.5708, 6.1, 2.45, height, plan.materials.pick(rng, "container", 0.1))
                )
            a += 2.7 if u[2] < 0.8 else 5.0
        d += 6.6 if rng.random() < 0.5 else 10.5


def building_site(
    plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]
) -> None:
    """Bare ground with heaps, stacks, a pit and tracks."""
    rng = plan.rng("site", *key)
    ground = plan.materials.pick(rng, "site")
    plan.patch("parcels", front.area(a0, a1, d0, d1), ground, Surface.SITE)
    for _ in range(5):
        u = rng.random(4).tolist()
        x, y, _ = front.place(a0 + u[0] * (a1 - a0), d0 + u[1] * (d1 - d0))
        gain = 0.75 + 0.45 * u[2]
        plan.patch(
            "gardens", blob(rng, x, y, 1.5 + 3.0 * u[3], 0.35), tuple(min(gain * c, 255.0) for c in ground), None
        )
    if rng.random() < 0.6:  # the pit and its slab
        x, y, angle = front.place(0.5 * (a0 + a1), d0 + 0.5 * (d1 - d0))
        plan.patch("gardens", box(x, y, angle, 0.55 * (a1 - a0), 0.4 * (d1 - d0)), tuple(0.7 * c for c in ground), None)
        plan.patch(
            "gardens", box(x, y, angle, 0.4 * (a1 - a0), 0.3 * (d1 - d0)), plan.materials.pick(rng, "paving"), None
        )
    for _ in range(rng.integers(2, 6)):
        u = rng.random(5).tolist()
        x, y, angle = front.place(a0 + 2.0 + u[0] * (a1 - a0 - 4.0), d0 + 2.0 + u[1] * (d1 - d0 - 4.0))
        colour = plan.materials.pick(rng, "container" if u[2] < 0.4 else "site", 0.15)
        plan.stores.append(
            Store(x, y, angle + 3.0 * u[3], 1.5 + 3.5 * u[4], 1.2 + 1.4 * u[2], 0.8 + 1.6 * u[3], colour)
        )


def railway(plan: Plan, front: Frontage, d0: float, key: tuple[int, ...]) -> None:
    """Two tracks on ballast along the whole frontage."""
    rng = plan.rng("railway", *key)
    plan.patch(
        "parcels", front.area(0.0, front.length, d0, d0 + 9.0), plan.materials.pick(rng, "ballast"), Surface.RAIL
    )
    sleeper, rail = (96.0, 84.0, 74.0, 90.0), (150.0, 140.0, 132.0, 120.0)
    for track in (2.4, 6.6):
        a = 0.3
        while a < front.length:
            x, y, angle = front.place(a, d0 + track)
            plan.patch("markings", box(x, y, angle, 0.35, 2.5), sleeper, None)
            a += 1.1
        for gauge in (-0.75, 0.75):
            d = d0 + track + gauge
            plan.patch("markings", front.area(0.0, front.length, d - 0.12, d + 0.12), rail, None)


def car_park(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """Rows of bays, with markings, islands with trees, and cars in most."""
    rng = plan.rng("car park", *key)
    plan.patch("parcels", front.area(a0, a1, d0, d1), plan.materials.pick(rng, "asphalt"), Surface.ASPHALT)
    if rng.random() < 0.5:
        plan.patch("gardens", front.area(a0, a1, d1 - 2.0, d1), plan.materials.pick(rng, "lawn"), Surface.LAWN)
    line, taken = plan.materials.pick(rng, "marking"), 0.2 + 0.7 * plan.config.cars
    d, row = d0 + 1.0, 0
    while d < d1 - 6.0:
        a = a0 + 1.6
        while a < a1 - 1.4:
            u = rng.random(4).tolist()
            if plan.on.markings:
                x, y, angle = front.place(a - 1.28, d + 2.4)
                plan.patch("markings", box(x, y, angle, 0.2, 4.8), line, None)
            if u[0] < 0.06:
                x, y, angle = front.place(a, d + 2.4)
                plan.patch("gardens", box(x, y, angle, 2.3, 4.6), plan.materials.pick(rng, "lawn"), Surface.LAWN)
                if u[1] < plan.config.trees + 0.3:
                    r = 1.6 + 1.4 * u[2]
                    plan.trees.append(Tree(x, y, r, 2.2 * r + 1.5, False))
            elif u[1] < taken:
                x, y, angle = front.place(a + 0.3 * (u[2] - 0.5), d + 2.4 + 0.8 * (u[3] - 0.5))
                make_car(plan, rng, x, y, angle + 1.5708)
            a += 2.56
        d += 5.0 if row % 2 == 1 else 11.0
        row += 1


def shed(plan: Plan, rng, x: float, y: float, angle: float) -> None:
    """A small hut."""
    colour, wall = plan.materials.pick(rng, "roof", 0.1), plan.materials.pick(rng, "wall")
    plan.buildings.append(Building(x, y, angle, 3.6, 2.8, 2.1, 0.6, "gable", colour, wall, 0, 0, 0))
