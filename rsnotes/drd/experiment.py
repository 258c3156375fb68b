"""Table 1 on scenes: each term added in turn, beside SKD and IFVD, and the sweep that set rate and weights."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from rsnotes.drd.recipe import DRDRecipe
from rsnotes.drd.students import DRDSettings, run
from rsnotes.experiments import SCORING, Experiment

SOURCES = (
    "drd/students.py", "drd/objective.py", "drd/step.py", "drd/relations.py", "drd/pixelwise.py",
    "drd/adversarial.py", "drd/comparators.py", "training/loop.py", "training/steps.py", "training/batches.py",
    "training/teacher.py", "datasets/squares.py", "networks/pspnet.py", "networks/backbones.py",
    "losses/cross_entropy.py", "losses/counted.py", "losses/distillation.py", *SCORING,
)  # fmt: skip

SMALL = replace(DRDRecipe().quick(), steps=600, learning_rate=0.02, critic_width=8)
"""The paper's recipe at the size of the scenes: rate by the sweep, the critic an eighth as wide, as the student is."""

PLAIN = replace(SMALL, terms=(), learning_rate=0.2)
"""The same student without a teacher, at the rate that suits it."""


@dataclass(frozen=True)
class StartedAtRate(DRDRecipe):
    """A recipe with a rate of its own for the training that gives it its initial weights, which has no terms."""

    start_rate: float = PLAIN.learning_rate

    def __post_init__(self) -> None:
        if not self.terms:
            object.__setattr__(self, "learning_rate", self.start_rate)


def lighter(factor: float) -> DRDRecipe:
    """DRD at the plain student's rate, the printed weights times ``factor``."""
    return replace(
        SMALL, learning_rate=PLAIN.learning_rate, lambda_1=SMALL.lambda_1 * factor, lambda_2=SMALL.lambda_2 * factor,
        lambda_3=SMALL.lambda_3 * factor,
    )  # fmt: skip


LIGHT = 0.03
"""The factor that suits the plain student's rate, by the sweep."""

LONG = 3
"""How many times as long the rows train that ask what is left of a gain."""

FEW = 8
"""Training scenes of the rows that ask whether a teacher helps where labels are few, instead of 128."""

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

COSINES = replace(PLAIN, normalise=True, lambda_3=1e6)
"""Relation maps of directions, with a weight that makes up for their flatness."""

KINDS = {
    "none": PLAIN,
    "L_P, weight 1": replace(PLAIN, terms=("L_P",), lambda_1=1.0),
    "L_P, weight 1, T 4": replace(PLAIN, terms=("L_P",), lambda_1=1.0, temperature=4.0),
    "L_P, weight 3, T 4": replace(PLAIN, terms=("L_P",), lambda_1=3.0, temperature=4.0),
    "SKD's pairs, weight 20": replace(PLAIN, terms=("L_pair",), lambda_pair=20.0),
    "L_S of cosines": replace(COSINES, terms=("L_S",)),
    "L_P, weight 1, T 4, SKD's pairs": replace(
        PLAIN, terms=("L_P", "L_pair"), lambda_1=1.0, temperature=4.0, lambda_pair=20.0
    ),
    "L_P, weight 1, T 4, L_S of cosines": replace(COSINES, terms=("L_P", "L_S"), lambda_1=1.0, temperature=4.0),
}
"""Other terms and weights at the plain student's rate; :data:`SEARCH` compares them."""

FEW_KINDS = {
    name: KINDS[name] for name in ("none", "L_P, weight 1", "L_P, weight 1, T 4", "L_P, weight 1, T 4, SKD's pairs")
} | {"L_P, weight 1, T 4, rate 0.1": replace(KINDS["L_P, weight 1, T 4"], learning_rate=0.1)}
"""Those that train on few scenes."""

BEST, BEST_OF_FEW = "L_S of cosines", "L_P, weight 1, T 4, rate 0.1"
"""Of :data:`KINDS` and of :data:`FEW_KINDS`, by the search."""

ABLATION = Experiment(
    name="drd_ablation",
    title="What does each term of dual relation distillation add?",
    variants={name: DRDSettings(replace(SMALL, terms=terms) if terms else PLAIN) for name, terms in ROWS.items()}
    | {
        "none, started": DRDSettings(PLAIN, start="scenes"),
        "DRD, started": DRDSettings(StartedAtRate(**asdict(SMALL)), start="scenes"),
        f"DRD times {LIGHT}": DRDSettings(lighter(LIGHT)),
        f"DRD times {LIGHT}, started": DRDSettings(lighter(LIGHT), start="scenes"),
        "none, long": DRDSettings(replace(PLAIN, steps=LONG * PLAIN.steps)),
        "DRD, long": DRDSettings(replace(SMALL, steps=LONG * SMALL.steps)),
        f"none, {FEW} scenes": DRDSettings(PLAIN, tiles=FEW),
        f"DRD, {FEW} scenes": DRDSettings(SMALL, tiles=FEW),
        f"DRD times {LIGHT}, {FEW} scenes": DRDSettings(lighter(LIGHT), tiles=FEW),
        BEST: DRDSettings(KINDS[BEST]),
        f"{BEST_OF_FEW}, {FEW} scenes": DRDSettings(FEW_KINDS[BEST_OF_FEW], tiles=FEW),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
    against={
        "DRD, started": "none, started",
        f"DRD times {LIGHT}, started": "none, started",
        "DRD, long": "none, long",
        f"DRD, {FEW} scenes": f"none, {FEW} scenes",
        f"DRD times {LIGHT}, {FEW} scenes": f"none, {FEW} scenes",
        f"{BEST_OF_FEW}, {FEW} scenes": f"none, {FEW} scenes",
    },
)

_VALIDATION: dict[str, Any] = {"test_split": "experiments-validation", "test_tiles": 32}

_RATES: dict[str, tuple[float, ...]] = {
    "none": (0.02, 0.05, 0.1, 0.2, 0.4),
    "DRD": (0.01, 0.02, 0.05, 0.2),
    "SKD": (0.02, 0.05),
    "IFVD": (0.02, 0.05),
}
"""Rates tried with the printed weights."""

_TRIALS = {
    f"{row}, rate {rate:g}": replace(SMALL, steps=300, terms=ROWS[row], learning_rate=rate)
    for row, rates in _RATES.items()
    for rate in rates
} | {f"DRD, weights times {factor:g}": replace(lighter(factor), steps=300) for factor in (LIGHT, 0.1, 0.3)}

TUNING = Experiment(
    name="drd_tuning",
    title="Which rate suits each method at its printed weights, and which weights the baseline's rate?",
    variants={name: DRDSettings(recipe, **_VALIDATION) for name, recipe in _TRIALS.items()},
    seeds=(100, 101),
    run=run,
    sources=SOURCES,
)

SEARCH = Experiment(
    name="drd_search",
    title="Which terms help at the plain student's rate, once weights, temperature and maps are not those printed?",
    variants={name: DRDSettings(recipe, **_VALIDATION) for name, recipe in KINDS.items()}
    | {f"{name}, {FEW} scenes": DRDSettings(recipe, tiles=FEW, **_VALIDATION) for name, recipe in FEW_KINDS.items()},
    seeds=(100, 101),
    run=run,
    sources=SOURCES,
    against={f"{name}, {FEW} scenes": f"none, {FEW} scenes" for name in FEW_KINDS if name != "none"},
)
"""At the experiment's length, on validation scenes; what does best becomes a row of its own."""

CONFIRM = Experiment(
    name="drd_confirm",
    title="Does the spatial relation of cosines help on seeds that had no part in its choice?",
    variants={"none": DRDSettings(PLAIN), BEST: DRDSettings(KINDS[BEST])},
    seeds=tuple(range(5, 15)),
    run=run,
    sources=SOURCES,
)
