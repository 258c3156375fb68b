"""Exercises and quiz of the page on the Laplacian pyramid and edge attention."""

from typing import Any

import torch
from torch import Tensor

from rsnotes.maflnet.pyramid import expand, laplacian, laplacian_pyramid
from rsnotes.teaching import Choice, Exercise, Question


def _maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _near(value: Any, expected: Any) -> bool:
    value, expected = torch.as_tensor(value).double(), torch.as_tensor(expected).double()
    return value.shape == expected.shape and torch.allclose(value, expected, rtol=1e-6, atol=1e-9)


_SIDES = """
def sides(side, levels):
    found = [side]
    for _ in range(levels):
        side = (side + 1) // 2
        found.append(side)
    return found
"""


def _check_sides(answer: Any) -> str | None:
    value = list(answer(125, 3))
    known = {
        (125, 62, 31, 15): "Every other pixel from the first on: of 125 there are 63, not 62.",
        (125, 63, 32): "The pyramid ends with what is left after the last reduction: one more map.",
        (63, 32, 16): "The first difference has the map's own size.",
    }
    if value != [125, 63, 32, 16]:
        return known.get(
            tuple(value), "Three differences and a rest: four sides, each half of the one before, rounded up."
        )
    return None if list(answer(64, 2)) == [64, 32, 16] else "Right for 125 and 3 levels, not for 64 and 2."


sides = Exercise(
    title="Sides of a pyramid",
    question=(
        "Read `reduce` and `laplacian_pyramid`. Which sides have the maps of a pyramid of `levels` differences, of a "
        "map of `side` pixels, the rest at its end included? Crops of 500 pixels have maps of 125 at stride 4."
    ),
    answer="sides",
    stub='def sides(side, levels):\n    """A list, from fine to coarse."""\n    ...',
    solution=_SIDES,
    check=_check_sides,
    wrong={
        "rounded down": _SIDES.replace("(side + 1) // 2", "side // 2"),
        "without the rest": _SIDES.replace("range(levels)", "range(levels - 1)"),
        "begins with the half": _SIDES.replace("return found", "return found[1:]"),
    },
)

_REBUILD = """
from rsnotes.maflnet.pyramid import expand


def rebuild(pyramid):
    *details, result = pyramid
    for detail in reversed(details):
        result = detail + expand(result, detail.shape[2:])
    return result
"""


def _check_rebuild(answer: Any) -> str | None:
    x = _maps(1, 2, 13, 10)
    value = answer(laplacian_pyramid(x, 2))
    if not isinstance(value, Tensor) or value.shape != x.shape:
        return f"The map that the pyramid was made of has the shape {tuple(x.shape)}: begin with the rest, at the end."
    if _near(value, x):
        return None
    fine, middle, rest = laplacian_pyramid(x, 2)
    without = expand(expand(rest, (7, 5)), (13, 10))
    if _near(value, without):
        return "That is the blurred map: each enlargement gets the difference of its size added."
    if _near(value, expand(expand(rest, (7, 5)) - middle, (13, 10)) - fine):
        return "A difference is the map minus the enlarged one; to get the map back it is added."
    return "Wrong values: enlarge as the pyramid did, with expand, from the coarsest map on."


rebuild = Exercise(
    title="The way back",
    question=(
        "A pyramid loses nothing. Write the function that turns what `laplacian_pyramid` gives back into the map. The "
        "package's `expand` is what it was made with."
    ),
    answer="rebuild",
    stub='def rebuild(pyramid):\n    """The list of `laplacian_pyramid` to (B, C, H, W)."""\n    ...',
    solution=_REBUILD,
    check=_check_rebuild,
    wrong={
        "no details": _REBUILD.replace("detail + expand", "0 * detail + expand"),
        "subtracted": _REBUILD.replace(
            "detail + expand(result, detail.shape[2:])", "expand(result, detail.shape[2:]) - detail"
        ),
        "another enlargement": _REBUILD.replace(
            "expand(result, detail.shape[2:])",
            "torch.nn.functional.interpolate(result, detail.shape[2:], mode='bilinear')",
        ).replace("from rsnotes", "import torch\n\nfrom rsnotes", 1),
        "the rest alone": _REBUILD.replace("return result", "return pyramid[-1]"),
    },
)

_WEIGH = """
import torch

from rsnotes.maflnet import laplacian


def weigh(features, edge):
    edge = edge.sigmoid()
    return torch.cat([features * (1 - edge), features * laplacian(edge)], dim=1)
"""


def _check_weigh(answer: Any) -> str | None:
    features, edge = _maps(2, 3, 8, 6), 2 * _maps(2, 1, 8, 6, seed=1)
    value, sure = answer(features, edge), edge.sigmoid()
    if not isinstance(value, Tensor) or value.shape != (2, 6, 8, 6):
        return "Both weighted maps are wanted, one behind the other: 2 C channels."
    reverse, fine = features * (1 - sure), features * laplacian(sure)
    known = {
        "Equation 19 has the reverse-weighted map first.": torch.cat([fine, reverse], 1),
        "That keeps the edges; reverse attention keeps the rest, 1 - σ.": torch.cat([features * sure, fine], 1),
        "The pyramid is taken of σ(Fₑ), not of Fₑ itself.": torch.cat([reverse, features * laplacian(edge)], 1),
        "The pyramid is taken of the edge map; here it is of the features.": torch.cat(
            [reverse, laplacian(features)], 1
        ),
    }
    found = [message for message, wrong in known.items() if _near(value, wrong)]
    if found:
        return found[0]
    both = torch.cat([reverse, fine], 1)
    return None if _near(value, both) else "Wrong values: features times 1 - σ, and features times the Laplacian of σ."


weigh = Exercise(
    title="What CBR is given",
    question=(
        "Write what stands inside equation 19's CBR, from `features` $(B, C, H, W)$ and the edge map `edge` "
        "$(B, 1, H, W)$ before its sigmoid. `laplacian` may be used."
    ),
    answer="weigh",
    stub='def weigh(features, edge):\n    """(B, 2C, H, W)."""\n    ...',
    solution=_WEIGH,
    check=_check_weigh,
    wrong={
        "the other order": _WEIGH.replace(
            "[features * (1 - edge), features * laplacian(edge)]", "[features * laplacian(edge), features * (1 - edge)]"
        ),
        "edges kept": _WEIGH.replace("(1 - edge)", "edge"),
        "pyramid before the sigmoid": _WEIGH.replace(
            "edge = edge.sigmoid()", "raw, edge = edge, edge.sigmoid()"
        ).replace("laplacian(edge)", "laplacian(raw)"),
        "pyramid of the features": _WEIGH.replace("features * laplacian(edge)", "laplacian(features)"),
    },
)

_TARGET = """
import torch


def edge_target(mask):
    edge = torch.zeros_like(mask, dtype=torch.bool)
    across = mask[:, 1:] != mask[:, :-1]
    down = mask[1:] != mask[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge.float()
"""


def _check_target(answer: Any) -> str | None:
    mask = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 1], [0, 2, 2, 1], [0, 2, 2, 1]])
    expected = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]])
    value = answer(mask)
    if not isinstance(value, Tensor) or value.shape != mask.shape or not value.is_floating_point():
        return "A float map of the mask's size is wanted, 1 on borders and 0 elsewhere."
    if not _near(answer(torch.full((4, 5), 3)), torch.zeros(4, 5)):
        return "A mask of one class has no border; the image's edge is none, and the class id does not count."
    if _near(value, expected):
        return None
    if (value <= expected).all():
        return "Some border pixels are missing: a border has two sides, and runs down as well as across."
    return "Some pixels are marked that have no neighbour of another class above, below, left or right."


edge_target = Exercise(
    title="Tell the edge map what it is",
    question=(
        "Nothing but the losses on the classes tells $F_e$ to be a map of edges. Build the target that would: from a "
        "`mask` $(H, W)$ of class ids a float map, 1 where a pixel has a neighbour of another class above, below, left "
        "or right, else 0. With a binary cross-entropy on every `edge(...)` it makes a further loss term."
    ),
    answer="edge_target",
    stub='def edge_target(mask):\n    """(H, W) of ids to (H, W) of 0 and 1."""\n    ...',
    solution=_TARGET,
    check=_check_target,
    wrong={
        "one side of a border": _TARGET.replace("    edge[:, :-1] |= across\n", "").replace(
            "    edge[:-1] |= down\n", ""
        ),
        "class ids": _TARGET.replace("return edge.float()", "return mask.float()"),
        "corners too": _TARGET.replace(
            "return edge.float()",
            "mixed = torch.nn.functional.max_pool2d(mask[None, None].float(), 3, 1, 1)[0, 0]\n"
            "    least = -torch.nn.functional.max_pool2d(-mask[None, None].float(), 3, 1, 1)[0, 0]\n"
            "    return (mixed != least).float()",
        ),
        "not a float": _TARGET.replace("edge.float()", "edge"),
    },
)

QUESTIONS = (
    Question(
        "A map is flat but for noise of single pixels. Where does most of it show in the pyramid?",
        (
            Choice("In the first difference.", "It holds what is finer than two pixels.", right=True),
            Choice("In the rest.", "The rest has been blurred several times; single pixels are averaged away."),
            Choice("Evenly at all levels.", "Each level holds a band of sizes, and noise of pixels is the finest."),
        ),
    ),
    Question(
        "After the zeros are put in, the blur is taken four times as strong. What for?",
        (
            Choice(
                "So that a flat map stays as it is.",
                "Three of four pixels are zero; without the factor a quarter of the map is left.",
                right=True,
            ),
            Choice("To sharpen the edges.", "It is the same for edges and flats; it keeps the mean."),
            Choice("For the four neighbours of a pixel.", "The kernel has 25 entries; the factor is for the zeros."),
        ),
    ),
    Question(
        "The edge map comes from a deeper stage and is enlarged twofold before its Laplacian is taken. What follows?",
        (
            Choice("Its edges get sharper.", "An interpolation makes no detail."),
            Choice(
                "Less is left for the Laplacian to find.",
                "It looks for what is finer than two pixels, and the enlarged map has less of it: in this network "
                "about half.",
                right=True,
            ),
            Choice("Reverse attention vanishes.", "That is 1 - σ and does not ask for detail."),
        ),
    ),
    Question(
        "What does equation 19 leave of a feature where $\\sigma(F_e) = 1$ over a wide area?",
        (
            Choice("All of it.", "There is no path around both weights: the equation has no residual."),
            Choice(
                "Nothing but the shift of the batch normalisation.",
                "There 1 - σ is zero, and so is the Laplacian of a flat map.",
                right=True,
            ),
            Choice("Its edges.", "Those are where σ changes, not where it is one over a wide area."),
        ),
    ),
)
"""The quiz of the page."""
