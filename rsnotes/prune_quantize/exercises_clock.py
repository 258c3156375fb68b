"""Exercises of the page that weighs accuracy against size and time."""

from typing import Any

import torch

from rsnotes.teaching import Choice, Exercise, Question

_RELATIVE = """
def relative_loss(before, after):
    return 100 * (before - after) / before
"""


def _check_relative(answer: Any) -> str | None:
    for before, after, right in ((81.09, 76.25, 5.969), (50.0, 40.0, 20.0), (60.0, 61.2, -2.0)):
        found = float(answer(before, after))
        if abs(found - (before - after)) < 1e-6:
            return f"{before} to {after}: those are points. Divide by what there was before."
        if abs(found - 100 * (before - after) / after) < 1e-6:
            return "The whole that a loss is a part of is the figure before it, not after it."
        if abs(100 * found - right) < 0.01:
            return f"A share of {found:.4f} is {100 * found:.2f} per cent: the text prints per cent."
        if abs(found + right) < 0.01:
            return "The sign: a loss is positive when the figure has fallen."
        if abs(found - right) > 0.01:
            return f"{before} to {after} is a relative loss of {right:.2f} per cent, not {found:.2f}."
    return None


relative_loss = Exercise(
    title="Per cent of what?",
    question=(
        "The text gives the cost of pruning ResNet-18 as 5.97 % of global accuracy, 3.77 % of mean IoU and 5.00 % of "
        "the boundary score. Table II has 81.09 to 76.25, 53.06 to 51.06 and 62.19 to 59.08. Return the loss in the "
        "way the text counts it. How many points of mean IoU are its 3.77 %?"
    ),
    answer="relative_loss",
    stub="def relative_loss(before, after):\n    ...",
    solution=_RELATIVE,
    check=_check_relative,
    wrong={
        "points": _RELATIVE.replace("100 * (before - after) / before", "before - after"),
        "of what is left": _RELATIVE.replace("/ before", "/ after"),
        "a share": _RELATIVE.replace("100 * ", ""),
        "the other sign": _RELATIVE.replace("before - after", "after - before"),
    },
)

_AMDAHL = """
def times_faster(share, factor):
    return 1 / (1 - share + share / factor)
"""


def _check_amdahl(answer: Any) -> str | None:
    for share, factor in ((0.9, 4.0), (0.5, 2.0), (1.0, 3.0), (0.0, 8.0)):
        found, right = float(answer(share, factor)), 1 / (1 - share + share / factor)
        if share == 0.9 and abs(found - (1 - share + share * factor)) < 1e-6:
            return "That is the mean of the speeds. Times add up, speeds do not: add the times of the two parts."
        if share == 0.9 and abs(found - 1 / right) < 1e-6:
            return "That is the time left, as a share of the old one. How many times faster is it?"
        if share == 0.9 and abs(found - 1 / (share + (1 - share) / factor)) < 1e-6:
            return "The two parts are exchanged: `share` is the part that gets faster."
        if abs(found - right) > 1e-6:
            return f"With a share of {share:g} made {factor:g} times faster the whole is {right:.2f} times faster."
    return None


times_faster = Exercise(
    title="What stays slow",
    question=(
        "ONNX Runtime has no integer kernel for transposed convolutions: they stay in floats. Return how many times "
        "faster a network gets if a `share` of its time is made `factor` times faster and the rest stays as it is. "
        "What is the most that any integer kernel could give if 10 % of the time cannot be helped?"
    ),
    answer="times_faster",
    stub="def times_faster(share, factor):\n    ...",
    solution=_AMDAHL,
    check=_check_amdahl,
    wrong={
        "mean of the speeds": _AMDAHL.replace("1 / (1 - share + share / factor)", "1 - share + share * factor"),
        "time left": _AMDAHL.replace("1 / (1 - share + share / factor)", "1 - share + share / factor"),
        "parts exchanged": _AMDAHL.replace("1 - share + share / factor", "share + (1 - share) / factor"),
    },
)

_CHANNEL = """
def per_channel(weight, bits):
    largest = weight.abs().amax(dim=(1, 2, 3), keepdim=True)  # (D, 1, 1, 1)
    step = largest / (2 ** (bits - 1) - 1)
    return (weight / step).round() * step
"""


def _check_channel(answer: Any) -> str | None:
    weight = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    weight *= torch.tensor([0.01, 0.1, 1.0, 10.0, 100.0])[:, None, None, None]
    for bits in (8, 4):
        found = answer(weight.clone(), bits)
        if found.shape != weight.shape:
            return f"The weight has the shape {tuple(weight.shape)}, what came back {tuple(found.shape)}."
        levels = [len(filter_.abs().unique()) for filter_ in found]
        if levels[0] == 1:
            return "The filters of small weights have become 0: they share a step with the large ones. One step each."
        if max(len(found[:, c].unique()) for c in range(3)) > 5 * 2**bits or max(levels) > 2 ** (bits - 1):
            return f"{max(levels)} different magnitudes in a filter: {bits} bits with a sign have {2 ** (bits - 1)}."
        error = ((found - weight).abs().amax((1, 2, 3)) / weight.abs().amax((1, 2, 3))).max()
        if error > 1.01 * 0.5 / (2 ** (bits - 1) - 1):
            return "Some weights are off by more than half a step: is the step too wide, or are they cut, not rounded?"
    return None


per_channel = Exercise(
    title="A step for every filter",
    question=(
        "Build the field's quantizer for the `weight` $(D, C, u, v)$ of a convolution: every filter has a step of its "
        "own, not a power of two, such that its largest magnitude is the largest integer of `bits` bits, "
        "$2^{b-1} - 1$. Return the rounded weights as floats. Put it in the place of the windows on this page."
    ),
    answer="per_channel",
    stub="def per_channel(weight, bits):\n    ...",
    solution=_CHANNEL,
    check=_check_channel,
    wrong={
        "one step for all": _CHANNEL.replace(
            "weight.abs().amax(dim=(1, 2, 3), keepdim=True)  # (D, 1, 1, 1)", "weight.abs().max()"
        ),
        "cut": _CHANNEL.replace(".round()", ".trunc()"),
        "a bit too many": _CHANNEL.replace("bits - 1", "bits"),
    },
)

QUESTIONS = (
    Question(
        "Eight bits take a quarter of the memory of 32. Why is a network in eight bits not four times as fast?",
        (
            Choice(
                "Integer kernels have four times the multiplications a cycle at best, and not all of a network is "
                "multiplications.",
                "Reading, rounding and writing remain, and some layers have no integer kernel at all. How much is left "
                "is a matter of the processor; it must be measured.",
                right=True,
            ),
            Choice("Integers are slower than floats.", "With VNNI a core multiplies four times as many of them."),
            Choice("Because of the scales.", "A power of two is a shift; arbitrary ones cost a product an output."),
        ),
    ),
    Question(
        "Pruning halves the parameters. What does that say about time?",
        (
            Choice("It halves.", "A filter at full resolution costs many products and has few parameters."),
            Choice(
                "Little: it depends on which layers lose their filters.",
                "Parameters lie in the deep layers, multiplications where maps are large. Two pruned networks of one "
                "size can differ by half in MACs, and MACs are not seconds either.",
                right=True,
            ),
            Choice("Nothing: time depends on depth alone.", "Narrower layers have fewer products."),
        ),
    ),
    Question(
        "The paper prunes ResNet-18 to 45 % of its parameters and loses, ResNet-50 to 86 % and gains. It concludes "
        "that pruning suits large networks. What is missing?",
        (
            Choice(
                "The same share for both, and ResNet-50 retrained without pruning.",
                "Two things differ between the rows, the network and the share. And the pruned networks had 20 epochs "
                "more than the ones they are compared with.",
                right=True,
            ),
            Choice("A larger network still.", "It would differ in two things as well."),
            Choice("Quantization.", "The rows with it are there, and leave the question as it is."),
        ),
    ),
    Question(
        "Why must calibration images not be test images?",
        (
            Choice("They need no labels, so it does not matter.", "They set ranges that fit these very images."),
            Choice(
                "The ranges of activations would be chosen on what is scored.",
                "The gain may be small, but the score would no longer be that of unseen images. Any other images of "
                "the same kind do.",
                right=True,
            ),
            Choice("Because calibration trains the weights.", "It only counts leading bits; no weight changes."),
        ),
    ),
)
"""The quiz of the page."""
