"""Exercises of the page that shows how scenes are made."""

from dataclasses import replace
from typing import Any

import numpy as np

from rsnotes.datasets import IGNORE
from rsnotes.scenes.config import SceneConfig, interpolate
from rsnotes.scenes.domains import TEACHING, WINTER
from rsnotes.teaching import Choice, Exercise, Question

_SHARES = """
import numpy as np


def class_shares(mask, classes):
    labelled = mask[mask != 255]
    return np.bincount(labelled, minlength=classes) / len(labelled)
"""


def _check_shares(answer: Any) -> str | None:
    mask = np.array([[0, 0, 1], [3, 0, 1]])
    shares = np.asarray(answer(mask, 5))
    if shares.shape != (5,):
        return (
            f"Expected one share for each of the 5 classes, also for those that do not occur; got shape {shares.shape}."
        )
    if not np.allclose(shares, [3 / 6, 2 / 6, 0, 1 / 6, 0]):
        return "Three of six pixels are class 0, so its share is 0.5: are these shares, not counts?"
    mask[0, 0] = IGNORE
    if not np.allclose(answer(mask, 5), [2 / 5, 2 / 5, 0, 1 / 5, 0]):
        return "Right without ignored pixels; a pixel labelled 255 belongs neither to a class nor to the total."
    return None


class_shares = Exercise(
    title="How much of what",
    question="Write the share of each class in a `mask` of ids, leaving out pixels labelled 255.",
    answer="class_shares",
    stub="def class_shares(mask, classes):\n    ...",
    solution=_SHARES,
    check=_check_shares,
    wrong={
        "counts": _SHARES.replace(" / len(labelled)", ""),
        "ignored pixels in the total": _SHARES.replace("/ len(labelled)", "/ mask.size"),
        "only what occurs": _SHARES.replace("minlength=classes", "minlength=0"),
    },
)

_LENGTH = """
import math


def shadow_pixels(height, elevation, gsd):
    return height / math.tan(math.radians(elevation)) / gsd
"""


def _check_length(answer: Any) -> str | None:
    if abs(answer(4.0, 45.0, 1.0) - 4.0) > 1e-6:
        if abs(answer(4.0, 45.0, 1.0) - 4.0 / np.tan(45.0)) < 1e-6:
            return "The elevation is given in degrees; math.tan wants radians."
        return "Under a sun at 45 degrees a shadow is as long as the thing is high."
    if answer(4.0, 20.0, 1.0) < answer(4.0, 60.0, 1.0):
        return "A lower sun throws a longer shadow; yours gets shorter."
    if abs(answer(4.0, 45.0, 0.2) - 20.0) > 1e-6:
        return "4 metres at 0.2 metres a pixel are 20 pixels."
    return None


shadow_length = Exercise(
    title="How long a shadow is in pixels",
    question=(
        "Write the length in pixels of the shadow of something `height` metres high under a sun `elevation` degrees "
        "above the horizon, in an image of `gsd` metres a pixel. From which elevation on does a tree of "
        "10 m shade less than 5 m?"
    ),
    answer="shadow_pixels",
    stub="def shadow_pixels(height, elevation, gsd):\n    ...",
    solution=_LENGTH,
    check=_check_length,
    wrong={
        "degrees as radians": _LENGTH.replace("math.radians(elevation)", "elevation"),
        "times the tangent": _LENGTH.replace("height / math", "height * math"),
        "times the sampling distance": _LENGTH.replace("/ gsd", "* gsd"),
    },
)

_WALK = """
from rsnotes.scenes import interpolate


def walk(start, end, steps):
    return [interpolate(start, end, k / (steps - 1)) for k in range(steps)]
"""


def _check_walk(answer: Any) -> str | None:
    found = list(answer(TEACHING, WINTER, 5))
    if len(found) != 5 or not all(isinstance(config, SceneConfig) for config in found):
        return "Expected a list of 5 scene configurations."
    if found[0] != TEACHING:
        return "The walk should begin at its start, at t = 0."
    if found[-1] != WINTER:
        return "The walk should end at its end: with 5 stops the last t is 4/4."
    if found[1] != interpolate(TEACHING, WINTER, 0.25):
        return "Both ends are right; the stops between should be evenly spaced."
    if list(answer(TEACHING, replace(TEACHING, haze=1.0), 3))[1].haze == TEACHING.haze:
        return "It works for winter only: use the domains given."
    return None


walk = Exercise(
    title="Walk from one domain to another",
    question=(
        "Write `walk(start, end, steps)`: the list of `steps` domains from `start` to `end`, evenly spaced, both ends "
        "included. Then use it: render one seed along your walk and find where the nearest-colour guess breaks down."
    ),
    answer="walk",
    stub="def walk(start, end, steps):\n    ...",
    solution=_WALK,
    check=_check_walk,
    wrong={
        "stops short": _WALK.replace("k / (steps - 1)", "k / steps"),
        "backwards": _WALK.replace("interpolate(start, end,", "interpolate(end, start,"),
        "squared": _WALK.replace("k / (steps - 1)", "(k / (steps - 1)) ** 2"),
    },
)

QUESTIONS = (
    Question(
        "Why can the colours of a pixel alone not tell its class here?",
        (
            Choice(
                "Classes share colours.",
                "A grey roof and a road, a green roof and a lawn: what tells them apart is shape, shadow and place.",
                right=True,
            ),
            Choice("The images are too small.", "A classifier of single pixels would gain nothing from larger ones."),
            Choice("The labels are noisy.", "Label noise is off unless it is asked for."),
        ),
    ),
    Question(
        "The same seed and settings are rendered on two machines. How alike are the scenes?",
        (
            Choice("Equal to the byte.", "On one machine they are; functions like sin differ in their last bit."),
            Choice("Equal within one grey level.", "That is what is promised beyond one machine.", right=True),
            Choice("Alike in their statistics only.", "Every random number follows from the seed."),
        ),
    ),
    Question(
        "A student does better with a method on these scenes. What follows for Vaihingen?",
        (
            Choice("It does better there too.", "Nothing guarantees that: photographs differ from drawings."),
            Choice("Nothing at all.", "What a method does to a network can be seen here, and often why."),
            Choice(
                "A reason to try, with the command at the group's end.",
                "What was seen here is a lead; the paper's set-up on the real data has to show it.",
                right=True,
            ),
        ),
    ),
)
