"""Table 1 on scenes: each term added in turn, beside SKD and IFVD, and the sweep that set rate and weights."""

from dataclasses import replace
from typing import Any

from rsnotes.drd.recipe import DRDRecipe
from rsnotes.drd.students import DRDSettings, run
from rsnotes.experiments import Experiment

SOURCES = (
    "drd/students.py", "drd/objective.py", "drd/step.py", "drd/relations.py", "drd/pixelwise.py",
    "drd/adversarial.py", "drd/comparators.py", "training/loop.py", "training/steps.py", "training/batches.py",
    "training/teacher.py", "datasets/squares.py", "networks/pspnet.py", "networks/backbones.py",
    "losses/cross_entropy.py", "losses/counted.py", "losses/distillation.py",
)  # fmt: skip

SMALL = replace(DRDRecipe().quick(), steps=600, learning_rate=0.2, critic_width=8)
"""The paper's recipe at the size of the scenes: rate by the sweep, the critic an eighth as wide, as the student is."""

ROWS: dict[str, tuple[Any, ...]] = {
    "none": (),
    "L_P": ("L_P",),
    "L_P+L_Adv": ("L_P", "L_Adv"),
    "L_P+L_Adv+L_S": ("L_P", "L_Adv", "L_S"),
    "DRD": ("L_P", "L_Adv", "L_S", "L_C"),
    "SKD": ("L_P", "L_Adv", "L_pair"),
    "IFVD": ("L_P", "L_Adv", "L_IFV"),
}
"""The rows of table 1, cumulative, then its two comparators."""

ABLATION = Experiment(
    name="drd_ablation",
    title="What does each term of dual relation distillation add?",
    variants={name: DRDSettings(replace(SMALL, terms=terms)) for name, terms in ROWS.items()}
    | {
        "none, started": DRDSettings(replace(SMALL, terms=()), start="scenes"),
        "DRD, started": DRDSettings(replace(SMALL, terms=ROWS["DRD"]), start="scenes"),
        "none, long": DRDSettings(replace(SMALL, terms=(), steps=3 * SMALL.steps)),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
    against={"DRD, started": "none, started"},
)

_VALIDATION = DRDSettings(replace(SMALL, terms=(), steps=300), test_split="experiments-validation", test_tiles=32)

TUNING = Experiment(
    name="drd_tuning",
    title="Which rate suits the baseline, and which weights the paper's terms, on validation scenes?",
    variants={
        f"none, rate {rate:g}": replace(_VALIDATION, recipe=replace(_VALIDATION.recipe, learning_rate=rate))
        for rate in (0.05, 0.1, 0.2, 0.4)
    }
    | {
        f"DRD, weights times {scale:g}": replace(
            _VALIDATION,
            recipe=replace(
                _VALIDATION.recipe, terms=ROWS["DRD"], lambda_1=10 * scale, lambda_2=0.1 * scale, lambda_3=25 * scale
            ),
        )
        for scale in (0.03, 0.1, 0.3, 1.0)
    },
    seeds=(100, 101),
    run=run,
    sources=SOURCES,
)
