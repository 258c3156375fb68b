"""Exercises and quiz of the page on the IA block."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rsnotes.teaching import Choice, Exercise, Question

_HEARS = """
def hears(a, b, side):
    return a[0] // side == b[0] // side and a[1] // side == b[1] // side
"""


def _check_hears(answer: Any) -> str | None:
    cases = {
        ((1, 1), (1, 9), False): "Both are in the same row of windows, but not in the same column of them.",
        ((9, 2), (1, 2), False): "Both are in the same column of windows, but not in the same row of them.",
        ((7, 3), (8, 3), False): "Rows 7 and 8 are neighbours and lie in two windows of side 8: count windows.",
        ((0, 0), (7, 7), True): "Opposite corners of a window are in one window.",
        ((16, 25), (23, 30), True): "Both are in the third row and the fourth column of windows.",
    }
    for (a, b, right), message in cases.items():
        if bool(answer(a, b, 8)) != right:
            return message
    if answer((3, 3), (5, 3), 4) or not answer((3, 3), (5, 3), 16):
        return "Right for windows of 8 only: rows 3 and 5 part at a side of 4 and not at one of 16. Take `side`."
    return None


hears = Exercise(
    title="Who hears whom",
    question=(
        "Write whether the pixel `a`, a pair (row, column), takes part in the attention of the pixel `b` when windows "
        "have sides of `side` pixels and start in the upper left corner."
    ),
    answer="hears",
    stub='def hears(a, b, side):\n    """True or False."""\n    ...',
    solution=_HEARS,
    check=_check_hears,
    wrong={
        "near enough": "def hears(a, b, side):\n    return abs(a[0] - b[0]) < side and abs(a[1] - b[1]) < side",
        "row alone": _HEARS.replace(" and a[1] // side == b[1] // side", ""),
        "column alone": _HEARS.replace("a[0] // side == b[0] // side and ", ""),
        "a side of its own": _HEARS.replace("// side", "// 8"),
        "half a window": "def hears(a, b, side):\n    return a == b",
    },
)

_COUNT = """
def ia_parameters(c):
    norm = 2 * c
    excitation = c * c // 2 + c // 2 + c * c // 2 + c
    attention = 3 * c * c + 3 * c + c * c + c
    depthwise = 25 * c + c
    mix = c * c + c
    return norm + excitation + attention + depthwise + mix
"""


def _check_count(answer: Any) -> str | None:
    c = 96
    right = 6 * c * c + 69 * c // 2
    value = answer(c)
    if value == right:
        return None if answer(192) == 6 * 192**2 + 69 * 96 else "Right for 96 channels only."
    known = {
        right - 15 * c // 2: "The convolutions, depthwise ones too, have biases.",
        right - 2 * c: "Batch normalisation has a factor and an offset a channel.",
        right + 25 * c * c - 25 * c: "A depthwise convolution has one 5 × 5 kernel a channel.",
        right + c * c: "The squeeze halves the channels: C · C/2 weights down and as many up.",
        right - 2 * (c * c + c): "Query, key and value take three times C channels, not one.",
    }
    return known.get(value, f"For 96 channels it is {right:,}, not {value:,}: add up the parts one by one.")


ia_parameters = Exercise(
    title="Count the block",
    question=(
        "Write the number of parameters of an IA block of `c` channels, an even number, part by part: batch "
        "normalisation, squeeze and excitation to half the channels, 1 × 1 convolutions to query, key and "
        "value and back, depthwise 5 × 5, 1 × 1. All convolutions have biases. Compare with $18C^2 + 4C$."
    ),
    answer="ia_parameters",
    stub='def ia_parameters(c):\n    """An integer."""\n    ...',
    solution=_COUNT,
    check=_check_count,
    wrong={
        "no normalisation": _COUNT.replace("norm = 2 * c", "norm = 0"),
        "a dense 5 × 5": _COUNT.replace("25 * c + c", "25 * c * c + c"),
        "no squeeze": _COUNT.replace("c * c // 2 + c // 2 + c * c // 2 + c", "c * c + c // 2 + c * c + c"),
        "no biases": "def ia_parameters(c):\n    return 6 * c * c + 27 * c",
        "query alone": _COUNT.replace("3 * c * c + 3 * c", "c * c + c"),
    },
)  # fmt: skip

_SHIFTED = """
import torch


def shifted(attend, x, shift):
    moved = torch.roll(x, (-shift, -shift), (-2, -1))
    return torch.roll(attend(moved), (shift, shift), (-2, -1))
"""


def _means(x: Tensor) -> Tensor:
    """Stands for attention: the mean of each window of four pixels."""
    b, c, h, w = x.shape
    windows = x.reshape(b, c, h // 4, 4, w // 4, 4).mean((3, 5), keepdim=True)
    return windows.expand(b, c, h // 4, 4, w // 4, 4).reshape(b, c, h, w)


def _rolled(attend: Callable[[Tensor], Tensor], x: Tensor, first: int, last: int, both: bool = True) -> Tensor:
    dims = (-2, -1) if both else (-2,)
    found = attend(torch.roll(x, (first,) * len(dims), dims))
    return torch.roll(found, (last,) * len(dims), dims)


def _check_shifted(answer: Any) -> str | None:
    x = torch.randn(1, 2, 8, 12, generator=torch.Generator().manual_seed(0))
    value = answer(_means, x, 1)
    if not isinstance(value, Tensor) or value.shape != x.shape:
        return "The result has the shape of x."
    known = {
        "These are the windows that do not move: roll the map before.": _means(x),
        "The result is still shifted: roll it back.": _rolled(_means, x, -1, 0),
        "The result was rolled the same way a second time: back is the other way.": _rolled(_means, x, -1, -1),
        "The windows have moved down and to the right by it only if the map moves up and left.": _rolled(
            _means, x, 1, -1
        ),
        "Only the rows have moved; the columns have borders too.": _rolled(_means, x, -1, 1, both=False),
    }
    found = [message for message, wrong in known.items() if torch.allclose(value, wrong)]
    if found:
        return found[0]
    if not torch.allclose(value, _rolled(_means, x, -1, 1)):
        return "Roll up and left, attend, roll back."
    if not torch.allclose(answer(_means, x, 2), _rolled(_means, x, -2, 2)):
        return "Right for a shift of 1 only: roll by `shift`."
    return None


shifted = Exercise(
    title="Windows that move",
    question=(
        "The paper's windows stand still, so in the attention a pixel never hears its neighbour across a border. Build "
        "what Swin Transformer does, without its mask: from `attend`, a function of a map that works in windows, and a "
        "map `x` $(B, C, h, w)$, the attention in windows that lie `shift` pixels further down and right. The map "
        "closes around its edges. Put it into every second IA block: does it cost parameters?"
    ),
    answer="shifted",
    stub='def shifted(attend, x, shift):\n    """(B, C, h, w) to (B, C, h, w)."""\n    ...',
    solution=_SHIFTED,
    check=_check_shifted,
    wrong={
        "windows stand still": "def shifted(attend, x, shift):\n    return attend(x)",
        "not rolled back": _SHIFTED.replace("torch.roll(attend(moved), (shift, shift), (-2, -1))", "attend(moved)"),
        "rolled twice": _SHIFTED.replace("(shift, shift)", "(-shift, -shift)"),
        "the other way": _SHIFTED.replace("(-shift, -shift)", "(+s, +s)")
        .replace("(shift, shift)", "(-shift, -shift)")
        .replace("(+s, +s)", "(shift, shift)"),
        "a shift of its own": _SHIFTED.replace("(-shift, -shift)", "(-1, -1)").replace("(shift, shift)", "(1, 1)"),
        "rows alone": _SHIFTED.replace("(-shift, -shift), (-2, -1)", "-shift, -2").replace(
            "(shift, shift), (-2, -1)", "shift, -2"
        ),
    },
)

_LONE = """
import torch


def lone_attention(q, k, v):
    weights = torch.softmax(q[..., :, None] * k[..., None, :], dim=-1)
    return (weights * v[..., None, :]).sum(-1)
"""


def _check_lone(answer: Any) -> str | None:
    q, k, v = torch.randn(3, 2, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    value = answer(q, k, v)
    if not isinstance(value, Tensor) or value.shape != v.shape:
        return "Each token gives one number: the result has the shape of v."

    def made(scores: Tensor, dim: int = -1) -> Tensor:
        return (scores.softmax(dim) * v[..., None, :]).sum(-1)

    products = q[..., :, None] * k[..., None, :]
    known = {
        "The softmax runs over the tokens that are listened to, the last axis.": made(products, -2),
        "A head of one channel has d = 1, and the root of one divides nothing.": made(products / 3),
        "These are the weights of the keys on the queries: row i belongs to query i.": made(products.mT),
        "Without a softmax this is a sum of products.": (products * v[..., None, :]).sum(-1),
    }
    found = [message for message, wrong in known.items() if torch.allclose(value, wrong)]
    if found:
        return found[0]
    return None if torch.allclose(value, made(products)) else "Products of all pairs, a softmax a row, a mean of v."


lone_attention = Exercise(
    title="Tokens of one number",
    question=(
        "Read the paper's reshape to the letter: a token is one number. Build the attention of one channel's window "
        "from `q`, `k` and `v` of shape $(B, N)$ with $N = L^2$. Then set all of `q` to 0, and to 100: what "
        "does a pixel hear?"
    ),
    answer="lone_attention",
    stub='def lone_attention(q, k, v):\n    """(B, N) each, to (B, N)."""\n    ...',
    solution=_LONE,
    check=_check_lone,
    wrong={
        "softmax over the queries": _LONE.replace("dim=-1", "dim=-2"),
        "divided by the root of N": _LONE.replace("k[..., None, :], dim", "k[..., None, :] / q.shape[-1] ** 0.5, dim"),
        "keys for queries": _LONE.replace("q[..., :, None] * k[..., None, :]", "k[..., :, None] * q[..., None, :]"),
        "no softmax": _LONE.replace("torch.softmax(q[..., :, None] * k[..., None, :], dim=-1)",
                                    "q[..., :, None] * k[..., None, :]"),
    },
)  # fmt: skip

QUESTIONS = (
    Question(
        "Two neighbouring pixels lie in two windows. Which part of the block joins them?",
        (
            Choice("The window attention.", "Its windows stand still and do not overlap."),
            Choice(
                "The depthwise convolution.",
                "Its 5 × 5 kernel takes no notice of windows, and every block has one.",
                right=True,
            ),
            Choice("The last 1 × 1 convolution.", "It mixes the channels of one pixel."),
        ),
    ),
    Question(
        "What does squeeze and excitation know of a far pixel?",
        (
            Choice("Nothing.", "Its factors come from means over the whole map, and the far pixel is in them."),
            Choice("Where it is.", "A mean forgets places."),
            Choice(
                "Its share of each channel's mean.",
                "All pixels weigh the same in it, wherever they are, and all pixels get the same factor.",
                right=True,
            ),
        ),
    ),
    Question(
        "Windows of 16 pixels in the place of 8: what grows?",
        (
            Choice("The parameters.", "The 1 × 1 convolutions know nothing of windows."),
            Choice(
                "The multiplications of the pairs, fourfold.",
                "Every pixel is compared with $L^2$ others, and there are as many pixels as before. With the four "
                "1 × 1 convolutions, which stay as they are, attention at 48 channels needs 2.2 times as many.",
                right=True,
            ),
            Choice("Nothing: there are fewer windows.", "A quarter of the windows, each with sixteen times the pairs."),
        ),
    ),
)
"""The quiz of the page."""
