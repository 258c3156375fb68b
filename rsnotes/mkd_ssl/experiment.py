"""The strategies of table 2, the unlabelled shares of table 3 and the parts of table 5, on scenes."""

from dataclasses import replace
from typing import Any

from rsnotes.datasets import ISPRS
from rsnotes.experiments import SCORING, Experiment
from rsnotes.mkd_ssl.domains import FAR_BRIDGE, JOINT
from rsnotes.mkd_ssl.runs import SMALL, SOURCES, MKDSettings, run
from rsnotes.mkd_ssl.stages import Stage, Term, same_names

RUN_SOURCES = (
    *(f"mkd_ssl/{name}.py" for name in ("runs", "recipe", "mean_teacher", "semi_supervised", "pseudo_labels", "views")),
    *SOURCES,
    *SCORING,
)
"""What the figures of a whole run depend on; ``SOURCES`` are those of the stages before the semi-supervised one."""

STEPS = 900
"""Labelled batches that every strategy but one sees, teachers' trainings included."""


ALONE: tuple[Term, ...] = ("supervised",)
SAME = same_names(ISPRS.names, ISPRS.names)
HALF = STEPS // 2
FINE = STEPS // 6
"""Steps of a teacher's fine-tuning, in each of two stages."""


def kd(domain: str, steps: int, teacher: Any, teacher_steps: int = FINE, overlap: Any = SAME) -> Stage:
    """A distilled stage of ``steps`` steps, its teacher's included."""
    return Stage(
        domain, ISPRS.names, teacher, "random", teacher_steps=teacher_steps, student_steps=steps - teacher_steps,
        overlap=overlap,
    )  # fmt: skip


def tuned(domain: str, steps: int, classes: tuple[str, ...] = ISPRS.names, overlap: Any = SAME) -> Stage:
    """A stage of plain fine-tuning."""
    return Stage(domain, classes, None, "previous", ALONE, student_steps=steps, overlap=overlap)


TWO_STAGES = (kd("bridge", HALF, "decoder", overlap=()), kd("target", HALF, "classifier"))
"""The paper's: ImageNet's stand-in teaches on the bridge, the bridge's student on the target."""

DIRECT = (kd("target", STEPS, "decoder", 2 * FINE, overlap=()),)

STRATEGY_STAGES: dict[str, tuple[Stage, ...]] = {
    "scratch": (Stage("target", ISPRS.names, None, "random", ALONE, student_steps=STEPS),),
    "fine-tuning": (tuned("target", STEPS, overlap=()),),
    "distillation": DIRECT,
    "two-stage distillation": TWO_STAGES,
    "two-stage fine-tuning": (tuned("bridge", HALF, overlap=()), tuned("target", HALF)),
    "joint": (
        tuned("source and bridge", HALF, JOINT.names, overlap=()),
        tuned("target", HALF, overlap=same_names(JOINT.names, ISPRS.names)),
    ),
    "fine-tuning, twice as long": (tuned("target", 2 * STEPS, overlap=()),),
}
"""All but the last see as many labelled images. Two-stage fine-tuning has the bridge without distillation."""

STRATEGIES = Experiment(
    name="mkd_ssl_strategies",
    title="Is knowledge best passed on directly, over a bridge, by distillation or by fine-tuning?",
    variants={name: MKDSettings(stages) for name, stages in STRATEGY_STAGES.items()}
    | {"two-stage distillation, far bridge": MKDSettings(TWO_STAGES, bridge=FAR_BRIDGE)},
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=RUN_SOURCES,
)

RATES = (0.02, 0.05, 0.1)
SPRINGS = (0.3, 1.2, 3.0, 30.0)
"""Weights of EWC. At 300 rate × weight × stiffest spring lies beside the bound 2 (1 + momentum) = 3.8 or beyond it."""


def _trial(name: str, **changes: Any) -> MKDSettings:
    """A strategy with other settings, scored where choices may be made."""
    return MKDSettings(
        STRATEGY_STAGES[name], replace(SMALL, **changes), test_split="experiments-validation", test_tiles=32
    )


TUNING = Experiment(
    name="mkd_ssl_tuning",
    title="Which rate suits the strategies, and which weight the springs of EWC, on validation scenes?",
    variants={
        f"{name}, rate {rate:g}": _trial(name, learning_rate=rate)
        for name in ("scratch", "fine-tuning", "two-stage distillation")
        for rate in RATES
    }
    | {
        f"two-stage distillation, EWC {weight:g}": _trial("two-stage distillation", lambda_ewc=weight)
        for weight in SPRINGS
    }
    | {"two-stage distillation, no EWC": _trial("two-stage distillation", ewc="off")},
    seeds=(100, 101),
    run=run,
    sources=RUN_SOURCES,
)

SEMI_STEPS = 400
"""Length of the semi-supervised stage. With the warm-up the teacher is the plain mean of all its students until step
999, so that at this length the paper's decay of 0.999 never acts."""

GENTLE = 0.005
"""Rate of the semi-supervised stage, a tenth of the stages'. It goes on from a trained network; begun again at the rate
of the stages, the student loses in a few steps what it had learnt. The paper names one rate and is silent about this.
A decision made before ``CONDITIONS`` has run, which will check it."""

_BASE = MKDSettings(TWO_STAGES, semi_steps=SEMI_STEPS, semi_rate=GENTLE)
_FULL = replace(_BASE, share=1.0)

SEMI = Experiment(
    name="mkd_ssl_unlabelled",
    title="Do unlabelled images help the distilled student, and how many?",
    variants={
        "labels alone": _BASE,
        "mean teacher, a tenth": replace(_BASE, share=0.1),
        "mean teacher, all": _FULL,
        "labels alone, full rate": replace(_BASE, semi_rate=None),
        "mean teacher, all, full rate": replace(_FULL, semi_rate=None),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=RUN_SOURCES,
    against={"mean teacher, all, full rate": "labels alone, full rate"},
)
"""On two-stage distillation, the paper's method; that it is the best of the strategies is a decision made before
``STRATEGIES`` has run, which will check it. "Labels alone" trains and averages for as long. The teacher is a plain mean
of its students in all rows: the decay of 0.999 does not act in so few steps."""

_LABELS = replace(_BASE, share=0.0)
_OFF = replace(SMALL, ewc="off")

ABLATION = Experiment(
    name="mkd_ssl_ablation",
    title="What does each part of the method add, EWC too?",
    variants={
        "all parts": _FULL,
        "no unlabelled": _LABELS,
        "no unlabelled, no attention": replace(_LABELS, attention=None),
        "no bridge": replace(_FULL, stages=DIRECT),
        "no bridge, no unlabelled": replace(_LABELS, stages=DIRECT),
        "no EWC": replace(_FULL, recipe=_OFF),
        "no EWC, no unlabelled": replace(_LABELS, recipe=_OFF),
        "literal EWC, no unlabelled": replace(_LABELS, recipe=replace(SMALL, ewc="literal", lambda_ewc=1e-4)),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=RUN_SOURCES,
    against={
        "no EWC, no unlabelled": "no unlabelled",
        "literal EWC, no unlabelled": "no EWC, no unlabelled",
        "no unlabelled, no attention": "no unlabelled",
    },
)
"""The five rows of table 5, and the rows without EWC that it lacks. Rows without unlabelled images train on labels
alone for as long as the others and are averaged like them, so that all see as many labelled batches."""

_PROBE = replace(_FULL, test_split="experiments-validation", test_tiles=32)
_CONTROL = replace(_PROBE, share=0.0)
LONG = 4 * SEMI_STEPS


def _probe(**changes: Any) -> MKDSettings:
    return replace(_PROBE, recipe=replace(SMALL, **changes))


CONDITIONS = Experiment(
    name="mkd_ssl_conditions",
    title="Under which conditions does the mean teacher help, on validation scenes?",
    variants={
        "labels alone": _CONTROL,
        "default": _PROBE,
        "labels alone, full rate": replace(_CONTROL, semi_rate=None),
        "full rate": replace(_PROBE, semi_rate=None),
        "entropy 0.5": _probe(entropy=0.5),
        "per sample 0.52": _probe(filter="sample", entropy=0.52),
        "confidence 0.65": _probe(filter="confidence", confidence=0.65),
        "confidence 0.95": _probe(filter="confidence"),
        "no filter": _probe(filter="none"),
        "statistics averaged": _probe(ema_buffers="averaged"),
        "two batch normalisations": _probe(together=False),
        "statistics of labelled images": replace(_PROBE, labelled_statistics=True),
        "no warm-up": _probe(warm_up=False),
        "no warm-up, statistics averaged": _probe(warm_up=False, ema_buffers="averaged"),
        "decay 0.99": _probe(ema_decay=0.99),
        "guesses unweighted": replace(_PROBE, weigh_guesses=False),
        "views of the paper": _probe(views="paper", cut_mix=0.0),
        "no CutMix": _probe(cut_mix=0.0),
        "labels alone, four times as long": replace(_CONTROL, semi_steps=LONG),
        "four times as long": replace(_PROBE, semi_steps=LONG),
    },
    seeds=(100, 101, 102),
    run=run,
    sources=RUN_SOURCES,
    against={"full rate": "labels alone, full rate", "four times as long": "labels alone, four times as long"},
)
"""One condition changed at a time: rate, filter, statistics, average, class weights, views, length.

On the shipped student the default filter keeps a ninth of the pool's pixels, entropy 0.5, 0.52 a sample and confidence
0.65 half of them each, and the published confidence of 0.95 fewer than one in two hundred. The decay of 0.999 acts
without warm-up, and from step 999 in the rows that are four times as long; that of 0.99 from step 99. In all other rows
the teacher is a plain mean of its students."""
