"""The headline experiments: table VII's parts one by one, and table IX's ways to begin."""

from dataclasses import replace
from typing import Any

from rsnotes.experiments import Experiment
from rsnotes.hi_resnet.network import Variant
from rsnotes.hi_resnet.recipe import VAIHINGEN, Term
from rsnotes.hi_resnet.runs import SOURCES, HiResNetSettings, Start, run

SMALL = VAIHINGEN.quick()
"""The paper's recipe at the size of the scenes. One rate for all rows; :data:`TUNING` shows what that costs."""

PLAIN: Any = ("gd", "lsce")

LONG_BASE = "base, long"
"""The first row in twice the steps: what the others are to be weighed against at equal seconds, and its plateau."""

MODULES = Experiment(
    name="hi_resnet_modules",
    title="What does each part of Hi-ResNet add, and what does the edge-aware loss?",
    variants={
        "base": HiResNetSettings(replace(SMALL, variant="base", terms=PLAIN), 800),
        "base, CEA": HiResNetSettings(replace(SMALL, variant="base"), 800),
        "funnel": HiResNetSettings(replace(SMALL, variant="funnel", terms=PLAIN), 800),
        "IA": HiResNetSettings(replace(SMALL, variant="ia", terms=PLAIN), 800),
        "refinement": HiResNetSettings(replace(SMALL, terms=PLAIN), 800),
        "refinement, CEA": HiResNetSettings(SMALL, 800),
        LONG_BASE: HiResNetSettings(replace(SMALL, variant="base", terms=PLAIN), 1600),
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

PRETRAINING = Experiment(
    name="hi_resnet_pretraining",
    title="With all labels and with a twentieth of them: what does pretraining give, and from what length on?",
    variants={
        f"{name}, {amount}": HiResNetSettings(SMALL, 400, start, labels)
        for amount, labels in (("all labels", 1.0), ("few labels", 0.05))
        for name, start in STARTS.items()
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
    against={f"{name}, few labels": "nothing, few labels" for name in STARTS if name != "nothing"},
)

_ENDS: tuple[tuple[Variant, tuple[Term, ...]], ...] = (("base", PLAIN), ("final", SMALL.terms))
"""The first and the last row of :data:`MODULES`."""

_VALIDATION = HiResNetSettings(SMALL, 300, test_split="experiments-validation", test_tiles=32)

TUNING = Experiment(
    name="hi_resnet_tuning",
    title="Which rate suits the first and the last row, on validation scenes?",
    variants={
        f"{variant}, rate {rate:g}": replace(
            _VALIDATION, recipe=replace(SMALL, variant=variant, terms=terms, learning_rate=rate)
        )
        for variant, terms in _ENDS
        for rate in (1e-3, 3e-3, 1e-2)
    },
    seeds=(100, 101),
    run=run,
    sources=SOURCES,
)
