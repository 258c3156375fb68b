"""Exercises of the baseline page."""

from typing import Any

import torch

from rsnotes.datasets import IGNORE
from rsnotes.losses import cross_entropy
from rsnotes.teaching import Choice, Exercise, Question
from rsnotes.training.batches import draws
from rsnotes.training.schedules import poly

_PIXELS = """
import torch


def masked_cross_entropy(logits, mask):
    log_q = torch.log_softmax(logits, dim=1)  # (B, K, H, W)
    valid = mask != 255
    labels = mask.where(valid, 0)
    picked = log_q.gather(1, labels[:, None])[:, 0]  # (B, H, W)
    return -(picked * valid).sum() / valid.sum()
"""


def _check_pixels(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    mask = torch.randint(0, 3, (2, 4, 5), generator=generator)
    if not torch.isclose(answer(logits, mask), cross_entropy(logits, mask), atol=1e-5):
        return "Not yet right even where every pixel is labelled: is it the mean of minus log softmax, with its sign?"
    mask[0, :3] = IGNORE
    value, expected = answer(logits, mask), cross_entropy(logits, mask)
    if torch.isclose(value, expected * (mask != IGNORE).float().mean(), atol=1e-5):
        return "The ignored pixels are still counted in the mean: divide by the number of labelled ones."
    if not torch.isclose(value, expected, atol=1e-5):
        return "Right where every pixel is labelled, wrong where some are 255: an ignored pixel must add nothing."
    return None


ignored_pixels = Exercise(
    title="Ignore what is not labelled",
    question=(
        "Write the mean cross-entropy of `logits` $(B, K, H, W)$ over the pixels of `mask` $(B, H, W)$ that are not "
        "255, without weights and without PyTorch's own cross-entropy. `gather` cannot look up class 255: look up "
        "something harmless there and drop it afterwards."
    ),
    answer="masked_cross_entropy",
    stub='def masked_cross_entropy(logits, mask):\n    """Mean over the labelled pixels."""\n    ...',
    solution=_PIXELS,
    check=_check_pixels,
    wrong={
        "divides by all pixels": _PIXELS.replace("valid.sum()", "valid.numel()"),
        "ignored pixels count as class 0": _PIXELS.replace("(picked * valid).sum() / valid.sum()", "picked.mean()"),
        "sign": _PIXELS.replace("return -(picked", "return (picked"),
    },
)

_POLY = """
def rate(step, steps, peak):
    return peak * (1 - step / steps) ** 0.9
"""


def _check_poly(answer: Any) -> str | None:
    if abs(answer(0, 100, 0.01) - 0.01) > 1e-9:
        return "At step 0 the rate must be the peak rate."
    if abs(answer(100, 100, 0.01)) > 1e-9:
        return "At the last step the rate must have fallen to 0."
    if abs(answer(50, 100, 0.01) - 0.01 * poly(100)(50)) > 1e-9:
        return f"Both ends are right, but half-way the factor should be 0.5 to the power of 0.9, {0.5**0.9:.3f}."
    return None


poly_factor = Exercise(
    title="A learning rate that falls",
    question=(
        "Write the learning rate at `step` of `steps`, which falls from `peak` to 0 as "
        "$(1 - \\mathrm{step} / \\mathrm{steps})^{0.9}$. Why would it be a bad idea to judge the network half-way?"
    ),
    answer="rate",
    stub="def rate(step, steps, peak):\n    ...",
    solution=_POLY,
    check=_check_poly,
    wrong={
        "linear": _POLY.replace("** 0.9", "** 1.0"),
        "rises": _POLY.replace("(1 - step / steps)", "(step / steps)"),
        "never reaches zero": _POLY.replace("step / steps", "step / (steps + 1)"),
    },
)

_BATCH = """
def samples_of_step(number, count, batch_size, order):
    positions = range(number * batch_size, (number + 1) * batch_size)
    return [order(position // count)[position % count] for position in positions]
"""


def _check_batch(answer: Any) -> str | None:
    def order(epoch: int) -> list[int]:
        wanted = [draw.sample for number in range(5) for draw in draws(10, 2, 3, 5 * epoch + number)]
        return wanted

    first = answer(0, 10, 2, order)
    if list(first) != order(0)[:2]:
        return "Step 0 should see the first samples of epoch 0's order."
    if list(answer(6, 10, 2, order)) != order(1)[2:4]:
        return "Step 6 of batches of 2 lies in the second pass over 10 samples: take that epoch's own order."
    if list(answer(3, 10, 3, order)) != [order(0)[9], *order(1)[:2]]:
        return "A batch may begin in one epoch and end in the next: step 3 of batches of 3 does."
    return None


step_samples = Exercise(
    title="What step n sees",
    question=(
        "A run that can be stopped anywhere must know what step `number` sees without having taken the steps before. "
        "Given `order(epoch)`, the order of the samples in an epoch, return the samples of step `number` for a data "
        "set of `count` samples and batches of `batch_size`. Then build on it: how would two processes share the batch?"
    ),
    answer="samples_of_step",
    stub="def samples_of_step(number, count, batch_size, order):\n    ...",
    solution=_BATCH,
    check=_check_batch,
    wrong={
        "always epoch 0": _BATCH.replace("order(position // count)", "order(0)"),
        "starts at step 1": _BATCH.replace("number", "(number + 1)").replace("step((number + 1)", "step(number"),
        "one epoch a batch": _BATCH.replace("order(position // count)", "order(number * batch_size // count)"),
    },
)

QUESTIONS = (
    Question(
        "What does pyramid pooling give a pixel that the backbone does not?",
        (
            Choice("Sharper outlines.", "Averages over regions have none; outlines come from the map itself."),
            Choice(
                "Averages over the image and its parts.",
                "Each level is an average of the map over large regions, scaled back up and joined to every pixel.",
                right=True,
            ),
            Choice("More training pixels.", "The labels stay as they are."),
        ),
    ),
    Question(
        "All class weights are multiplied by ten. What happens to the weighted cross-entropy?",
        (
            Choice("Nothing.", "The sum of weighted losses is divided by the sum of the weights.", right=True),
            Choice("It becomes ten times as large.", "It would if it were divided by the number of pixels."),
            Choice("Rare classes count ten times as much.", "All classes do; their ratios stay."),
        ),
    ),
    Question(
        "A run was stopped at step 70 and goes on. Why does it end with the same weights as one that was not stopped?",
        (
            Choice(
                "What a step sees follows from seed and step number.",
                "Nothing is drawn from a state that was lost; network and optimizer come from the checkpoint.",
                right=True,
            ),
            Choice("The checkpoint stores the samples.", "It stores network, optimizer and the step number."),
            Choice("It does not, quite.", "On one machine it does, bit for bit; a test kills a run to see it."),
        ),
    ),
)
