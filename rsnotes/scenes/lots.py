"""Parcels that are something else: pools, ponds, sports courts, containers, building sites, railway."""

import math

import numpy as np

from rsnotes.scenes.cars import car_park
from rsnotes.scenes.materials import shade
from rsnotes.scenes.plan import Frontage, Lot, Plan, Store, Tree, blob, box, turned
from rsnotes.scenes.surfaces import Surface


def special(plan: Plan, lot: Lot) -> bool:
    """Now and then a whole parcel is something else; whether it was."""
    u = plan.rng("special", *lot.key).random(2).tolist()
    if u[0] < 0.10 * plan.config.clutter:
        kinds = (court, building_site, containers, pond)
        kinds[int(u[1] * len(kinds))](plan, lot)
        return True
    if u[0] > 0.995 - 0.12 * plan.config.cars and plan.on.car_rows:
        car_park(plan, lot)
        return True
    return False


def pool(plan: Plan, lot: Lot) -> None:
    """A swimming pool with a paved rim, in some back gardens."""
    rng = plan.rng("pool", *lot.key)
    u = rng.random(6).tolist()
    if u[0] > 0.3 * plan.config.clutter or lot.depth < 6.0 or lot.width < 8.0:
        return
    x, y, angle = lot.inset(4.0, 2.5).share(u[1], u[2])
    length, width = 5.0 + 4.0 * u[3], 3.0 + 1.8 * u[4]
    rim = plan.materials.pick(rng, "paving")
    plan.patch("gardens", box(x, y, angle, length + 1.8, width + 1.8), rim, Surface.PAVING)
    outline = blob(rng, x, y, 0.42 * (length + width), 0.15) if u[5] < 0.25 else box(x, y, angle, length, width)
    plan.patch("gardens", outline, plan.materials.pick(rng, "pool"), Surface.WATER)


def pond(plan: Plan, lot: Lot) -> None:
    """A meadow with a pond and trees at its shore."""
    rng = plan.rng("pond", *lot.key)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "meadow"), Surface.MEADOW)
    x, y, _ = lot.share(0.5, 0.5)
    radius = rng.uniform(0.26, 0.4) * min(lot.width, lot.depth)
    plan.patch("gardens", blob(rng, x, y, radius + 0.8, 0.3), plan.materials.pick(rng, "soil"), Surface.SOIL)
    plan.patch("gardens", blob(rng, x, y, radius, 0.3), plan.materials.pick(rng, "pond"), Surface.WATER)
    for _ in range(rng.poisson(5.0 * plan.config.trees)):
        turn, r = rng.uniform(0.0, 2.0 * math.pi), rng.uniform(1.2, 3.2)
        at = x + 1.4 * radius * math.cos(turn), y + 1.4 * radius * math.sin(turn)
        plan.trees.append(Tree(*at, r, 2.2 * r + 1.0, rng.random()))


def court(plan: Plan, lot: Lot) -> None:
    """A sports court with white lines on a lawn."""
    rng = plan.rng("court", *lot.key)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "lawn"), Surface.LAWN)
    place = lot.share(0.5, 0.5)
    width, length = min(lot.width - 2.0, rng.uniform(11.0, 16.0)), min(lot.depth - 3.0, rng.uniform(18.0, 28.0))
    colour, line = plan.materials.pick(rng, "court"), plan.materials.pick(rng, "marking")
    plan.patch("gardens", box(*place, width, length), colour, Surface.COURT)
    if plan.on.markings:
        inner = 0.84 * width, 0.84 * length
        plan.patch("markings", box(*place, *inner), line, None)
        plan.patch("markings", box(*place, inner[0] - 0.6, inner[1] - 0.6), colour, None)
        plan.patch("markings", box(*place, inner[0], 0.35), line, None)
        plan.patch("markings", box(*place, 0.3, 0.5 * length), line, None)


def containers(plan: Plan, lot: Lot) -> None:
    """Containers in rows, some stacked, on gravel or asphalt."""
    rng = plan.rng("containers", *lot.key)
    name, surface = ("gravel", Surface.GRAVEL) if rng.random() < 0.5 else ("asphalt", Surface.ASPHALT)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, name), surface)
    d = lot.d0 + 5.5
    while d < lot.d1 - 0.5:
        a = lot.a0 + 2.0
        while a < lot.a1 - 2.0:
            u = rng.random(3).tolist()
            if u[0] < 0.72:
                container(plan, rng, turned(lot.place(a, d)), 2.6 if u[1] < 0.7 else 5.2)
            a += 2.7 if u[2] < 0.8 else 5.0
        d += 6.6 if rng.random() < 0.5 else 10.5


def container(plan: Plan, rng: np.random.Generator, place: tuple[float, float, float], height: float) -> None:
    """One container, or two on top of each other."""
    plan.stores.append(Store(*place, 6.1, 2.45, height, plan.materials.pick(rng, "container", 0.1)))


def building_site(plan: Plan, lot: Lot) -> None:
    """Bare ground with tracks and heaps, a pit with a slab, stacks of material."""
    rng = plan.rng("site", *lot.key)
    ground = plan.materials.pick(rng, "site")
    plan.patch("parcels", lot.outline(), ground, Surface.SITE)
    for u in rng.random((5, 4)).tolist():
        x, y, _ = lot.share(u[0], u[1])
        plan.patch("gardens", blob(rng, x, y, 1.5 + 3.0 * u[3], 0.35), shade(ground, 0.75 + 0.45 * u[2]), None)
    if rng.random() < 0.6:
        place = lot.share(0.5, 0.5)
        slab = plan.materials.pick(rng, "paving")
        plan.patch("gardens", box(*place, 0.55 * lot.width, 0.4 * lot.depth), shade(ground, 0.7), None)
        plan.patch("gardens", box(*place, 0.4 * lot.width, 0.3 * lot.depth), slab, None)
    for u in rng.random((int(rng.integers(2, 6)), 5)).tolist():
        colour = plan.materials.pick(rng, "container" if u[2] < 0.4 else "site", 0.15)
        place = turned(lot.inset(2.0, 2.0).share(u[0], u[1]), 3.0 * u[3])
        plan.stores.append(Store(*place, 1.5 + 3.5 * u[4], 1.2 + 1.4 * u[2], 0.8 + 1.6 * u[3], colour))


def railway(plan: Plan, front: Frontage, d0: float, key: tuple[int, ...]) -> None:
    """Two tracks on ballast along the whole frontage."""
    rng = plan.rng("railway", *key)
    lot = Lot(front, 0.0, front.length, d0, d0 + 9.0, key)
    plan.patch("parcels", lot.outline(), plan.materials.pick(rng, "ballast"), Surface.RAIL)
    for track in (d0 + 2.4, d0 + 6.6):
        a = 0.3
        while a < front.length:
            plan.patch("markings", box(*front.place(a, track), 0.35, 2.5), (96.0, 84.0, 74.0, 90.0), None)
            a += 1.1
        for rail in (track - 0.75, track + 0.75):
            outline = lot._replace(d0=rail - 0.12, d1=rail + 0.12).outline()
            plan.patch("markings", outline, (150.0, 140.0, 132.0, 120.0), None)
