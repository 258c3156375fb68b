"""Exercises and quiz of the page on losses that know edges."""

import math
from typing import Any

import torch
from torch import Tensor

from rsnotes.hi_resnet.distance import manhattan_distance
from rsnotes.hi_resnet.losses import edge_distance
from rsnotes.teaching import Choice, Exercise, Question


def _near(value: Any, expected: Any) -> bool:
    value, expected = torch.as_tensor(value).double(), torch.as_tensor(expected).double()
    return value.shape == expected.shape and torch.allclose(value, expected, rtol=1e-6, atol=1e-9)


_WEIGHTS = """
weights = [2**2 + 4**2, 1**2 + 3**2, 1**2 + 2**2, 2**2 + 1**2, 3**2 + 1**2, 4**2 + 2**2]
"""


def _check_weights(answer: Any) -> str | None:
    known: dict[tuple[float, ...], str] = {
        (6, 4, 3, 3, 4, 6): "Each distance is taken to the power of β = 2 before the two are added.",
        (36, 16, 9, 9, 16, 36): "The distances are squared one by one, not their sum.",
        (4, 1, 1, 4, 9, 16): "That is the true edge alone; the predicted region has one too.",
        (20, 10, 4, 1, 0, 0): "Pixels outside a region lie at a distance from its edge as well.",
    }
    value = tuple(float(number) for number in answer)
    if value == (20, 10, 5, 5, 10, 20):
        return None
    return known.get(value, "Two distances a pixel, 1 beside an edge, each squared, then added: six numbers.")


weights = Exercise(
    title="Weights by hand",
    question=(
        "Six pixels in a row. The true region is `1 1 0 0 0 0`, the predicted one `1 1 1 1 0 0`. Write the six weights "
        "$D_G^2 + D_S^2$ of equation 7 as a list. Which pixels are wrong, and which ones weigh most?"
    ),
    answer="weights",
    stub="weights = ...",
    solution=_WEIGHTS,
    check=_check_weights,
    wrong={
        "not squared": "weights = [6, 4, 3, 3, 4, 6]",
        "the sum squared": "weights = [36, 16, 9, 9, 16, 36]",
        "the true edge alone": "weights = [4, 1, 1, 4, 9, 16]",
        "inside alone": "weights = [20, 10, 4, 1, 0, 0]",
    },
)

_TAXICAB = """
import torch


def taxicab(mask):
    distance = torch.where(mask, sum(mask.shape), 0)
    for dim in (0, 1):
        place = torch.arange(mask.shape[dim]).unsqueeze(1 - dim)
        ahead = (distance - place).cummin(dim).values + place
        behind = (distance + place).flip(dim).cummin(dim).values.flip(dim) - place
        distance = torch.minimum(ahead, behind)
    return distance
"""


def _along(distance: Tensor, dim: int, back: bool = True) -> Tensor:
    place = torch.arange(distance.shape[dim]).unsqueeze(1 - dim)
    ahead = (distance - place).cummin(dim).values + place
    behind = (distance + place).flip(dim).cummin(dim).values.flip(dim) - place
    return torch.minimum(ahead, behind) if back else ahead


def _check_taxicab(answer: Any) -> str | None:
    mask = torch.rand(9, 13, generator=torch.Generator().manual_seed(0)) < 0.93
    mask[0, 0] = mask[0, -1] = mask[-1, 0] = False
    start, value = torch.where(mask, 22, 0), answer(mask)
    if not isinstance(value, Tensor) or value.shape != mask.shape:
        return "Give back a distance for every pixel of the mask."
    known = {
        "These are the distances along the columns of the array alone: go along the rows too.": _along(start, 0),
        "The value may travel both ways along a line: from the left and from the right.": _along(
            _along(start, 0, back=False), 1, back=False
        ),
        "The nearest pixel outside may lie neither in the same row nor in the same column.": torch.minimum(
            _along(start, 0), _along(start, 1)
        ),
        "This is the distance to the nearest pixel inside: turn the mask around.": manhattan_distance(~mask),
    }
    found = [message for message, wrong in known.items() if _near(value, wrong)]
    if found:
        return found[0]
    return None if _near(value, manhattan_distance(mask)) else "The steps up, down, left or right to a pixel outside."


taxicab = Exercise(
    title="The exact distance in two passes",
    question=(
        "Build the Manhattan distance of a `mask` (H, W) of booleans, without a loop over pixels: steps from each "
        "pixel inside to the nearest one outside, 0 outside. It is a minimum along columns of a minimum along rows. "
        "Along a line, $\\min_{j \\le i} (d_j + i - j)$ is a running minimum (`cummin`) of $d_j - j$, plus $i$."
    ),
    answer="taxicab",
    stub='def taxicab(mask):\n    """(H, W) bool to (H, W) steps."""\n    ...',
    solution=_TAXICAB,
    check=_check_taxicab,
    wrong={
        "one direction": _TAXICAB.replace("torch.minimum(ahead, behind)", "ahead"),
        "columns alone": _TAXICAB.replace("(0, 1):", "(0,):"),
        "a cross": """
import torch


def taxicab(mask):
    start = torch.where(mask, sum(mask.shape), 0)
    found = []
    for dim in (0, 1):
        place = torch.arange(mask.shape[dim]).unsqueeze(1 - dim)
        ahead = (start - place).cummin(dim).values + place
        behind = (start + place).flip(dim).cummin(dim).values.flip(dim) - place
        found.append(torch.minimum(ahead, behind))
    return torch.minimum(*found)
""",
        "the wrong side": _TAXICAB.replace("torch.where(mask,", "torch.where(~mask,"),
    },
)

_CEA = """
def cea(probability, label, distance):
    drawn = probability.detach() > 0.5
    weight = distance(label > 0) ** 2 + distance(drawn) ** 2
    return ((label - probability) ** 2 * weight).mean()
"""


def _check_cea(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(1)
    p = torch.rand(7, 9, generator=generator, dtype=torch.float64).requires_grad_()
    t = (torch.rand(7, 9, generator=generator) < 0.4).double()
    value = answer(p, t, edge_distance)
    near, drawn = edge_distance(t > 0), edge_distance(p.detach() > 0.5)
    right = ((t - p) ** 2 * (near**2 + drawn**2)).mean()
    if not isinstance(value, Tensor) or value.shape:
        return "Return a scalar tensor."
    if not value.requires_grad:
        return "The loss has no gradient: the thresholded prediction is for the distance alone."
    known = {
        "That is a sum over the pixels; take their mean.": right * p.numel(),
        "The distance from the predicted edge is missing.": ((t - p) ** 2 * near**2).mean(),
        "The distances go in with the power of 2.": ((t - p) ** 2 * (near + drawn)).mean(),
        "This is T - P² times the weights, without the first bracket: it is least where P is 1, whatever T is.": (
            t - p**2 * (near**2 + drawn**2)
        ).mean(),
    }
    found = [message for message, wrong in known.items() if _near(value.detach(), wrong.detach())]
    if found:
        return found[0]
    return None if _near(value.detach(), right.detach()) else f"For the test's maps it is {right:.3f}, not {value:.3f}."


cea = Exercise(
    title="The edge-aware loss",
    question=(
        "Write equation 7 for one class of one image: `probability` and `label`, both (H, W), and `distance`, a "
        "function of a boolean region that gives every pixel's distance from its edge. The predicted region is where "
        "the probability is above one half; β is 2; take the mean over the pixels."
    ),
    answer="cea",
    stub='def cea(probability, label, distance):\n    """A scalar with a gradient."""\n    ...',
    solution=_CEA,
    check=_check_cea,
    wrong={
        "thresholded error": _CEA.replace("(label - probability)", "(label - drawn.to(label))"),
        "sum": _CEA.replace(".mean()", ".sum()"),
        "true edge alone": _CEA.replace(" + distance(drawn) ** 2", ""),
        "first powers": _CEA.replace(" ** 2 + distance(drawn) ** 2", " + distance(drawn)"),
        "no bracket": _CEA.replace("((label - probability) ** 2 * weight)", "(label - probability**2 * weight)"),
    },
)  # fmt: skip

_NARROW = """
import torch


def edge_weight(label, distance, width):
    return torch.exp(-(distance(label > 0) - 1) / width)
"""


def _check_narrow(answer: Any) -> str | None:
    label = torch.zeros(1, 12)
    label[:, :5] = 1
    value, d = answer(label, edge_distance, 3.0), edge_distance(label > 0)
    if not isinstance(value, Tensor) or value.shape != label.shape:
        return "Return a weight for every pixel."
    known = {
        "The weight grows with the distance; it should shrink.": torch.exp((d - 1) / 3),
        "Beside the edge the distance is 1, and the weight should be 1 there.": torch.exp(-d / 3),
        f"After {3} pixels the weight should be e times smaller: divide by the width.": torch.exp(-(d - 1) * 3),
        "Outside the region the weight should fall off as it does inside.": torch.exp(
            -(manhattan_distance(label) - 1) / 3
        ),
    }
    found = [message for message, wrong in known.items() if _near(value, wrong)]
    if found:
        return found[0]
    right = math.exp(-1 / 3)
    if _near(value, torch.exp(-(d - 1) / 3)):
        other = answer(label, edge_distance, 1.5)
        return None if _near(other, torch.exp(-(d - 1) / 1.5)) else "Right for a width of 3 only: take `width`."
    return f"Two pixels from the edge the weight is {right:.3f} for a width of 3, not {float(value[0, 3]):.3f}."


edge_weight = Exercise(
    title="A weight that does mind the edge",
    question=(
        "Equation 7 weighs a mistake *least* beside the edge. Build the opposite: from `label` (H, W), `distance` as "
        "above and a `width` in pixels, a weight that is 1 beside the true edge on either side and falls off by a "
        "factor e every `width` pixels. Put it in the place of $D_G^2 + D_S^2$ and draw the "
        "gradient along a boundary again."
    ),
    answer="edge_weight",
    stub='def edge_weight(label, distance, width):\n    """(H, W) to (H, W)."""\n    ...',
    solution=_NARROW,
    check=_check_narrow,
    wrong={
        "grows": _NARROW.replace("exp(-(", "exp(("),
        "not 1 at the edge": _NARROW.replace("(distance(label > 0) - 1)", "distance(label > 0)"),
        "a width of its own": _NARROW.replace("/ width", "/ 3"),
        "times the width": _NARROW.replace("/ width", "* width"),
        "nothing outside": "import torch\n\n\ndef edge_weight(label, distance, width):\n"
        "    from rsnotes.hi_resnet import manhattan_distance\n\n"
        "    return torch.exp(-(manhattan_distance(label) - 1) / width)\n",
    },
)

QUESTIONS = (
    Question(
        "Where does equation 7 weigh a wrong probability most?",
        (
            Choice("Beside the true edge.", "There $D_G$ is 1, the least that it can be."),
            Choice(
                "Far from both edges.",
                "The weight is $D_G^2 + D_S^2$: as a Hausdorff distance does, it punishes regions in a wrong place.",
                right=True,
            ),
            Choice("Everywhere alike.", "The weight is a distance squared, and distances differ."),
        ),
    ),
    Question(
        "Why does the loss not train when the prediction is an arg-max?",
        (
            Choice("Its value is wrong.", "The value is close to that of a sure prediction; the slope is what fails."),
            Choice(
                "A small change of the logits changes no pixel's class, so the gradient is zero.",
                "The loss is a staircase of the logits: flat, with steps.",
                right=True,
            ),
            Choice("Distances have no gradient.", "They have none in the version that trains either, and need none."),
        ),
    ),
    Question(
        "A class has a hundredth of another's pixels. How do their weights in equation 2 compare, with the square that "
        "we use?",
        (
            Choice("100 to 1.", "That would be the power of one; the weight has the square of the count."),
            Choice("10,000 to 1.", "One over the square of the number of pixels.", right=True),
            Choice("They are equal.", "Then the loss would be the plain Dice of all pixels together."),
        ),
    ),
    Question(
        "What does the cascade of 3 × 3 convolutions measure?",
        (
            Choice("City blocks, exactly.", "A diagonal step takes one round, so it counts as one and not as two."),
            Choice(
                "Nearly the chessboard distance.",
                "Each round reaches the eight neighbours of what has been reached.",
                right=True,
            ),
            Choice("Euclidean distance.", "A circle around a point would be reached in unequal rounds."),
        ),
    ),
)
"""The quiz of the page."""
