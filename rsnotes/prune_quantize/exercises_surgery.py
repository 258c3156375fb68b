"""Exercises of the page on surgery."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.teaching import Choice, Exercise, Question

_TAKEN = """
def taken(inputs, kernel, readers, reader_kernel):
    own = inputs * kernel**2
    norm = 2
    read = readers * reader_kernel**2
    return own + norm + read
"""


def _check_taken(answer: Any) -> str | None:
    for inputs, kernel, readers, reader_kernel in ((3, 1, 5, 1), (64, 3, 64, 3), (8, 3, 16, 1)):
        own, read = inputs * kernel**2, readers * reader_kernel**2
        value = int(answer(inputs, kernel, readers, reader_kernel))
        if value == own + 2 + read:
            continue
        if value == own + 2:
            return (
                "That is the filter and its normalisation. The next convolution has weights for the lost channel too."
            )
        if value == own + read:
            return "The normalisation in between has a scale and a shift for the channel."
        if value == own + 4 + read:
            return "Running mean and variance go too, but they are statistics, not parameters."
        if value == inputs * kernel + 2 + readers * reader_kernel:
            return "A kernel of side k has k² weights."
        return (
            f"{inputs} inputs, {kernel}², read by {readers} filters of {reader_kernel}²: {own + 2 + read}, not {value}."
        )
    return None


parameters_taken = Exercise(
    title="What one filter takes with it",
    question=(
        "A convolution without bias has `inputs` channels and kernels of `kernel` × `kernel`. Batch normalisation "
        "follows, then a convolution of `readers` filters with kernels of `reader_kernel` × `reader_kernel`. How many "
        "parameters leave the network with one filter of the first? Try the paper's width: 64 and 64, both 3 × 3."
    ),
    answer="taken",
    stub="def taken(inputs, kernel, readers, reader_kernel):\n    ...",
    solution=_TAKEN,
    check=_check_taken,
    wrong={
        "readers forgotten": _TAKEN.replace(" + read\n", "\n"),
        "normalisation forgotten": _TAKEN.replace("norm = 2", "norm = 0"),
        "statistics counted": _TAKEN.replace("norm = 2", "norm = 4"),
        "kernel not squared": _TAKEN.replace("**2", ""),
    },
)

_PLACES = """
def places(widths, branch, filters):
    offset = sum(widths[:branch])
    return [offset + i for i in filters]
"""


def _check_places(answer: Any) -> str | None:
    for widths, branch, filters in (([4, 4, 4, 4], 0, [1, 3]), ([4, 4, 4, 4], 2, [0, 3]), ([5, 2, 7, 3], 2, [6, 1])):
        value = [int(i) for i in answer(widths, branch, filters)]
        offset = sum(widths[:branch])
        if value == [offset + i for i in filters]:
            continue
        if value == filters:
            return "These are places within the branch. Concatenation puts the branches before it first."
        if value == [sum(widths[: branch + 1]) + i for i in filters]:
            return "The branch's own width counts too much: only the branches before it shift its channels."
        if value == [branch * widths[0] + i for i in filters]:
            return "Right while all branches are equally wide. After the first round of pruning they are not."
        return f"Branches of {widths} channels: filters {filters} of branch {branch} are channels {offset} and so on."
    return None


concatenated_places = Exercise(
    title="Where the channel went",
    question=(
        "The pyramid's branches have `widths` channels and are concatenated in order. At which channels of the "
        "concatenated map do the `filters` of branch number `branch` (from 0) arrive? Return a list."
    ),
    answer="places",
    stub="def places(widths, branch, filters):\n    ...",
    solution=_PLACES,
    check=_check_places,
    wrong={
        "no offset": _PLACES.replace("sum(widths[:branch])", "0"),
        "own branch counted": _PLACES.replace("[:branch]", "[: branch + 1]"),
        "all as wide as the first": _PLACES.replace("sum(widths[:branch])", "branch * widths[0]"),
    },
)

_WITHOUT = """
import torch


def without(first, norm, second, index):
    kept = [i for i in range(len(first)) if i != index]
    return first[kept], norm[:, kept], second[:, kept]
"""


def _forward(x: Tensor, first: Tensor, norm: Tensor, second: Tensor) -> Tensor:
    gamma, beta, mean, variance = norm
    y = F.batch_norm(F.conv2d(x, first, padding=1), mean, variance, gamma, beta).relu()
    return F.conv2d(y, second, padding=1)


def _check_without(answer: Any) -> str | None:
    for index in (1, 3, 0):
        if (message := _check_without_one(answer, index)) is not None:
            return message
    return None


def _check_without_one(answer: Any, index: int) -> str | None:
    generator = torch.Generator().manual_seed(index)
    x, first, second = (torch.randn(n, generator=generator) for n in ((2, 3, 6, 6), (4, 3, 3, 3), (4, 4, 3, 3)))
    norm = torch.rand(4, 4, generator=generator) + 0.5
    masked = norm.clone()
    masked[:2, index] = 0
    expected = _forward(x, first, masked, second)
    a, n, b = answer(first.clone(), norm.clone(), second.clone(), index)
    if a.shape == first.shape and b.shape == second.shape:
        return "Nothing got smaller. A filter at zero takes as long as any other: return smaller tensors."
    if b.shape == (3, 4, 3, 3):
        return "The second convolution lost an output. It should lose an input: the channel that it read."
    if b.shape == second.shape:
        return "The second convolution still reads the channel that is gone: its second axis must shrink."
    if n.shape[1] == 4:
        return "The normalisation still has four channels: its numbers would go to the wrong maps, or to none."
    if not torch.allclose(_forward(x, a, n, b), expected, atol=1e-5):
        return (
            f"The shapes are right, the outputs are not those of the network with filter {index} masked: do all three "
            "lose that one?"
        )
    return None


remove_by_hand = Exercise(
    title="Be the surgeon",
    question=(
        "Two convolutions with batch normalisation between them: `first` $(D, C, 3, 3)$, `norm` $(4, D)$ with the rows "
        "$\\gamma, \\beta, \\mu, \\sigma^2$, `second` $(E, D, 3, 3)$. Remove filter `index` of the first and return "
        "the three smaller tensors. The check runs them against a masked network."
    ),
    answer="without",
    stub="def without(first, norm, second, index):\n    ...",
    solution=_WITHOUT,
    check=_check_without,
    wrong={
        "masked, not removed": """
def without(first, norm, second, index):
    first[index] = 0
    norm[:2, index] = 0
    return first, norm, second
""",
        "an output of the reader": _WITHOUT.replace("second[:, kept]", "second[kept]"),
        "reader untouched": _WITHOUT.replace("second[:, kept]", "second"),
        "norm untouched": _WITHOUT.replace("norm[:, kept]", "norm"),
        "always the second filter": _WITHOUT.replace("i != index", "i != 1"),
        "another channel of the reader": _WITHOUT.replace("second[:, kept]", "second[:, :-1]"),
    },
)

_GOALS = """
def goals(start, end, rounds):
    return [start * (end / start) ** (k / rounds) for k in range(1, rounds + 1)]
"""


def _check_goals(answer: Any) -> str | None:
    for start, end, rounds in ((1000.0, 125.0, 3), (810.0, 160.0, 4)):
        if (message := _check_schedule(answer, start, end, rounds)) is not None:
            return message
    return None


def _check_schedule(answer: Any, start: float, end: float, rounds: int) -> str | None:
    value = [float(v) for v in answer(start, end, rounds)]
    if len(value) != rounds:
        return f"There are {rounds} rounds and so {rounds} goals, one after each: this has {len(value)}."
    if abs(value[0] - start) < 1e-6:
        return "The first goal is what is left after the first round, not the start."
    if abs(value[0] - (start - (start - end) / rounds)) < 1e-6:
        return "Those are equal numbers of parameters, as `prune` takes. Equal shares of what is left were asked for."
    if abs(value[-1] - end) > 1e-6:
        return f"The last goal is not the end: {value[-1]:.1f} instead of {end:.1f}."
    share = (end / start) ** (1 / rounds)
    right = [start * share**k for k in range(1, rounds + 1)]
    if any(abs(v - w) > 1e-6 for v, w in zip(value, right, strict=True)):
        return (
            f"From {start:.0f} to {end:.0f} in {rounds} rounds each leaves {share:.3f} of what there is: "
            f"{[round(w, 1) for w in right]}, not {[round(v, 1) for v in value]}."
        )
    return None


equal_shares = Exercise(
    title="Another schedule",
    question=(
        "`prune` takes about the same *number* of parameters in every round, so the last rounds take a larger share of "
        "what is left. Return the list of parameters left after each of `rounds` rounds that take equal *shares*. Then "
        "build a loop over `prune_filters(network, scores, parameters=goal)` with it and compare the two at 60 rounds."
    ),
    answer="goals",
    stub="def goals(start, end, rounds):\n    ...",
    solution=_GOALS,
    check=_check_goals,
    wrong={
        "equal numbers": _GOALS.replace("start * (end / start) ** (k / rounds)", "start - (start - end) * k / rounds"),
        "begins with the start": _GOALS.replace("range(1, rounds + 1)", "range(rounds)"),
        "one too many": _GOALS.replace("range(1, rounds + 1)", "range(rounds + 1)"),
        "always half": _GOALS.replace("start * (end / start) ** (k / rounds)", "start / 2**k"),
        "not to the end": _GOALS.replace("(k / rounds)", "(k / (rounds + 1))"),
    },
)

QUESTIONS = (
    Question(
        "A filter whose map is added to the input of its residual block is to go. What goes with it?",
        (
            Choice(
                "Only what reads the block's output.",
                "An addition needs both its maps in one size. The other summand would still have the channel.",
            ),
            Choice(
                "The same channel in every map that is added along the whole stage, and what reads them.",
                "The stage's blocks pass one sum on. That is why such filters are scored together, by their mean.",
                right=True,
            ),
            Choice(
                "Nothing: the addition can leave the channel out.",
                "It could be written so, with a list of places. Then the map keeps its size, and little is saved.",
            ),
        ),
    ),
    Question(
        "Half of the parameters are gone. Is the network twice as fast?",
        (
            Choice(
                "Yes: time goes with parameters.",
                "Time goes with multiplications and with memory traffic. A parameter of an early layer is used at far "
                "more pixels than one of a late layer.",
            ),
            Choice(
                "That depends on which half: count MACs, then measure.",
                "Late layers hold most parameters, early ones most pixels. And processors like some widths better.",
                right=True,
            ),
            Choice(
                "No: pruning saves memory only.",
                "Neither holds for weights at zero, which save nothing here. Filters that are really gone save "
                "multiplications too.",
            ),
        ),
    ),
    Question(
        "After pruning and retraining the network scores higher than before. Did pruning help?",
        (
            Choice(
                "Yes, the numbers say so.",
                "Two things were done to the network. The numbers do not say which of them helped.",
            ),
            Choice(
                "Perhaps: the unpruned network must be trained as much longer to compare.",
                "The paper says itself that retraining may explain its gain. A control at equal steps would tell.",
                right=True,
            ),
            Choice(
                "No, a smaller network is always worse.",
                "It need not be: fewer parameters can overfit less. That is why one measures.",
            ),
        ),
    ),
)
"""The quiz of the page."""
