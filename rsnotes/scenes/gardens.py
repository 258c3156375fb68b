"""What lies around a house: hedges, fences, paths, beds, and garden trees."""

import math
from itertools import pairwise

from rsnotes.scenes.plan import Lot, Plan, Tree, Wall, blob, box
from rsnotes.scenes.surfaces import Surface


def boundary(plan: Plan, lot: Lot, a: float) -> None:
    """Hedge, fence or nothing between two parcels at ``a``."""
    rng = plan.rng("boundary", *lot.key)
    u = rng.random(3).tolist()
    steps = max(1, math.ceil(lot.depth / 12.0))
    stops = [lot.place(a, lot.d0 + (0.12 + 0.86 * k / steps) * lot.depth)[:2] for k in range(steps + 1)]
    if u[0] < 0.42:
        if plan.on.hedges:
            colour = plan.materials.pick(rng, "hedge", 0.1)
            for start, end in pairwise(stops):
                plan.walls.append(Wall(start, end, 0.9 + 0.7 * u[1], 1.2 + 0.9 * u[2], colour, Surface.HEDGE))
    elif u[0] < 0.8 and plan.on.fences:
        colour = plan.materials.pick(rng, "wall", 0.15)
        for start, end in pairwise(stops):
            plan.walls.append(Wall(start, end, 0.22, 1.1 + 0.4 * u[1], colour, None))


def front_hedge(plan: Plan, lot: Lot) -> None:
    """Hedge along the pavement."""
    rng = plan.rng("front hedge", *lot.key)
    if rng.random() < 0.4 and plan.on.hedges:
        colour = plan.materials.pick(rng, "hedge", 0.1)
        start, end = lot.place(lot.a0 + 0.4, 0.7)[:2], lot.place(lot.a1 - 0.6, 0.7)[:2]
        plan.walls.append(Wall(start, end, 0.8 + 0.5 * rng.random(), 1.2, colour, Surface.HEDGE))


def path(plan: Plan, lot: Lot, a: float, width: float = 1.4) -> None:
    """A straight path at ``a`` through the lot."""
    if plan.on.paths:
        rng = plan.rng("path", *lot.key)
        name, surface = ("paving", Surface.PAVING) if rng.random() < 0.7 else ("gravel", Surface.GRAVEL)
        outline = lot._replace(a0=a - 0.5 * width, a1=a + 0.5 * width).outline()
        plan.patch("gardens", outline, plan.materials.pick(rng, name), surface)


def walk(plan: Plan, lot: Lot) -> None:
    """A winding walk of stepping stones through some back gardens."""
    rng = plan.rng("walk", *lot.key)
    if rng.random() > 0.4 or not plan.on.paths:
        return
    colour, bend, start = plan.materials.pick(rng, "gravel"), rng.uniform(-0.3, 0.3), rng.uniform(0.3, 0.7)
    n = max(2, int(lot.depth / 1.6))
    for k in range(n):
        x, y, angle = lot.share(start + bend * math.sin(math.pi * k / n), k / n)
        plan.patch("gardens", box(x, y, angle, 1.1, 1.9), colour, Surface.GRAVEL)


def beds(plan: Plan, lot: Lot) -> None:
    """Flower and vegetable beds: strips along the sides, round ones in the lawn, plots at the back."""
    if not plan.on.beds:
        return
    rng = plan.rng("beds", *lot.key)
    for _ in range(rng.poisson(1.6)):
        colour, u = plan.materials.pick(rng, "bed", 0.15), rng.random(5).tolist()
        if u[0] < 0.5:
            a = lot.a0 + 0.9 if u[1] < 0.5 else lot.a1 - 2.2
            d = lot.d0 + u[2] * max(lot.depth - 5.0, 0.5)
            outline = lot.front.area(a, a + 0.9 + 0.8 * u[3], d, min(d + 3.0 + 8.0 * u[4], lot.d1))
        elif u[0] < 0.8:
            x, y, _ = lot.share(u[1], u[2])
            outline = blob(rng, x, y, 1.0 + 1.3 * u[3])
        else:
            place = lot.share(0.2 + 0.6 * u[1], 0.6 + 0.3 * u[2])
            outline = box(*place, 2.5 + 3.0 * u[3], 2.0 + 2.5 * u[4])
        plan.patch("gardens", outline, colour, Surface.BED)


def trees(plan: Plan, lot: Lot, mean: float, size: tuple[float, float] = (1.5, 4.9), house: Lot | None = None) -> None:
    """Trees on a lot: single ones, and clumps of them.

    Args:
        plan, lot: where to place.
        mean: expected number of single trees or clumps at tree density 0.5.
        size: smallest and largest crown radius in metres.
        house: no trunk stands in it.
    """
    rng = plan.rng("trees", *lot.key)
    for _ in range(rng.poisson(2.0 * mean)):
        u = rng.random(6).tolist()
        clump = rng.random((5, 3)).tolist()
        if u[0] > plan.config.trees:
            continue
        conifer = u[3] < 0.2
        radius = size[0] + (size[1] - size[0]) * u[4] ** 1.4 * (0.7 if conifer else 1.0)
        members = 1 + (int(5.0 * u[5] ** 1.5) if plan.on.tree_clumps else 0)
        for k, (da, dd, scale) in enumerate(clump[:members]):
            spread = 3.4 * radius if k else 0.0
            a, d = lot.a0 + u[1] * lot.width + spread * (da - 0.5), lot.d0 + u[2] * lot.depth + spread * (dd - 0.5)
            if house and house.a0 < a < house.a1 and house.d0 < d < house.d1:
                continue
            r = radius * (0.55 + 0.5 * scale if k else 1.0)
            x, y, _ = lot.place(a, d)
            plan.trees.append(Tree(x, y, r, r * (3.2 if conifer else 2.1) + 1.2, scale, conifer))
