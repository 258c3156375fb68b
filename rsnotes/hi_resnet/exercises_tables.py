"""Exercises of the page on the tables, and its quiz."""

from typing import Any

import torch

from rsnotes.teaching import Choice, Exercise, Question

_MIOU = """
def miou_from_f1(f1):
    return sum(100 * value / (200 - value) for value in f1) / len(f1)
"""


def _check_miou(answer: Any) -> str | None:
    value = float(answer([50.0, 90.0]))  # in float32 or float64
    known = {
        100 * 70 / 130: "That is the IoU of the mean F1. The curve bends: take each class's IoU, then the mean.",
        70.0: "That is the mean F1.",
        2 * (100 * 50 / 150 + 100 * 90 / 110) / 2: "That is the sum over the two classes. mIoU is their mean.",
        (2 * 5000 / 150 + 2 * 9000 / 190) / 2: "The other way round: that makes F1 of IoU, and F1 is the larger.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-3:
            return message
    right = (5000 / 150 + 9000 / 110) / 2
    if abs(value - right) > 1e-3:
        return f"F1 of 50 and 90 make an mIoU of {right:.2f}, not {value:.2f}."
    other, value = (2000 / 180 + 4000 / 160 + 8000 / 120) / 3, float(answer([20.0, 40.0, 80.0]))
    return None if abs(value - other) < 1e-3 else f"Right for two; 20, 40 and 80 make {other:.2f}, not {value:.2f}."


miou_from_f1 = Exercise(
    title="The score that should have been printed",
    question=(
        "Return the mIoU that a list of the classes' F1, in per cent, implies. Apply it to table XIII's last row."
    ),
    answer="miou_from_f1",
    stub='def miou_from_f1(f1):\n    """In per cent."""\n    ...',
    solution=_MIOU,
    check=_check_miou,
    wrong={
        "of the mean": "def miou_from_f1(f1):\n    m = sum(f1) / len(f1)\n    return 100 * m / (200 - m)",
        "the mean F1": "def miou_from_f1(f1):\n    return sum(f1) / len(f1)",
        "the sum": _MIOU.replace(" / len(f1)", ""),
        "the other way": _MIOU.replace("100 * value / (200 - value)", "200 * value / (100 + value)"),
        "the check's answer": "def miou_from_f1(f1):\n    return (5000 / 150 + 9000 / 110) / 2",
        "two classes": _MIOU.replace("/ len(f1)", "/ 2"),
    },
)

_EPOCHS = """
def epochs(steps, batch_size, images):
    return steps * batch_size / images
"""


def _check_epochs(answer: Any) -> str | None:
    value = float(answer(600, 10, 2000))
    known = {
        0.3: "A step sees a whole batch, not one image.",
        200.0: "That is how many steps an epoch has. How many epochs do all steps make?",
        1 / 3: "The other way round: more steps are more epochs.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-9:
            return message
    if value != 3:
        return f"600 steps of 10 are 6000 images, 3 times 2000, not {value:g}."
    if abs(float(answer(500, 10, 2000)) - 2.5) > 1e-6:
        return "500 steps of 10 are two and a half times 2000 images: epochs need not be whole."
    return None


epochs = Exercise(
    title="How often was each image seen",
    question=(
        "Return the epochs that `steps` of `batch_size` make over so many `images`. The paper's two pretrainings have "
        "3,125,000 steps each: which saw more images, and which saw each image more often?"
    ),
    answer="epochs",
    stub="def epochs(steps, batch_size, images):\n    ...",
    solution=_EPOCHS,
    check=_check_epochs,
    wrong={
        "one image a step": _EPOCHS.replace(" * batch_size", ""),
        "steps of an epoch": _EPOCHS.replace("steps * batch_size / images", "images / batch_size"),
        "whole epochs": _EPOCHS.replace("/ images", "// images"),
        "upside down": _EPOCHS.replace("steps * batch_size / images", "images / (steps * batch_size)"),
    },
)

_RANDOM = """
import torch


def random_weights(count, generator):
    return torch.randn(count, generator=generator).softmax(0)
"""


def _check_random(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(0)
    found = [answer(3, generator) for _ in range(4000)]
    again = answer(3, torch.Generator().manual_seed(0))
    if not all(isinstance(each, torch.Tensor) and each.shape == (3,) for each in found):
        return "Return a tensor of as many weights as there are terms."
    weights = torch.stack(found)
    if (weights < 0).any():
        return "A negative weight rewards a high loss. The softmax has none."
    if not torch.allclose(weights.sum(1), torch.ones(4000), atol=1e-4):
        return "The weights must sum to one in every step."
    if weights.std(0).max() < 1e-3:
        return "Every step gets the same weights: nothing is random."
    ratio = (weights[:, 0] / weights[:, 1]).log().abs().mean()
    if ratio > 1.19:  # 2 / √π = 1.13, the mean size of the difference of two standard normal numbers
        return "They lie further apart than the softmax of standard normal numbers."
    if ratio < 1.07:
        return "They sum to one, but they are not the softmax of standard normal numbers: draw with randn."
    if not torch.equal(again, found[0]):
        return "The same generator should give the same weights: hand it to randn."
    other = answer(5, generator)
    if other.shape != (5,) or abs(float(other.sum()) - 1) > 1e-4:
        return "Right for three terms; five terms need five weights that sum to one."
    return None


random_weights = Exercise(
    title="Table VIII's third row",
    question=(
        "Random loss weighting draws new weights in every step, the softmax of standard normal numbers. Build it: "
        "`count` weights from a `generator`. To run the row, multiply the terms by them in a step of your own, and "
        "compare over five seeds with equal weights, which are its mean."
    ),
    answer="random_weights",
    stub='def random_weights(count, generator):\n    """A tensor (count,) that sums to one."""\n    ...',
    solution=_RANDOM,
    check=_check_random,
    wrong={
        "no softmax": _RANDOM.replace(".softmax(0)", ""),
        "sigmoid": _RANDOM.replace(".softmax(0)", ".sigmoid()"),
        "equal": _RANDOM.replace("torch.randn(count, generator=generator).softmax(0)", "torch.ones(count) / count"),
        "uniform": _RANDOM.replace("randn", "rand"),
        "three times as far": _RANDOM.replace(
            "torch.randn(count, generator=generator)", "(3 * torch.randn(count, generator=generator))"
        ),
        "without the generator": _RANDOM.replace(", generator=generator", ""),
        "always three": _RANDOM.replace("torch.randn(count", "torch.randn(3"),
    },
)

QUESTIONS = (
    Question(
        "A network needs 57 G operations at 512 × 512 and 402 G at 1024 × 1024 in print. What does the ratio say?",
        (
            Choice("Nothing: attention grows with the square of the pixels.", "In windows it grows with the pixels."),
            Choice(
                "The two cannot both be right: four times the pixels are four times the operations.",
                "Convolutions and attention in windows cost the same for each pixel of the map.",
                right=True,
            ),
            Choice(
                "The network is more efficient on small images.",
                "Each pixel costs the same, so that no size is more efficient. One of the two figures is wrong.",
            ),
        ),
    ),
    Question(
        "Table VII adds four parts one by one and each row scores higher. Which part helps most?",
        (
            Choice(
                "The one with the largest step.", "Each row is one figure, and each part was added to another network."
            ),
            Choice(
                "The table cannot say: one order, one figure a row, no spread.",
                "A part's gain depends on what stands there already, and a run's score on its seed.",
                right=True,
            ),
            Choice("The last, since it stands on the best network.", "The order was chosen, not measured."),
        ),
    ),
    Question(
        "A table's figure cannot follow from its classes. What follows for the method?",
        (
            Choice("That it does not work.", "A wrong figure in print is no measurement of the opposite."),
            Choice(
                "That the size of its gain is open until someone measures again.",
                "Which of the two figures is wrong that table alone cannot tell. Another one may.",
                right=True,
            ),
            Choice("Nothing, since readers look at the order of the rows only.", "The order hangs on the figures."),
        ),
    ),
)
"""The quiz of the page."""
