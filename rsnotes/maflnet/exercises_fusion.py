"""Exercises and quiz of the page on the fusion of two maps."""

from typing import Any

import torch
from torch import Tensor

from rsnotes.teaching import Choice, Exercise, Question


def _maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _near(value: Any, expected: Any) -> bool:
    value, expected = torch.as_tensor(value).double(), torch.as_tensor(expected).double()
    return value.shape == expected.shape and torch.allclose(value, expected, rtol=1e-6)


_GAIN = """
def even_gain(side, stride):
    pixels = (side // stride) ** 2  # 512 pixels: 256 at stride 32, 16,384 at stride 4
    return 100 / pixels  # 0.4 per cent at stride 32, 0.006 at stride 4
"""


def _check_gain(answer: Any) -> str | None:
    value, pixels = answer(512, 32), 16**2
    if _near(value, 100 / pixels):
        return None if _near(answer(128, 4), 100 / 1024) else "Right for 512 and 32, not for 128 and 4."
    known = {
        1 / pixels: "Right as a fraction; per cent are asked for.",
        100 / 16: "The weights sum to one over all pixels of the map, not over one row of it.",
        200 / pixels: "Each branch grows by this, so their sum does too, and by no more.",
        100 / 512**2: "The softmax runs over the map's pixels, of which there are fewer than the image's.",
    }
    found = [message for wrong, message in known.items() if _near(value, wrong)]
    return found[0] if found else "If α is the same everywhere and sums to one, what is it? Then look at equation 13."


even_gain = Exercise(
    title="A weight that prefers nothing",
    question=(
        "Say that $\\alpha$ is the same at every pixel. By how many per cent does equation 13 enlarge a map then, for "
        "an image of `side` × `side` pixels at `stride`? Compare strides 32 and 4 of a crop of 512 pixels."
    ),
    answer="even_gain",
    stub="def even_gain(side, stride):\n    ...",
    solution=_GAIN,
    check=_check_gain,
    wrong={
        "a fraction": _GAIN.replace("100 / pixels", "1 / pixels"),
        "one row": _GAIN.replace(" ** 2", ""),
        "both branches added": _GAIN.replace("100 / pixels", "200 / pixels"),
        "the same for all": _GAIN.replace("100 / pixels", "100 / 256"),
        "the image's pixels": _GAIN.replace("(side // stride)", "side"),
    },
)

_FAVOURITE = """
import torch


def favourite(a1, a2):
    return torch.where(a1 > 0, a2.argmax(), a2.argmin())  # two channels at most are named
"""


def _check_favourite(answer: Any) -> str | None:
    a1 = torch.tensor([0.5, -2.0, 3.0, -0.1], dtype=torch.float64)
    a2 = torch.tensor([1.0, 4.0, -3.0, 0.0], dtype=torch.float64)
    expected = (a1[:, None] * a2).softmax(dim=1).argmax(dim=1)  # 1, 2, 1, 2
    value = torch.as_tensor(answer(a1, a2))
    if value.shape != expected.shape:
        return "One channel for each entry of a1 is wanted."
    if value.tolist() == expected.tolist():
        return None
    known = {
        (1, 1, 1, 1): "Right where a1 is positive. What does a negative factor do to the order of a2?",
        (2, 1, 2, 1): "The other way round: a positive factor keeps the order of a2.",
        (2, 2, 2, 2): "That is the largest entry of a1; the columns belong to a2.",
    }
    return known.get(
        tuple(value.long().tolist()), "Row i is the softmax of a1[i] · a2: which of its entries is the largest?"
    )


favourite = Exercise(
    title="Two targets for all channels",
    question=(
        "From the descriptors `a1` and `a2`, each $(C,)$, tell for every row of $\\text{Softmax}(a_1 a_2^T)$ which "
        "channel has the largest share, without computing the matrix. How many different channels can be named?"
    ),
    answer="favourite",
    stub='def favourite(a1, a2):\n    """(C,) each, to (C,) of channel numbers."""\n    ...',
    solution=_FAVOURITE,
    check=_check_favourite,
    wrong={
        "the largest for all": _FAVOURITE.replace("a2.argmin()", "a2.argmax()"),
        "the other way round": _FAVOURITE.replace("a1 > 0", "a1 < 0"),
        "the largest of a1": _FAVOURITE.replace("a2.argmax(), a2.argmin()", "a1.argmax(), a1.argmax()"),
    },
)

_MIX = """
import torch


def mix(f1, f2, a1, a2):
    cross = torch.einsum("bi,bj->bij", a1, a2)
    first = torch.einsum("bij,bjhw->bihw", cross.softmax(dim=2), f1)
    second = torch.einsum("bji,bihw->bjhw", cross.mT.softmax(dim=2), f2)
    return first, second
"""


def _check_mix(answer: Any) -> str | None:
    f1, f2 = _maps(2, 4, 3, 5), _maps(2, 4, 3, 5, seed=1)
    a1, a2 = _maps(2, 4, seed=2), _maps(2, 4, seed=3)
    value = answer(f1, f2, a1, a2)
    if not isinstance(value, (tuple, list)) or [getattr(one, "shape", None) for one in value] != [f1.shape] * 2:
        return f"Two maps of shape {tuple(f1.shape)} are wanted."
    cross = a1[:, :, None] * a2[:, None]

    def mixed(weights: Tensor, maps: Tensor) -> Tensor:
        return torch.einsum("bij,bjhw->bihw", weights, maps)

    first, second = mixed(cross.softmax(-1), f1), mixed(cross.mT.softmax(-1), f2)
    if _near(value[0], mixed(cross.softmax(-2), f1)):
        return "The shares of a row sum to one: the softmax runs over the last axis of M."
    if _near(value[0], mixed(cross.softmax(-1), f2)):
        return "The first branch mixes its own channels: equation 10 has f1."
    if not _near(value[0], first):
        return "The first map is wrong: row i of Softmax(a1 a2ᵀ) mixes the channels of f1."
    if _near(value[1], mixed(cross.softmax(-1), f2)):
        return "That is equation 11 to the letter. This book turns M for the second branch, so that its rows are f2's."
    return None if _near(value[1], second) else "The second map is wrong: rows of Softmax(a2 a1ᵀ) mix f2."


mix = Exercise(
    title="Two mixtures",
    question=(
        "Write equations 9 to 11 as this book reads them, from the maps `f1`, `f2` of shape $(B, C, H, W)$ and their "
        "descriptors `a1`, `a2` of shape $(B, C)$. `torch.einsum` keeps the axes apart."
    ),
    answer="mix",
    stub='def mix(f1, f2, a1, a2):\n    """Two maps (B, C, H, W)."""\n    ...',
    solution=_MIX,
    check=_check_mix,
    wrong={
        "softmax over the rows": _MIX.replace("cross.softmax(dim=2), f1", "cross.softmax(dim=1), f1"),
        "the other's channels": _MIX.replace("cross.softmax(dim=2), f1", "cross.softmax(dim=2), f2"),
        "M for both": _MIX.replace("cross.mT.softmax(dim=2)", "cross.softmax(dim=2)"),
        "no softmax": _MIX.replace("cross.softmax(dim=2), f1", "cross, f1"),
    },
)

_WEIGHT = """
import torch


def mean_one(scores):
    pixels = scores.shape[2] * scores.shape[3]
    return pixels * scores.flatten(1).softmax(dim=1).view_as(scores)
    # even weights are 1, and equation 13 doubles the map: a constant factor, the same for a map of any size
"""


def _check_weight(answer: Any) -> str | None:
    scores = 2 * _maps(2, 1, 4, 6)
    value, share = answer(scores), scores.flatten(1).softmax(1).view_as(scores)
    if not isinstance(value, Tensor) or value.shape != scores.shape:
        return f"A weight for every pixel is wanted: the shape {tuple(scores.shape)}."
    known = {
        "These sum to one, so their mean is one over the number of pixels: that is equation 12.": share,
        "The largest weight is one here; it is the mean that is asked for.": share / share.amax((2, 3), keepdim=True),
        "A sigmoid keeps a pixel from depending on the others, but its mean is not one.": scores.sigmoid(),
        "Each row of the map has mean one here: the softmax should run over all pixels.": 6 * scores.softmax(dim=3),
    }
    found = [message for message, wrong in known.items() if _near(value, wrong)]
    if found:
        return found[0]
    return None if _near(value, 24 * share) else "Keep the softmax's ratios between pixels, and make the mean one."


mean_one = Exercise(
    title="A weight for maps of any size",
    question=(
        "Build a remedy for equation 12. From `scores` $(B, 1, H, W)$, what leaves the last convolution, make weights "
        "whose ratios are those of the softmax and whose mean over the pixels is 1. What becomes of equation 13 where "
        "the weights are even?"
    ),
    answer="mean_one",
    stub='def mean_one(scores):\n    """(B, 1, H, W) to (B, 1, H, W)."""\n    ...',
    solution=_WEIGHT,
    check=_check_weight,
    wrong={
        "sum one": _WEIGHT.replace("pixels * scores", "scores"),
        "largest one": _WEIGHT.replace(
            "return pixels * scores.flatten(1).softmax(dim=1).view_as(scores)",
            "return (scores - scores.amax((2, 3), keepdim=True)).exp()",
        ),
        "sigmoid": _WEIGHT.replace(
            "pixels * scores.flatten(1).softmax(dim=1).view_as(scores)", "torch.sigmoid(scores)"
        ),
        "row by row": _WEIGHT.replace(
            "pixels * scores.flatten(1).softmax(dim=1).view_as(scores)", "scores.shape[3] * scores.softmax(dim=3)"
        ),
    },
)

QUESTIONS = (
    Question(
        "$M = a_1 a_2^T$ has $C^2$ entries. This book reads $a_1$ and $a_2$ as one number a channel. How many numbers "
        "decide $M$ then?",
        (
            Choice(
                "$C^2$.",
                "As this book reads it every row is the same vector $a_2$, times one number. Were each $a$ a whole "
                "branch, a row of pixels a channel, its rank could be as high as min(C, N).",
            ),
            Choice("$2C$.", "The two descriptors; the matrix has rank one.", right=True),
            Choice("$C$.", "Both branches have a descriptor of their own."),
        ),
    ),
    Question(
        "Why does equation 13 hardly change a map of 128 × 128 pixels, whatever its convolutions have learnt, if its "
        "pixels are about equally long?",
        (
            Choice(
                "The weights are shares of one over 16,384 pixels.",
                "Even ones add 1 / 16,384 of the map; one that picks a single pixel doubles that pixel alone.",
                right=True,
            ),
            Choice("The convolutions start small.", "They may grow; the softmax still sums to one."),
            Choice("$f$ is weighed and not $\\tilde f$.", "That too would be weighed by shares of one."),
        ),
    ),
    Question(
        "Through what can the cross-attention of equations 9 to 11 reach the output?",
        (
            Choice("Through $\\tilde f$, which is added to $f$.", "Equation 13 has no $\\tilde f$."),
            Choice("Through the spatial weight $\\alpha$ alone.", "Only equation 12 uses $\\tilde f$.", right=True),
            Choice("It cannot.", "It can, by as little as $\\alpha$ can."),
        ),
    ),
    Question(
        "A trained network loses little when a branch is switched off. Does it follow that the branch is not needed?",
        (
            Choice("Yes.", "Another part may do the same work; and what helped the training may rest afterwards."),
            Choice(
                "No: a network trained without it has to be compared.",
                "That is what the rows of table 3 do, with several seeds and a control of equal size.",
                right=True,
            ),
        ),
    ),
)
"""The quiz of the page."""
