"""Exercises and quiz of the page on attention without the N × N."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from rsnotes.teaching import Choice, Exercise, Question


def _tokens(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _near(value: Any, expected: Tensor) -> bool:
    return value.shape == expected.shape and torch.allclose(value.double(), expected, rtol=1e-6)


def _angular(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return 0.5 * v + F.normalize(q, dim=-1) @ (F.normalize(k, dim=-1).mT @ v) / math.pi


class _Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor has that is made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        made = result if isinstance(result, (tuple, list)) else (result,)
        self.numbers = max([self.numbers, *(one.numel() for one in made if isinstance(one, Tensor))])
        return result


_EVEN = """
def break_even(channels, heads):
    return channels // heads  # 32 here, the channels of a head; 4096 tokens are 128 times as many
"""


def _check_even(answer: Any) -> str | None:
    right = 64 // 4
    known = {
        64: "That would be one head. Each works on fewer channels: count the multiplications of one head.",
        16**2: "Compare N · N · d with N · d · d: one factor is left, not two.",
        32: "Both products are there twice, in either order, so the two cancels.",
    }
    value = answer(64, 4)
    if value == right:
        return None if answer(48, 2) == 24 else "Right for 64 channels and 4 heads, not for 48 and 2."
    return known.get(value, "Write down the multiplications of Q Kᵀ and (Q Kᵀ) V, then those of Kᵀ V and Q (Kᵀ V).")


break_even = Exercise(
    title="Where the two orders cost the same",
    question=(
        "$(QK^T)V$ and $Q(K^TV)$ are equal, and cost differently. From how many `channels` $C$ and `heads` $h$, return "
        "the number of tokens $N$ at which both take equally many multiplications. How does it compare with the 4096 "
        "tokens of a tile of 256 pixels at stride 4?"
    ),
    answer="break_even",
    stub="def break_even(channels, heads):\n    ...",
    solution=_EVEN,
    check=_check_even,
    wrong={
        "all channels": _EVEN.replace("channels // heads", "channels"),
        "squared": _EVEN.replace("channels // heads", "(channels // heads) ** 2"),
        "twice": _EVEN.replace("channels // heads", "2 * channels // heads"),
    },
)

_LINEAR = """
import math


def angular(q, k, v):
    q = q / q.norm(dim=-1, keepdim=True)
    k = k / k.norm(dim=-1, keepdim=True)
    return v / 2 + q @ (k.mT @ v) / math.pi
"""


def _check_linear(answer: Any) -> str | None:
    q, k, v = (_tokens(2, 256, 4, seed=seed) for seed in range(3))
    with FlopCounterMode(display=False) as counter, _Largest() as largest:
        value = answer(q, k, v)
    half, both = v / 2, _angular(q, k, v)
    if not isinstance(value, Tensor) or value.shape != v.shape:
        return "The result has the shape of v."
    known = {
        "That is βQ̂A alone: half of v is missing.": both - half,
        "β is missing: the unit queries times the product of the unit keys and v are divided by π.": (
            half + math.pi * (both - half)
        ),
        "β is 1/π: divide by π where you multiply by it.": half + math.pi**2 * (both - half),
        "A token's query and key are divided by their lengths, over the last axis.": half + q @ (k.mT @ v) / math.pi,
    }
    found = [message for message, wrong in known.items() if _near(value, wrong)]
    if found:
        return found[0]
    if not _near(value, both):
        return "Wrong values: half of v, plus the unit queries times the product of the unit keys and v, over π."
    if counter.get_total_flops() > 10 * 2 * 2 * 2 * 256 * 4 * 4:
        return "The value is right, but a map of N × N was made on the way: multiply in the other order."
    if largest.numbers >= 256 * 256:
        return f"The value is right, but a tensor of {largest.numbers:,} numbers was made on the way: that is N × N."
    return None


angular = Exercise(
    title="The other order",
    question=(
        "Write equations 2 to 4 for `q`, `k` and `v` of shape $(B, N, d)$, with $\\alpha = 1/2$ and $\\beta = 1/\\pi$, "
        "so that nothing of size $N \\times N$ is made. The check looks at every tensor on the way."
    ),
    answer="angular",
    stub='def angular(q, k, v):\n    """(B, N, d) each, to (B, N, d)."""\n    ...',
    solution=_LINEAR,
    check=_check_linear,
    wrong={
        "the map is made": _LINEAR.replace("q @ (k.mT @ v)", "(q @ k.mT) @ v"),
        "the map is made entry by entry": _LINEAR.replace(
            "q @ (k.mT @ v)", "((q[:, :, None] * k[:, None]).sum(-1)[..., None] * v[:, None]).sum(-2)"
        ),
        "without β": _LINEAR.replace(" / math.pi", ""),
        "without the half": _LINEAR.replace("v / 2 + ", ""),
        "times π": _LINEAR.replace("/ math.pi", "* math.pi"),
        "not divided by the lengths": _LINEAR.replace("q = q /", "_ = q /").replace("k = k /", "_ = k /"),
    },
)

_MEAN = """
import math


def angular_mean(q, k, v):
    q = q / q.norm(dim=-1, keepdim=True)
    k = k / k.norm(dim=-1, keepdim=True)
    interaction = k.mT @ v / k.shape[-2]
    return v / 2 + q @ interaction / math.pi  # every token twice: the mean stays, and so does the result
"""


def _check_mean(answer: Any) -> str | None:
    q, k, v = (_tokens(1, 12, 4, seed=seed) for seed in range(3))
    value, sums = answer(q, k, v), _angular(q, k, v) - v / 2
    if not isinstance(value, Tensor) or value.shape != v.shape:
        return "The result has the shape of v."
    if _near(value, v / 2 + sums):
        return "This is equation 4 itself: show it every token twice, and βQ̂A doubles."
    if _near(value, v / 2 + sums / math.sqrt(12)):
        return "The root of N is right for a sum of unrelated terms; tokens of an image are related."
    if _near(value, (v / 2 + sums) / 12):
        return "Now αV shrinks as N grows: divide the sum over the tokens alone."
    if not _near(value, v / 2 + sums / 12):
        return "Half of v, plus the mean over the tokens where equation 3 has their sum."
    twice = answer(*(tokens.repeat(1, 2, 1) for tokens in (q, k, v)))
    return None if _near(twice[:, :12], value) else "Right for 12 tokens only: divide by the number there is."


angular_mean = Exercise(
    title="A sum that forgets N",
    question=(
        "`normalise` fixes the length of $Z$; the balance between $\\alpha V$ and $\\beta \\hat Q A$ still moves with "
        "$N$. Build the attention in which it does not: for `q`, `k`, `v` of shape $(B, N, d)$, the mean "
        "over the tokens in the place of the sum in equation 3. What happens to it when every token comes twice?"
    ),
    answer="angular_mean",
    stub='def angular_mean(q, k, v):\n    """(B, N, d) each, to (B, N, d)."""\n    ...',
    solution=_MEAN,
    check=_check_mean,
    wrong={
        "the sum": _MEAN.replace(" / k.shape[-2]", ""),
        "the root of N": _MEAN.replace("k.shape[-2]", "k.shape[-2] ** 0.5"),
        "everything divided": _MEAN.replace(" / k.shape[-2]", "").replace(
            "return v / 2 + q @ interaction / math.pi", "return (v / 2 + q @ interaction / math.pi) / k.shape[-2]"
        ),
        "divided by the channels": _MEAN.replace("k.shape[-2]", "k.shape[-1]"),
    },
)

_CHANNELS = """
import torch


def mix_channels(q, k, v, tau):
    q = q / q.norm(dim=-2, keepdim=True)
    k = k / k.norm(dim=-2, keepdim=True)
    weights = torch.softmax(q.mT @ k / tau, dim=-1)  # (B, d, d)
    return v @ weights.mT
"""


def _check_channels(answer: Any) -> str | None:
    q, k, v = (_tokens(2, 7, 4, seed=seed) for seed in range(3))
    value = answer(q, k, v, 0.2)
    if not isinstance(value, Tensor) or value.shape != v.shape:
        return "The result has the shape of v: mix its channels, the last axis."

    def mixed(tau: float = 0.2, length: int = -2, over: int = -1, turned: bool = True) -> Tensor:
        weights = (F.normalize(q, dim=length).mT @ F.normalize(k, dim=length) / tau).softmax(dim=over)
        return v @ (weights.mT if turned else weights)

    known = {
        "A smaller temperature should sharpen the rows: divide by it.": mixed(tau=5.0),
        "The lengths are those of the channels, over the tokens: then the products are cosines whatever N is.": mixed(
            length=-1
        ),
        "A row of the map says what one channel takes, so the rows sum to one.": mixed(over=-2),
        "Row i of the map tells what channel i takes: v times the map's transpose.": mixed(turned=False),
    }
    found = [message for message, wrong in known.items() if _near(value, wrong)]
    if found:
        return found[0]
    return None if _near(value, mixed()) else "Wrong values: unit channels, their products over tau, softmax, mix v."


mix_channels = Exercise(
    title="Equations 6 and 7, made to run",
    question=(
        "As printed the two cannot be computed. Write them so that they can, for one head: `q`, `k`, `v` of shape "
        "$(B, N, d)$ and a number `tau`. Channel $i$ of the result is a mixture of the channels of `v` by row $i$ of a "
        "$d \\times d$ map of cosines."
    ),
    answer="mix_channels",
    stub='def mix_channels(q, k, v, tau):\n    """(B, N, d) each, to (B, N, d)."""\n    ...',
    solution=_CHANNELS,
    check=_check_channels,
    wrong={
        "times the temperature": _CHANNELS.replace("/ tau", "* tau"),
        "lengths over the last axis": _CHANNELS.replace("dim=-2", "dim=-1"),
        "softmax over the columns": _CHANNELS.replace("tau, dim=-1", "tau, dim=-2"),
        "the map not turned": _CHANNELS.replace("weights.mT", "weights"),
    },
)

QUESTIONS = (
    Question(
        "Why can a softmax not stand between $QK^T$ and $V$ if the cost is to grow with $N$?",
        (
            Choice("Exponentials are slow.", "They are, by a constant factor; the trouble is another."),
            Choice(
                "It acts on each entry of the $N \\times N$ map, so the map has to be there.",
                "Without it the product is associative, and $K^TV$ can be taken first.",
                right=True,
            ),
            Choice("Its rows sum to one.", "That could be had by dividing at the end, and is not what forbids it."),
        ),
    ),
    Question(
        "Every token of an image is shown twice. What happens to $\\beta \\hat Q \\hat K^T V$, and what to the channel "
        "map of cross-covariance?",
        (
            Choice(
                "The first doubles, the second stays.",
                "The first is a sum over the tokens; the second holds cosines of whole channels.",
                right=True,
            ),
            Choice("Both double.", "The channels are divided by their lengths over the tokens, which grow along."),
            Choice("Both stay.", "The first has a sum over the tokens, and nothing that divides by their number."),
        ),
    ),
    Question(
        "The tokens of a map are shuffled, and the results put back in order. For which of the three do they differ?",
        (
            Choice("Dot product.", "It compares every token with every other and knows no places."),
            Choice(
                "Linear-angular.",
                "Its depthwise convolution runs on the grid of tokens, so neighbours matter.",
                right=True,
            ),
            Choice("Cross-covariance.", "A cosine of two channels is a sum over the tokens, in any order."),
        ),
    ),
    Question(
        "`normalise=True` divides each token's $Z$ by its length. What does that not mend?",
        (
            Choice("The length of the output on a large map.", "That is exactly what it mends."),
            Choice(
                "That the sum over all tokens outweighs the token's own value as $N$ grows.",
                "The direction of $Z$ still turns from $V$ towards $\\hat Q A$; only its length is fixed.",
                right=True,
            ),
            Choice(
                "That what reaches the projection grows with $N$.",
                "It does not any more: $Z$ has length one in each head, and the convolution that is added sums over "
                "25 tokens at any $N$.",
            ),
        ),
    ),
)
"""The quiz of the page."""
