"""Unlabelled images added (table 3), the conditions under which they help, and parts removed (table 5), on scenes."""

from dataclasses import replace
from typing import Any

from rsnotes.experiments import Experiment, Results
from rsnotes.mkd_ssl.chosen import BEST, CONDITION
from rsnotes.mkd_ssl.experiment import RUN_SOURCES, STRATEGIES, TWO, UNSPRUNG
from rsnotes.mkd_ssl.runs import MKDSettings, run

SEMI_STEPS = 400
"""Length of the semi-supervised stage. With the warm-up the teacher is the plain mean of all its students until step
999, so that at this length the paper's decay of 0.999 never acts."""

GENTLER = 10
"""How many times lower the rate of the semi-supervised stage is than that of the stages. It goes on from a trained
network, and may lose at the full rate what it begins with. The paper names one rate and is silent about this; the rows
at the full rate ask."""


def after(name: str, **changes: Any) -> MKDSettings:
    """A strategy, then the last stage on labels alone: the control, as long and averaged as with unlabelled images."""
    base = STRATEGIES.variants[name]
    rate = base.recipe.learning_rate / GENTLER
    return replace(base, semi_steps=SEMI_STEPS, semi_rate=rate, **changes)


def pooled(settings: MKDSettings, **changes: Any) -> MKDSettings:
    """The same with all unlabelled images."""
    return replace(settings, share=1.0, **changes)


CONTROL, FULL = "labels alone", "mean teacher, all"
_BASE = after(BEST)

SEMI = Experiment(
    name="mkd_ssl_unlabelled",
    title="Do unlabelled images help the student of the best strategy, and how many?",
    variants={
        CONTROL: _BASE,
        "mean teacher, a tenth": replace(_BASE, share=0.1),
        FULL: pooled(_BASE),
        f"{CONTROL}, full rate": replace(_BASE, semi_rate=None),
        f"{FULL}, full rate": pooled(_BASE, semi_rate=None),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run,
    sources=RUN_SOURCES,
    against={f"{FULL}, full rate": f"{CONTROL}, full rate"},
)
"""The teacher is a plain mean of its students in all rows: the decay of 0.999 does not act in so few steps."""

PARTS: dict[str, MKDSettings] = {
    FULL: pooled(after(TWO)),
    CONTROL: after(TWO),
    "no unlabelled, no attention": after(TWO, attention=None),
    "no bridge": pooled(after("distillation")),
    "no bridge, no unlabelled": after("distillation"),
    "no EWC": pooled(after(UNSPRUNG)),
    "no EWC, no unlabelled": after(UNSPRUNG),
}
"""The five rows of table 5, the first of them with all parts, and two without EWC that it lacks."""

ABLATION = Experiment(
    name="mkd_ssl_ablation",
    title="What does each part of the method add, EWC too?",
    variants={name: settings for name, settings in PARTS.items() if SEMI.variants.get(name) != settings},
    seeds=SEMI.seeds,
    run=run,
    sources=RUN_SOURCES,
    against={
        **dict.fromkeys(("no bridge", "no EWC"), FULL),
        **dict.fromkeys(("no unlabelled, no attention", "no bridge, no unlabelled", "no EWC, no unlabelled"), CONTROL),
    },
)
"""Rows of :data:`PARTS` that :data:`SEMI` does not run. Those without unlabelled images train on labels alone for as
long as the others and are averaged like them, so that all see as many labelled batches."""

TABLE5 = replace(ABLATION, variants=PARTS)
"""All rows; :func:`read_table5` finds their files."""


def read_table5() -> Results:
    """The rows of :data:`PARTS` that have landed, in either experiment."""
    shared = {name: s for name, s in SEMI.variants.items() if PARTS.get(name) == s}
    files = {key: result for key, result in Results.read(SEMI).files.items() if key[0] in shared}
    return Results(TABLE5, {**files, **Results.read(ABLATION).files})


LONG = 3 * SEMI_STEPS
"""Here the decay of 0.999 acts, from step 999."""

_CONTROL = after(TWO, test_split="experiments-validation", test_tiles=32)


def _changed(settings: MKDSettings, **changes: Any) -> MKDSettings:
    return replace(settings, recipe=replace(settings.recipe, **changes))


_OWN_CONTROL: dict[str, MKDSettings] = {
    "full rate": replace(_CONTROL, semi_rate=None),
    "statistics averaged": _changed(_CONTROL, ema_buffers="averaged"),
    "no warm-up": _changed(_CONTROL, warm_up=False),
    "no warm-up, statistics averaged": _changed(_CONTROL, warm_up=False, ema_buffers="averaged"),
    "decay 0.99": _changed(_CONTROL, ema_decay=0.99),
    "three times as long": replace(_CONTROL, semi_steps=LONG),
}
"""Conditions that also change what labels alone give, and so have a control of their own."""

_DEFAULT = pooled(_CONTROL)

CONDITIONS = Experiment(
    name="mkd_ssl_conditions",
    title="Under which conditions does the mean teacher help, on validation scenes?",
    variants={
        CONTROL: _CONTROL,
        "default": _DEFAULT,
        "divided by all pixels": replace(_DEFAULT, divide="all"),
        "entropy 0.5": _changed(_DEFAULT, entropy=0.5),
        "per sample 0.52": _changed(_DEFAULT, filter="sample", entropy=0.52),
        "confidence 0.65": _changed(_DEFAULT, filter="confidence", confidence=0.65),
        "statistics of labelled images": replace(_DEFAULT, labelled_statistics=True),
        "guesses unweighted": replace(_DEFAULT, weigh_guesses=False),
        "views of the paper": _changed(_DEFAULT, views="paper", cut_mix=0.0),
        "no CutMix": _changed(_DEFAULT, cut_mix=0.0),
    }
    | {f"{CONTROL}, {name}": control for name, control in _OWN_CONTROL.items()}
    | {name: pooled(control) for name, control in _OWN_CONTROL.items()},
    seeds=(100, 101),
    run=run,
    sources=RUN_SOURCES,
    against={name: f"{CONTROL}, {name}" for name in _OWN_CONTROL},
)
"""A screen: one condition changed at a time, two seeds. It gives no verdict; what gains most goes on to CONFIRM.

On the shipped student the default filter keeps an eighth of the pool's pixels, and entropy 0.5, 0.52 a sample and
confidence 0.65 each 40 to 50 per cent. The decay of 0.999 acts without warm-up, and from step 999 in the rows that are
three times as long; that of 0.99 from step 99. In all other rows the teacher is a plain mean of its students."""

CONTROL_OF_CHOSEN = CONDITIONS.against.get(CONDITION, CONDITIONS.baseline)

CONFIRM = Experiment(
    name="mkd_ssl_confirm",
    title="Does the mean teacher help under the best condition of the screen, on seeds that had no part in the choice?",
    variants={
        name: replace(CONDITIONS.variants[name], test_split="experiments-test", test_tiles=64)
        for name in dict.fromkeys((CONTROL_OF_CHOSEN, CONDITION, CONTROL))
    },
    seeds=tuple(range(200, 210)),
    run=run,
    sources=RUN_SOURCES,
)
"""Plain labels alone stand in it whatever the condition is: a condition may win because its own control does badly."""
