"""Every experiment of the book by name, and the commands that run and show them."""

from importlib import import_module
from pathlib import Path

from rsnotes.experiments import Experiment, Results, perform

EXPERIMENTS = {
    "teacher": "rsnotes.experiments.ground:TEACHER",
    "baseline_tuning": "rsnotes.experiments.ground:TUNING",
    "baseline": "rsnotes.experiments.ground:BASELINE",
    "drd_tuning": "rsnotes.drd.experiment:TUNING",
    "drd_search": "rsnotes.drd.experiment:SEARCH",
    "drd_ablation": "rsnotes.drd.experiment:ABLATION",
    "drd_confirm": "rsnotes.drd.experiment:CONFIRM",
    "maflnet_teacher": "rsnotes.maflnet.experiment:TEACHER",
    "maflnet_tuning": "rsnotes.maflnet.experiment:TUNING",
    "maflnet_ablation": "rsnotes.maflnet.experiment:ABLATION",
    "maflnet_around": "rsnotes.maflnet.experiment:AROUND",
    "maflnet_distillation": "rsnotes.maflnet.experiment:DISTILLATION",
    "prune_quantize_network": "rsnotes.prune_quantize.experiment:NETWORK",
    "prune_quantize_tuning": "rsnotes.prune_quantize.experiment:TUNING",
    "prune_quantize_table2": "rsnotes.prune_quantize.experiment:TABLE2",
    "mkd_ssl_source": "rsnotes.mkd_ssl.source:SOURCE",
    "mkd_ssl_students": "rsnotes.mkd_ssl.shipped:SHIPPED",
    "mkd_ssl_springs": "rsnotes.mkd_ssl.experiment:SPRINGS",
    "mkd_ssl_rates": "rsnotes.mkd_ssl.experiment:RATES",
    "mkd_ssl_strategies": "rsnotes.mkd_ssl.experiment:STRATEGIES",
    "mkd_ssl_conditions": "rsnotes.mkd_ssl.parts:CONDITIONS",
    "mkd_ssl_confirm": "rsnotes.mkd_ssl.parts:CONFIRM",
    "mkd_ssl_unlabelled": "rsnotes.mkd_ssl.parts:SEMI",
    "mkd_ssl_ablation": "rsnotes.mkd_ssl.parts:ABLATION",
    "hi_resnet_moco_tuning": "rsnotes.hi_resnet.trials:MOCO_TUNING",
    "hi_resnet_tuning": "rsnotes.hi_resnet.experiment:TUNING",
    "hi_resnet_encoder": "rsnotes.hi_resnet.pretraining:ENCODER",
    "hi_resnet_encoders": "rsnotes.hi_resnet.pretraining:ENCODERS",
    "hi_resnet_start_tuning": "rsnotes.hi_resnet.experiment:START_TUNING",
    "hi_resnet_modules": "rsnotes.hi_resnet.experiment:MODULES",
    "hi_resnet_pretraining": "rsnotes.hi_resnet.experiment:PRETRAINING",
}
"""Where each experiment is defined, as ``module:name``; those of a paper lie in its package."""


def experiment(name: str) -> Experiment:
    """The experiment called ``name``; a wrong name lists those there are."""
    if name not in EXPERIMENTS:
        raise ValueError(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}")
    module, attribute = EXPERIMENTS[name].split(":")
    return getattr(import_module(module), attribute)


def run(names: tuple[str, ...] = (), /, scratch: Path = Path("_build/experiments"), redo_stale: bool = False) -> int:
    """Run experiments; what has landed is left alone, what was killed goes on from its last checkpoint.

    Args:
        names: which, all by default.
        scratch: folder for checkpoints.
        redo_stale: run again what was made by other settings, code or scenes.
    """
    for name in names or EXPERIMENTS:
        perform(experiment(name), scratch, redo_stale=redo_stale)
    return 0


def show(names: tuple[str, ...] = (), /) -> int:
    """Print the table of each experiment, all by default, and what speaks against it."""
    for name in names or EXPERIMENTS:
        results = Results.read(experiment(name))
        print(f"\n{name}: {results.experiment.title}")
        print(results.table.to_string(index=False, float_format="%.2f") if len(results.files) else "nothing has landed")
        print(*results.caveats(), sep="\n")
    return 0
