"""Exercises and quiz of the page on pretraining without labels."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.teaching import Choice, Exercise, Question

_SHARE = """
def own_share(q, key, queue, temperature):
    own = (q @ key / temperature).exp()
    others = (queue @ q / temperature).exp().sum()
    return own / (own + others)
"""


def _check_share(answer: Any) -> str | None:
    q, key = torch.tensor([1.0, 0.0]), torch.tensor([0.8, 0.6])
    queue = torch.tensor([[0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])
    value = float(answer(q, key, queue, 0.5))
    others = [math.exp(2 * cosine) for cosine in (0.6, 0.0, -1.0)]
    right = math.exp(1.6) / (math.exp(1.6) + sum(others))
    known = {
        math.exp(0.8) / (math.exp(0.8) + math.exp(0.6) + 1 + math.exp(-1)): "Divide the products by the temperature.",
        math.exp(1.6) / sum(others): "The own key stands in the denominator too: else the share can exceed one.",
        -math.log(right): "That is the loss. Asked for is the share of which it is the negative logarithm.",
        math.exp(0.4) / (math.exp(0.4) + math.exp(0.3) + 1 + math.exp(-0.5)): "Divide by the temperature: a small one "
        "makes differences larger.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-5:
            return message
    if abs(value - right) > 1e-5:
        return f"For the check's four keys it is {right:.4f}, not {value:.4f}."
    others = [math.exp(5 * cosine) for cosine in (0.6, 0.0)]
    right, value = math.exp(4.0) / (math.exp(4.0) + sum(others)), float(answer(q, key, queue[:2], 0.2))
    if abs(value - right) > 1e-5:
        return f"Right for τ = 0.5 and a queue of three; for τ = 0.2 and two it is {right:.4f}, not {value:.4f}."
    return None


own_share = Exercise(
    title="Which one is it",
    question=(
        "Write the fraction inside equation 10 for one image: `q` and its own `key` $(D,)$, and the `queue` $(N, D)$. "
        "What is it when all keys are equally near, for a queue of 65,536?"
    ),
    answer="own_share",
    stub='def own_share(q, key, queue, temperature):\n    """A number from 0 to 1."""\n    ...',
    solution=_SHARE,
    check=_check_share,
    wrong={
        "no temperature": _SHARE.replace(" / temperature", ""),
        "own key left out": _SHARE.replace("(own + others)", "others"),
        "the loss": _SHARE.replace("own / (own + others)", "-(own / (own + others)).log()"),
        "times the temperature": _SHARE.replace(" / temperature", " * temperature"),
        "one temperature": _SHARE.replace(" / temperature", " / 0.5"),
    },
)

_PLACES = """
def places(position, count, size):
    return [(position + k) % size for k in range(count)]
"""


def _check_places(answer: Any) -> str | None:
    value = list(answer(6, 4, 8))
    if any(place >= 8 for place in value):
        return f"There are places 0 to 7, and {max(value)} is none of them: the end wraps around."
    if value == [7, 0, 1, 2]:
        return "The position says where the next key goes: it is the first place, not the one before it."
    if len(set(value)) < 4:
        return f"Four keys take four places, not {value}: the ones past the end go to the beginning."
    if value != [6, 7, 0, 1] or list(answer(0, 2, 8)) != [0, 1]:
        return f"Not {value} but 6, 7, 0 and 1."
    other = list(answer(3, 3, 5))
    return None if other == [3, 4, 0] else "Right for 8 places; three keys from 3 on, of 5 places, take 3, 4, 0."


places = Exercise(
    title="Round the corner",
    question="Return the places that `count` new keys take in a queue of `size` whose next place is `position`.",
    answer="places",
    stub='def places(position, count, size):\n    """A list of places."""\n    ...',
    solution=_PLACES,
    check=_check_places,
    wrong={
        "no wrap": _PLACES.replace("(position + k) % size", "position + k"),
        "one late": _PLACES.replace("(position + k)", "(position + k + 1)"),
        "stays at the end": _PLACES.replace("(position + k) % size", "min(position + k, size - 1)"),
        "eight places": _PLACES.replace("% size", "% 8"),
    },
)

_HALF = """
import math


def half_way(m):
    return math.ceil(math.log(0.5) / math.log(m))
"""


def _check_half(answer: Any) -> str | None:
    value = answer(0.8)
    known = {
        5: "1 / (1 - m) is the time scale: after it 1/e of the way is left, not a half.",
        3: "After 3 steps 0.512 of the way is left, which is more than a half.",
        2.5: "The steps get smaller: each takes a share of what is left, not of the whole way.",
        8: "After 8 steps 0.17 is left. One half is asked for.",
    }
    if value in known:
        return known[value]
    if value != 4:
        return f"With m = 0.8 it is 4 steps, since 0.8 to the 4th is 0.41, not {value}."
    if answer(0.5) != 1:
        return f"With m = 0.5 the first step goes half the way: 1, not {answer(0.5)}. At least half is enough."
    return None if answer(0.999) == 693 else "Right for 0.8, not for 0.999."


half_way = Exercise(
    title="Half the way",
    question=(
        "The query encoder stands still. After how many updates of equation 11 has the key encoder gone at least half "
        "the way to it? A queue of MoCo's length is replaced in 65,536 / 64 = 1024 steps: compare for "
        "$m = 0.999$."
    ),
    answer="half_way",
    stub='def half_way(m):\n    """The number of steps."""\n    ...',
    solution=_HALF,
    check=_check_half,
    wrong={
        "time scale": "def half_way(m):\n    return round(1 / (1 - m))",
        "rounded down": _HALF.replace("math.ceil", "int"),
        "one too many": _HALF.replace("math.ceil(math.log(0.5) / math.log(m))", "int(math.log(0.5) / math.log(m)) + 1"),
        "equal steps": "def half_way(m):\n    return round(0.5 / (1 - m), 6)",
        "a sixth": _HALF.replace("math.log(0.5)", "math.log(1 / 6)").replace("math.ceil", "round"),
    },
)

_WITHOUT = """
import torch
import torch.nn.functional as F


def without_relatives(query, key, queue, temperature, related):
    positive = (query * key).sum(1, keepdim=True)
    negative = (query @ queue.T).masked_fill(related, float("-inf"))
    logits = torch.cat([positive, negative], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.int64))
"""


def _drawn() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    query, key, queue = (F.normalize(torch.randn(n, 8, generator=generator), dim=1) for n in (3, 3, 6))
    related = torch.zeros(3, 6, dtype=torch.bool)
    related[0, 1] = related[1, 4] = related[1, 5] = True
    return query, key, queue, related


def _check_without(answer: Any) -> str | None:
    query, key, queue, related = _drawn()

    def loss(fill: float, mask: Tensor, tau: float = 0.2) -> float:
        negative = (query @ queue.mT / tau).masked_fill(mask, fill)
        logits = torch.cat([(query * key).sum(1, keepdim=True) / tau, negative], dim=1)
        return float(-logits.log_softmax(1)[:, 0].mean())

    value = float(answer(query, key, queue, 0.2, related))
    known = {
        loss(-math.inf, torch.zeros_like(related)): "Nothing was left out: `related` marks keys of the same scene.",
        loss(0.0, related): "A product of 0 still counts, as exp(0) = 1. What is left out adds exp(-∞) = 0.",
        loss(-math.inf, ~related): "The other way round: `related` are those to leave out.",
        3 * loss(-math.inf, related): "That is the sum over the images. Equation 10 is used as a mean.",
    }
    for wrong, message in known.items():
        if abs(value - wrong) < 1e-5:
            return message
    right = loss(-math.inf, related)
    if abs(value - right) > 1e-5:
        return f"For the check's three images it is {right:.4f}, not {value:.4f}."
    right, value = loss(-math.inf, ~related, 0.5), float(answer(query, key, queue, 0.5, ~related))
    if abs(value - right) > 1e-5:
        return f"Right for τ = 0.2; for 0.5 and other relatives it is {right:.4f}, not {value:.4f}."
    return None


without_relatives = Exercise(
    title="No enemies in the family",
    question=(
        "The queue may hold another square of the same scene, or even the same square from an earlier epoch. Build "
        "the loss that leaves such keys out: `related` $(B, N)$ is true where a key of the queue and the image come "
        "from one scene. What would you have to store beside each key to train with it?"
    ),
    answer="without_relatives",
    stub="def without_relatives(query, key, queue, temperature, related):\n    ...",
    solution=_WITHOUT,
    check=_check_without,
    wrong={
        "nothing left out": _WITHOUT.replace('.masked_fill(related, float("-inf"))', ""),
        "product of zero": _WITHOUT.replace('float("-inf")', "0.0"),
        "other way round": _WITHOUT.replace("(related,", "(~related,"),
        "sum": _WITHOUT.replace("dtype=torch.int64)", 'dtype=torch.int64), reduction="sum"'),
        "one temperature": _WITHOUT.replace("/ temperature", "/ 0.2"),
    },
)

QUESTIONS = (
    Question(
        "An encoder gives every image the same point. What is InfoNCE for a queue of N keys, all at that point?",
        (
            Choice(
                "Zero: query and key agree perfectly.", "They do, and so does every other key. Nothing tells which."
            ),
            Choice(
                "ln(N + 1): each of the N + 1 keys is equally likely.",
                "The loss punishes the collapse that agreement alone would reward.",
                right=True,
            ),
            Choice("Infinite.", "The softmax of equal numbers is 1 / (N + 1) each, whose logarithm is finite."),
        ),
    ),
    Question(
        "Why does the key encoder follow slowly instead of being a copy of the query encoder?",
        (
            Choice("It saves its backward pass.", "A copy would need none either: no gradient flows into keys."),
            Choice(
                "Keys that wait in the queue stay comparable with fresh ones.",
                "With a copy, every wavering of the learner would be in them. That is MoCo's argument; no run of this "
                "page measures it.",
                right=True,
            ),
            Choice(
                "It makes the queue longer.", "The queue's length is set apart; a slow encoder makes a long one useful."
            ),
        ),
    ),
    Question(
        "Suppose that the nearest squares after pretraining came mostly from the query's own scene. What would have "
        "been learnt?",
        (
            Choice(
                "The classes, since neighbours in a scene share them.",
                "They often do, but light, season and sensor are shared as well.",
            ),
            Choice(
                "It cannot be told: scene and classes go together here.",
                "Measure with squares of other scenes, or by a probe, beside a control such as the mean colour.",
                right=True,
            ),
            Choice(
                "Nothing.",
                "To recognise a scene is something. Whether it helps to segment is what fine-tuning has to show.",
            ),
        ),
    ),
)
"""The quiz of the page."""
