"""Exercises of the page on the ablation."""

from typing import Any

import numpy as np

from rsnotes.drd.experiment import ROWS
from rsnotes.experiments import paired_difference
from rsnotes.teaching import Choice, Exercise, Question

_FROM_F1 = """
def miou_from_f1(f1):
    ious = [100 * value / (200 - value) for value in f1]
    return sum(ious) / len(ious)
"""


def _check_from_f1(answer: Any) -> str | None:
    if abs(answer([100.0, 100.0]) - 100) > 1e-9:
        return "Classes at 100 per cent F1 have an IoU of 100 per cent: mind the unit."
    if abs(answer([50.0]) - 100 / 3) > 1e-9:
        return "For one class IoU = F1 / (2 - F1), so that an F1 of 50 per cent is an IoU of a third."
    if abs(answer([90.0, 50.0]) - (90 / 1.1 + 100 / 3) / 2) > 1e-9:
        return "Right for one class, wrong for two: convert each class first, take the mean afterwards."
    return None


miou_from_f1 = Exercise(
    title="What a table says without saying it",
    question=(
        "Tables 2 and 3 print the F1 of each class. Return the mean IoU in per cent from a list of class F1 in per "
        "cent. Use that $\\mathrm{IoU} = \\mathrm{F_1} / (2 - \\mathrm{F_1})$ for each class. Which rows have no "
        "printed mIoU, and what is it?"
    ),
    answer="miou_from_f1",
    stub="def miou_from_f1(f1):\n    ...",
    solution=_FROM_F1,
    check=_check_from_f1,
    wrong={
        "mean first": """
def miou_from_f1(f1):
    mean = sum(f1) / len(f1)
    return 100 * mean / (200 - mean)
""",
        "fractions": _FROM_F1.replace("(200 - value)", "(2 - value)"),
        "the inverse": _FROM_F1.replace("100 * value / (200 - value)", "200 * value / (100 + value)"),
    },
)

_HALF = """
import numpy as np
from scipy import stats


def half_width(variant, baseline):
    d = np.array(variant) - np.array(baseline)
    n = len(d)
    return stats.t.ppf(0.975, n - 1) * d.std(ddof=1) / np.sqrt(n)
"""


def _check_half(answer: Any) -> str | None:
    variant, baseline = [51.0, 53.5, 50.2, 52.9, 51.6], [50.1, 52.0, 50.3, 51.8, 50.9]
    right = paired_difference(dict(enumerate(variant)), dict(enumerate(baseline))).half_width
    value = float(answer(variant, baseline))
    if abs(value - right) < 1e-9:
        return None
    differences = np.array(variant) - np.array(baseline)
    if abs(value / right - 1.959964 / 2.776445) < 1e-3:
        return (
            "1.96 is for a spread that is known. Five seeds estimate it: take Student's t with four degrees of freedom."
        )
    if abs(value - right * 5**0.5) < 1e-9:
        return "That is the spread of one seed. The mean of n seeds spreads by less: divide by the root of n."
    if value > right + 0.5:
        return "The two spreads were treated as independent. Take the difference seed by seed, then its deviation."
    return f"Five seeds, differences {differences.round(1).tolist()}: the half-width is {right:.3f}, not {value:.3f}."


half_width = Exercise(
    title="How far may the mean be off?",
    question=(
        "Return half the width of the 95 % interval of the mean difference between two lists of scores that are "
        "paired by seed, by Student's t. `scipy.stats.t.ppf` has the quantiles."
    ),
    answer="half_width",
    stub="def half_width(variant, baseline):\n    ...",
    solution=_HALF,
    check=_check_half,
    wrong={
        "normal": _HALF.replace("stats.t.ppf(0.975, n - 1)", "stats.norm.ppf(0.975)"),
        "spread of one seed": _HALF.replace(" / np.sqrt(n)", ""),
        "not paired": """
import numpy as np
from scipy import stats


def half_width(variant, baseline):
    n = len(variant)
    spread = np.sqrt(np.var(variant, ddof=1) + np.var(baseline, ddof=1))
    return stats.t.ppf(0.975, 2 * n - 2) * spread / np.sqrt(n)
""",
    },
)

_LEAVE = """
def leave_one_out(terms):
    rows = {"all": tuple(terms)}
    for term in terms:
        rows[f"without {term}"] = tuple(other for other in terms if other != term)
    return rows
"""


def _check_leave(answer: Any) -> str | None:
    terms = ROWS["DRD"]
    rows = answer(terms)
    if rows.get("all") != tuple(terms):
        return 'The row "all" must hold every term, as a tuple in the given order.'
    names = {"all", *(f"without {term}" for term in terms)}
    if set(rows) != names:
        return f"The rows should be called {', '.join(sorted(names))}."
    if any(rows[f"without {term}"] == (term,) for term in terms):
        return "Each row holds its one term only: it should hold all the others."
    if any(term in rows[f"without {term}"] for term in terms):
        return "A row still holds the term that its name leaves out."
    if any(len(rows[f"without {term}"]) != len(terms) - 1 for term in terms):
        return "Some row leaves out more than one term: that would be the cumulative table backwards."
    if any(rows[f"without {term}"] != tuple(t for t in terms if t != term) for term in terms):
        return "Some row has not the remaining terms, each once and in the given order, as a tuple."
    return None


leave_one_out = Exercise(
    title="The other ablation",
    question=(
        "A cumulative table gives the last term no chance to show what it does alone. Build the rows of the other "
        'kind: from a tuple of `terms` the dictionary `{"all": ..., "without L_P": ..., ...}` with a tuple of the '
        "remaining terms each. Put it in the place of `ROWS` in `rsnotes.drd.experiment`, choose a name for the "
        "experiment, and run it."
    ),
    answer="leave_one_out",
    stub="def leave_one_out(terms):\n    ...",
    solution=_LEAVE,
    check=_check_leave,
    wrong={
        "one term alone": _LEAVE.replace("tuple(other for other in terms if other != term)", "(term,)"),
        "cumulative": _LEAVE.replace(
            "tuple(other for other in terms if other != term)", "tuple(terms[: terms.index(term)])"
        ),
        "nothing left out": _LEAVE.replace(" if other != term", ""),
        "no row with all": _LEAVE.replace('{"all": tuple(terms)}', "{}"),
    },
)

QUESTIONS = (
    Question(
        "In table 1 each of the four terms raises mIoU. Does that show that each of them helps?",
        (
            Choice(
                "Yes: the figures rise in both halves of the table.",
                "That they rise in every row is more than chance alone would give, but a row is one run. How much of "
                "a step of 0.3 points is the term and how much the seed cannot be read from it.",
            ),
            Choice(
                "It shows that they did in these runs; the spread between runs is not given.",
                "With five seeds or more and paired differences one could say which steps exceed their spread.",
                right=True,
            ),
            Choice(
                "No: a cumulative table shows nothing.",
                "It shows what each term adds to those above it. It does not show what a term does alone.",
            ),
        ),
    ),
    Question(
        "A variant has a mean difference of +0.5 points and an interval of ±0.8 over five seeds. What has been found?",
        (
            Choice("An effect of half a point.", "Zero lies within the interval: no effect would look the same."),
            Choice("That there is no effect.", "An effect of one point would look the same too."),
            Choice(
                "Not enough: the effect lies between -0.3 and +1.3, and more seeds would narrow it.",
                "The honest word is undecided. The half-width falls with the root of the number of seeds.",
                right=True,
            ),
        ),
    ),
)
"""The quiz of the page."""
