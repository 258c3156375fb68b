"""What a folder holds, told by reading it as its reader would."""

from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.overlap import Survey, shared_images, survey
from rsnotes.datasets.pairs import ImageMaskPairs, Pair


class Report(NamedTuple):
    """Outcome of :func:`check`.

    Attributes:
        text: the report, a line a finding.
        problems: what keeps the reader from reading, or makes a score wrong.
    """

    text: str
    problems: list[str]


def check(splits: Mapping[str, Callable[[], ImageMaskPairs]], partial: bool = False) -> Report:
    """Read every image and label picture of every split.

    Args:
        splits: what opens each split, by name. Opened with ``partial=True`` a split tells what it lacks; one that
            cannot be opened at all is a problem, and the others are still read.
        partial: missing images are told, and no problem.

    Returns:
        Number and sizes of images, what is missing, class shares, oddities, and images that splits share.
    """
    lines: list[str] = []
    problems: list[str] = []
    fingerprints: dict[str, dict[str, str]] = {}
    for name, open_split in splits.items():
        try:
            dataset = open_split()
        except DataError as error:
            problems.append(f"{name}: {error}")
            continue
        surveys = _read_all(name, dataset, problems)
        lines += _describe(name, dataset, [found for _, found in surveys])
        if dataset.missing:
            (lines if partial else problems).append(f"{name}: missing {', '.join(dataset.missing)}")
        problems += [f"{name}: {image}: not one pixel is valid. Take it out" for image in _empty(surveys)]
        fingerprints[name] = {str(pair.image): found.fingerprint for pair, found in surveys}
        problems += [f"{name}: {a} and {b} have the same pixels. Drop one" for a, b in _twins(fingerprints[name])]
    for first, second in combinations(fingerprints, 2):
        for a, b in shared_images(fingerprints[first], fingerprints[second]):
            problems.append(f"{first} and {second} overlap: {a} and {b} have the same pixels. Drop one")
    verdict = f"{len(problems)} problem{'s' * (len(problems) > 1)}:" if problems else "no problems"
    return Report("\n".join([*lines, verdict, *(f"- {problem}" for problem in problems)]), problems)


def _read_all(name: str, dataset: ImageMaskPairs, problems: list[str]) -> list[tuple[Pair, Survey]]:
    """Surveys of the readable images; what cannot be read is added to ``problems``."""
    surveys = []
    for pair in dataset.pairs:
        try:
            surveys.append((pair, survey(dataset, pair)))
        except DataError as error:
            problems.append(f"{name}: {error}")
    return surveys


def _empty(surveys: list[tuple[Pair, Survey]]) -> list[Path]:
    """Images with labels of which nothing can train or be scored: no data, or ignored everywhere."""
    return [pair.image for pair, found in surveys if pair.mask and found.pixels[-1] == found.pixels.sum()]


def _describe(name: str, dataset: ImageMaskPairs, surveys: list[Survey]) -> list[str]:
    """Lines about one split."""
    lines = [f"{name}: {len(surveys)} of {len(dataset.pairs) + len(dataset.missing)} images read"]
    if not surveys:
        return lines
    sizes = sorted({found.size for found in surveys})
    lines.append(f"  bands {', '.join(dataset.bands)}; {_sizes(sizes)}")
    pixels = np.sum([found.pixels for found in surveys], axis=0)
    lines.append(f"  pixels: {_shares(pixels, dataset.classes)}")
    absent = [dataset.classes.names[k] for k in np.flatnonzero(pixels[:-1] == 0)]
    if absent:
        lines.append(f"  odd: not one pixel of {', '.join(absent)}")
    if pixels[-1] > pixels.sum() / 2:
        lines.append("  odd: more than half of the pixels are ignored")
    return lines


def _sizes(sizes: list[tuple[int, int]]) -> str:
    small, large = ("{}x{}".format(*size) for size in (sizes[0], sizes[-1]))
    return f"{small} pixels" if len(sizes) == 1 else f"{len(sizes)} sizes from {small} to {large} pixels"


def _shares(pixels: np.ndarray, classes: Classes) -> str:
    return ", ".join(
        f"{name} {100 * count / pixels.sum():.1f} %"
        for name, count in zip((*classes.names, "ignored"), pixels, strict=True)
    )


def _twins(fingerprints: Mapping[str, str]) -> list[tuple[str, str]]:
    """Images of one split with the same pixels."""
    first: dict[str, str] = {}
    return [(first[key], name) for name, key in fingerprints.items() if first.setdefault(key, name) != name]
