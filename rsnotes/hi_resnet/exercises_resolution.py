"""Exercises and quiz of the page on why resolution is worth keeping."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.teaching import Choice, Exercise, Question

_CELLS = """
def cells_of_car(pixel, stride):
    return (4.5 / pixel / stride) * (1.8 / pixel / stride)
"""


def _check_cells(answer: Any) -> str | None:
    value, right = float(answer(0.09, 32)), 4.5 * 1.8 / (0.09 * 32) ** 2
    if math.isclose(value, right, rel_tol=1e-6):
        if not math.isclose(float(answer(0.3, 32)), 4.5 * 1.8 / 9.6**2, rel_tol=1e-6):
            return "Right for pixels of 9 cm only: take `pixel`."
        other = math.isclose(float(answer(0.09, 4)), 4.5 * 1.8 / 0.36**2, rel_tol=1e-6)
        return None if other else "Right for a stride of 32 only: take `stride`."
    known = {
        4.5 * 1.8 / 0.09**2: "That is the number of image pixels. A cell of the map is stride × stride of them.",
        4.5 * 1.8 / 0.09**2 / 32: "A cell is stride pixels wide and stride pixels high: divide twice.",
        4.5 * 1.8 * (32 / 0.09) ** 2: "A larger stride leaves fewer cells: divide by it.",
        4.5 / (0.09 * 32): "That is how many cells the car is long; it has a width too.",
    }
    found = [message for wrong, message in known.items() if math.isclose(value, wrong, rel_tol=1e-6)]
    return (
        found[0] if found else f"For pixels of 9 cm and stride 32 it is about one cell ({right:.2f}), not {value:.3g}."
    )


cells_of_car = Exercise(
    title="Cells under a car",
    question=(
        "A car is 4.5 m long and 1.8 m wide. Write how many cells of a feature map it covers, as area, when an image "
        "pixel has sides of `pixel` metres and the map the given `stride`. Vaihingen has 0.09 m, Potsdam 0.05 m, "
        "LoveDA 0.3 m: at which stride does a car become less than one cell?"
    ),
    answer="cells_of_car",
    stub='def cells_of_car(pixel, stride):\n    """A number of cells, not rounded."""\n    ...',
    solution=_CELLS,
    check=_check_cells,
    wrong={
        "image pixels": _CELLS.replace(" / stride", ""),
        "a pixel of its own": _CELLS.replace("/ pixel", "/ 0.09"),
        "a stride of its own": _CELLS.replace("/ stride", "/ 32"),
        "divided once": _CELLS.replace("(4.5 / pixel / stride)", "(4.5 / pixel)"),
        "times the stride": _CELLS.replace("/ stride", "* stride"),
        "length alone": _CELLS.replace(" * (1.8 / pixel / stride)", ""),
    },
)

_ADDED = """
def added_parameters(channels, branches, modules, blocks):
    widths = [channels * 2**k for k in range(branches)]
    return modules * blocks * sum(2 * (9 * c * c + 2 * c) for c in widths)
"""


def _check_added(answer: Any) -> str | None:
    def count(convolution: int = 2, norm: int = 2, growth: int = 2) -> int:
        widths = [48 * growth**k for k in range(3)]
        return 4 * 8 * sum(convolution * (9 * c * c + norm * c) for c in widths)

    value = answer(48, 3, 4, 8)
    if value == count():
        return None if answer(6, 2, 1, 1) == 2 * (9 * 36 + 12) + 2 * (9 * 144 + 24) else "Right for 48 channels only."
    known = {
        count(convolution=1): "A basic block has two convolutions.",
        count(norm=0): "Batch normalisation has parameters too: a factor and an offset a channel.",
        count(norm=1): "Batch normalisation has two parameters a channel.",
        count(growth=1): "Each branch has twice the channels of the one before it.",
    }
    return known.get(value, f"For V1 the answer is the difference of the table, {count():,}, not {value:,}.")


added_parameters = Exercise(
    title="What another block costs",
    question=(
        "Write how many parameters a stage gains from `blocks` more basic blocks on each of its `branches` in each of "
        "its `modules`. The first branch has `channels`, each further one twice as many. V1 adds 8 blocks to each "
        "branch of stage 3: 48 channels, 3 branches, 4 modules."
    ),
    answer="added_parameters",
    stub='def added_parameters(channels, branches, modules, blocks):\n    """An integer."""\n    ...',
    solution=_ADDED,
    check=_check_added,
    wrong={
        "one convolution a block": _ADDED.replace("2 * (9", "1 * (9"),
        "no batch normalisation": _ADDED.replace(" + 2 * c)", ")"),
        "one parameter a channel": _ADDED.replace("+ 2 * c)", "+ c)"),
        "channels do not double": _ADDED.replace("2**k", "1**k"),
    },
)

_BEST = """
import torch.nn.functional as F


def best_mask(mask, classes, stride):
    hot = F.one_hot(mask, classes).movedim(-1, 1).float()  # (B, K, H, W)
    shares = F.avg_pool2d(hot, stride)
    return F.interpolate(shares, mask.shape[-2:], mode="bilinear").argmax(1)
"""


def _best(mask: Tensor, stride: int, mode: str = "bilinear", hard: bool = False, most: bool = False) -> Tensor:
    hot = F.one_hot(mask, 4).movedim(-1, 1).float()
    shares = F.max_pool2d(hot, stride) if most else F.avg_pool2d(hot, stride)
    if hard:
        shares = F.one_hot(shares.argmax(1), 4).movedim(-1, 1).float()
    return F.interpolate(shares, mask.shape[-2:], mode=mode).argmax(1)


def _check_best(answer: Any) -> str | None:
    coarse = torch.rand(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    mask = F.interpolate(coarse, (48, 48), mode="bicubic").argmax(1)
    value = answer(mask, 4, 8)
    if not isinstance(value, Tensor) or value.shape != mask.shape:
        return f"Give back ids of the shape of the mask, {tuple(mask.shape)}."
    known = {
        "This repeats each cell; enlarge the shares bilinearly, so that outlines may cross a cell.": _best(
            mask, 8, "nearest"
        ),
        "The shares were decided before they were enlarged: take the largest at the very end.": _best(
            mask, 8, hard=True
        ),
        "A maximum says that a class is there, not how much of it: average within the cell.": _best(mask, 8, most=True),
    }
    found = [message for message, wrong in known.items() if torch.equal(value, wrong)]
    if found:
        return found[0]
    return None if torch.equal(value, _best(mask, 8)) else "Shares of the classes a cell, enlarged, largest share."


best_mask = Exercise(
    title="What a coarse grid keeps",
    question=(
        "Build what the first slider of this page shows: from a `mask` $(B, H, W)$ with ids below `classes`, the share "
        "of each class in each cell of `stride` × `stride` pixels, enlarged bilinearly to $(H, W)$, and the class with "
        "the largest share. Then try it on labels of your own: which class do you lose first?"
    ),
    answer="best_mask",
    stub='def best_mask(mask, classes, stride):\n    """(B, H, W) ids to (B, H, W) ids."""\n    ...',
    solution=_BEST,
    check=_check_best,
    wrong={
        "nearest": _BEST.replace('mode="bilinear"', 'mode="nearest"'),
        "decided too early": _BEST.replace(
            "shares = F.avg_pool2d(hot, stride)",
            "shares = F.one_hot(F.avg_pool2d(hot, stride).argmax(1), classes).movedim(-1, 1).float()",
        ),
        "largest in the cell": _BEST.replace("avg_pool2d", "max_pool2d"),
        "left small": _BEST.replace("F.interpolate(shares, mask.shape[-2:], mode=\"bilinear\")", "shares"),
    },
)  # fmt: skip

QUESTIONS = (
    Question(
        "A block on the second branch has four times the parameters of one on the first. What about its "
        "multiplications?",
        (
            Choice("Four times as many.", "Each weight is used once a pixel, and there are fewer pixels."),
            Choice(
                "As many.",
                "Four times the weights, a quarter of the pixels: the two cancel on every branch.",
                right=True,
            ),
            Choice("A quarter.", "The pixels are a quarter, and the weights four times as many."),
        ),
    ),
    Question(
        "V1 triples stage 3, V2 triples stage 4. Why do they need equally many multiplications?",
        (
            Choice("They have as many parameters.", "V2 has 57 million more: most of them on its fourth branch."),
            Choice("The paper measured it.", "The paper prints 205 and 214, which cannot both be right."),
            Choice(
                "They add as many blocks: 4 modules of 3 branches, and 3 modules of 4.",
                "Twelve branches either way, eight more blocks on each, and a block needs as many on every branch.",
                right=True,
            ),
        ),
    ),
    Question(
        "The slider's map at stride 32 has lost the cars. Can no network with such a map find a car?",
        (
            Choice(
                "It can: a cell has many channels, which may say where in the cell the car is.",
                "The slider shows what one true share a class and cell keeps, not all that a feature vector can hold.",
                right=True,
            ),
            Choice("It cannot.", "A vector of hundreds of numbers can describe more of a cell than its class shares."),
            Choice(
                "It can if the image is enlarged first.", "That changes the stride on the ground, not the question."
            ),
        ),
    ),
)
"""The quiz of the page."""
