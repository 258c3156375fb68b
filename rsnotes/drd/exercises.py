"""Exercises of the pages on relation maps and on the four losses."""

import math
from typing import Any

import torch
from torch import Tensor

from rsnotes.drd.pixelwise import pixelwise_loss
from rsnotes.drd.relations import spatial_relation
from rsnotes.teaching import Choice, Exercise, Question


def _maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _near(value: Any, expected: Any) -> bool:
    value, expected = torch.as_tensor(value).double(), torch.as_tensor(expected).double()
    return value.shape == expected.shape and torch.allclose(value, expected, rtol=1e-6)


_BYTES = """
map_bytes = 4 * (81 * 81) ** 2
"""


def _check_bytes(answer: Any) -> str | None:
    entries = 81**4
    known = {
        entries: "That is the number of entries. How many bytes does each one take in float32?",
        4 * 81**2: "That is one row of the map. How many rows are there?",
        4 * 645**4: "Pixels of the feature map are meant, 81 × 81, not those of the crop.",
    }
    return None if answer == 4 * entries else known.get(answer, "Count the pixels N, then the entries, then the bytes.")


map_bytes = Exercise(
    title="The size of a map",
    question=(
        "The paper trains on crops of 645 × 645 pixels, whose feature map is 81 × 81. How many bytes does the spatial "
        "relation map of one image and one network take in float32?"
    ),
    answer="map_bytes",
    stub="map_bytes = ...",
    solution=_BYTES,
    check=_check_bytes,
    wrong={
        "entries, not bytes": "map_bytes = 81**4",
        "one row": "map_bytes = 4 * 81**2",
        "pixels of the crop": "map_bytes = 4 * 645**4",
    },
)

_COSINE = """
import torch


def cosine_relation(features, temperature):
    pixels = features.flatten(2).mT  # (B, N, C)
    pixels = pixels / pixels.norm(dim=2, keepdim=True)
    return torch.softmax(pixels @ pixels.mT / temperature, dim=2)
"""


def _check_cosine(answer: Any) -> str | None:
    maps = _maps(2, 3, 2, 4)
    value = answer(maps, 0.5)
    if value.shape != (2, 8, 8):
        return f"A batch of 2 with 3 channels of 2 × 4 pixels should give (2, 8, 8), not {tuple(value.shape)}."
    if not _near(value.sum(dim=2), torch.ones(2, 8)):
        return "The rows do not sum to one: over which axis is the softmax?"
    if not _near(answer(3 * maps, 0.5), value):
        return "Tripling the features changes the map: a cosine does not know lengths. Are both pixels divided?"
    if _near(value, spatial_relation(maps, normalise=True, temperature=2.0)):
        return "A smaller temperature should sharpen the rows: divide by it."
    if not _near(value, spatial_relation(maps, normalise=True, temperature=0.5)):
        return "Right shape and scale, wrong values: each pixel's C numbers should get length one."
    return None


cosine_relation = Exercise(
    title="Cosines in the place of products",
    question=(
        "Write the spatial relation map of `features` $(B, C, H, W)$ with cosines in the place of raw products, "
        "divided by `temperature` before the softmax. Use the package's function to check yourself, not to answer."
    ),
    answer="cosine_relation",
    stub='def cosine_relation(features, temperature):\n    """(B, C, H, W) to (B, N, N)."""\n    ...',
    solution=_COSINE,
    check=_check_cosine,
    wrong={
        "softmax over the columns": _COSINE.replace("temperature, dim=2", "temperature, dim=1"),
        "times the temperature": _COSINE.replace("/ temperature", "* temperature"),
        "only one side divided": _COSINE.replace("pixels = pixels /", "units = pixels /").replace(
            "pixels @ pixels.mT", "units @ pixels.mT"
        ),
        "length over the pixels": _COSINE.replace("norm(dim=2", "norm(dim=1"),
    },
)

_TEMPERATURE = """
from rsnotes.drd import spatial_relation


def temperature_for(features, support):
    low, high = 1e-3, 1e3
    for _ in range(60):
        middle = (low * high) ** 0.5
        relation = spatial_relation(features, temperature=middle)
        found = (1 / relation.square().sum(dim=2)).median()
        if found < support:
            low = middle
        else:
            high = middle
    return middle
"""


def _check_temperature(answer: Any) -> str | None:
    maps = 3 * _maps(1, 4, 5, 7).relu()  # an odd number of rows has one median
    for wanted in (4.0, 20.0):
        temperature = float(answer(maps, wanted))
        if not temperature > 0:
            return f"A temperature is above zero, not {temperature:.4g}."
        squares = spatial_relation(maps, temperature=temperature).square().sum(dim=2)
        found = (1 / squares).median().item()
        if abs(found - wanted) > 0.02 * wanted:
            side = "ends at the coldest or the hottest: which way does the support move with the temperature?"
            near = f"gives a median support of {found:.1f} in the place of {wanted:.0f}."
            end = temperature < 2e-3 or temperature > 500
            return f"The search {side}" if end else f"Your temperature {near}"
    return None


temperature_for = Exercise(
    title="A temperature for a wanted support",
    question=(
        "Build a search: given `features` $(1, C, H, W)$, find the temperature at which the median effective support "
        "of the raw map's rows is `support` pixels. The support grows with the temperature, so halving an interval "
        "again and again finds it; temperatures are best halved as ratios. Does the teacher need the same temperature "
        "as the student?"
    ),
    answer="temperature_for",
    stub='def temperature_for(features, support):\n    """Right to a per cent of the support."""\n    ...',
    solution=_TEMPERATURE,
    check=_check_temperature,
    wrong={
        "wrong half": _TEMPERATURE.replace("found < support", "found > support"),
        "one over the temperature": _TEMPERATURE.replace("return middle", "return 1 / middle"),
        "sum of squares for the support": _TEMPERATURE.replace("(1 / relation.square()", "(relation.square()").replace(
            "1e-3, 1e3", "1e-1, 1e1"
        ),
    },
)

_BOUND = """
def largest_share(height, width, weight):
    return weight * 2 / (height * width)
"""


def _check_bound(answer: Any) -> str | None:
    value, right = answer(17, 17, 25.0), 50 / 289
    known = {
        2 / 289: "Right for the loss alone; the total loss multiplies it by its weight.",
        25 / 289: "Two rows that have all their mass on different pixels differ in two places, not in one.",
        50 / 289**2: "There are N rows, each off by at most 2, and N squared entries: one N is left.",
        50 / 17: "N is the number of pixels, height times width.",
    }
    if _near(value, right):
        other = answer(17, 33, 5.0)
        return (
            None
            if _near(other, 10 / 561)
            else f"For 17 × 33 pixels and weight 5 it is {10 / 561:.4f}, not {other:.3g}."
        )
    found = [message for wrong, message in known.items() if math.isclose(value, wrong, rel_tol=1e-9)]
    return found[0] if found else f"For 17 × 17 pixels and weight 25 it is {right:.3f}, not {value:.3g}."


largest_share = Exercise(
    title="The most a term can cost",
    question=(
        "Write the largest value that $\\lambda_3 L_S$ can take for a feature map of `height` × `width` pixels and the "
        "given `weight` $\\lambda_3$. A cross-entropy of six classes starts near 1.8: compare."
    ),
    answer="largest_share",
    stub="def largest_share(height, width, weight):\n    ...",
    solution=_BOUND,
    check=_check_bound,
    wrong={
        "without the weight": _BOUND.replace("weight * 2", "2"),
        "one place a row": _BOUND.replace("weight * 2", "weight"),
        "divided by all entries": _BOUND.replace("(height * width)", "(height * width) ** 2"),
        "one side": _BOUND.replace("(height * width)", "height"),
    },
)

_KL = """
import torch


def kl(student_logits, teacher_logits):
    student = torch.log_softmax(student_logits, dim=1)
    teacher = torch.log_softmax(teacher_logits.detach(), dim=1)
    return (teacher.exp() * (teacher - student)).sum(dim=1).mean()
"""


def _check_kl(answer: Any) -> str | None:
    student, teacher = _maps(2, 5, 3, 4).requires_grad_(), _maps(2, 5, 3, 4, seed=1).requires_grad_()
    value, expected = answer(student, teacher), pixelwise_loss(student, teacher)
    if _near(value, pixelwise_loss(teacher, student)):
        return "Teacher and student are swapped: the teacher's probabilities weigh the logarithms."
    if _near(value, expected / 5):
        return "Five times too small for five classes: sum over the classes, take the mean over the rest."
    if _near(value, expected * 24):
        return "Equations 5 and 6 both sum over the pixels; take the mean over pixels and batch once."
    if not _near(value, expected):
        return f"For the test's logits it should be {expected.item():.4f}, not {float(value):.4f}."
    if not value.requires_grad or torch.autograd.grad(value, teacher, allow_unused=True)[0] is not None:
        return "The value is right, but the teacher must get no gradient and the student must get one: detach one."
    return None


kl = Exercise(
    title="Pixel by pixel",
    question=(
        "From `log_softmax` alone write $L_P$ of two tensors $(B, K, H, W)$ called `student_logits` and "
        "`teacher_logits`: summed over the classes, averaged over pixels and batch, no gradient for the teacher."
    ),
    answer="kl",
    stub='def kl(student_logits, teacher_logits):\n    """A scalar."""\n    ...',
    solution=_KL,
    check=_check_kl,
    wrong={
        "swapped": _KL.replace("(student_logits, dim=1)", "(teacher, dim=1)")
        .replace("(teacher_logits.detach(), dim=1)", "(student_logits, dim=1)")
        .replace("(teacher, dim=1)", "(teacher_logits, dim=1)"),
        "mean over the classes": _KL.replace(".sum(dim=1).mean()", ".mean()"),
        "sum over the pixels": _KL.replace(".sum(dim=1).mean()", ".sum()"),
        "teacher not detached": _KL.replace(".detach()", ""),
    },
)

_AGREEMENT = """
import torch


def agreement(terms, weights, features):
    pulls = {
        name: torch.autograd.grad(weights[name] * term, features, retain_graph=True)[0].flatten()
        for name, term in terms.items()
    }
    first = pulls["cross_entropy"]
    return {name: float(first @ pull / (first.norm() * pull.norm())) for name, pull in pulls.items()}
"""


def _check_agreement(answer: Any) -> str | None:
    features = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    terms = {"cross_entropy": features.square().sum() / 2, "b": 3 * features[0] - 4 * features[1]}
    # gradients (3, 4) and (3, -4): cosine -7 / 25, and 7 / 25 with a negative weight
    value = answer(terms, {"cross_entropy": 2.0, "b": -0.1}, features)
    if not isinstance(value, dict) or set(value) != set(terms):
        return "Return a dict with the names of the terms, cross-entropy's with itself included."
    known = {
        -7 / 25: "A negative weight turns a pull around: take the gradient of the weighted term.",
        1.4: "That is a dot product; divide it by both lengths.",
        2.8: "Divided by one length only; divide by that of the other gradient too.",
    }
    found = [message for wrong, message in known.items() if math.isclose(float(value["b"]), wrong, rel_tol=1e-6)]
    if found:
        return found[0]
    if not (_near(value["cross_entropy"], 1.0) and _near(value["b"], 7 / 25)):
        return f"For gradients (6, 8) and (-0.3, 0.4) the cosine is 0.28, not {float(value['b']):.3g}."
    return None


agreement = Exercise(
    title="With or against cross-entropy",
    question=(
        "A long gradient may pull against the labels. Build on this page's `measure`: from `terms` (name to scalar), "
        "their `weights` and the tensor `features` that all of them depend on, return name to the cosine between the "
        "weighted term's gradient and the weighted cross-entropy's. Which terms of the trained student agree with its "
        "labels?"
    ),
    answer="agreement",
    stub='def agreement(terms, weights, features):\n    """Name to cosine, floats."""\n    ...',
    solution=_AGREEMENT,
    check=_check_agreement,
    wrong={
        "without the weights": _AGREEMENT.replace("weights[name] * term", "term"),
        "dot product": _AGREEMENT.replace(" / (first.norm() * pull.norm())", ""),
        "one length": _AGREEMENT.replace("first.norm() * pull.norm()", "pull.norm()"),
        "the total in the place of cross-entropy": _AGREEMENT.replace('pulls["cross_entropy"]', "sum(pulls.values())"),
    },
)

QUESTIONS = (
    Question(
        "A relation map is a softmax of raw products. All features are doubled. What happens to the map?",
        (
            Choice("Nothing: the softmax normalises.", "It makes the rows sum to one, whatever the products are."),
            Choice(
                "Its rows get sharper.", "The products grow fourfold, as with a quarter of the temperature.", right=True
            ),
            Choice("Its rows get flatter.", "Larger products lie further apart, and the softmax sharpens."),
        ),
    ),
    Question(
        "Why does $L_S$ stay small even when the student's map is wrong everywhere?",
        (
            Choice("Its weight of 25 is small.", "It is the largest of the three weights."),
            Choice(
                "A row differs by at most 2 in squares, and there are N squared entries to average over.",
                "N rows of at most 2, over N times N entries: at most 2 / N.",
                right=True,
            ),
            Choice(
                "The teacher is detached.", "That keeps the gradient from the teacher and does not change the value."
            ),
        ),
    ),
    Question(
        "What does the minus sign in front of the adversarial term mean?",
        (
            Choice("The student lowers the critic's value.", "Minimising minus a value raises it."),
            Choice("The loss is a mistake in print.", "It fits equation 7: the critic gives the teacher high values."),
            Choice(
                "The student raises the critic's value on its own maps.",
                "The critic gives teachers high values, so a higher value means: looks more like a teacher.",
                right=True,
            ),
        ),
    ),
    Question(
        "A term's value is a thousandth of cross-entropy's. Does it follow that it does not matter?",
        (
            Choice("Yes.", "A small value can have a large gradient: `sin(1000 x) / 100` does."),
            Choice(
                "No: its gradient decides.",
                "It is the gradient that moves the weights, so that is measured.",
                right=True,
            ),
        ),
    ),
)
"""The quiz of the page on the four losses."""
