"""Exercises of the page on learning from what nobody labelled."""

import math
from typing import Any

import numpy as np

from rsnotes.teaching import Choice, Exercise, Question

_MEMORY = """
import math


def memory(decay):
    return math.log(0.5) / math.log(decay)
"""


def _check_memory(answer: Any) -> str | None:
    value, right = float(answer(0.99)), math.log(0.5) / math.log(0.99)
    if math.isclose(value, right, rel_tol=1e-6):
        return None if math.isclose(answer(0.5), 1) else "At a decay of one half a single step halves the share."
    if math.isclose(value, -right, rel_tol=1e-6):
        return "Both logarithms are below 0, and so their ratio is a number of steps above 0."
    if math.isclose(value, 100, rel_tol=1e-6):
        return "1 / (1 - decay) steps leave about 37 per cent, 1 / e, of the share; the question is for one half."
    if math.isclose(value, 1 / right, rel_tol=1e-6):
        return "Upside down: a slow average needs many steps, not a fraction of one."
    return f"At a decay of 0.99 it takes {right:.1f} steps, not {value:.1f}."


memory = Exercise(
    title="How long a teacher remembers",
    question=(
        "In equation 1 a student's weights enter with the share 1 - decay, which every later step multiplies by the "
        "decay. Return after how many steps the share is half of what it was (a fraction of a step is allowed)."
    ),
    answer="memory",
    stub="def memory(decay):\n    ...",
    solution=_MEMORY,
    check=_check_memory,
    wrong={
        "below zero": _MEMORY.replace("return math", "return -math"),
        "time constant": "def memory(decay):\n    return 1 / (1 - decay)\n",
        "upside down": _MEMORY.replace("math.log(0.5) / math.log(decay)", "math.log(decay) / math.log(0.5)"),
    },
)

_BELIEVE = """
import numpy as np


def believe(probabilities, fraction):
    count = len(probabilities)
    safe = np.clip(probabilities, 1e-12, 1)
    entropy = -(probabilities * np.log(safe)).sum(axis=0)
    sure = entropy <= fraction * np.log(count)
    return np.where(sure, probabilities.argmax(axis=0), 255)
"""


def _check_believe(answer: Any) -> str | None:
    pixels = np.array([[0.97, 0.01, 0.01, 0.01], [0.05, 0.85, 0.05, 0.05], [0.25, 0.25, 0.25, 0.25]]).T[:, None]
    found, right = np.asarray(answer(pixels, 0.45)), np.array([[0, 1, 255]])
    if np.array_equal(found, right):
        certain = np.asarray(answer(np.array([0.0, 1.0])[:, None, None], 0.1))
        return None if certain.item() == 1 else "A probability of 0 adds nothing to the entropy: 0 · log 0 counts as 0."
    if np.array_equal(found, [[255, 255, 0]]):
        return "The sure pixels are thrown away and the others kept."
    if np.array_equal(found, [[0, 1, 0]]):
        return "Every pixel is believed: what the filter does not keep must be 255."
    if np.array_equal(found, [[0, 255, 255]]):
        return "The threshold is a fraction of log K, the entropy of knowing nothing; here K is 4."
    return f"For the check's three pixels the labels are {right.tolist()}, not {found.tolist()}."


believe = Exercise(
    title="Believe the sure pixels",
    question=(
        "Return the pseudo-labels (H, W) for class probabilities (K, H, W): the likeliest class where the entropy is "
        "at most `fraction` of log K, and 255 elsewhere. In numpy."
    ),
    answer="believe",
    stub="def believe(probabilities, fraction):\n    ...",
    solution=_BELIEVE,
    check=_check_believe,
    wrong={
        "the unsure ones": _BELIEVE.replace("entropy <= fraction", "entropy > fraction"),
        "all of them": _BELIEVE.replace("np.where(sure, probabilities.argmax(axis=0), 255)", "probabilities.argmax(0)"),
        "without log K": _BELIEVE.replace("fraction * np.log(count)", "fraction"),
    },
)

_FOLLOW = """
def follow(students, decay):
    teacher = 0.0
    for t, student in enumerate(students):
        keep = min(1 - 1 / (t + 1), decay)
        teacher = keep * teacher + (1 - keep) * student
    return teacher
"""


def _check_follow(answer: Any) -> str | None:
    students = [4.0, 8.0, 0.0, 2.0]
    value = float(answer(students, 0.9))
    if not math.isclose(value, 3.5):
        if math.isclose(value, _run(students, 0.9, warm_up=False)):
            return "The warm-up is missing: four steps in, the teacher is still the plain mean of the students."
        if math.isclose(value, 4.0):
            return "1 - 1 / (t + 1) with t from 0: at the first step the teacher becomes the student, then it moves on."
        return f"The mean of four students under warm-up is 3.5, not {value:.4g}."
    late = float(answer(students, 0.5))
    if not math.isclose(late, _run(students, 0.5)):
        return "The decay is a ceiling: once 1 - 1 / (t + 1) has passed it, the decay holds."
    return None


def _run(students: list[float], decay: float, warm_up: bool = True) -> float:
    teacher = 0.0
    for t, student in enumerate(students):
        keep = min(1 - 1 / (t + 1), decay) if warm_up else decay
        teacher = keep * teacher + (1 - keep) * student
    return teacher


follow = Exercise(
    title="Equation 1 with its warm-up",
    question=(
        "A network of one weight. `students` lists the weight after each step; the teacher starts at 0. Return the "
        "teacher after the last step, with the decay that grows to `decay`: min(1 - 1 / (t + 1), decay), t from 0."
    ),
    answer="follow",
    stub="def follow(students, decay):\n    ...",
    solution=_FOLLOW,
    check=_check_follow,
    wrong={
        "no warm-up": _FOLLOW.replace("min(1 - 1 / (t + 1), decay)", "decay"),
        "never moves on": "def follow(students, decay):\n    return students[0]\n",
        "no ceiling": _FOLLOW.replace("min(1 - 1 / (t + 1), decay)", "1 - 1 / (t + 1)"),
    },
)

_THRESHOLD = """
import numpy as np


def threshold(entropy, right, wanted):
    order = np.argsort(entropy)
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= wanted)
    return float(entropy[order][good[-1]]) if len(good) else 0.0
"""


def _check_threshold(answer: Any) -> str | None:
    entropy = np.array([0.5, 0.1, 0.4, 0.2, 0.3, 0.6])
    right = np.array([False, True, True, False, True, False])
    value = float(answer(entropy, right, 0.75))
    if math.isclose(value, 0.1):
        return "The share falls below the wish at 0.2 and rises above it again: look farther than the first fall."
    if math.isclose(value, 0.6):
        return "That believes everything: of all six pixels only half are right."
    if not math.isclose(value, 0.4):
        return f"For the check's six pixels the threshold is 0.4, not {value:.4g}; are the pixels sorted by entropy?"
    if not math.isclose(float(answer(entropy, right, 0.9)), 0.1):
        return "The largest entropy of a right pixel is no answer: the share has to reach `wanted`, 0.9 up to 0.1 only."
    if float(answer(entropy, np.zeros(6, dtype=bool), 0.75)) != 0:
        return "Where no threshold reaches the wish, return 0: believe nothing."
    return None


threshold = Exercise(
    title="Choose the threshold",
    question=(
        "A few labelled images were kept back. For each of their pixels `entropy` holds the teacher's relative entropy "
        "(no two alike) and `right` whether its likeliest class is the true one. Return the largest entropy up to "
        "which the share of right pixels is at least `wanted`, or 0.0 if there is none."
    ),
    answer="threshold",
    stub="def threshold(entropy, right, wanted):\n    ...",
    solution=_THRESHOLD,
    check=_check_threshold,
    wrong={
        "first fall": _THRESHOLD.replace("np.flatnonzero(share >= wanted)", "np.arange(np.argmin(share >= wanted))"),
        "all of them": "def threshold(entropy, right, wanted):\n    return float(max(entropy))\n",
        "the last right one": (
            "def threshold(entropy, right, wanted):\n    return float(entropy[right].max()) if right.any() else 0.0\n"
        ),
        "not sorted": _THRESHOLD.replace("order = np.argsort(entropy)", "order = np.arange(len(entropy))"),
    },
)

QUESTIONS = (
    Question(
        "A stricter entropy threshold raises the correctness of the pseudo-labels on the pool. Does the student learn "
        "more from them?",
        (
            Choice(
                "Yes: fewer wrong labels can only help.",
                "Correctness is not all: fewer pixels are left, and the filter changes which classes are seen.",
            ),
            Choice(
                "Not necessarily: what is kept becomes easier and rarer, and may miss whole classes.",
                "Coverage falls as correctness rises. Which of the two matters more is found by training.",
                right=True,
            ),
            Choice(
                "No: an unsure pixel always teaches more.",
                "It may have more to teach; its pseudo-label is wrong more often, as the page's curves show.",
            ),
        ),
    ),
    Question(
        "The semi-supervised stage begins with a trained teacher and the warm-up min(1 - 1/(t + 1), 0.999). What "
        "becomes of the trained weights?",
        (
            Choice(
                "They are kept for about a thousand steps.",
                "So it would be at a decay of 0.999 from the start. The warm-up has a decay of 0 at t = 0.",
            ),
            Choice(
                "The first step replaces them by the student's.",
                "At t = 0 the decay is 0. The teacher is then the plain mean of the students after each step, and the "
                "weights it came with are no part of that mean.",
                right=True,
            ),
            Choice(
                "They are averaged with the student's, half and half.",
                "That happens at t = 1, when they are gone already.",
            ),
        ),
    ),
)
"""The quiz of the page."""
