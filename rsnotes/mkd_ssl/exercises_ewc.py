"""Exercises of the page on what elastic weight consolidation protects."""

from typing import Any

import torch

from rsnotes.teaching import Choice, Exercise, Question

_PENALTY = """
def penalty(weight, anchor, fisher):
    return 0.5 * (fisher * (weight - anchor) ** 2).sum()
"""


def _check_penalty(answer: Any) -> str | None:
    weight, anchor = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([0.0, 1.0, 3.0])
    fisher = torch.tensor([2.0, 0.5, 9.0])
    value = float(answer(weight, anchor, fisher))
    if abs(value - 3.25) < 1e-6:
        return None
    known = {
        6.5: "Half of it: then the gradient is the stiffness times the displacement, without a factor 2.",
        1.75: "A spring's energy grows with the square of its displacement.",
        3.125: "The stiffness enters once, not as its square.",
        5.0: "Each weight has a spring of its own stiffness.",
    }
    return known.get(round(value, 4), f"For the check's three weights the penalty is 3.25, not {value:.3f}.")


penalty = Exercise(
    title="The penalty",
    question="Return the penalty of elastic weight consolidation for three tensors of one shape.",
    answer="penalty",
    stub="def penalty(weight, anchor, fisher):\n    ...",
    solution=_PENALTY,
    check=_check_penalty,
    wrong={
        "no half": _PENALTY.replace("0.5 * ", ""),
        "not squared": _PENALTY.replace("(weight - anchor) ** 2", "(weight - anchor).abs()"),
        "fisher squared": _PENALTY.replace("(fisher *", "(fisher**2 *"),
        "equal springs": _PENALTY.replace("fisher * ", ""),
    },
)

_FISHER = """
def fisher(gradients):
    return (gradients**2).mean(dim=0)
"""


def _check_fisher(answer: Any) -> str | None:
    gradients = torch.tensor([[1.0, 2.0], [-1.0, 2.0], [3.0, -4.0], [-3.0, 0.0]])
    value, right = answer(gradients), torch.tensor([5.0, 6.0])
    if tuple(value.shape) != (2,):
        return f"One number for each weight, (2,), is wanted, not {tuple(value.shape)}."
    if torch.allclose(value, right):
        return None
    if torch.allclose(value, torch.zeros(2)):
        return "Squared after the mean: where training has ended the mean is zero, and every weight looks useless."
    if torch.allclose(value, 4 * right):
        return "A sum grows with the number of images; the strength would have to change with it."
    if torch.allclose(value, torch.tensor([2.0, 2.0])):
        return "The information is the mean of squares, not of absolute values."
    return f"{right.tolist()} is wanted, not {value.tolist()}."


fisher = Exercise(
    title="How much a weight matters",
    question=(
        "`gradients` (N, P) holds the gradient of each of N images' losses with respect to P weights. Return the "
        "diagonal of the empirical Fisher information (P)."
    ),
    answer="fisher",
    stub="def fisher(gradients):\n    ...",
    solution=_FISHER,
    check=_check_fisher,
    wrong={
        "square of the mean": "def fisher(gradients):\n    return gradients.mean(dim=0) ** 2\n",
        "sum": _FISHER.replace(".mean(", ".sum("),
        "absolute": _FISHER.replace("(gradients**2)", "gradients.abs()"),
        "over weights": _FISHER.replace("dim=0", "dim=1"),
    },
)

_SETTLE = """
def settle(new, curvature, anchor, fisher, strength):
    pull = strength * fisher
    return (curvature * new + pull * anchor) / (curvature + pull)
"""


def _check_settle(answer: Any) -> str | None:
    if abs(answer(2.0, 3.0, -1.0, 0.5, 0.0) - 2.0) > 1e-9:
        if abs(answer(2.0, 3.0, -1.0, 0.5, 0.0) + 1.0) < 1e-9:
            return "Without springs the weight goes to the new task's minimum, not to the anchor."
        return "With a strength of 0 only the new task is left."
    value, right = answer(2.0, 3.0, -1.0, 0.5, 6.0), 0.5
    if abs(value - right) < 1e-9:
        if abs(answer(2.0, 1.0, -1.0, 0.5, 6.0) + 0.25) < 1e-9 and abs(answer(4.0, 2.0, 1.0, 3.0, 2.0) - 1.75) < 1e-9:
            return None
        return "The new task pulls with its `curvature`: flatter, at 1, the weight settles at -0.25, not half way."
    if abs(value - 2.0) < 1e-9:
        return "The springs do nothing here: their pull is strength times Fisher information."
    if abs(value - 0.0) < 1e-9:
        return "The stiffness of the spring is missing: it is the strength times the Fisher information."
    return f"With pulls of 3 and 3 the weight settles half way, at 0.5, not at {value:.3f}."


settle = Exercise(
    title="Where it settles",
    question=(
        "One weight. The new task's loss is `curvature` / 2 times the squared distance from `new`; the spring holds it "
        "at `anchor` with stiffness `strength` times `fisher`. Return where the sum of both is smallest."
    ),
    answer="settle",
    stub="def settle(new, curvature, anchor, fisher, strength):\n    ...",
    solution=_SETTLE,
    check=_check_settle,
    wrong={
        "exchanged": _SETTLE.replace("curvature * new + pull * anchor", "curvature * anchor + pull * new"),
        "no springs": "def settle(new, curvature, anchor, fisher, strength):\n    return new\n",
        "one curvature": _SETTLE.replace("curvature * new", "3 * new").replace("(curvature + pull)", "(3 + pull)"),
        "no fisher": _SETTLE.replace("strength * fisher", "strength"),
        "always half way": "def settle(new, curvature, anchor, fisher, strength):\n    return (new + anchor) / 2\n",
    },
)

_LARGEST = """
def largest_strength(fisher, rate, momentum):
    stiffest = max(float(part.max()) for part in fisher.values())
    return 2 * (1 + momentum) / (rate * stiffest)
"""


def _check_largest(answer: Any) -> str | None:
    fisher = {"a": torch.tensor([0.2, 0.05]), "b": torch.tensor([[0.1, 0.4]]), "c": torch.tensor([0.3])}
    value = float(answer(fisher, 0.1, 0.5))
    if abs(value - 75.0) < 1e-3:
        return None
    if abs(value - 50.0) < 1e-3:
        return "Momentum carries the weight on through the anchor and widens the bound by the factor 1 + momentum."
    if abs(value - 600.0) < 1e-3:
        return "It is the stiffest spring that breaks first, not the softest."
    if abs(value - 150.0) < 1e-3:
        return "Look at every tensor, not at the first or the slackest: the stiffest spring of the network decides."
    if abs(value - 100.0) < 1e-3:
        return "The last tensor has not the stiffest spring; look at every tensor."
    if abs(value - 3.0 / (0.1 * 0.21)) < 1e-3:
        return "The mean stiffness is no bound: one weight that swings out takes the others with it."
    return f"With stiffness up to 0.4, rate 0.1 and momentum 0.5 the bound is 75, not {value:.2f}."


largest = Exercise(
    title="As stiff as can be",
    question=(
        "Gradient descent with momentum on a spring of stiffness $k$ stays bounded while rate × $k$ < 2 (1 + "
        "momentum). `fisher` maps names to tensors. Return the largest strength at which no spring of the network "
        "swings out."
    ),
    answer="largest_strength",
    stub="def largest_strength(fisher, rate, momentum):\n    ...",
    solution=_LARGEST,
    check=_check_largest,
    wrong={
        "no momentum": _LARGEST.replace("2 * (1 + momentum)", "2"),
        "the softest": _LARGEST.replace("max(float(part.max())", "min(float(part.min())"),
        "one tensor": _LARGEST.replace("max(float(part.max())", "min(float(part.max())"),
        "the last tensor": _LARGEST.replace(
            "max(float(part.max()) for part in fisher.values())", "float(list(fisher.values())[-1].max())"
        ),
        "mean": _LARGEST.replace(
            "max(float(part.max()) for part in fisher.values())",
            "sum(float(p.sum()) for p in fisher.values()) / sum(p.numel() for p in fisher.values())",
        ),
    },
)

QUESTIONS = (
    Question(
        "A student begins at random. Its springs are at rest at that random start, stiff where the new task is steep. "
        "What do they protect?",
        (
            Choice("What the teacher knows.", "Neither the teacher's weights nor its data enter."),
            Choice(
                "What the source network knew.",
                "Nothing of the source is in the anchor or in the stiffness; there is no way it could be protected.",
            ),
            Choice(
                "The random start.",
                "They slow the student down just where the new task wants it to move; at a weight of 1e-4, hardly.",
                right=True,
            ),
        ),
    ),
    Question(
        "All weights of a network are held fast, and it is trained on another domain all the same. Can it forget?",
        (
            Choice("No: it computes with weights.", "And with the running means and variances of batch normalisation."),
            Choice(
                "Yes: the running statistics of batch normalisation follow the new images.",
                "They are no parameters and have no gradient, so that no penalty holds them.",
                right=True,
            ),
            Choice("Only if the classes differ.", "Under the same classes it forgets as well, as the page measures."),
        ),
    ),
)
"""The quiz of the page."""
