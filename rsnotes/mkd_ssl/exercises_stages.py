"""Exercises of the page on passing knowledge on in stages."""

from typing import Any

import torch

from rsnotes.mkd_ssl.stages import Stage
from rsnotes.teaching import Choice, Exercise, Question

_SOFT = """
def soften(logits, temperature):
    return (logits / temperature).softmax(dim=1)
"""


def _check_soft(answer: Any) -> str | None:
    logits = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    value, right = answer(logits, 3.0), (logits / 3).softmax(1)
    if torch.allclose(value, right, atol=1e-6):
        return None
    if torch.allclose(value, (logits * 3).softmax(1), atol=1e-6):
        return "A high temperature softens; this one sharpens: the logits were multiplied."
    if torch.allclose(value, logits.softmax(1) / 3, atol=1e-6):
        return "These do not sum to one: divide before the softmax, not after it."
    if torch.allclose(value, (logits / 3).softmax(-1), atol=1e-6):
        return "The probabilities of a pixel's classes sum to one; classes are axis 1 of (B, K, H, W)."
    return f"For the first pixel {[round(v, 3) for v in right[0, :, 0, 0].tolist()]} is wanted."


soften = Exercise(
    title="Soften",
    question="Return the class probabilities of `logits` (B, K, H, W) at a temperature.",
    answer="soften",
    stub="def soften(logits, temperature):\n    ...",
    solution=_SOFT,
    check=_check_soft,
    wrong={
        "sharpens": _SOFT.replace("logits / temperature", "logits * temperature"),
        "divides too late": "def soften(logits, temperature):\n    return logits.softmax(dim=1) / temperature\n",
        "another axis": _SOFT.replace("dim=1", "dim=-1"),
    },
)

_GRADIENT = """
def kd_gradient(student, teacher, temperature):
    p = (student / temperature).softmax(dim=0)
    q = (teacher / temperature).softmax(dim=0)
    return temperature * (p - q)
"""


def _check_gradient(answer: Any) -> str | None:
    student, teacher = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([0.0, 1.5, 1.0])
    p, q = (student / 4).softmax(0), (teacher / 4).softmax(0)
    value = answer(student, teacher, 4.0)
    if torch.allclose(value, 4 * (p - q), atol=1e-6):
        return None
    if torch.allclose(value, 4 * (q - p), atol=1e-6):
        return "Downhill would lead away from the teacher: where the student has too much, the gradient is positive."
    if torch.allclose(value, (p - q) / 4, atol=1e-6):
        return "That is the gradient of the divergence; the loss is T² times as large."
    if torch.allclose(value, p - q, atol=1e-6):
        return "T² in front, 1/T from the chain rule: one T stays."
    return "Differentiate T² KL(q ‖ p) by a logit of the student; the derivative of a softmax is p_k (δ_jk - p_j)."


gradient = Exercise(
    title="The gradient of distillation",
    question=(
        "For one pixel, `student` and `teacher` are logits (K). Work out the gradient of $T^2\\, KL(q \\Vert p)$ with "
        "respect to the student's logits, and return it without calling `backward`."
    ),
    answer="kd_gradient",
    stub="def kd_gradient(student, teacher, temperature):\n    ...",
    solution=_GRADIENT,
    check=_check_gradient,
    wrong={
        "uphill": _GRADIENT.replace("(p - q)", "(q - p)"),
        "no T squared": _GRADIENT.replace("temperature * (p - q)", "(p - q) / temperature"),
        "no T at all": _GRADIENT.replace("temperature * (p - q)", "p - q"),
    },
)

_SEEN = """
def images_seen(stages, batch_size):
    total = 0
    for stage in stages:
        total += stage.student_steps
        if stage.teacher is not None:
            total += stage.teacher_steps
    return batch_size * total
"""


def _check_seen(answer: Any) -> str | None:
    taught = Stage("a", ("x", "y"), teacher_steps=20, student_steps=300)
    alone = Stage("b", ("x", "y"), None, "previous", ("supervised",), teacher_steps=50, student_steps=70)
    if answer([taught], 8) == 2400:
        return "The teacher's fine-tuning sees labelled images too."
    if answer([taught], 8) == 320:
        return "A step sees a batch of images, not one."
    if answer([taught], 8) != 2560:
        return "One stage of 20 teacher's and 300 student's steps in batches of 8 sees 2560 images."
    if answer([alone], 8) == 960:
        return "A stage without a teacher does not train one, whatever its `teacher_steps` say."
    if answer([taught, alone], 8) != 3120:
        return "Every stage counts, the bridge's too."
    return None


seen = Exercise(
    title="Labelled images seen",
    question=(
        "Return how many labelled images a list of `Stage` sees in batches of `batch_size`, counted as often as they "
        "are seen, and whoever is being trained."
    ),
    answer="images_seen",
    stub="def images_seen(stages, batch_size):\n    ...",
    solution=_SEEN,
    check=_check_seen,
    wrong={
        "students alone": _SEEN.replace("total += stage.teacher_steps", "pass"),
        "steps": _SEEN.replace("batch_size * total", "total"),
        "teachers that do not exist": _SEEN.replace("if stage.teacher is not None:", "if True:"),
        "the last stage alone": _SEEN.replace("in stages:", "in stages[-1:]:"),
    },
)

_CARRY = """
import torch


def carry_over(weight, old, new, same):
    rows = torch.zeros(len(new), weight.shape[1])
    for k, name in enumerate(new):
        given = [weight[old.index(a)] for a, b in same if b == name]
        if given:
            rows[k] = torch.stack(given).mean(dim=0)
    return rows
"""


def _check_carry(answer: Any) -> str | None:
    old, new = ["sky", "road", "pavement", "tree"], ["tree", "impervious", "car"]
    same = [("road", "impervious"), ("pavement", "impervious"), ("tree", "tree")]
    weight = torch.arange(12.0).view(4, 3) ** 2
    value = answer(weight, old, new, same)
    if tuple(value.shape) != (3, 3):
        return f"One row for each new class and one column for each channel: (3, 3), not {tuple(value.shape)}."
    if torch.allclose(value[0], weight[0]):
        return "Rows are matched by what the classes mean, not by their numbers."
    if not torch.allclose(value[0], weight[3]):
        return "The new class tree begins with the row of the old class tree."
    if torch.allclose(value[1], weight[1] + weight[2]):
        return "The sum of two rows is louder than any other row: take their mean."
    if torch.allclose(value[1], weight[2]) or torch.allclose(value[1], weight[1]):
        return "Road and pavement both mean impervious; one of them was lost."
    if not torch.allclose(value[1], (weight[1] + weight[2]) / 2):
        return "Impervious begins with the mean of road and pavement."
    return None if not value[2].any() else "Car has no counterpart among the old classes; its row stays zero."


carry = Exercise(
    title="Carry a head over",
    question=(
        "Build the first weights of a new classifier from the old one's. `weight` (K, C) has a row for each name in "
        "`old`. Return a row for each name in `new`: the mean of all old rows that mean the same by the pairs "
        "(old, new) in `same`, zeros where there is none. (`new_head` takes one row over and leaves "
        "the others random.)"
    ),
    answer="carry_over",
    stub="def carry_over(weight, old, new, same):\n    ...",
    solution=_CARRY,
    check=_check_carry,
    wrong={
        "one of two": _CARRY.replace("torch.stack(given).mean(dim=0)", "given[-1]"),
        "sum": _CARRY.replace(".mean(dim=0)", ".sum(dim=0)"),
        "by number": "def carry_over(weight, old, new, same):\n    return weight[: len(new)].clone()\n",
        "old rows": "def carry_over(weight, old, new, same):\n    return weight.clone()\n",
    },
)

QUESTIONS = (
    Question(
        "What of the source network's weights does a student of the first stage begin with?",
        (
            Choice(
                "Its backbone.", "That is what the *teacher* begins with. The student's weights are random throughout."
            ),
            Choice(
                "Nothing: it comes to know the source by its teacher's answers, and by springs where there are any.",
                "The springs of EWC draw it towards the source's weights; it does not begin there.",
                right=True,
            ),
            Choice(
                "Everything but the head.",
                "That would be fine-tuning, which the paper compares distillation with by reference only.",
            ),
        ),
    ),
    Question(
        "Two-stage distillation beats direct distillation; every training took 100 epochs. What is shown?",
        (
            Choice("That the bridge helps.", "It may, but this comparison holds a second difference."),
            Choice(
                "That two stages and many more labelled images together help.",
                "The stage on the bridge saw its own labels for 100 epochs more. Hold the number of labelled images "
                "and steps fixed to tell the bridge from the training time.",
                right=True,
            ),
            Choice(
                "Nothing, since temperature 3 was used in both.",
                "What is the same in both cannot explain a difference between them.",
            ),
        ),
    ),
)
"""The quiz of the page."""
