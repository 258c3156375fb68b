"""Exercises of the page on what the paper leaves open, and the quiz of the group."""

from typing import Any

import torch
from torch import Tensor

from rsnotes.drd.adversarial import Critic
from rsnotes.drd.comparators import pairwise_loss
from rsnotes.drd.pixelwise import pixelwise_loss
from rsnotes.teaching import Choice, Exercise, Question

_PAIR = """
import torch


def worst_pair(n):
    student = torch.eye(n)
    teacher = torch.eye(n).roll(1, dims=1)
    return student, teacher
"""


def _check_pair(answer: Any) -> str | None:
    for n in (3, 5):
        maps = [torch.as_tensor(one, dtype=torch.float64) for one in answer(n)]
        if [tuple(one.shape) for one in maps] != [(n, n)] * 2:
            return f"Two maps of {n} × {n} are wanted for n = {n}."
        if any((one < 0).any() or not torch.allclose(one.sum(1), one.new_ones(n)) for one in maps):
            return "A row of a relation map is a distribution: not negative, and it sums to one."
        loss = float((maps[0] - maps[1]).square().mean())
        if loss < 1e-12:
            return "These two maps are equal: their loss is 0."
        if loss < 2 / n - 1e-9:
            return f"For n = {n} the loss is {loss:.3f}, and there are maps with {2 / n:.3f}: where should the mass be?"
    return None


worst_pair = Exercise(
    title="The worst two maps",
    question=(
        "Equation 2 can never exceed $2 / N$. Build two maps $(n, n)$ whose rows are distributions and whose mean "
        "squared difference is exactly that. What does the bound say about a loss of 25 × $L_S$ on 81 × 81 pixels?"
    ),
    answer="worst_pair",
    stub="def worst_pair(n):\n    ...",
    solution=_PAIR,
    check=_check_pair,
    wrong={
        "equal maps": _PAIR.replace(".roll(1, dims=1)", ""),
        "one against uniform": _PAIR.replace("torch.eye(n).roll(1, dims=1)", "torch.full((n, n), 1 / n)"),
        "rows do not sum to one": _PAIR.replace("torch.eye(n).roll(1, dims=1)", "1 - torch.eye(n)"),
    },
)

_LITERAL = """
import torch


def literal_loss(student_logits, teacher_logits):
    p = teacher_logits.softmax(dim=1)
    difference = p.log() - student_logits.log_softmax(dim=1)
    kl = (p * difference).sum(dim=(1, 2, 3))  # equation 6: over the classes and over all pixels
    return kl.mean()  # equation 5: the same number N times, divided by N
"""


def _check_literal(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(2, 3, 4, 5, generator=generator) for _ in range(2))
    value, one = float(answer(student, teacher)), float(pixelwise_loss(student, teacher))
    if abs(value - one) < 1e-5:
        return "That is the package's mean over the pixels. Equation 6 sums over them before equation 5 takes its mean."
    if abs(value - 20 * float(pixelwise_loss(teacher, student))) < 1e-4:
        return "Student and teacher are exchanged: the KL divergence weights by the teacher's probabilities."
    if abs(value - 40 * one) < 1e-4:
        return "The images of the batch were summed too: take their mean."
    if abs(value - 20 * one) > 1e-4:
        return f"For 4 × 5 pixels the literal loss is 20 times the mean one, {20 * one:.3f}, not {value:.3f}."
    return None


literal_loss = Exercise(
    title="Equations 5 and 6 to the letter",
    question=(
        "Write the loss that equations 5 and 6 give if nothing is corrected, from logits $(B, K, H, W)$, as the mean "
        "over the batch. How much larger is it than `pixelwise_loss` for a crop of 645 pixels?"
    ),
    answer="literal_loss",
    stub="def literal_loss(student_logits, teacher_logits):\n    ...",
    solution=_LITERAL,
    check=_check_literal,
    wrong={
        "mean over the pixels": _LITERAL.replace("return kl.mean()", "return kl.mean() / student_logits[0, 0].numel()"),
        "exchanged": _LITERAL.replace("p = teacher_logits", "p = student_logits").replace(
            "- student_logits", "- teacher_logits"
        ),
        "sum over the batch": _LITERAL.replace("return kl.mean()", "return kl.sum()"),
    },
)

_BLIND = """
import torch


def without_image(critic):
    def judge(scores, image):
        return critic(scores, torch.full_like(image, 0.5))

    return judge
"""


def _check_blind(answer: Any) -> str | None:
    torch.manual_seed(0)
    critic = Critic(3, width=2)
    scores, other = (torch.rand(2, 3, 16, 16).softmax(1) for _ in range(2))
    image, elsewhere = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)
    judge = answer(critic)
    if not callable(judge):
        return "Return a function of scores and image, as the critic is one."
    if not torch.allclose(judge(scores, image), judge(scores, elsewhere), atol=1e-6):
        return "Another image gives another value: the critic still sees it."
    if torch.allclose(judge(scores, image), judge(other, image), atol=1e-6):
        return "Another score map gives the same value: now the critic is blind to what it should judge."
    if not _has_gradient(judge, scores, image):
        return "No gradient comes back to the score map: the student could not learn from this critic."
    return None


def _has_gradient(judge: Any, scores: Tensor, image: Tensor) -> bool:
    scores = scores.clone().requires_grad_()
    judge(scores, image).sum().backward()
    return scores.grad is not None and bool(scores.grad.abs().sum() > 0)


without_image = Exercise(
    title="A critic that is not conditional",
    question=(
        "Equation 7 has $D(z | I)$: the critic sees the image. Build the critic that does not: from a `critic` of "
        "`(scores, image)` a function of the same two that gives every image the same value. Train with it: pass "
        "it to `gradient_penalty` and `critic_loss`, or give `DRDObjective` a module that does this."
    ),
    answer="without_image",
    stub="def without_image(critic):\n    ...",
    solution=_BLIND,
    check=_check_blind,
    wrong={
        "still sees it": _BLIND.replace("torch.full_like(image, 0.5)", "image"),
        "blind to the scores": _BLIND.replace(
            "critic(scores, torch.full_like(image, 0.5))", "critic(torch.zeros_like(scores), 0 * image)"
        ),
        "no gradient": _BLIND.replace("critic(scores,", "critic(scores.detach(),"),
    },
)

_COSINES = """
import torch
import torch.nn.functional as F


def cosine_loss(student, teacher):
    def cosines(features):
        pixels = F.normalize(features.flatten(2), dim=1)  # (B, C, N)
        return pixels.mT @ pixels  # (B, N, N)

    return (cosines(student) - cosines(teacher.detach())).square().mean()
"""


def _check_cosines(answer: Any) -> str | None:
    generator = torch.Generator().manual_seed(0)
    student = torch.rand(2, 4, 3, 5, generator=generator, requires_grad=True)
    teacher = torch.rand(2, 6, 3, 5, generator=generator, requires_grad=True)
    value = answer(student, teacher)
    value.backward()
    if teacher.grad is not None and teacher.grad.abs().sum() > 0:
        return "The teacher gets a gradient: it must not learn from its student. Detach it."
    if not torch.isclose(answer(3 * student, teacher), value, atol=1e-6):
        return "Features three times as long give another loss: a cosine does not depend on lengths."
    right = pairwise_loss(student, teacher, share=0.01)
    if torch.isclose(value, right * 15**2, rtol=1e-4):
        return "The right sum, but equation 2 divides by N × N: take the mean."
    if not torch.isclose(value, right, atol=1e-6):
        return "Each pixel's feature vector, over its channels, should have length one before the products are taken."
    return None


cosine_loss = Exercise(
    title="A relation that can be learnt from",
    question=(
        "Build the relation loss without a softmax: the cosines between all pairs of pixels, for student "
        "$(B, C, H, W)$ and teacher $(B, C', H, W)$, and the mean squared difference of the two maps. It is SKD's "
        "loss without its pooling. Put it beside $L_S$ in the first figure of this page: how large is its gradient?"
    ),
    answer="cosine_loss",
    stub="def cosine_loss(student, teacher):\n    ...",
    solution=_COSINES,
    check=_check_cosines,
    wrong={
        "teacher learns": _COSINES.replace("teacher.detach()", "teacher"),
        "raw products": _COSINES.replace("F.normalize(features.flatten(2), dim=1)", "features.flatten(2)"),
        "along the pixels": _COSINES.replace("dim=1)  # (B, C, N)", "dim=2)"),
        "sum": _COSINES.replace("square().mean()", "square().sum(dim=(1, 2)).mean()"),
    },
)

QUESTIONS = (
    Question(
        "The features of all pixels are multiplied by 10. What happens to a row of the literal spatial relation map?",
        (
            Choice("Nothing: a softmax is normalised.", "It is invariant to adding a constant, not to a factor."),
            Choice(
                "It gets closer to a single pixel.",
                "The products grow a hundredfold, and the softmax of large numbers puts all its mass on the largest.",
                right=True,
            ),
            Choice("It becomes uniform.", "That happens when the features are divided, towards zero."),
        ),
    ),
    Question(
        "Why does L2 normalisation at temperature 1 make the gradient of the relation loss smaller, not larger?",
        (
            Choice(
                "Cosines after a ReLU lie between 0 and 1, so that their softmax over many pixels is nearly uniform.",
                "All rows are close to 1/N, for teacher and student alike: there is next to nothing to align. A small "
                "temperature gives the map its contrast back.",
                right=True,
            ),
            Choice("Because lengths carry the information.", "They carry some, but that is not what sets the size."),
            Choice("Because the division has no gradient.", "It has one: the component along the feature is removed."),
        ),
    ),
    Question(
        "Student and teacher have 32 and 88 channels. For which of the two relation losses is that a problem?",
        (
            Choice("For the spatial one.", "Its maps are pixels by pixels; the channels are summed over."),
            Choice(
                "For the channel one.",
                "Its maps are C × C and differ in size. The paper does not say what it does; here a projection "
                "brings the student to the teacher's channels, in training only.",
                right=True,
            ),
            Choice("For both.", "The spatial map of a picture has one size whatever the number of channels."),
        ),
    ),
    Question(
        "The critic's loss has fallen to -3. What does that tell about the student?",
        (
            Choice(
                "It has learnt to look like the teacher.", "The opposite: then the critic could not tell them apart."
            ),
            Choice(
                "The critic gives the teacher's maps a value higher by 3: it tells the two apart.",
                "The loss is its value on the student minus that on the teacher. The student is pushed to raise the "
                "former, by a weight of 0.1.",
                right=True,
            ),
            Choice("A loss cannot be negative.", "A difference of two unbounded values can."),
        ),
    ),
    Question(
        "The literal reading of equations 5 and 6 makes the pixel-wise term N times larger. Would a paper notice?",
        (
            Choice(
                "Probably: at a weight of 10 and a crop of 645 pixels nothing else would matter.",
                "Its gradient would be millions of times that of the cross-entropy. That, and SKD's code, is why the "
                "mean over the pixels is the likelier reading.",
                right=True,
            ),
            Choice("No: the optimiser adapts.", "SGD does not. Adam would, but then all other terms would vanish."),
            Choice("No: N cancels.", "It does within equation 5, once. Equation 6 sums over the pixels a second time."),
        ),
    ),
)
"""The quiz of the group."""
