"""Exercises of the page that reads the paper's tables, and the quiz of the group."""

import math
from typing import Any

import torch

from rsnotes.teaching import Choice, Exercise, Question

_WHOSE = """
def whose_row(classes, means):
    mean = sum(classes) / len(classes)
    return min(means, key=lambda name: abs(means[name] - mean))
"""


def _check_whose(answer: Any) -> str | None:
    tests: tuple[tuple[list[float], dict[str, float], str], ...] = (
        ([10.0, 30.0], {"first": 29.0, "second": 21.0}, "second"),
        ([50.0, 60.0, 80.0], {"a": 63.5, "b": 60.0, "c": 80.0}, "a"),
        ([2.0, 8.0], {"low": 4.4, "high": 5.1}, "high"),
    )
    for classes, means, right in tests:
        found = answer(classes, means)
        if isinstance(found, float | int):
            return "Return the name of the row, a key of `means`, not a number."
        if found not in means:
            return f"{found!r} is no row of {list(means)}."
        if found != right:
            mean = sum(classes) / len(classes)
            nearest = "largest class" if means[found] == max(means.values()) else "another figure"
            return f"The classes {classes} have the mean {mean:.1f}; {found!r} is not the nearest row ({nearest}?)."
    return None


whose_row = Exercise(
    title="Whose classes are these?",
    question=(
        "Table IV prints the IoU of each class without their mean, table II means without classes. From a list of "
        "class IoUs and a dictionary of printed means by row return the name of the row whose mean is nearest. Which "
        "rows of table II do the two last rows of table IV belong to?"
    ),
    answer="whose_row",
    stub="def whose_row(classes, means):\n    ...",
    solution=_WHOSE,
    check=_check_whose,
    wrong={
        "the distance": _WHOSE.replace("return min(", "return min(abs(m - mean) for m in means.values()) or max("),
        "the highest": _WHOSE.replace(
            "min(means, key=lambda name: abs(means[name] - mean))", "max(means, key=means.get)"
        ),
        "not the distance": _WHOSE.replace("abs(means[name] - mean)", "means[name] - mean"),
    },
)

_BYTES = """
def bytes_each(megabytes, millions):
    return megabytes * 1e6 / (millions * 1e6), megabytes * 2**20 / (millions * 1e6)
"""


def _check_bytes(answer: Any) -> str | None:
    for megabytes, millions in ((59.75, 20.6), (8.0, 2.0)):
        found = tuple(map(float, answer(megabytes, millions)))
        if len(found) != 2:
            return "Two numbers are wanted: with a megabyte of 10^6 bytes, and of 2^20."
        right = megabytes / millions, megabytes * 2**20 / (millions * 1e6)
        if all(abs(f * r - 1) < 1e-6 or abs(f * 1.048576 * r - 1) < 0.06 for f, r in zip(found, right, strict=True)):
            return "That is parameters a byte. Divide the bytes by the parameters."
        if abs(found[0] - right[1]) < 1e-6 and abs(found[1] - right[0]) < 1e-6:
            return "The right two numbers in the other order: first 10^6 bytes, then 2^20."
        if abs(found[0] - found[1]) < 1e-9:
            return "The two are equal: a megabyte of 2^20 bytes is larger than one of 10^6, by 5 per cent."
        if any(abs(f - r) > 1e-6 for f, r in zip(found, right, strict=True)):
            return f"{megabytes} MB for {millions} million are {right[0]:.3f} or {right[1]:.3f} bytes each."
    return None


bytes_each = Exercise(
    title="What a parameter weighs",
    question=(
        "Return the bytes a parameter from a printed memory in MB and a printed number of parameters in millions, once "
        "for a megabyte of $10^6$ bytes and once for $2^{20}$. A float has 4, half a float 2, an integer of eight bits "
        "1. Which rows of table II fit any of them?"
    ),
    answer="bytes_each",
    stub="def bytes_each(megabytes, millions):\n    ...",
    solution=_BYTES,
    check=_check_bytes,
    wrong={
        "one kind of megabyte": _BYTES.replace("2**20", "1e6"),
        "the other order": "\ndef bytes_each(megabytes, millions):\n"
        "    return megabytes * 2**20 / (millions * 1e6), megabytes * 1e6 / (millions * 1e6)\n",
        "parameters a byte": "\ndef bytes_each(megabytes, millions):\n"
        "    return millions / megabytes, millions * 1e6 / (megabytes * 2**20)\n",
    },
)

_MET = """
import math


def boundary_recall(true, predicted, tolerance):
    met = [any(math.dist(p, q) <= tolerance for q in predicted) for p in true]
    return sum(met) / len(met)
"""


def _check_met(answer: Any) -> str | None:
    true, predicted = [(0, 0), (0, 4), (3, 3), (9, 9)], [(0, 3), (3, 7), (1, 1)]
    for tolerance, right in ((1.0, 0.25), (math.sqrt(2), 0.5), (3.0, 0.75), (20.0, 1.0)):
        found = float(answer(list(true), list(predicted), tolerance))
        other = sum(any(math.dist(p, q) <= tolerance for q in true) for p in predicted) / len(predicted)
        if abs(found - right) < 1e-9:
            continue
        if abs(found - other) < 1e-9:
            return "That is precision: the share of *predicted* pixels with a true one nearby."
        if tolerance == 1.0 and abs(found - 0.5) < 1e-9:
            return "A step along the diagonal is longer than 1: the distance is the Euclidean one."
        if tolerance == 1.0 and found == 0:
            return "A pixel at exactly the tolerance is met."
        return f"At a tolerance of {tolerance:.2f} pixels {right:g} of the true pixels are met, not {found:g}."
    return None


boundary_recall = Exercise(
    title="A boundary nearly hit",
    question=(
        "Boundary recall is the share of true boundary pixels that have a predicted one within a tolerance. Write it "
        "by brute force for two lists of (row, column) and a `tolerance` in pixels, in Euclidean distance. Precision "
        "is the same with the lists exchanged, and the boundary score their harmonic mean."
    ),
    answer="boundary_recall",
    stub="def boundary_recall(true, predicted, tolerance):\n    ...",
    solution=_MET,
    check=_check_met,
    wrong={
        "precision": _MET.replace("for q in predicted) for p in true", "for q in true) for p in predicted"),
        "diagonal steps": _MET.replace("math.dist(p, q)", "max(abs(p[0] - q[0]), abs(p[1] - q[1]))"),
        "less than": _MET.replace("<= tolerance", "< tolerance"),
    },
)

_LEGEND = """
import torch


def merge_cars(mask, moving, static):
    return torch.where(mask == moving, static, mask)
"""


def _check_legend(answer: Any) -> str | None:
    for moving, static in ((4, 5), (6, 2)):
        if (message := _check_merged(answer, moving, static)) is not None:
            return message
    return None


def _check_merged(answer: Any, moving: int, static: int) -> str | None:
    mask = torch.tensor([[moving, static, 0], [255, moving, 7]])
    kept = mask.clone()
    found = answer(mask, moving, static)
    if not torch.equal(mask, kept):
        return "The mask that was given has changed. Return a new one."
    if bool((found == moving).any()):
        return f"There still are moving cars, class {moving}."
    if bool((found[kept == 255] != 255).any()):
        return "Ignored pixels, 255, must stay ignored."
    if not torch.equal(found, torch.tensor([[static, static, 0], [255, static, 7]])):
        return f"Only moving cars, {moving}, become static ones, {static}; all else stays."
    return None


merge_cars = Exercise(
    title="Can a still picture tell?",
    question=(
        "A car on its way and a parked one look alike; only the place differs. Return a copy of a `mask` in which the "
        "class `moving` has become `static`, so that you can score a network with and without the distinction. How "
        "much of the error on cars is confusion between the two?"
    ),
    answer="merge_cars",
    stub="def merge_cars(mask, moving, static):\n    ...",
    solution=_LEGEND,
    check=_check_legend,
    wrong={
        "the next class": _LEGEND.replace("torch.where(mask == moving, static, mask)", "mask + (mask == moving)"),
        "always 4 and 5": _LEGEND.replace("mask == moving, static", "mask == 4, 5"),
        "in place": _LEGEND.replace(
            "return torch.where(mask == moving, static, mask)", "mask[mask == moving] = static\n    return mask"
        ),
        "the other way": _LEGEND.replace("mask == moving, static", "mask == static, moving"),
        "ignored too": _LEGEND.replace("mask == moving,", "(mask == moving) | (mask == 255),"),
        "all else": _LEGEND.replace("static, mask)", "static, torch.where(mask == 255, 255, 0))"),
    },
)

QUESTIONS = (
    Question(
        "What do filters lose when they are pruned by equation 8 with batch normalisation in training mode?",
        (
            Choice("Nothing, the scores are the same.", "In training mode they are thousands of times smaller."),
            Choice(
                "Their meaning: the sum is zero but for rounding and a trace of ε.",
                "Scaling a filter changes nothing after a normalisation by the batch's own statistics, so the weights "
                "times their derivatives sum to zero. What is left over does not know what a filter is worth.",
                right=True,
            ),
            Choice("Their sign.", "The absolute value is taken in either mode."),
        ),
    ),
    Question(
        "The class rows of table IV called Quantization have the mean 58.55. Which row of table II is that?",
        (
            Choice("Quantization alone, 59.41.", "It is off by 0.86 points, far more than rounding of eight figures."),
            Choice(
                "Pruned and quantized, 58.54.",
                "Within a hundredth. The memory of table III, 33.79 MB, points the same way: it is a quarter of the "
                "pruned network's.",
                right=True,
            ),
            Choice("Pruned, 59.53.", "That is the mean of the row above, which is called Pruning."),
        ),
    ),
    Question(
        "Quantizing takes the printed memory to a quarter. Which conversion does that fit?",
        (
            Choice("16 to 8 bits, as the text says.", "That would be a half."),
            Choice(
                "32 to 8 bits.", "A quarter, within about one per cent: the four ratios are 3.95 to 4.00.", right=True
            ),
            Choice("32 to 16 bits.", "That would be a half as well."),
        ),
    ),
    Question(
        "A boundary score is printed without its tolerance. How much does that matter?",
        (
            Choice("Not at all: it is a ratio.", "The number of pixels that count as met grows with the tolerance."),
            Choice(
                "As much as one likes.",
                "At a tolerance as large as the image every boundary is met. Two papers can be compared only if both "
                "say what they forgive, and at which size of image.",
                right=True,
            ),
            Choice("By a constant.", "The curve has a shape of its own for every network and class."),
        ),
    ),
)
"""The quiz of the group."""
