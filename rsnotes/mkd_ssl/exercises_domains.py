"""Exercises of the page on domains and their distance."""

from typing import Any

import numpy as np

from rsnotes.mkd_ssl.distance import frechet_distance, maximum_mean_discrepancy
from rsnotes.teaching import Choice, Exercise, Question

_PAIRS = """
import numpy as np


def discrepancy(a, b, sigma):
    def kernel(x, y):
        squared = ((x[:, None] - y[None]) ** 2).sum(-1)
        return np.exp(-squared / (2 * sigma**2))

    def within(x):
        k, n = kernel(x, x), len(x)
        return (k.sum() - np.trace(k)) / (n * (n - 1))

    return within(a) + within(b) - 2 * kernel(a, b).mean()
"""


def _check_pairs(answer: Any) -> str | None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 3)), rng.normal(1.0, 1.0, size=(7, 3))
    value, right = float(answer(a, b, 1.5)), maximum_mean_discrepancy(a, b, 1.5)
    if np.isclose(value, right, atol=1e-9):
        return None
    squared = np.square(np.concatenate([a, b])[:, None] - np.concatenate([a, b])[None]).sum(-1)
    kernel = np.exp(-squared / (2 * 1.5**2))
    aa, bb, ab = kernel[:5, :5], kernel[5:, 5:], kernel[:5, 5:]
    if np.isclose(value, aa.mean() + bb.mean() - 2 * ab.mean(), atol=1e-9):
        return "An image is compared with itself: the kernel's diagonal is all ones and belongs to no pair."
    if np.isclose(value, right + ab.mean(), atol=1e-9):
        return "The mixed pairs count twice: once for a with b, once for b with a."
    if np.isclose(value, maximum_mean_discrepancy(a, b, 1.5**0.5), atol=1e-9):
        return "Sigma is a distance: the squared distance is divided by twice its square."
    return f"For the check's rows the value is {right:.4f}, not {value:.4f}."


pairs = Exercise(
    title="Pairs",
    question=(
        "Return the unbiased squared maximum mean discrepancy of two tables `a` (n, C) and `b` (m, C) under the "
        "Gaussian kernel with bandwidth `sigma`, in numpy."
    ),
    answer="discrepancy",
    stub="def discrepancy(a, b, sigma):\n    ...",
    solution=_PAIRS,
    check=_check_pairs,
    wrong={
        "with the diagonal": _PAIRS.replace("(k.sum() - np.trace(k)) / (n * (n - 1))", "k.sum() / n**2"),
        "mixed pairs once": _PAIRS.replace("- 2 * kernel", "- kernel"),
        "sigma not squared": _PAIRS.replace("sigma**2", "sigma"),
    },
)

_LINE = """
import numpy as np


def frechet_line(a, b):
    centres = (np.mean(a) - np.mean(b)) ** 2
    spreads = (np.std(a, ddof=1) - np.std(b, ddof=1)) ** 2
    return centres + spreads
"""


def _check_line(answer: Any) -> str | None:
    a, b = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([10.0, 14.0, 18.0])
    value, right = float(answer(a, b)), frechet_distance(a[:, None], b[:, None])
    if np.isclose(value, right):
        return None
    centres = (a.mean() - b.mean()) ** 2
    if np.isclose(value, centres):
        return "Two domains with one mean and different spread are not at distance 0."
    if np.isclose(value, abs(a.mean() - b.mean()) + right - centres):
        return "The distance between the means enters as its square."
    if np.isclose(value, centres + (a.var(ddof=1) - b.var(ddof=1)) ** 2):
        return "With C = 1 the trace is va + vb - 2 √(va vb): a square of a difference, but not of variances."
    return f"For 0, 1, 2, 3, 4 and 10, 14, 18 the value is {right:.3f}, not {value:.3f}."


line = Exercise(
    title="Fréchet on a line",
    question=(
        "Let there be one feature only. Work out on paper what the Fréchet distance becomes, and return it for two "
        "lists of numbers `a` and `b`. Variances are divided by one less than the count, as `np.cov` does."
    ),
    answer="frechet_line",
    stub="def frechet_line(a, b):\n    ...",
    solution=_LINE,
    check=_check_line,
    wrong={
        "means alone": _LINE.replace("centres + spreads", "centres"),
        "means not squared": _LINE.replace("(np.mean(a) - np.mean(b)) ** 2", "abs(np.mean(a) - np.mean(b))"),
        "difference of variances": _LINE.replace("np.std", "np.var"),
    },
)

_ERROR = """
def from_error(error):
    return min(max(2 * (1 - 2 * error), 0.0), 2.0)
"""


def _check_error(answer: Any) -> str | None:
    if abs(answer(0.0) - 2) > 1e-9:
        return "A classifier without error tells the domains apart: the distance is at its largest, 2."
    if abs(answer(0.5)) > 1e-9:
        return "A classifier that guesses is wrong half the time: the distance is 0."
    if abs(answer(0.25) - 1) > 1e-9:
        return "Between the ends the distance falls in a straight line: 1 at an error of a quarter."
    if answer(0.6) < 0:
        return "By chance an error may exceed a half; a distance below 0 means nothing, cut it off."
    if any(abs(answer(error)) > 1e-9 for error in (0.6, 1.0)):
        return "An error above a half is chance too: the distance stays at 0 and does not rise again."
    return None


from_error = Exercise(
    title="From an error to a distance",
    question=(
        "A classifier that tells two domains apart errs on the share `error` of new images. Return the proxy-A "
        "distance, between 0 and 2 for every error from 0 to 1."
    ),
    answer="from_error",
    stub="def from_error(error):\n    ...",
    solution=_ERROR,
    check=_check_error,
    wrong={
        "half the scale": "def from_error(error):\n    return max(1 - 2 * error, 0.0)\n",
        "guessing is not nothing": "def from_error(error):\n    return 2 * (1 - error)\n",
        "a curve": "def from_error(error):\n    return max(2 * (1 - 4 * error**2), 0.0)\n",
        "below zero": "def from_error(error):\n    return 2 * (1 - 2 * error)\n",
        "mirrored": "def from_error(error):\n    return abs(2 * (1 - 2 * error))\n",
    },
)

_CHOOSE = """
def choose_bridge(bridges, source, target, distance):
    def longer_step(name):
        return max(distance(source, bridges[name]), distance(bridges[name], target))

    return min(bridges, key=longer_step)
"""


def _check_choose(answer: Any) -> str | None:
    def distance(a: Any, b: Any) -> float:
        return float(np.linalg.norm(np.mean(a, axis=0) - np.mean(b, axis=0)))

    def at(along: float, aside: float = 0.0) -> Any:
        return np.full((3, 2), [along, aside])

    source, target = at(0.0), at(10.0)
    plain = answer({"half way": at(4.0), "like the source": at(0.5), "beyond": at(-8.0)}, source, target, distance)
    if plain == "beyond":
        return "The smaller of the longer steps is wanted, not the larger."
    if plain == "like the source":
        return "That bridge is the source once more: all of the way to the target is still to go."
    if plain != "half way":
        return f"Return a name of a bridge, not {plain!r}."
    ends = {"like the target": at(9.5), "half way": at(4.0)}
    if answer(ends, source, target, distance) == "like the target":
        return "A bridge that is the target leaves the whole way for the first stage: its step counts too."
    even = {"even": at(5.0, 12.0), "nearer": at(6.5)}  # steps of 13 and 13, of 6.5 and 3.5
    if answer(even, source, target, distance) == "even":
        return "Two equal steps may both be long: judge a bridge by the longer one, not by the difference."
    detour = {"aside": at(5.0, 5.5), "on the line": at(7.6)}  # steps of 7.43 and 7.43, of 7.6 and 2.4
    if answer(detour, source, target, distance) != "aside":
        return "The longer step alone counts: neither the sum of both steps nor that of their squares."
    return None


choose = Exercise(
    title="Choose a bridge",
    question=(
        "Two steps are to be made: from the source to the bridge and on to the target. Return the name of the bridge "
        "whose longer step is the shortest. `bridges` maps names to feature tables, `source` and `target` are "
        "feature tables, and `distance(a, b)` is one of this page's. Then give it the places of the slider."
    ),
    answer="choose_bridge",
    stub="def choose_bridge(bridges, source, target, distance):\n    ...",
    solution=_CHOOSE,
    check=_check_choose,
    wrong={
        "nearest to the target": (
            "def choose_bridge(bridges, source, target, distance):\n"
            "    return min(bridges, key=lambda name: distance(bridges[name], target))\n"
        ),
        "nearest to the source": (
            "def choose_bridge(bridges, source, target, distance):\n"
            "    return min(bridges, key=lambda name: distance(source, bridges[name]))\n"
        ),
        "the farthest": _CHOOSE.replace("return min(", "return max("),
        "the most even": _CHOOSE.replace(
            "max(distance(source, bridges[name]), distance(bridges[name], target))",
            "abs(distance(source, bridges[name]) - distance(bridges[name], target))",
        ),
        "the sum of squares": _CHOOSE.replace(
            "max(distance(source, bridges[name]), distance(bridges[name], target))",
            "distance(source, bridges[name]) ** 2 + distance(bridges[name], target) ** 2",
        ),
    },
)

QUESTIONS = (
    Question(
        "In a t-SNE picture the bridge's cloud lies nearer to the target's than the source's does. What follows?",
        (
            Choice(
                "The bridge is nearer to the target in feature space.",
                "It may be. But t-SNE is made to keep neighbours together, not to keep how far apart clouds lie: "
                "another perplexity stretches or shrinks the gaps.",
            ),
            Choice(
                "Little, until a number computed from the features themselves says the same.",
                "The picture shows which images are mixed with which. How far clouds lie from each other is not "
                "something it was made to keep.",
                right=True,
            ),
            Choice(
                "A transfer over this bridge will help.",
                "That would be two steps further: from the picture to a distance, and from a distance to a training.",
            ),
        ),
    ),
    Question(
        "The proxy-A distance to the target is 2.0 for four candidate bridges. Which one is best?",
        (
            Choice(
                "Any: they are equally far.",
                "The distance has run into its end. A classifier without error says that the domains can be told "
                "apart, not how far beyond that they lie.",
            ),
            Choice(
                "This distance cannot say; take one that does not end, or a stricter classifier's margin.",
                "Maximum mean discrepancy is bounded too; the Fréchet distance is not.",
                right=True,
            ),
            Choice(
                "None: at 2.0 no knowledge can be passed on.",
                "Domains that a classifier tells apart by their colours may well share what a network needs.",
            ),
        ),
    ),
)
"""The quiz of the page."""
