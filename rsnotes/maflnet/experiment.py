"""The paper's experiments on scenes: a teacher to ship, table 3 with controls, what the relations give a student."""

from dataclasses import replace

from rsnotes.experiments import SCORING, Experiment
from rsnotes.maflnet.around import AroundSettings, run_around
from rsnotes.maflnet.network import Context, Edges
from rsnotes.maflnet.pretraining import TeacherSettings, run_teacher
from rsnotes.maflnet.recipe import MAFLNetRecipe
from rsnotes.maflnet.runs import AblationSettings, DistillationSettings, run, run_ablation, run_student

NETWORK = tuple(
    f"maflnet/{name}.py"
    for name in ("attention", "edges", "factory", "fusion", "hiera", "mit", "network", "pyramid", "standardise")
)
TRAINING = (
    *(f"maflnet/{name}.py" for name in ("fit", "losses", "mosaic", "objective", "recipe", "weights")),
    *(f"training/{name}.py" for name in ("loop", "steps", "batches", "schedules", "teacher")),
    *(f"losses/{name}.py" for name in ("cross_entropy", "counted", "dice")),
    *("datasets/squares.py", "networks/pspnet.py"),
    *SCORING,
)

_SIZE = replace(MAFLNetRecipe().quick(), batch_size=8, steps=600)
"""The paper's recipe at the size of the scenes."""

LONG = 2
"""How many times as long the baselines train whose plateau is looked for."""


def at_rate(recipe: MAFLNetRecipe, rate: float) -> MAFLNetRecipe:
    """One rate for all that trains: nothing here starts from weights worth keeping."""
    return replace(recipe, learning_rate=rate, backbone_rate=rate)


SMALL = at_rate(_SIZE, 2e-3)
"""What the ablation trains with; of :data:`TUNING`'s rates the best for the baseline, in all rows."""

STUDENT = at_rate(_SIZE, 2e-3)
"""What the students train with; a lower rate was as good in :data:`TUNING`, within what two seeds differ by."""

_TEACHER = at_rate(_SIZE, 2e-3)

TEACHER = Experiment(
    name="maflnet_teacher",
    title="How good is the small teacher that ships?",
    variants={"teacher": TeacherSettings(replace(_TEACHER, steps=1500), replace(_TEACHER, steps=1200))},
    seeds=(0,),
    run=run_teacher,
    sources=("maflnet/pretraining.py", *NETWORK, *TRAINING),
)

ROWS: dict[str, tuple[Context, Edges]] = {
    "baseline": ("none", "none"),
    "+ MACA": ("maca", "none"),
    "+ LHFEM": ("none", "lhfem"),
    "MACA and LHFEM": ("maca", "lhfem"),
}
"""The rows of table 3: what stands at the four levels, and what on the four skips."""

CONTROLS: dict[str, tuple[Context, Edges]] = {
    "plain for MACA": ("plain", "none"),
    "plain for LHFEM": ("none", "plain"),
    "plain for both": ("plain", "plain"),
}
"""Convolutions with as many parameters in the place of each module."""

ABLATION = Experiment(
    name="maflnet_ablation",
    title="What do MACA and LHFEM add to a plain decoder, and what do as many plain parameters?",
    variants={name: AblationSettings(SMALL, *parts) for name, parts in (ROWS | CONTROLS).items()}
    | {
        "+ MACA, normalised": AblationSettings(SMALL, "maca", normalise=True),
        "baseline, long": AblationSettings(replace(SMALL, steps=LONG * SMALL.steps)),
    },
    seeds=(0, 1, 2, 3, 4),
    run=run_ablation,
    sources=("maflnet/runs.py", "metrics/boundary.py", *NETWORK, *TRAINING),
)

AROUND = Experiment(
    name="maflnet_around",
    title="Does MACA gain with a residual around it, and a norm before it?",
    variants={
        "+ MACA, residual": AroundSettings(SMALL, "maca"),
        "+ MACA, norm and residual": AroundSettings(SMALL, "maca", norm=True),
    },
    seeds=ABLATION.seeds,
    run=run_around,
    sources=("maflnet/around.py", *ABLATION.sources),
)
"""Two more rows for :data:`ABLATION`, with its seeds, scenes and scores."""

LESSONS: dict[str, tuple[float, float]] = {
    "labels alone": (0.0, 0.0),
    "+ L_inter": (1.0, 0.0),
    "+ L_intra": (0.0, 1.0),
    "both": (1.0, 1.0),
}
"""Weights of L_inter and L_intra."""

DISTILLATION = Experiment(
    name="maflnet_distillation",
    title="What do the two relation losses give a thin student?",
    variants={
        name: DistillationSettings(replace(STUDENT, inter_weight=inter, intra_weight=intra))
        for name, (inter, intra) in LESSONS.items()
    }
    | {
        "labels alone, long": DistillationSettings(
            replace(STUDENT, inter_weight=0.0, intra_weight=0.0, steps=LONG * STUDENT.steps)
        )
    },
    seeds=(0, 1, 2, 3, 4),
    run=run_student,
    sources=("maflnet/runs.py", "metrics/boundary.py", *NETWORK, *TRAINING),
)

TRIED = (1e-3, 2e-3, 5e-3)
_TRIAL = replace(_SIZE, steps=150)
_VALIDATION = AblationSettings(_TRIAL, test_tiles=32, test_split="experiments-validation")

TUNING = Experiment(
    name="maflnet_tuning",
    title="Which rate suits the baseline, the whole network and the student, on validation scenes?",
    variants={
        f"{name}, rate {rate:g}": replace(_VALIDATION, context=context, edges=edges, recipe=at_rate(_TRIAL, rate))
        for name, (context, edges) in ROWS.items()
        if name in ("baseline", "MACA and LHFEM")
        for rate in TRIED
    }
    | {
        f"labels alone, rate {rate:g}": DistillationSettings(
            replace(at_rate(_TRIAL, rate), inter_weight=0.0, intra_weight=0.0),
            test_tiles=32,
            test_split="experiments-validation",
        )
        for rate in TRIED
    },
    seeds=(100, 101),
    run=run,
    sources=("maflnet/runs.py", *NETWORK, *TRAINING),
)
