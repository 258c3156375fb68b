"""Exercises of the page on watching bits."""

from collections import Counter
from typing import Any

import torch
from torch.nn import functional as F

from rsnotes.prune_quantize.fixed_point import FixedPoint, quantize
from rsnotes.prune_quantize.ranges import choose_range
from rsnotes.teaching import Choice, Exercise, Question

_LEADING = """
import math


def leading(x):
    return math.floor(math.log2(abs(x)))
"""


def _check_leading(answer: Any) -> str | None:
    for x, position in ((1.0, 0), (2.1, 1), (16.25, 4), (0.5, -1), (0.3, -2), (0.03125, -5), (-5.0, 2)):
        value = answer(x)
        if value == position:
            continue
        if value == position + 1:
            return f"{x} lies between 2^{position} and 2^{position + 1}: its leading bit is the lower of the two."
        if x == 0.3 and value == -1:
            return "Cut towards zero, the logarithm of 0.3 becomes -1, but 0.3 is less than 2^-1: round down instead."
        return f"The leading bit of {x} is worth 2^{position}, not 2^{value}."
    return None


leading_bit = Exercise(
    title="The bit that counts most",
    question=(
        "Return the position $p$ of the most significant bit of `x`, the largest $p$ with $2^p \\le |x|$. What is it "
        "for 0.03125, for 2.1, for -5?"
    ),
    answer="leading",
    stub="def leading(x):\n    ...",
    solution=_LEADING,
    check=_check_leading,
    wrong={
        "cut towards zero": _LEADING.replace("math.floor(", "int("),
        "rounded up": _LEADING.replace("math.log2(abs(x))", "math.log2(abs(x)) + 1"),
        "sign kept": _LEADING.replace("abs(x)", "x"),
        "natural logarithm": _LEADING.replace("log2", "log"),
    },
)

_STORED = """
import torch


def stored(x, integer, fraction):
    step = 2.0**-fraction
    steps = torch.sign(x) * torch.floor(x.abs() / step + 0.5)
    most = 2 ** (integer + fraction)
    return steps.clamp(-most, most - 1) * step
"""


def _check_stored(answer: Any) -> str | None:
    x = torch.tensor([0.03125, 2.1, 16.25, -16.25, 0.0625, -0.1875, 3.0])
    right = quantize(x, FixedPoint(4, 3))
    value = answer(x.clone(), 4, 3)
    if torch.equal(value, right):
        other = quantize(x, FixedPoint(2, 5))
        return None if torch.equal(answer(x.clone(), 2, 5), other) else "Right for 4 and 3 bits, but not for 2 and 5."
    if value[1] == 2.0:
        return "2.1 is nearer to 2.125 than to 2: round to the nearest step, do not cut."
    if value[2] > 15.875:
        return "16.25 must saturate: the largest number has every bit 1 but the sign's, 15.875."
    if value[3] == -15.875:
        return "The most negative number is -16: two's complement has one more below zero than above."
    if value[4] == 0:
        return "0.0625 is half a step, which goes away from zero, to 0.125; `torch.round` goes to the even step, 0."
    return f"In steps of 0.125 {x.tolist()} becomes {right.tolist()}, not {value.tolist()}."


store = Exercise(
    title="Into fixed point",
    question=(
        "Store a tensor with a sign bit, `integer` bits before the binary point and `fraction` bits after it: round to "
        "the nearest step, halves away from zero, and saturate. Return the stored numbers as floats."
    ),
    answer="stored",
    stub="def stored(x, integer, fraction):\n    ...",
    solution=_STORED,
    check=_check_stored,
    wrong={
        "cut": _STORED.replace("torch.floor(x.abs() / step + 0.5)", "torch.floor(x.abs() / step)"),
        "not saturated": _STORED.replace(".clamp(-most, most - 1)", ""),
        "symmetric": _STORED.replace("clamp(-most,", "clamp(1 - most,"),
        "half to even": _STORED.replace("torch.sign(x) * torch.floor(x.abs() / step + 0.5)", "torch.round(x / step)"),
    },
)

_WINDOW = """
def window(histogram, width):
    def covered(top):
        return sum(histogram.get(p, 0) for p in range(top - width + 1, top + 1))

    tops = range(min(histogram), max(histogram) + 1)
    return max(tops, key=lambda top: (covered(top), top))
"""


def _check_window(answer: Any) -> str | None:
    uneven = Counter({4: 3, 1: 10, 0: 9, -3: 9, -5: 8})
    cases = (
        (Counter({0: 5, -1: 10, -2: 40, -3: 30, -9: 1}), 7, ""),
        (Counter({3: 1, -4: 20, -5: 20, -6: 20, -10: 5, -11: 4}), 7, ""),
        (Counter({2: 10, -7: 10}), 7, ""),
        (Counter({5: 1, 0: 10, -3: 10}), 7, "A window may begin where no leading bit is."),
        (uneven, 3, "`width` is an argument."),
        (uneven, 5, "`width` is an argument."),
    )
    for histogram, width, hint in cases:
        top = choose_range(histogram, width + 1).integer - 1
        value = answer(Counter(histogram), width)
        if value == top:
            continue
        shown = dict(histogram)
        if hint:
            return f"For {shown} the window of {width} bits has its top at {top}, not at {value}. {hint}"
        if value == max(histogram):
            return f"For {shown} the window below the highest bit is not the fullest: rare large numbers may overflow."
        if value == histogram.most_common(1)[0][0]:
            return "That is the commonest leading bit. The window below it may leave out many numbers above it."
        if histogram == cases[2][0]:
            return "Two windows cover as many. Of equals take that of the larger numbers, which lose more when cut."
        return f"For {shown} the window of {width} bits with top {top} covers most, not that with top {value}."
    return None


choose_window = Exercise(
    title="Where to put the window",
    question=(
        "`histogram` says how many numbers have their leading bit at each position. Return the top position of the "
        "window of `width` bits that covers most of them, of equals the highest. Stay within the range of positions."
    ),
    answer="window",
    stub="def window(histogram, width):\n    ...",
    solution=_WINDOW,
    check=_check_window,
    wrong={
        "nothing may overflow": "def window(histogram, width):\n    return max(histogram)\n",
        "the commonest bit": "def window(histogram, width):\n    return max(histogram, key=histogram.get)\n",
        "tops where bits are": _WINDOW.replace("range(min(histogram), max(histogram) + 1)", "list(histogram)"),
        "always seven bits": _WINDOW.replace("top - width + 1", "top - 6"),
        "of equals the lowest": _WINDOW.replace("(covered(top), top)", "(covered(top), -top)"),
        "bottom, not top": _WINDOW.replace("range(top - width + 1, top + 1)", "range(top, top + width)"),
    },
)

_FOLD = """
def folded(weight, bias, gamma, beta, mean, variance, eps):
    scale = gamma / (variance + eps).sqrt()
    return weight * scale[:, None, None, None], beta + scale * (bias - mean)
"""


def _check_fold(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(shape, generator=generator).double() for shape in ((2, 4, 5, 5), (4, 4, 3, 3)))
    bias, gamma, beta, mean, variance = (torch.rand(4, generator=generator).double() + 0.2 for _ in range(5))
    eps = 0.1
    expected = F.batch_norm(F.conv2d(x, weight, bias), mean, variance, gamma, beta, eps=eps)
    new_weight, new_bias = answer(weight.clone(), bias, gamma, beta, mean, variance, eps)
    value = F.conv2d(x, new_weight, new_bias)
    if torch.allclose(value, expected):
        return None
    slope = gamma / (variance + eps).sqrt()
    if torch.allclose(new_weight, weight * slope[None, :, None, None]):
        return "The scale went along the inputs. Each *filter* has its own: the first axis of the weight."
    if torch.allclose(new_weight, weight * (gamma / variance.sqrt())[:, None, None, None]):
        return "Without eps the scale is a little too large, and far too large where the variance is small."
    if torch.allclose(new_weight, weight * slope[:, None, None, None]):
        return "The weight is right. The bias goes through the normalisation too: subtract the mean, scale, add beta."
    return "The scale of a filter is gamma over the root of variance plus eps."


fold = Exercise(
    title="Fold it yourself",
    question=(
        "Build what `fold_batch_norm` does to one layer: from `weight` $(D, C, u, v)$, `bias` $(D)$ and the "
        "normalisation's $\\gamma, \\beta, \\mu, \\sigma^2$ and $\\epsilon$ return weight and bias of one convolution "
        "that does both. Then quantize the two, and compare with quantizing first."
    ),
    answer="folded",
    stub="def folded(weight, bias, gamma, beta, mean, variance, eps):\n    ...",
    solution=_FOLD,
    check=_check_fold,
    wrong={
        "along the inputs": _FOLD.replace("scale[:, None, None, None]", "scale[None, :, None, None]"),
        "bias not scaled": _FOLD.replace("scale * (bias - mean)", "(bias - mean)"),
        "eps forgotten": _FOLD.replace("(variance + eps)", "variance"),
        "variance for deviation": _FOLD.replace("(variance + eps).sqrt()", "(variance + eps)"),
    },
)

QUESTIONS = (
    Question(
        "The window of a layer is moved up by one bit. What happens to its numbers?",
        (
            Choice(
                "The largest representable number and the step both double.",
                "Fewer numbers saturate, and all others are rounded twice as coarsely.",
                right=True,
            ),
            Choice(
                "Only the largest number doubles.",
                "There are eight bits before and after: one gained above is one lost below.",
            ),
            Choice("The step is halved.", "That is what moving it down does, at the price of saturation above."),
        ),
    ),
    Question(
        "Why does folding batch normalisation change what eight bits cost?",
        (
            Choice(
                "It does not: the folded network computes the same.",
                "In floats, yes. But other numbers are stored, and those are rounded.",
            ),
            Choice(
                "Each filter is multiplied by its own $\\gamma / \\sigma$, but a layer has one window for all.",
                "Filters that were alike in size no longer are: what is large in one is cut, or what is small is lost.",
                right=True,
            ),
            Choice(
                "It adds parameters that must be stored.",
                "It takes some away: a scale, a shift, a mean and a variance become one bias.",
            ),
        ),
    ),
    Question(
        "Saturation can be avoided: put the window's top at the highest leading bit. What speaks against it?",
        (
            Choice(
                "Nothing: a saturated number can be far off.",
                "A good rule on this page. But one number far above all others would make the step coarse for all.",
            ),
            Choice(
                "The majority of the numbers lies lower, and the majority counts.",
                "Not for the sum that a layer computes: a large weight moves it more than many small ones. The "
                "page's table shows what cutting the large ones costs.",
            ),
            Choice(
                "A single outlier costs all other numbers a bit of precision: measure both rules.",
                "A window between the two can be best of all. Which it is depends on the numbers and the bits.",
                right=True,
            ),
        ),
    ),
)
"""The quiz of the page."""
