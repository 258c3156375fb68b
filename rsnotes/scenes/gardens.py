"""What lies around a house: hedges, fences, paths, beds, and garden trees."""

import itertools
import math

from rsnotes.scenes.plan import Frontage, Plan, Tree, Wall, blob, box
from rsnotes.scenes.surfaces import Surface


def boundary(plan: Plan, front: Frontage, a: float, depth: float, key: tuple[int, ...]) -> None:
    """Hedge or fence between two parcels at ``a``, from the house's front to the parcel's back."""
    rng = plan.rng("boundary", *key)
    u = rng.random(3).tolist()
    steps = max(1, math.ceil(depth / 12.0))
    stops = [front.place(a, (0.12 + 0.86 * k / steps) * depth)[:2] for k in range(steps + 1)]
    if u[0] < 0.42:
        if plan.on.hedges:
            colour = plan.materials.pick(rng, "hedge", 0.1)
            for start, end in itertools.pairwise(stops):
                plan.walls.append(Wall(start, end, 0.9 + 0.7 * u[1], 1.2 + 0.9 * u[2], colour, Surface.HEDGE))
    elif u[0] < 0.8 and plan.on.fences:
        colour = plan.materials.pick(rng, "wall", 0.15)
        for start, end in itertools.pairwise(stops):
            plan.walls.append(Wall(start, end, 0.22, 1.1 + 0.4 * u[1], colour, None))


def front_hedge(plan: Plan, front: Frontage, a0: float, a1: float, key: tuple[int, ...]) -> None:
    """Hedge along the pavement."""
    rng = plan.rng("front hedge", *key)
    if rng.random() < 0.4 and plan.on.hedges:
        colour = plan.materials.pick(rng, "hedge", 0.1)
        start, end = front.place(a0 + 0.4, 0.7)[:2], front.place(a1 - 0.6, 0.7)[:2]
        plan.walls.append(Wall(start, end, 0.8 + 0.5 * rng.random(), 1.2, colour, Surface.HEDGE))


def path(plan: Plan, front: Frontage, a: float, d0: float, d1: float, width: float, key: tuple[int, ...]) -> None:
    """A straight path into the parcel."""
    if plan.on.paths:
        rng = plan.rng("path", *key)
        name, surface = ("paving", Surface.PAVING) if rng.random() < 0.7 else ("gravel", Surface.GRAVEL)
        plan.patch(
            "gardens", front.area(a - 0.5 * width, a + 0.5 * width, d0, d1), plan.materials.pick(rng, name), surface
        )


def garden_walk(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """A winding walk of stepping stones or gravel through the back garden."""
    rng = plan.rng("walk", *key)
    if rng.random() < 0.4 and plan.on.paths:
        colour, bend, start = plan.materials.pick(rng, "gravel"), rng.uniform(-0.3, 0.3), rng.uniform(0.3, 0.7)
        n = max(2, int((d1 - d0) / 1.6))
        for k in range(n):
            u = k / n
            a = a0 + (start + bend * math.sin(math.pi * u)) * (a1 - a0)
            x, y, angle = front.place(a, d0 + u * (d1 - d0))
            plan.patch("gardens", box(x, y, angle, 1.1, 1.9), colour, Surface.GRAVEL)


def beds(plan: Plan, front: Frontage, a0: float, a1: float, d0: float, d1: float, key: tuple[int, ...]) -> None:
    """Flower and vegetable beds along a parcel's edges, and round ones in the lawn."""
    if not plan.on.beds:
        return
    rng = plan.rng("beds", *key)
    for _ in range(rng.poisson(1.6)):
        colour, u = plan.materials.pick(rng, "bed", 0.15), rng.random(5).tolist()
        if u[0] < 0.5:  # a strip along the side
            a = a0 + 0.9 if u[1] < 0.5 else a1 - 2.2
            d = d0 + u[2] * max(d1 - d0 - 5.0, 0.5)
            outline = front.area(a, a + 0.9 + 0.8 * u[3], d, min(d + 3.0 + 8.0 * u[4], d1))
        elif u[0] < 0.8:
            x, y, _ = front.place(a0 + u[1] * (a1 - a0), d0 + u[2] * (d1 - d0))
            outline = blob(rng, x, y, 1.0 + 1.3 * u[3])
        else:
            x, y, angle = front.place(a0 + (0.2 + 0.6 * u[1]) * (a1 - a0), d0 + (0.6 + 0.3 * u[2]) * (d1 - d0))
            outline = box(x, y, angle, 2.5 + 3.0 * u[3], 2.0 + 2.5 * u[4])
        plan.patch("gardens", outline, colour, Surface.BED)


def trees(
    plan: Plan,
    front: Frontage,
    area: tuple[float, float, float, float],
    mean: float,
    key: tuple[int, ...],
    size: tuple[float, float] = (1.5, 4.9),
    keep_off: tuple[float, float, float, float] | None = None,
) -> None:
    """Trees in a rectangle of (a, d): single ones, and clumps of them.

    Args:
        plan, front: where to place.
        area: a0, a1, d0, d1.
        mean: expected number of single trees or clumps at tree density 0.5.
        key: the place, for the random numbers.
        size: smallest and largest crown radius in metres.
        keep_off: a0, a1, d0, d1 of a house; no trunk inside.
    """
    rng = plan.rng("trees", *key)
    a0, a1, d0, d1 = area
    for _ in range(rng.poisson(2.0 * mean)):
        u = rng.random(8).tolist()
        clump = rng.random((5, 3)).tolist()
        if u[0] > plan.config.trees:
            continue
        a, d = a0 + u[1] * (a1 - a0), d0 + u[2] * (d1 - d0)
        conifer = u[3] < 0.2
        radius = size[0] + (size[1] - size[0]) * u[4] ** 1.4 * (0.7 if conifer else 1.0)
        members = 1 + (int(5.0 * u[5] ** 1.5) if plan.on.tree_clumps else 0)
        for k in range(members):
            da, dd, scale = clump[k]
            r = radius * (1.0 if k == 0 else 0.55 + 0.5 * scale)
            aa, ad = (a, d) if k == 0 else (a + 2.4 * radius * (da - 0.5) * 1.4, d + 2.4 * radius * (dd - 0.5) * 1.4)
            if keep_off and keep_off[0] < aa < keep_off[1] and keep_off[2] < ad < keep_off[3]:
                continue
            x, y, _ = front.place(aa, ad)
            height = r * (3.2 if conifer else 2.1) + 1.2
            plan.trees.append(Tree(x, y, r, height, conifer))
