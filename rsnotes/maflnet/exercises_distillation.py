"""Exercises of the page on the frozen teacher and the relation losses."""

from typing import Any

import torch
from torch import Tensor

from rsnotes.maflnet.factory import tiny_teacher
from rsnotes.maflnet.hiera import Adapter
from rsnotes.maflnet.losses import inter_class_loss, intra_class_loss
from rsnotes.teaching import Choice, Exercise, Question

_ADAPTER = """
def adapter_parameters(width, inner=32):
    down = width * inner + inner
    up = inner * width + width
    return down + up  # 2 * width * inner + inner + width, at the twelve blocks 262,464 together
"""


def _check_adapter(answer: Any) -> str | None:
    right = {width: sum(p.numel() for p in Adapter(width).parameters()) for width in (96, 768)}
    value = answer(96)
    if value == 2 * 96 * 32:
        return "The two matrices are right. Each linear layer also has a bias, one number for each thing it gives."
    if value == 96 * 32 + 32:
        return "That is the layer down to 32 numbers. A second one leads back up to the width."
    if value == 96 * 96 + 96:
        return "That is a layer from the width to the width. An adapter is narrow inside: that makes it cheap."
    if value != right[96]:
        return f"At a width of 96 an adapter has {right[96]} parameters, not {value}."
    if answer(768) != right[768]:
        return "Right for a width of 96, wrong for 768."
    if answer(96, inner=16) != 2 * 96 * 16 + 16 + 96:
        return "Right for 32 numbers inside, wrong for 16: `inner` is an argument."
    return None


adapter_parameters = Exercise(
    title="What an adapter weighs",
    question=(
        "Return the number of parameters of an `Adapter` for tokens of `width` channels that is `inner` wide inside. "
        "The trunk of SAM2 tiny has blocks of 96 (one), 96, 192, 192, 384 (six), 384 and 768 channels at their "
        "entrance. Do the adapters before all twelve come to 262,464?"
    ),
    answer="adapter_parameters",
    stub="def adapter_parameters(width, inner=32):\n    ...",
    solution=_ADAPTER,
    check=_check_adapter,
    wrong={
        "no biases": _ADAPTER.replace(" + inner\n", "\n", 1).replace(" + width\n", "\n"),
        "only down": _ADAPTER.replace("down + up", "down"),
        "not narrow": _ADAPTER.replace("down + up", "width * width + width"),
        "always 32": _ADAPTER.replace("    down =", "    inner = 32\n    down ="),
        "one bias for both": _ADAPTER.replace("inner * width + width", "inner * width"),
    },
)

_SHARE = """
def trained_share(network):
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return sum(size for size, trains in sizes if trains) / sum(size for size, _ in sizes)
    # tiny 0.26, small 0.22, base_plus 0.13, large 0.05: the decoder is the same size at all four
"""


def _check_share(answer: Any) -> str | None:
    network = tiny_teacher(6, frozen=True)
    parameters = list(network.parameters())
    trains = [p.numel() for p in parameters if p.requires_grad]
    right = sum(trains) / sum(p.numel() for p in parameters)
    value = float(answer(network))
    if abs(value - right) < 1e-6:  # float32 has seven digits
        return None
    if abs(value - (1 - right)) < 1e-6:
        return "That is the share that stays as it is."
    if abs(value - len(trains) / len(parameters)) < 1e-6:
        return "You counted tensors. A bias and a matrix are not the same size: count numbers."
    if abs(value - 100 * right) < 1e-4:
        return "In per cent: give a share between 0 and 1."
    return f"Of the small teacher {100 * right:.1f} per cent train, not {100 * value:.1f}."


trained_share = Exercise(
    title="How much of it trains",
    question=(
        "Return the share of a network's parameters that train. Then ask it about `maflnet_teacher(name, 6)` for the "
        'four trunks, under `with torch.device("meta"):` so that nothing is held in memory.'
    ),
    answer="trained_share",
    stub="def trained_share(network):\n    ...",
    solution=_SHARE,
    check=_check_share,
    wrong={
        "the frozen share": _SHARE.replace("if trains)", "if not trains)"),
        "tensors": _SHARE.replace("(p.numel(), p.requires_grad)", "(1, p.requires_grad)"),
        "per cent": _SHARE.replace("return sum", "return 100 * sum"),
    },
)

_INTER = """
import torch


def inter_loss(student, teacher, valid):
    rows = []
    for scores in (student, teacher.detach()):
        pixels = scores.movedim(1, -1)[valid]  # (M, K)
        pixels = pixels - pixels.mean(dim=1, keepdim=True)
        rows.append(pixels / pixels.norm(dim=1, keepdim=True))
    return 1 - (rows[0] * rows[1]).sum(dim=1).mean()
"""


def _scores(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(2, 4, 3, 5, generator=generator, dtype=torch.float64)).softmax(dim=1)


def _check_inter(answer: Any) -> str | None:
    student, teacher = _scores(0), _scores(1)
    valid = torch.rand(2, 3, 5, generator=torch.Generator().manual_seed(2)) < 0.6
    value, right = float(answer(student, teacher, valid)), float(inter_class_loss(student, teacher, valid))
    cosine = 1 - float(torch.cosine_similarity(student, teacher)[valid].mean())
    known = {
        float(inter_class_loss(student, teacher)): "Pixels that do not count are in the mean.",
        float(intra_class_loss(student, teacher, valid)): (
            "That is equation 26, over the pixels of a class. Correlate over the classes of a pixel."
        ),
        1 - right: "That is the mean correlation. The loss is what is missing to 1.",
        cosine: "That is one minus the cosine. Pearson's correlation subtracts each pixel's mean first.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-6:  # float32, or an eps in a division
            return message
    if abs(value - right) > 1e-6:
        return f"The loss is {right:.4f} here, not {value:.4f}."
    taught = teacher.clone().requires_grad_()
    answer(student.clone().requires_grad_(), taught, valid).backward()
    return None if taught.grad is None else "The value is right, but the teacher gets a gradient: detach it."


inter_loss = Exercise(
    title="Equation 25 from scratch",
    question=(
        "Write equation 25 from class probabilities $(B, K, H, W)$ of student and teacher and a mask $(B, H, W)$ of "
        "the pixels that count. No pixel has equal scores for all classes here, so that nothing divides by 0. The "
        "teacher gets no gradient."
    ),
    answer="inter_loss",
    stub="def inter_loss(student, teacher, valid):\n    ...",
    solution=_INTER,
    check=_check_inter,
    wrong={
        "ignored pixels count": _INTER.replace("[valid]  # (M, K)", ".flatten(0, 2)"),
        "over the pixels": _INTER.replace("dim=1, keepdim=True", "dim=0, keepdim=True").replace(
            "sum(dim=1)", "sum(dim=0)"
        ),
        "not one minus": _INTER.replace("return 1 - ", "return "),
        "cosine": _INTER.replace("        pixels = pixels - pixels.mean(dim=1, keepdim=True)\n", ""),
        "the teacher learns": _INTER.replace("teacher.detach()", "teacher"),
    },
)

_SOFTENED = """
from rsnotes.maflnet import inter_class_loss


def softened_loss(student_logits, teacher_logits, temperature):
    student, teacher = ((logits / temperature).softmax(dim=1) for logits in (student_logits, teacher_logits))
    return inter_class_loss(student, teacher)
    # very high: the softmax is nearly linear, so what is left is the correlation of the logits themselves
"""


def _check_softened(answer: Any) -> str | None:
    student, teacher = (5 * _scores(seed) for seed in (3, 4))

    def loss(first: float, second: float) -> float:
        return float(inter_class_loss((student / first).softmax(1), (teacher / second).softmax(1)))

    value, right = float(answer(student, teacher, 4.0)), loss(4, 4)
    known = {
        loss(
            1, 1
        ): "The loss does not feel the temperature. Divided after the softmax it is a scale, which the loss forgives.",
        loss(4, 1): "The student alone is softened. DIST's temperature is for both.",
        loss(1, 4): "The teacher alone is softened. DIST's temperature is for both.",
        16 * right: "The square of T repairs the gradient of a divergence. A correlation has no such scale.",
        loss(1 / 4, 1 / 4): "Multiplied by the temperature the scores become sharper, not softer.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-6:
            return message
    return None if abs(value - right) < 1e-6 else f"At T = 4 the loss is {right:.4f} here, not {value:.4f}."


softened_loss = Exercise(
    title="If the raised T is a temperature",
    question=(
        "Equation 25 carries a raised $T$. Here it is a transpose. Write the loss that equation 25 is when it is a "
        "temperature: both networks' logits are divided by it before the softmax. Then train with it: which relation "
        "is left when the temperature is very high?"
    ),
    answer="softened_loss",
    stub="def softened_loss(student_logits, teacher_logits, temperature):\n    ...",
    solution=_SOFTENED,
    check=_check_softened,
    wrong={
        "after the softmax": _SOFTENED.replace(
            "(logits / temperature).softmax(dim=1)", "logits.softmax(dim=1) / temperature"
        ),
        "the student alone": _SOFTENED.replace(
            "student, teacher = ((logits / temperature).softmax(dim=1) for logits in (student_logits, teacher_logits))",
            "student, teacher = (student_logits / temperature).softmax(dim=1), teacher_logits.softmax(dim=1)",
        ),
        "times the square": _SOFTENED.replace("return inter", "return temperature**2 * inter"),
        "sharper": _SOFTENED.replace("logits / temperature", "logits * temperature"),
    },
)

QUESTIONS = (
    Question(
        "The trunk is frozen. Why does a step still take memory and time for going back through it?",
        (
            Choice(
                "Its weights need gradients for the optimiser.",
                "They get none: nothing of the trunk is given to the optimiser.",
            ),
            Choice(
                "The adapters stand before its blocks, and their gradients come through the blocks behind them.",
                "What is frozen is a block's weights, not the path through it. An adapter at the first block is "
                "reached through the whole trunk.",
                right=True,
            ),
            Choice(
                "It does not: a frozen trunk is run without a graph.",
                "That would hold if everything that trains came after the trunk. The adapters stand inside it.",
            ),
        ),
    ),
    Question(
        "A student gives in each pixel half the teacher's probabilities, plus one twelfth for each of six classes. "
        "What is $L_{inter}$?",
        (
            Choice(
                "0: a scale and a shift within a pixel are forgiven.",
                "The order and the proportions of the differences are the teacher's, and no more is asked. The "
                "student is less sure in every pixel, which cross-entropy sees and this loss does not.",
                right=True,
            ),
            Choice("1/2", "A factor on the deviations cancels in a correlation."),
            Choice("1", "That is the value for scores that have nothing to do with each other."),
        ),
    ),
    Question(
        "The paper prints the scores of the student that was distilled. What would show that distilling helped?",
        (
            Choice(
                "That the student is nearly as good as the teacher.",
                "A student may be that good from the labels. The distance to the teacher says nothing of the way "
                "there.",
            ),
            Choice(
                "The same student trained from the labels alone, over several seeds.",
                "And at equal seconds too, since the teacher's answers cost time. The paper has no such row.",
                right=True,
            ),
            Choice(
                "That the student has fewer parameters than the other methods.",
                "That was decided when it was built. Distilling changes how it is trained.",
            ),
        ),
    ),
)
"""The quiz of the page."""
