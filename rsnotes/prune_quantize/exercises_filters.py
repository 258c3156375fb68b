"""Exercises of the page on what a filter is worth."""

from typing import Any

import torch
from scipy.stats import spearmanr

from rsnotes.teaching import Choice, Exercise, Question

_SCORE = """
def score(weight, gradient):
    return (weight * gradient).flatten(1).mean(1).abs()
"""


def _check_score(answer: Any) -> str | None:
    weight = torch.tensor([[[[1.0, -2.0]]], [[[3.0, 0.5]]]])  # (2, 1, 1, 2)
    gradient = torch.tensor([[[[4.0, 1.0]]], [[[-1.0, 2.0]]]])
    products = weight * gradient  # (4, -2) and (-3, 1)
    value = torch.as_tensor(answer(weight, gradient)).float()
    if value.shape != (2,):
        return f"Two filters have two scores; this has the shape {tuple(value.shape)}. M are the weights of one filter."
    if torch.allclose(value, torch.tensor([1.0, 1.0])):
        return _check_divisor(answer)
    if torch.allclose(value, products.abs().flatten(1).mean(1)):
        return "The sign goes last: equation 8 has the bars outside the sum, so that products of a filter can cancel."
    if torch.allclose(value, products.flatten(1).mean(1)):
        return "A score has no sign: a change for the better counts like one for the worse."
    if torch.allclose(value, products.flatten(1).sum(1).abs()):
        return "That is the change of the loss itself. Equation 8 divides it by M, the number of the filter's weights."
    return "For products 4, -2 of one filter and -3, 1 of the other the scores are 1 and 1."


def _check_divisor(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(0)
    weight, gradient = torch.randn(2, 5, 3, 2, 4, generator=generator)  # 5 filters, M = 3 · 2 · 4
    value = torch.as_tensor(answer(weight, gradient)).float()
    total = (weight * gradient).flatten(1).sum(1).abs()
    if value.shape != (5,):
        return f"Right for two filters. Five filters have five scores; this has the shape {tuple(value.shape)}."
    if torch.allclose(value, total / 24):
        return None
    for wrong, message in (
        (5, "That divides by D, the number of filters. M is the number of one filter's weights, C · u · v."),
        (8, "That divides by u · v. A filter has a kernel for each of its C channels: M is C · u · v."),
        (3, "That divides by C. A filter's kernels have u · v weights each: M is C · u · v."),
    ):
        if torch.allclose(value, total / wrong):
            return message
    return "Right for two filters of two weights, but not for five of 3 · 2 · 4: Φ is the mean over a filter's weights."


filter_score = Exercise(
    title="Equation 8 in one line",
    question=(
        "Return $\\Phi(W_i)$ of every filter of a layer from its `weight` $(D, C, u, v)$ and the `gradient` of the "
        "loss with respect to it. Mind the order of mean and absolute value: for the products 4 and -2 it matters."
    ),
    answer="score",
    stub="def score(weight, gradient):\n    ...",
    solution=_SCORE,
    check=_check_score,
    wrong={
        "sign dropped first": _SCORE.replace(".flatten(1).mean(1).abs()", ".abs().flatten(1).mean(1)"),
        "sign kept": _SCORE.replace(".abs()", ""),
        "sum": _SCORE.replace("mean(1)", "sum(1)"),
        "over filters": _SCORE.replace("mean(1)", "mean(0)"),
        "divided by the filters": _SCORE.replace("mean(1).abs()", "sum(1).abs() / len(weight)"),
        "divided by the kernel": _SCORE.replace("mean(1).abs()", "sum(1).abs() / weight[0, 0].numel()"),
        "a constant": "import torch\n\n\ndef score(weight, gradient):\n    return torch.ones(2)\n",
    },
)

_BOTH = """
def expansions(a, b, w):
    change = -(a * w**2 + b * w)
    usual = -(2 * a * w + b) * w
    literal = -b * w
    return change, usual, literal
"""


def _check_both(answer: Any) -> str | None:
    for a, b, w in ((0.0, 2.0, 3.0), (1.0, -3.0, 2.0), (-0.5, 1.0, 4.0)):
        change, usual, literal = (float(value) for value in answer(a, b, w))
        exact = -(a * w * w + b * w)
        if abs(change - exact) > 1e-9:
            if abs(change + exact) < 1e-9:
                return "The change is the loss afterwards, at 0, minus the loss before, at w: the sign is turned."
            return f"For a = {a}, b = {b}, w = {w} the loss is {-exact} at w and 0 at 0."
        if abs(usual + b * w) < 1e-9 < abs(a) and abs(literal + (2 * a * w + b) * w) < 1e-9:
            return "Usual and literal are exchanged: the usual derivative is taken at the trained w, 2aw + b."
        if abs(usual + (2 * a * w + b) * w) > 1e-9:
            return "The usual estimate goes from w along its tangent, of slope 2aw + b, over a way of -w."
        if abs(literal + b * w) > 1e-9:
            return "The literal estimate has the slope at 0, which is b, over the same way of -w."
    return None


two_expansions = Exercise(
    title="Wrong by the same amount",
    question=(
        "Let the loss depend on one weight as $L(w) = a w^2 + b w$. Return three numbers: the change $L(0) - L(w)$, "
        "its estimate by the slope at the trained $w$ (the usual one), and by the slope at 0 (the literal one). Both "
        "estimates are the slope times $-w$. Then look at the two errors: what do you get from the mean of both?"
    ),
    answer="expansions",
    stub="def expansions(a, b, w):\n    change = ...\n    usual = ...\n    literal = ...\n    ...",
    solution=_BOTH,
    check=_check_both,
    wrong={
        "before minus after": _BOTH.replace("-(a * w**2 + b * w)", "a * w**2 + b * w"),
        "exchanged": _BOTH.replace("return change, usual, literal", "return change, literal, usual"),
        "slope at half way": _BOTH.replace("2 * a * w + b", "a * w + b"),
        "literal with the curve": _BOTH.replace("-b * w\n", "-(b + a * w) * w\n"),
    },
)

_RANKS = """
import torch


def rank_correlation(x, y):
    a = x.argsort().argsort().double()
    b = y.argsort().argsort().double()
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()))
"""


def _check_ranks(answer: Any) -> str | None:
    x = torch.tensor([0.3, 100.0, 0.1, 7.0, 2.0, 0.5])
    for y in (x**3, -x, torch.tensor([3.0, 1.0, 2.0, 60.0, 5.0, 4.0])):
        value = float(answer(x, y))
        right = float(spearmanr(x, y)[0])
        if abs(value - right) < 1e-6:
            continue
        if abs(value - float(torch.corrcoef(torch.stack([x, y]).double())[0, 1])) < 1e-6:
            return "That is the correlation of the values: one large score decides it. Replace values by ranks first."
        places = torch.stack([x.argsort(), y.argsort()]).double()
        if abs(value - float(torch.corrcoef(places)[0, 1])) < 1e-6:
            return "argsort says which value comes first, not what rank a value has. Its argsort does."
        if abs(value) > 1 + 1e-6:
            return "A correlation lies between -1 and 1: divide by the lengths of both."
        return f"For {x.tolist()} and {[round(v, 2) for v in y.tolist()]} it is {right:.3f}, not {value:.3f}."
    return None


rank_correlation = Exercise(
    title="Only the order counts",
    question=(
        "Pruning takes the filters of least score, so a score is as good as the order it gives. Write Spearman's rank "
        "correlation of two tensors $(n)$ without ties: the correlation of their ranks."
    ),
    answer="rank_correlation",
    stub="def rank_correlation(x, y):\n    ...",
    solution=_RANKS,
    check=_check_ranks,
    wrong={
        "of the values": _RANKS.replace("x.argsort().argsort()", "x").replace("y.argsort().argsort()", "y"),
        "one argsort": _RANKS.replace(".argsort().argsort()", ".argsort()"),
        "not divided": _RANKS.replace(" / (a.norm() * b.norm())", ""),
        "one side reversed": _RANKS.replace("y.argsort().argsort()", "(-y).argsort().argsort()"),
    },
)

_TWO_ENDS = """
import torch


def two_ended(loss, weight):
    scores = []
    for i in range(len(weight)):
        slopes = []
        for share in (0.0, 1.0):
            moved = weight.detach().clone()
            moved[i] *= share
            moved.requires_grad_()
            (gradient,) = torch.autograd.grad(loss(moved), moved)
            slopes.append((gradient[i] * weight[i]).sum())
        scores.append(((slopes[0] + slopes[1]) / 2).abs())
    return torch.stack(scores).detach()
"""


def _check_two_ends(answer: Any) -> str | None:
    weight = torch.tensor([[1.0, -2.0], [-0.5, 0.2], [2.0, 2.0]], dtype=torch.float64)
    matrix = torch.tensor([[2.0, 0.3], [0.3, 1.0]], dtype=torch.float64)
    before = weight.clone()

    def loss(w: torch.Tensor) -> torch.Tensor:
        return torch.einsum("im,mn,in->", w, matrix, w) + w.sum() * w[0, 0]

    value = torch.as_tensor(answer(loss, weight)).double()
    if not torch.equal(weight, before):
        return "The given weight was changed: work on a copy, and bring each filter back before the next."
    if value.shape != (3,):
        return f"Three filters have three scores, this has the shape {tuple(value.shape)}."
    exact, usual, literal = [], [], []
    for i in range(3):
        ends = []
        for share in (0.0, 1.0):
            w = weight.clone()
            w[i] *= share
            w.requires_grad_()
            ends.append((loss(w).detach(), (torch.autograd.grad(loss(w), w)[0][i] * weight[i]).sum()))
        exact.append((ends[1][0] - ends[0][0]).abs())
        literal.append(ends[0][1].abs())
        usual.append(ends[1][1].abs())
    for found, message in (
        (usual, "Both slopes are those at the trained weights: put the filter to 0 before taking the second."),
        (literal, "Both slopes are those at 0: one of them belongs to the trained weights."),
        ([(a + b) / 2 for a, b in zip(usual, literal, strict=True)],
         "The signs went before the mean: slopes of opposite sign must be able to cancel."),
    ):  # fmt: skip
        if torch.allclose(value, torch.stack(found)) and not torch.allclose(value, torch.stack(exact)):
            return message
    if not torch.allclose(value, torch.stack(exact)):
        wanted = [round(float(v), 3) for v in exact]
        return f"For this loss, a quadratic, the mean of both slopes is exact: {wanted}, not {value.tolist()}."
    return _check_cubic(answer)


def _check_cubic(answer: Any) -> str | None:
    """For a cubic the mean of both slopes is neither the change of the loss nor the slope half way."""
    weight = torch.tensor([[1.0, 2.0], [-3.0, 1.0]], dtype=torch.float64)
    value = torch.as_tensor(answer(lambda w: (w**3).sum(), weight)).double()
    cubes = (weight**3).sum(1).abs()  # the change of the loss; slopes are 0 and 3 times that, 3/4 of it half way
    if torch.allclose(value, 1.5 * cubes):
        return None
    if torch.allclose(value, cubes):
        return "That is the change of the loss itself, a pass a filter. Asked for is the mean of the two slopes."
    if torch.allclose(value, 0.75 * cubes):
        return "That is the slope half way. For a quadratic it is the mean of both slopes, for other losses not."
    return f"Right for a quadratic. For the sum of w³ the slopes are 0 and 3 Σ w³: {(1.5 * cubes).tolist()}."


two_ended = Exercise(
    title="Build a better score",
    question=(
        "Build the score of both ends. `loss` takes a layer's weight $(D, M)$ to a scalar. For each filter "
        "return $\\left| \\frac{1}{2} \\sum_m (g_m(0) + g_m(1)) w_{i,m} \\right|$, where $g(1)$ is the gradient at the "
        "trained weights and $g(0)$ the one with this filter, and no other, at zero. Then prune by it: what does it "
        "cost compared with one backward pass for all filters?"
    ),
    answer="two_ended",
    stub="def two_ended(loss, weight):\n    ...",
    solution=_TWO_ENDS,
    check=_check_two_ends,
    wrong={
        "twice the usual": _TWO_ENDS.replace("(0.0, 1.0)", "(1.0, 1.0)"),
        "twice the literal": _TWO_ENDS.replace("(0.0, 1.0)", "(0.0, 0.0)"),
        "sign dropped first": _TWO_ENDS.replace(".sum())\n        scores", ".sum().abs())\n        scores"),
        "not halved": _TWO_ENDS.replace(" / 2)", ")"),
        "half way": _TWO_ENDS.replace("(0.0, 1.0)", "(0.5, 0.5)"),
        "the change of the loss": """
import torch


def two_ended(loss, weight):
    scores = []
    for i in range(len(weight)):
        moved = weight.detach().clone()
        moved[i] = 0
        scores.append((loss(moved) - loss(weight)).abs())
    return torch.stack(scores).detach()
""",
    },
)

QUESTIONS = (
    Question(
        "Scores are taken while batch normalisation uses each batch's own statistics. What do they say?",
        (
            Choice(
                "The same as in evaluation mode, a little noisier.",
                "Not a little: the sum is zero but for rounding and the trace of ε, thousands of times smaller.",
            ),
            Choice(
                "Nothing: a longer filter gives the same loss, so $\\sum_m w_m \\, \\partial L / \\partial w_m = 0$.",
                "The normalisation divides the factor out again. What is left are rounding and the ε that guards the "
                "division, and neither knows what a filter is worth.",
                right=True,
            ),
            Choice(
                "How much each filter changes the statistics.",
                "The score is a derivative of the loss. Statistics take part in it, and that is what cancels it.",
            ),
        ),
    ),
    Question(
        "A filter's Φ is near 0. Can it go?",
        (
            Choice(
                "Yes, that is what Φ says.",
                "Φ is a slope times a length. At a minimum of the loss every slope is 0, needed filters or not.",
            ),
            Choice(
                "Only a flat start is certain: the loss may rise further down.",
                "Turned down a little, the filter does no harm. Whether it does when it is gone, the curve of the "
                "first picture shows and one derivative cannot.",
                right=True,
            ),
            Choice(
                "No: small scores belong to filters that are already used to the full.",
                "A small slope does not say why it is small. Dead filters have it, and needed ones at a minimum too.",
            ),
        ),
    ),
    Question(
        "What sets the scores of equation 8 in two layers apart, even where the filters cost the same loss?",
        (
            Choice(
                "It divides by M. Within a layer that is one number, across layers it is not.",
                "A filter of 288 weights and one of 32 that would cost the same loss get scores nine times apart.",
                right=True,
            ),
            Choice(
                "Layers are trained at different learning rates.",
                "They are trained at the same, and the score would not see it.",
            ),
            Choice(
                "The loss cannot be compared between layers.",
                "It is the one thing that can: it is the same loss, whichever layer loses a filter.",
            ),
        ),
    ),
)
"""The quiz of the page."""
