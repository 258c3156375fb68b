"""The headline experiments: table VII's parts one by one, and table IX's ways to begin."""

from dataclasses import replace
from typing import Any

from rsnotes.experiments import Experiment
from rsnotes.hi_resnet.chosen import RATES_OF_START, RATES_OF_VARIANT
from rsnotes.hi_resnet.network import Variant
from rsnotes.hi_resnet.recipe import VAIHINGEN, HiResNetRecipe
from rsnotes.hi_resnet.runs import SOURCES, HiResNetSettings, Start, run

SMALL = VAIHINGEN.quick()
"""The paper's recipe at the size of the scenes."""

PLAIN: Any = ("gd", "lsce")

TRIED = (1e-3, 3e-3, 1e-2)
"""Rates of both sweeps."""

LARGE = 3e-2
"""Of the architectures' sweep alone: added once two of them had been best at the largest of the others."""


def _row(variant: Variant, *, cea: bool = False) -> HiResNetRecipe:
    """A row of table VII at the rate that its architecture trains best at, with or without the edge-aware loss."""
    terms = SMALL.terms if cea else PLAIN
    return replace(SMALL, variant=variant, terms=terms, learning_rate=RATES_OF_VARIANT[variant])


LONG_BASE = "base, long"
"""The first row for as many seconds as the slowest row takes, and some more: what the others are weighed against at
equal seconds, and the first row's plateau. Scored every 200 steps, so that it can be read off in between."""

MODULES = Experiment(
    name="hi_resnet_modules",
    title="What does each part of Hi-ResNet add, and what does the edge-aware loss?",
    variants={
        "base": HiResNetSettings(_row("base"), 800),
        "base, CEA": HiResNetSettings(_row("base", cea=True), 800),
        "funnel": HiResNetSettings(_row("funnel"), 800),
        "IA": HiResNetSettings(_row("ia"), 800),
        "refinement": HiResNetSettings(_row("final"), 800),
        "refinement, CEA": HiResNetSettings(_row("final", cea=True), 800),
        LONG_BASE: HiResNetSettings(_row("base"), 2600, points=13),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
    against={"IA": "funnel", "refinement": "IA", "refinement, CEA": "refinement"},
)

STARTS: dict[str, Start] = {
    "nothing": "nothing",
    "supervised": "hi_resnet_supervised",
    "MoCo short": "hi_resnet_moco_short",
    "MoCo long": "hi_resnet_moco_long",
}

FEW = 0.05
"""Share of the labels, 6 of 128 scenes."""

LONG_NOTHING = "nothing, few labels, long"
"""What three times the steps give without pretraining. With all labels "refinement, CEA" of :data:`MODULES` is the same
network, on the same scenes, in twice the steps."""


def _begun(start: str, labels: float, steps: int = 400) -> HiResNetSettings:
    """A fine-tuning at the rate that suits its start."""
    return HiResNetSettings(replace(SMALL, learning_rate=RATES_OF_START[start]), steps, STARTS[start], labels)


PRETRAINING = Experiment(
    name="hi_resnet_pretraining",
    title="With a twentieth of the labels and with all: what does pretraining give, at 1500 or at 12,000 steps?",
    variants={f"{start}, few labels": _begun(start, FEW) for start in STARTS}
    | {LONG_NOTHING: _begun("nothing", FEW, 1200)}
    | {f"{start}, all labels": _begun(start, 1.0) for start in STARTS},
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
    against={f"{start}, all labels": "nothing, all labels" for start in STARTS},
)
"""One encoder a start."""


def _trial(settings: HiResNetSettings, rate: float) -> HiResNetSettings:
    """The same at another rate, scored where choices may be made."""
    recipe = replace(settings.recipe, learning_rate=rate)
    return replace(settings, recipe=recipe, test_split="experiments-validation", test_tiles=32, points=1)


TUNING = Experiment(
    name="hi_resnet_tuning",
    title="Which rate suits each architecture of table VII, on validation scenes?",
    variants={
        f"{variant}, rate {rate:g}": _trial(HiResNetSettings(_row(variant, cea=variant == "final"), 400), rate)
        for variant in RATES_OF_VARIANT
        for rate in (*TRIED, LARGE)
    },
    seeds=(100, 101),
    run=run,
    sources=SOURCES,
)  # fmt: skip

START_TUNING = Experiment(
    name="hi_resnet_start_tuning",
    title="Which rate of fine-tuning suits each start with few labels, on validation scenes?",
    variants={
        f"{start}, rate {rate:g}": _trial(_begun(start, FEW), rate)
        for start in STARTS
        for rate in TRIED
    },
    seeds=(100, 101),
    run=run,
    sources=SOURCES,
)  # fmt: skip
