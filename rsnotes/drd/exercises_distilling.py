"""Exercises of the page on distilling."""

from typing import Any

import torch
from torch import Tensor, nn

from rsnotes.datasets import Augment, Sample
from rsnotes.teaching import Choice, Exercise, Question

_BYTES = """
def cache_bytes(samples, classes, side, channels, feature_side):
    logits = classes * side * side
    features = channels * feature_side * feature_side
    return 2 * samples * (logits + features)
"""


def _check_bytes(answer: Any) -> str | None:
    value, right = answer(128, 6, 128, 176, 17), 2 * 128 * (6 * 128**2 + 176 * 17**2)
    known = {
        2 * right: "Twice too large: a float16 number takes 2 bytes, not 4.",
        2 * 128 * 6 * 128**2: "The feature maps are missing: the relation losses need them.",
        right // 128: "That is one sample: the cache holds all of them.",
    }
    if value in known:
        return known[value]
    return None if value == right else f"128 samples of the page take {right:,} bytes, not {value:,}."


cache_bytes = Exercise(
    title="What a cache costs",
    question=(
        "Return the bytes of a `TeacherCache`: for each of `samples` squares the logits of `classes` classes at "
        "`side` × `side` and `channels` features at `feature_side` × `feature_side`, all as float16. Then put in "
        "Vaihingen: about 150 squares of 645 pixels, 6 classes, 512 channels at 81 × 81. And Potsdam: 17 images of "
        "6000 × 6000 pixels in squares of 600."
    ),
    answer="cache_bytes",
    stub="def cache_bytes(samples, classes, side, channels, feature_side):\n    ...",
    solution=_BYTES,
    check=_check_bytes,
    wrong={
        "float32": _BYTES.replace("2 * samples", "4 * samples"),
        "no features": _BYTES.replace("(logits + features)", "logits"),
        "one sample": _BYTES.replace("2 * samples", "2"),
    },
)

_TURN = """
import torch


def turn(maps, left_right, up_down, quarters):
    if left_right:
        maps = maps.flip(-1)
    if up_down:
        maps = maps.flip(-2)
    return torch.rot90(maps, quarters, (-2, -1))
"""


def _check_turn(answer: Any) -> str | None:
    maps = torch.arange(24.0).view(2, 3, 4)
    if not torch.equal(answer(maps, True, False, 0), maps.flip(-1)):
        return "A mirror image left-right exchanges the columns, which are the last axis."
    if not torch.equal(answer(maps, False, False, 1), torch.rot90(maps, 1, (1, 2))):
        return "A quarter turns against the clock: the last column becomes the first row."
    square, blank = torch.arange(32.0).view(2, 4, 4), torch.zeros(4, 4, dtype=torch.int64)
    for seed in range(40):
        draws = torch.rand(8, generator=torch.Generator().manual_seed(seed)).tolist()
        right = Augment(4)(Sample(square, blank), seed).image
        if not torch.equal(answer(square, draws[3] < 0.5, draws[4] < 0.5, int(draws[5] * 4)), right):
            return "Each is right alone, not all together: `Augment` mirrors first and turns afterwards."
    return None


turn_maps = Exercise(
    title="Turn the answer with the question",
    question=(
        "The student sees a square mirrored and turned. Give it the teacher's `maps` $(C, h, w)$ in the same "
        "orientation: mirrored left-right if `left_right`, up-down if `up_down`, then turned by `quarters` × 90° "
        "against the clock."
    ),
    answer="turn",
    stub="def turn(maps, left_right, up_down, quarters):\n    ...",
    solution=_TURN,
    check=_check_turn,
    wrong={
        "axes exchanged": _TURN.replace("flip(-1)", "flip(0)").replace("flip(-2)", "flip(-1)"),
        "turns with the clock": _TURN.replace("quarters, (", "-quarters, ("),
        "turns first": """
import torch


def turn(maps, left_right, up_down, quarters):
    maps = torch.rot90(maps, quarters, (-2, -1))
    if left_right:
        maps = maps.flip(-1)
    return maps.flip(-2) if up_down else maps
""",
    },
)

_STEPS = """
def fair_steps(plain_step, distilled_step, preparation, steps):
    budget = preparation + steps * distilled_step
    return int(budget // plain_step)
"""


def _check_steps(answer: Any) -> str | None:
    if answer(0.5, 0.75, 0.0, 100) != 150:
        return "100 steps of 0.75 s are 75 s, in which 150 plain steps of 0.5 s fit."
    if answer(0.5, 0.75, 10.0, 100) == 150:
        return "The time in which the teacher's outputs were computed is part of what distilling costs."
    if answer(0.5, 0.75, 10.0, 100) != 170:
        return "With 10 s of preparation the budget is 85 s: 170 plain steps."
    if answer(0.5, 0.75, 0.3, 100) != 150:
        return "75.3 s hold 150 whole steps of 0.5 s: a step that is not finished in time does not count."
    return None


fair_steps = Exercise(
    title="As long as the other",
    question=(
        "A plain step takes `plain_step` seconds. Distilling takes `preparation` seconds once and `distilled_step` a "
        "step. How many whole plain steps may the control take, if the other side takes `steps`?"
    ),
    answer="fair_steps",
    stub="def fair_steps(plain_step, distilled_step, preparation, steps):\n    ...",
    solution=_STEPS,
    check=_check_steps,
    wrong={
        "preparation is free": _STEPS.replace("preparation + ", ""),
        "the wrong way round": _STEPS.replace("int(budget // plain_step)", "int(steps * plain_step // distilled_step)"),
        "rounds up": _STEPS.replace("int(budget // plain_step)", "-int(-budget // plain_step)"),
    },
)

_AVERAGE = """
import torch


def averaged(network, image):
    straight = network(image).softmax(dim=1)
    mirrored = network(image.flip(-1)).softmax(dim=1).flip(-1)
    return ((straight + mirrored) / 2).log()
"""


def _check_average(answer: Any) -> str | None:
    torch.manual_seed(0)
    network = nn.Conv2d(3, 4, 3, padding=1).requires_grad_(False)
    with torch.no_grad():
        network.weight.mul_(6)
    image = torch.rand(2, 3, 5, 7)

    def seen(back: int) -> tuple[Tensor, Tensor]:
        return network(image), network(image.flip(-1)).flip(back) if back else network(image.flip(-1))

    plain, other = seen(-1)
    value, right = answer(network, image), (plain.softmax(1) + other.softmax(1)).div(2).log()
    if value.shape != right.shape:
        return f"A map of the image's size is wanted, {tuple(right.shape)}, not {tuple(value.shape)}."
    if torch.allclose(value, right.exp(), atol=1e-5):
        return "These are probabilities. The losses take logits: return their logarithm, whose softmax they are."
    if torch.allclose(value.log_softmax(1), right, atol=1e-5):
        return None
    if torch.allclose(value, (plain + other) / 2, atol=1e-5):
        return "The logits were averaged. Average the probabilities: a view that is sure must not outvote the other."
    if torch.allclose(value, (seen(0)[0].softmax(1) + seen(0)[1].softmax(1)).div(2).log(), atol=1e-5):
        return "The answer for the mirrored image was not mirrored back: left and right are mixed."
    return "Mirror the image, take the probabilities, mirror them back, and average with those of the image itself."


averaged_teacher = Exercise(
    title="A better teacher at no price",
    question=(
        "A cached answer is computed once, so it may cost more. Build a better one: the mean of the teacher's class "
        "probabilities for `image` $(B, C, H, W)$ and for its mirror image, as logits $(B, K, H, W)$ that a loss can "
        "take. `network` gives logits. Then let a `TeacherCache` hold them and train again."
    ),
    answer="averaged",
    stub="def averaged(network, image):\n    ...",
    solution=_AVERAGE,
    check=_check_average,
    wrong={
        "not mirrored back": _AVERAGE.replace("softmax(dim=1).flip(-1)", "softmax(dim=1)"),
        "mean of the logits": _AVERAGE.replace(".softmax(dim=1)", "").replace(".log()", ""),
        "probabilities": _AVERAGE.replace(".log()", ""),
    },
)

QUESTIONS = (
    Question(
        "A student sees random crops, zoomed by factors between 0.5 and 2. Can its teacher's outputs be cached?",
        (
            Choice(
                "Yes: crop and zoom the stored outputs as the image is.",
                "The teacher would have seen the ground at one scale only and with context beyond the crop. That is "
                "another teacher, and `TeacherCache` refuses it.",
            ),
            Choice(
                "Not as it stands: the teacher would have to see each crop.",
                "What the teacher answers depends on what it is shown. Use `LiveTeacher`, or draw a fixed set of crops "
                "first and cache those.",
                right=True,
            ),
            Choice("Yes, if float32 is stored.", "The rounding to float16 is not what goes wrong here."),
        ),
    ),
    Question(
        "Distilling beats plain training at equal steps and loses at equal seconds. Which is the right comparison?",
        (
            Choice("Equal steps, as papers do.", "It answers only what a step is worth, not what an hour is."),
            Choice(
                "Equal seconds, since time is what one pays.",
                "For one's own machine, yes. But the time of a step depends on the machine and on how the teacher is "
                "run; whoever has another one needs the other number too.",
            ),
            Choice(
                "Both, with what was counted as time.",
                "They answer two questions. A page that shows one of them has chosen the answer.",
                right=True,
            ),
        ),
    ),
)
"""The quiz of the page."""
