"""Exercises of the page on the ablation, and the quiz of the group."""

from typing import Any

from rsnotes.maflnet.experiment import ABLATION
from rsnotes.teaching import Choice, Exercise, Question

_CAN_BE = """
def can_be(f1, iou):
    low, high = (100 * value / (200 - value) for value in (f1 - 0.005, f1 + 0.005))
    return low - 0.005 <= iou <= high + 0.005
"""


def _check_can_be(answer: Any) -> str | None:
    if not answer(50.0, 33.33):
        return "An F1 of 50 is an IoU of 33.33, and your function says that it cannot be."
    if not answer(95.19, 90.81):
        return (
            "95.19 and 90.81 can be: the F1 may be 95.186, which is an IoU of 90.814. Both figures were rounded, so "
            "each may be off by 0.005."
        )
    if answer(88.67, 74.41):
        return "88.67 and 74.41 lie more than five points apart from any counts: an F1 of 88.67 is an IoU of 79.65."
    if answer(94.47, 93.30):
        return "Too small an IoU is found, too large a one is not: 94.47 and 93.30 cannot be."
    if answer(96.45, 93.25):
        return "96.45 is an IoU between 93.13 and 93.16. Printed is 93.25, and rounding does not go that far."
    if answer(50.0, 33.36):
        return "50.00 is an IoU of 33.33, give or take 0.01 for both roundings. 33.36 is 0.03 away and cannot be."
    if answer(95.80, 91.92):
        return "95.80 is an IoU between 91.930 and 91.948, which is printed as 91.93 to 91.95. 91.92 cannot be."
    if answer(50.0, 33.32):
        return "How far rounding goes depends on the F1. 50.00 is an IoU from 33.329 to 33.338: 33.32 cannot be."
    return None


can_be = Exercise(
    title="What rounding allows",
    question=(
        "From one count of pixels a class has $\\mathrm{IoU} = \\mathrm{F_1} / (2 - \\mathrm{F_1})$. Return whether a "
        "printed `f1` and `iou`, in per cent with two decimals, can both be right."
    ),
    answer="can_be",
    stub="def can_be(f1, iou):\n    ...",
    solution=_CAN_BE,
    check=_check_can_be,
    wrong={
        "no rounding of F1": """
def can_be(f1, iou):
    return abs(100 * f1 / (200 - f1) - iou) <= 0.005
""",
        "from below only": _CAN_BE.replace("low - 0.005 <= iou <= high + 0.005", "low - 0.005 <= iou"),
        "a quarter of a point": """
def can_be(f1, iou):
    return abs(100 * f1 / (200 - f1) - iou) <= 0.25
""",
        "a twentieth of a point": """
def can_be(f1, iou):
    return abs(100 * f1 / (200 - f1) - iou) <= 0.05
""",
        "a fiftieth of a point": """
def can_be(f1, iou):
    return abs(100 * f1 / (200 - f1) - iou) <= 0.02
""",
        "one width for all": """
def can_be(f1, iou):
    return abs(100 * f1 / (200 - f1) - iou) <= 0.015
""",
        "an IoU is smaller": """
def can_be(f1, iou):
    return iou <= f1
""",
        "the other way round": """
def can_be(f1, iou):
    return abs(200 * f1 / (100 + f1) - iou) <= 0.02
""",
    },
)

_TOGETHER = """
def together(baseline, maca, lhfem, both):
    rows = zip(baseline, maca, lhfem, both, strict=True)
    differences = [(d - a) - (b - a) - (c - a) for a, b, c, d in rows]
    return sum(differences) / len(differences)  # the paper's table: 3.52 - 2.42 - 2.37 = -1.27 points
"""


def _check_together(answer: Any) -> str | None:
    rows = [60.0, 61.0], [62.0, 62.5], [61.0, 63.0], [62.5, 64.0]
    value = float(answer(*rows))
    known = {
        0.5: "With the other sign: two modules that give less together than one by one have a negative value.",
        2.75: "That is what both add. Take off what each adds alone.",
        -61.0: "The baseline is taken off once too often: all three gains are over it.",
        -1.0: "That is the sum over the seeds. Take the mean.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-9:
            return message
    return None if abs(value + 0.5) < 1e-9 else f"For these two seeds the value is -0.5, not {value:g}."


together = Exercise(
    title="One and one make less than two",
    question=(
        "In table 3 MACA adds 2.42 points, LHFEM 2.37, and both add 3.52. Return from four lists of scores by seed "
        "what the two modules give together beyond the sum of what each gives alone, as a mean over the seeds. What "
        "does the paper's table give?"
    ),
    answer="together",
    stub="def together(baseline, maca, lhfem, both):\n    ...",
    solution=_TOGETHER,
    check=_check_together,
    wrong={
        "the other sign": _TOGETHER.replace("(d - a) - (b - a) - (c - a)", "(b - a) + (c - a) - (d - a)"),
        "what both add": _TOGETHER.replace("(d - a) - (b - a) - (c - a)", "d - a"),
        "no baseline": _TOGETHER.replace("(d - a) - (b - a) - (c - a)", "d - b - c"),
        "sum": _TOGETHER.replace(" / len(differences)", ""),
    },
)

_OA = """
def printed_oa(oa, classes):
    return 1 - 2 * (1 - oa) / classes  # 0.9335 for five classes would be a share of 1 - 5 * 0.0665 / 2 = 0.834
"""


def _check_oa(answer: Any) -> str | None:
    value = float(answer(0.8, 4))
    known = {
        0.95: "A wrong pixel is missed by one class and found by another: it is wrong in two of the K tables.",
        0.8: "That is the share of right pixels. Equation 27 also counts those that are rightly not of a class.",
        0.4: "Right pixels count in every class: as a true positive in one, as a true negative in the others.",
        0.1: "That is the share of errors. Accuracy is the rest.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-9:
            return message
    if abs(value - 0.9) > 1e-9:
        return f"With 80 per cent of the pixels right and four classes, equation 27 gives 0.9, not {value:g}."
    return None if abs(answer(0.7, 6) - 0.9) < 1e-9 else "Right for four classes, not for six."


printed_oa = Exercise(
    title="A flattering accuracy",
    question=(
        "Equation 27 counts true negatives. Return what it gives for $K$ classes when a share `oa` of the pixels is "
        "right. Which accuracy would the paper's 93.35 per cent be then, for five classes?"
    ),
    answer="printed_oa",
    stub="def printed_oa(oa, classes):\n    ...",
    solution=_OA,
    check=_check_oa,
    wrong={
        "one error a pixel": _OA.replace("2 * (1 - oa)", "(1 - oa)"),
        "unchanged": _OA.replace("1 - 2 * (1 - oa) / classes", "oa"),
        "positives only": _OA.replace("1 - 2 * (1 - oa) / classes", "2 * oa / classes"),
        "errors": _OA.replace("1 - 2", "2"),
    },
)

_ROW = """
from dataclasses import replace


def masked_row(variants):
    return replace(variants["MACA and LHFEM"], edges="masked")
"""


def _check_row(answer: Any) -> str | None:
    variants = ABLATION.variants
    row, whole = answer(variants), variants["MACA and LHFEM"]
    if row.edges != "masked":
        return f"The skips hold {row.edges!r}. LHFEM with its mask is called 'masked'; see `_edges` in the network."
    if row.context != whole.context:
        return f"The context is {row.context!r}: then MACA is gone as well, and two things change at once."
    if row.recipe != whole.recipe:
        return "The recipe differs from the other rows': a longer training is another question."
    if row.test_split != whole.test_split:
        return "This row would be scored on other scenes than the rows it stands beside."
    return None if row == whole.__class__(**vars(whole) | {"edges": "masked"}) else "Something else has changed too."


masked_row = Exercise(
    title="Another row",
    question=(
        "The text before equation 19 asks for an additional attention mask, which is in no equation and not in our "
        "rows. Return the settings of a row with MACA and with LHFEM as the text wants it, from the dictionary "
        "`ABLATION.variants`. Add it to the experiment under a name of its own, run it, and compare it with the row "
        "without the mask."
    ),
    answer="masked_row",
    stub="def masked_row(variants):\n    ...",
    solution=_ROW,
    check=_check_row,
    wrong={
        "no mask": _ROW.replace('edges="masked"', 'edges="lhfem"'),
        "MACA is gone": _ROW.replace("MACA and LHFEM", "+ LHFEM"),
        "other scenes": _ROW.replace('edges="masked"', 'edges="masked", test_split="experiments-validation"'),
        "longer": _ROW.replace('edges="masked"', 'edges="masked", recipe=variants["baseline, long"].recipe'),
    },
)

QUESTIONS = (
    Question(
        "A module raises mIoU by a point over the baseline. What does a row with as many plain parameters add to that?",
        (
            Choice(
                "Nothing: the module is in one row and not in the other.",
                "So are its parameters. A larger network is often better, whatever the parameters do.",
            ),
            Choice(
                "It tells what the module's form is worth from what its size is worth.",
                "If plain convolutions of the same size gain the point too, the form has not been shown to matter.",
                right=True,
            ),
            Choice(
                "It makes the two rows equally fast.",
                "Equal parameters are not equal time: a 3 × 3 convolution and an attention with as many weights "
                "differ.",
            ),
        ),
    ),
    Question(
        "A class has an F1 of 88.67 and an IoU of 74.41 in print. Scores are sometimes means over images. Does that "
        "explain it?",
        (
            Choice(
                "Yes: for means over images there is no relation between the two.",
                "There is one: $x / (2 - x)$ bends upwards, so the mean IoU is at least the IoU of the mean F1.",
            ),
            Choice(
                "No: a mean over images can only lift the IoU above $F_1 / (2 - F_1)$, and this one lies below it.",
                "79.65 is the least for a mean of F1 scores. Only an F1 made of averaged precision and recall could "
                "lie higher.",
                right=True,
            ),
            Choice(
                "Yes, if the images differ in size.",
                "Any weights that sum to one give the same inequality.",
            ),
        ),
    ),
    Question(
        "A trunk is trained on the scenes and then frozen, where the paper freezes one that never saw an aerial "
        "image. What follows for the comparison?",
        (
            Choice(
                "None: frozen is frozen.",
                "What the adapters have to do depends on what the trunk knows already.",
            ),
            Choice(
                "The modules may have less left to repair here, so gains are not the paper's gains.",
                "And there is a second reason: the trunk was trained together with a decoder like the baseline's, so "
                "its features are fitted to that row. Both may count against the modules; neither was measured.",
                right=True,
            ),
            Choice(
                "The rows cannot be compared with each other.",
                "They share the trunk and its weights, so what differs between them is what stands after it. That the "
                "trunk was fitted to the baseline's decoder is a bias, probably against the modules.",
            ),
        ),
    ),
)
"""The quiz of the group."""
