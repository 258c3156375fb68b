"""Exercises of the page on the tables, and the quiz of the group."""

import math
from dataclasses import replace
from typing import Any

from rsnotes.mkd_ssl.parts import PARTS
from rsnotes.teaching import Choice, Exercise, Question

_GIVEN = """
def given(scores, part):
    gains = {}
    for parts, score in scores.items():
        if part in parts and parts - {part} in scores:
            gains[parts - {part}] = score - scores[parts - {part}]
    return gains
"""

_SCORES = {
    frozenset(): 60.0,
    frozenset({"teacher"}): 68.0,
    frozenset({"pool"}): 71.0,
    frozenset({"teacher", "pool"}): 73.0,
    frozenset({"teacher", "pool", "springs"}): 74.0,
}


def _check_given(answer: Any) -> str | None:
    empty: frozenset[str] = frozenset()
    found, teacher = answer(dict(_SCORES), "pool"), frozenset({"teacher"})
    if not isinstance(found, dict):
        return "Return a dictionary: from the parts that are there besides to the gain."
    right = {empty: 11.0, teacher: 5.0}
    if found == right:
        return None
    if found == {key: -value for key, value in right.items()}:
        return "The other way round: a gain is the score with the part minus the score without it."
    if found == {key | {"pool"}: value for key, value in right.items()}:
        return "The keys are the parts that are there *besides* the one asked for."
    if found == {empty: 11.0, teacher: 13.0}:
        return "Compare with the same parts, less the one: not with the row that has none."
    return (
        f"For the pool the gains are 11 with nothing besides and 5 beside the teacher, not {found}. "
        "With teacher and springs there is no row without the pool, so no gain is known."
    )


given = Exercise(
    title="Given what?",
    question=(
        "`scores` maps a frozenset of parts to the score of the row that has them. Return what `part` gains beside "
        "each set of other parts, as a dictionary from that frozenset to the gain. Where a row is missing, no gain is "
        "known. Then put in table 5: for which parts does it give two gains?"
    ),
    answer="given",
    stub="def given(scores, part):\n    ...",
    solution=_GIVEN,
    check=_check_given,
    wrong={
        "sign": _GIVEN.replace("score - scores[parts - {part}]", "scores[parts - {part}] - score"),
        "keys with the part": _GIVEN.replace("gains[parts - {part}] =", "gains[parts] ="),
        "against nothing": """
def given(scores, part):
    none = scores[frozenset()]
    return {parts - {part}: s - none for parts, s in scores.items() if part in parts and parts - {part} in scores}
""",
        "one gain": """
def given(scores, part):
    return {frozenset(): scores[frozenset({part})] - scores[frozenset()]}
""",
    },
)

_RANGE = """
def out_of_range(new, old, low, high):
    gains = {name: round(new[name] - old[name], 2) for name in new}
    return {name: gain for name, gain in gains.items() if not low <= gain <= high}
"""


def _check_range(answer: Any) -> str | None:
    new = {"road": 60.34, "farmland": 80.61, "water": 78.51, "roof": 70.30, "grass": 61.16}
    old = {"road": 55.29, "farmland": 74.75, "water": 75.15, "roof": 70.00, "grass": 60.15}
    found = answer(new, old, 1.01, 5.05)
    right = {"farmland": 5.86, "roof": 0.30}
    if not isinstance(found, dict):
        return "Return a dictionary: from a class to its gain."
    if found.keys() == right.keys():
        wrong = [name for name in right if not math.isclose(found[name], right[name], abs_tol=1e-6)]
        return f"{wrong[0]} gains {right[wrong[0]]}, not {found[wrong[0]]}." if wrong else None
    if "water" in found:
        return "A gain of 3.36 lies inside the range. Return those outside."
    if "road" in found:
        return (
            "60.34 - 55.29 is 5.05, the end of the range, but not for a computer: round the difference to two decimals "
            "before you compare."
        )
    if "grass" in found:
        return "61.16 - 60.15 is 1.01, the lower end, which belongs to the range."
    if set(found) == {"farmland"}:
        return "Gains below the range are outside too."
    return f"Outside 1.01 to 5.05 are {right}, not {found}."


out_of_range = Exercise(
    title="A sentence against its table",
    question=(
        "A text says that the classes gain `low` to `high` points. `new` and `old` map classes to printed scores with "
        "two decimals. Return the classes whose gain lies outside the range, with their gain. Mind that the ends "
        "belong to it."
    ),
    answer="out_of_range",
    stub="def out_of_range(new, old, low, high):\n    ...",
    solution=_RANGE,
    check=_check_range,
    wrong={
        "not rounded": _RANGE.replace("round(new[name] - old[name], 2)", "new[name] - old[name]"),
        "above only": _RANGE.replace("not low <= gain <= high", "gain > high"),
        "inside": _RANGE.replace("not low <=", "low <="),
        "without the lower end": _RANGE.replace("low <= gain", "low < gain"),
        "losses": _RANGE.replace("{name: gain for", "{name: -gain for"),
    },
)

_EWC = """
from dataclasses import replace


def rows_for_ewc(variants, weights):
    base = variants["labels alone"]
    return {f"EWC {w:g}": replace(base, recipe=replace(base.recipe, lambda_ewc=w)) for w in weights}
"""


def _check_ewc(answer: Any) -> str | None:
    base, weights = PARTS["labels alone"], (3.0, 300.0)
    rows = answer(dict(PARTS), weights)
    if not isinstance(rows, dict) or len(rows) != 2:
        return "Return a dictionary with one row a weight."
    first, last = (rows.get(f"EWC {w:g}") for w in weights)
    if first is None or last is None:
        return f"The rows are called 'EWC 3' and 'EWC 300', not {sorted(rows)}."
    if not hasattr(first, "stages"):
        return "A row is a whole `MKDSettings`, not its recipe alone: replace the recipe inside it."
    if first.share:
        return "Start from 'labels alone': with unlabelled images behind it the springs' effect is blurred."
    if first.recipe.lambda_ewc == last.recipe.lambda_ewc:
        return "Both rows have the same weight: put each `w` into its recipe."
    if (first.recipe.lambda_ewc, last.recipe.lambda_ewc) != weights:
        return f"The weights are {weights}, the rows have {first.recipe.lambda_ewc:g} and {last.recipe.lambda_ewc:g}."
    for row, weight in zip((first, last), weights, strict=True):
        if row != replace(base, recipe=replace(base.recipe, lambda_ewc=weight)):
            return "But for `lambda_ewc` a row is the one called 'labels alone', settings and recipe alike."
    return None


rows_for_ewc = Exercise(
    title="How stiff should the springs be?",
    question=(
        "The weight of EWC is nowhere given. Build the rows of an experiment that asks for it: from "
        "`parts.PARTS` and some weights a dictionary `{'EWC 3': ..., ...}` of settings that equal those of "
        "'labels alone' but for `lambda_ewc`. On which scenes would you choose among them?"
    ),
    answer="rows_for_ewc",
    stub="def rows_for_ewc(variants, weights):\n    ...",
    solution=_EWC,
    check=_check_ewc,
    wrong={
        "recipes": _EWC.replace(
            "replace(base, recipe=replace(base.recipe, lambda_ewc=w))", "replace(base.recipe, lambda_ewc=w)"
        ),
        "another recipe": _EWC.replace("lambda_ewc=w)", 'lambda_ewc=w, temperature=1.0, learning_rate=9.0, ewc="off")'),
        "with unlabelled images": _EWC.replace('"labels alone"', '"mean teacher, all"'),
        "one weight": _EWC.replace("lambda_ewc=w)", "lambda_ewc=weights[0])"),
    },
)

QUESTIONS = (
    Question(
        "With a teacher chain the unlabelled images give 3 points, without one they give 11. What follows?",
        (
            Choice(
                "Together the two parts give less than the sum of what each gives alone.",
                "They may do partly the same, or little may be left to gain; one run a row cannot tell.",
                right=True,
            ),
            Choice(
                "Unlabelled images are worth 3 points.",
                "Given the chain, and on that data set. Without it they were worth 11.",
            ),
            Choice("One of the numbers must be wrong.", "Both may be right: a gain depends on what else is there."),
        ),
    ),
    Question(
        "Why does table 5 not show what EWC does?",
        (
            Choice("It has too few seeds.", "That too, but more seeds would not help."),
            Choice(
                "Every row has it.",
                "An effect is a difference between rows, and there is no row without it.",
                right=True,
            ),
            Choice("Its gain is too small.", "How large it is cannot be read off at all."),
        ),
    ),
    Question(
        "Two-stage distillation beats distillation in one stage. Which row tells whether distilling is what helped?",
        (
            Choice(
                "Training from scratch.",
                "It lacks the source, the bridge and the teachers: too many differences at once.",
            ),
            Choice(
                "Plain fine-tuning over the same two stages.",
                "The nearest row: it has seen the bridge's labels too. It lacks all that comes with distilling, the "
                "springs, the random start and the steps spent on teachers, so that it tells of these together.",
                right=True,
            ),
            Choice(
                "Fine-tuning for twice as long.",
                "That shows what length gives. The bridge's images are still missing from it.",
            ),
        ),
    ),
)
