"""The strategies of table 2, the unlabelled shares of table 3 and the parts of table 5, on scenes."""

from dataclasses import replace
from typing import Any

from rsnotes.datasets import ISPRS
from rsnotes.experiments import Experiment
from rsnotes.mkd_ssl.domains import FAR_BRIDGE, JOINT
from rsnotes.mkd_ssl.runs import SMALL, SOURCES, MKDSettings, run
from rsnotes.mkd_ssl.stages import Stage, Term, same_names

STEPS = 900
"""Labelled batches that every strategy sees, teachers' trainings included."""


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
    sources=SOURCES,
)

RATES = (0.02, 0.05, 0.1)
SPRINGS = (3.0, 30.0, 300.0)


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
    sources=SOURCES,
)

SEMI_STEPS = 400
"""Length of the semi-supervised stage."""

_BASE = MKDSettings(TWO_STAGES, semi_steps=SEMI_STEPS)

SEMI = Experiment(
    name="mkd_ssl_unlabelled",
    title="Do unlabelled images help the distilled student, and how many?",
    variants={
        "labels alone": _BASE,
        "mean teacher, a tenth": replace(_BASE, share=0.1),
        "mean teacher, all": replace(_BASE, share=1.0),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
)
"""On two-stage distillation, the paper's method; "labels alone" trains and averages for as long."""

_FULL = replace(_BASE, share=1.0)
_OFF = replace(SMALL, ewc="off")

ABLATION = Experiment(
    name="mkd_ssl_ablation",
    title="What does each part of the method add, EWC too?",
    variants={
        "all parts": _FULL,
        "no unlabelled": replace(_FULL, semi_steps=0, share=0.0),
        "no unlabelled, no attention": replace(_FULL, semi_steps=0, share=0.0, attention=None),
        "no bridge": replace(_FULL, stages=DIRECT),
        "no bridge, no unlabelled": replace(_FULL, stages=DIRECT, semi_steps=0, share=0.0),
        "no EWC": replace(_FULL, recipe=_OFF),
        "no EWC, no unlabelled": replace(_FULL, semi_steps=0, share=0.0, recipe=_OFF),
        "literal EWC, no unlabelled": replace(
            _FULL, semi_steps=0, share=0.0, recipe=replace(SMALL, ewc="literal", lambda_ewc=1e-4)
        ),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=SOURCES,
    against={
        "no EWC, no unlabelled": "no unlabelled",
        "literal EWC, no unlabelled": "no EWC, no unlabelled",
        "no unlabelled, no attention": "no unlabelled",
    },
)
"""The five rows of table 5, and the rows without EWC that it lacks."""

_PROBE = replace(_FULL, test_split="experiments-validation", test_tiles=32)


def _probe(**changes: Any) -> MKDSettings:
    return replace(_PROBE, recipe=replace(SMALL, **changes))


CONDITIONS = Experiment(
    name="mkd_ssl_conditions",
    title="Under which conditions does the mean teacher help, on validation scenes?",
    variants={
        "labels alone": replace(_PROBE, share=0.0),
        "default": _PROBE,
        "statistics averaged": _probe(ema_buffers="averaged"),
        "two batch normalisations": _probe(together=False),
        "no warm-up": _probe(warm_up=False),
        "no warm-up, statistics averaged": _probe(warm_up=False, ema_buffers="averaged"),
        "decay 0.99": _probe(ema_decay=0.99),
        "views of the paper": _probe(views="paper", cut_mix=0.0),
        "no CutMix": _probe(cut_mix=0.0),
        "no filter": _probe(filter="none"),
        "per sample": _probe(filter="sample"),
        "confidence 0.95": _probe(filter="confidence"),
        "twice as long": replace(_PROBE, semi_steps=2 * SEMI_STEPS),
    },
    seeds=(100, 101, 102),
    run=run,
    sources=SOURCES,
)
"""One condition changed at a time: statistics, decay, views, filter, length."""
