"""The strategies of table 2 on scenes, and the sweeps that choose the springs' weight and a rate for each of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rsnotes.datasets import ISPRS
from rsnotes.experiments import SCORING, Experiment
from rsnotes.mkd_ssl.chosen import RATE_OF, SPRINGS_WEIGHT
from rsnotes.mkd_ssl.domains import FAR_BRIDGE, JOINT
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.mkd_ssl.runs import ARITHMETIC, SMALL, SOURCES, MKDSettings, run
from rsnotes.mkd_ssl.stages import Part, Stage, Term, same_names

RUN_SOURCES = (
    *(f"mkd_ssl/{name}.py" for name in (
        "runs", "recipe", "data", "mean_teacher", "semi_supervised", "pseudo_labels", "views",
    )),
    *SOURCES,
    *ARITHMETIC,
    *SCORING,
)  # fmt: skip
"""What the figures of a whole run depend on; ``SOURCES`` are those of the stages before the semi-supervised one."""

STEPS = 900
"""Labelled batches that every strategy sees but those marked "twice as long", teachers' trainings included."""

ALONE: tuple[Term, ...] = ("supervised",)
SAME = same_names(ISPRS.names, ISPRS.names)


def kd(domain: str, steps: int, teacher: Part, teacher_steps: int, overlap: Any = SAME) -> Stage:
    """A distilled stage of ``steps`` steps, its teacher's included."""
    return Stage(
        domain, ISPRS.names, teacher, "random", teacher_steps=teacher_steps, student_steps=steps - teacher_steps,
        overlap=overlap,
    )  # fmt: skip


def tuned(domain: str, steps: int, classes: tuple[str, ...] = ISPRS.names, overlap: Any = SAME) -> Stage:
    """A stage of plain fine-tuning."""
    return Stage(domain, classes, None, "previous", ALONE, student_steps=steps, overlap=overlap)


def scratch(domain: str, steps: int) -> Stage:
    """A stage that begins at random and has labels only."""
    return Stage(domain, ISPRS.names, None, "random", ALONE, student_steps=steps)


TWO_STAGES = (kd("bridge", 450, "decoder", 150, overlap=()), kd("target", 450, "classifier", 150))
"""As the shipped students were trained. In the experiments the second teacher, a classifier alone, takes 50 steps."""

TWO = "two-stage distillation"
OWN = f"{TWO}, target as its own bridge"
FAR = f"{TWO}, far bridge"
UNSPRUNG = f"{TWO}, no EWC"
LONGER, TWO_LONGER = "fine-tuning, twice as long", f"{TWO}, twice as long"


def strategies(steps: int) -> dict[str, tuple[Stage, ...]]:
    """The ways from source to target by name, each of ``steps`` labelled batches.

    A teacher that trains a decoder takes a sixth of them, one that trains a classifier alone an eighteenth: the body of
    the second is the student that the stage before has trained.
    """
    half, decoder, classifier = steps // 2, steps // 6, steps // 18
    last = kd("target", half, "classifier", classifier)
    return {
        "fine-tuning": (tuned("target", steps, overlap=()),),
        "scratch": (scratch("target", steps),),
        "distillation": (kd("target", steps, "decoder", decoder, overlap=()),),
        TWO: (kd("bridge", half, "decoder", decoder, overlap=()), last),
        OWN: (kd("target", half, "decoder", decoder, overlap=()), last),
        "bridge alone, no source": (scratch("bridge", half), last),
        "two-stage fine-tuning": (tuned("bridge", half, overlap=()), tuned("target", half)),
        "joint": (
            tuned("source and bridge", half, JOINT.names, overlap=()),
            tuned("target", half, overlap=same_names(JOINT.names, ISPRS.names)),
        ),
    }


TRIED = replace(SMALL, learning_rate=0.05, lambda_ewc=30.0)
"""The recipe of the sweeps; what they choose does not change it."""

FAMILY = {"joint": "two-stage fine-tuning", OWN: TWO, "bridge alone, no source": TWO}
"""Strategies that take their rate from another one's sweep. A run has one rate for all its stages."""


def _row(name: str, steps: int = STEPS) -> MKDSettings:
    """A strategy with the springs' weight and the rate that the sweeps chose."""
    rate = RATE_OF[FAMILY.get(name, name)]
    return _settings(name, strategies(steps), replace(TRIED, learning_rate=rate, lambda_ewc=SPRINGS_WEIGHT))


def _settings(name: str, stages: Mapping[str, tuple[Stage, ...]], recipe: MKDRecipe, **more: Any) -> MKDSettings:
    """A strategy's stages by a recipe; :data:`UNSPRUNG` has those of :data:`TWO` and no EWC."""
    if name == UNSPRUNG:
        return MKDSettings(stages[TWO], replace(recipe, ewc="off"), **more)
    return MKDSettings(stages[name], recipe, **more)


STRATEGIES = Experiment(
    name="mkd_ssl_strategies",
    title="Is knowledge best passed on directly, over a bridge, by distillation or by fine-tuning?",
    variants={name: _row(name) for name in strategies(STEPS)}
    | {
        FAR: replace(_row(TWO), bridge=FAR_BRIDGE),
        UNSPRUNG: _row(UNSPRUNG),
        LONGER: _row("fine-tuning", 2 * STEPS),
        TWO_LONGER: _row(TWO, 2 * STEPS),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=RUN_SOURCES,
    against={TWO: OWN, FAR: OWN, UNSPRUNG: TWO, TWO_LONGER: LONGER},
)
"""All but the last two see as many labelled batches. What a bridge gives or takes is told against the same two stages
on the target alone."""

_VALIDATION: dict[str, Any] = {"test_split": "experiments-validation", "test_tiles": 32}
_SWEPT = strategies(STEPS // 2)
"""Half as long as the rows that the sweeps choose for."""

WEIGHTS = (0.3, 1.2, 3.0, 30.0)
"""Of EWC. At 300 rate × weight × stiffest spring lies beside the bound 2 (1 + momentum) = 3.8 or beyond it."""

SPRINGS = Experiment(
    name="mkd_ssl_springs",
    title="Which weight suits the springs of EWC, on validation scenes?",
    variants={
        f"EWC {weight:g}": MKDSettings(_SWEPT[TWO], replace(TRIED, lambda_ewc=weight), **_VALIDATION)
        for weight in WEIGHTS
    }
    | {"no EWC": MKDSettings(_SWEPT[TWO], replace(TRIED, ewc="off"), **_VALIDATION)},
    seeds=(100, 101),
    run=run,
    sources=RUN_SOURCES,
)
"""The first of two sweeps, at one rate."""

TRIED_RATES: dict[str, tuple[float, ...]] = {
    "scratch": (0.05, 0.1, 0.2, 0.4, 0.8),
    "fine-tuning": (0.02, 0.05, 0.1, 0.2, 0.4),
    "distillation": (0.01, 0.02, 0.05, 0.1),
    TWO: (0.01, 0.02, 0.05, 0.1, 0.2),
    "two-stage fine-tuning": (0.02, 0.05, 0.1, 0.2, 0.4, 0.8),
    UNSPRUNG: (0.01, 0.02, 0.05, 0.1, 0.2),
}
"""A rate was added above wherever the first seed had been best at the largest of four, and above that once more for
fine-tuning in two stages, which had the five of fine-tuning in one; two stages of distillation have the same grid with
EWC and without."""

RATES = Experiment(
    name="mkd_ssl_rates",
    title="Which rate suits each family of strategies, on validation scenes?",
    variants={
        f"{name}, rate {rate:g}": _settings(
            name, _SWEPT, replace(TRIED, learning_rate=rate, lambda_ewc=SPRINGS_WEIGHT), **_VALIDATION
        )
        for name, rates in TRIED_RATES.items()
        for rate in rates
    },
    seeds=(100, 101),
    run=run,
    sources=RUN_SOURCES,
)
"""The second sweep, at the springs' weight that the first has chosen."""
