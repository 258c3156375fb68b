"""One transfer from source to target on scenes, scored: what the experiments of this paper run."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from torch import nn

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.experiments import source_hashes
from rsnotes.experiments.curve import Curve, score, score_figures
from rsnotes.mkd_ssl.chain import Chain
from rsnotes.mkd_ssl.data import Data
from rsnotes.mkd_ssl.domains import BRIDGE, TARGET
from rsnotes.mkd_ssl.mean_teacher import Divide
from rsnotes.mkd_ssl.networks import small_network
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.mkd_ssl.semi_supervised import learn_from_both
from rsnotes.mkd_ssl.source import NAME as SOURCE_NAME
from rsnotes.mkd_ssl.source import SOURCES_OF_SOURCE, load_source
from rsnotes.mkd_ssl.stages import Stage
from rsnotes.networks.hrnet import Attention
from rsnotes.networks.weights import weights_path
from rsnotes.scenes import SceneConfig

SMALL = replace(MKDRecipe().quick(), lambda_ewc=30.0)
"""The paper's recipe at the size of the scenes, as the shipped students were trained; choices of later sweeps do not
change it. At a student's random start springs of 30 weigh 10 times the loss on labels in the first stage and 24 to 28
times in the second; 3 and 1.2 would weigh as much as it. The code's 1e-4 weighs less than a ten-thousandth of it."""


@dataclass(frozen=True)
class MKDSettings:
    """One transfer to the target.

    Attributes:
        stages: from the source network to the target.
        recipe: losses, rates, filter.
        semi_steps: length of the semi-supervised stage, 0 for none.
        share: of the unlabelled pool, 0 for labels alone.
        semi_rate: learning rate of that stage, None for the recipe's, with which the stages before begin.
        weigh_guesses: whether rare classes weigh more in the loss on pseudo-labels too.
        labelled_statistics: whether batch norm's running statistics follow labelled images alone in that stage.
        divide: what the loss on pseudo-labels is divided by, the "kept" pixels or "all".
        attention: "psa" or None.
        bridge: domain of the bridge.
        bridge_tiles: its labelled scenes of 256².
        labelled_tiles: labelled scenes of the target.
        pool_tiles: unlabelled ones.
        test_split: "experiments-validation" for what is chosen, "experiments-test" for what is reported.
        test_tiles: scenes it is scored on.
    """

    stages: tuple[Stage, ...]
    recipe: MKDRecipe = SMALL
    semi_steps: int = 0
    share: float = 0.0
    semi_rate: float | None = None
    weigh_guesses: bool = True
    labelled_statistics: bool = False
    divide: Divide = "kept"
    attention: Attention | None = "psa"
    bridge: SceneConfig = BRIDGE
    bridge_tiles: int = 96
    labelled_tiles: int = 10
    pool_tiles: int = 90
    test_split: str = "experiments-test"
    test_tiles: int = 64


LATER = ("unlabelled", "lambda_consistency", "ema_decay", "warm_up", "ema_buffers", "filter", "entropy", "confidence",
         "views", "view_strength", "cut_mix", "together")  # fmt: skip
"""Fields of the recipe that the stages before the semi-supervised one do not read."""

AFTER = ("semi_steps", "share", "semi_rate", "weigh_guesses", "labelled_statistics", "divide", "test_split",
         "test_tiles")  # fmt: skip
"""Fields of the settings that those stages do not read."""


def stage_folder(settings: MKDSettings, seed: int, folder: Path, number: int) -> Path:
    """Folder of the first ``number`` stages: the same for all variants that have them in common."""
    first = settings.stages[:number]
    what = {name: value for name, value in asdict(replace(settings, stages=first)).items() if name not in AFTER}
    what["recipe"] = {name: value for name, value in what["recipe"].items() if name not in LATER}
    if all(stage.domain == "target" for stage in first):
        what |= {"bridge": None, "bridge_tiles": 0}
    begun = hashlib.sha256(weights_path(SOURCE_NAME).read_bytes()).hexdigest()
    key = json.dumps([what, seed, source_hashes(STAGE_SOURCES), begun, scenes.VERSION], sort_keys=True, default=str)
    return folder.parents[1] / "mkd_ssl_stages" / hashlib.sha256(key.encode()).hexdigest()[:24]


def hold(held: ExitStack, folder: Path) -> Path:
    """Let go of the folder before, wait for this one, and give it back.

    Two experiments that run at once have stages in common: one trains them, the other waits and reads them. The system
    lets a folder go when its process ends, a killed one's too.
    """
    held.close()
    folder.mkdir(parents=True, exist_ok=True)
    held.enter_context(FileLock(folder / "lock"))
    return folder


def run(settings: MKDSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Run the stages and what follows, and score on the target's test scenes; the figures of the result file."""
    data, recipe = Data(settings, seed), settings.recipe
    test = InMemory(scenes.SceneDataset(settings.test_split, settings.test_tiles, TARGET))
    build = partial(small_network, attention=settings.attention)
    folder_of = partial(stage_folder, settings, seed, folder)
    with ExitStack() as held:
        chain = Chain(build, data, recipe, seed, lambda number: hold(held, folder_of(number)))
        known, seconds = chain.run(settings.stages, load_source())
    steps = sum(stage.steps for stage in settings.stages)
    figures: dict[str, Any] = {
        "scores": score_figures(score(known.network, test)),
        "labelled_steps": steps + settings.semi_steps,
        "parameters": sum(p.numel() for p in known.network.parameters()),
        "stages_seconds": round(seconds, 1),
    }
    figures["curve"] = [{"step": steps, "seconds": round(seconds, 2)} | _means(figures["scores"])]
    if settings.semi_steps:
        figures |= _semi(settings, seed, folder, known.network, data, test, figures)
    return figures


def _semi(
    settings: MKDSettings, seed: int, folder: Path, network: nn.Module, data: Data, test: InMemory,
    before: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The semi-supervised stage: the teacher's scores are the result, the student's and its start's stand beside."""
    pool = data.pool() if settings.share else None
    steps, recipe = settings.semi_steps, settings.recipe
    recipe = replace(recipe, learning_rate=settings.semi_rate or recipe.learning_rate)
    curves: list[Curve] = []

    def watch(student: nn.Module, teacher: nn.Module, history: Any) -> None:
        if not curves:
            curves.append(Curve(teacher, test, [steps * k // 4 for k in (1, 2, 3, 4)], folder))
        curves[0](history)

    learnt = learn_from_both(
        network, data["target"], pool, recipe, steps, seed, folder=folder, after_step=watch,
        weigh_guesses=settings.weigh_guesses, labelled_statistics=settings.labelled_statistics, divide=settings.divide,
    )  # fmt: skip
    points = json.loads((folder / "curve.json").read_text("utf-8"))
    offset = before["curve"][0]
    later = [p | {k: p[k] + offset[k] for k in ("step", "seconds")} for p in points]
    terms = {name: [sum(part) / len(part) for part in _tenths(values)] for name, values in learnt.history.terms.items()}
    return {
        "scores": score_figures(score(learnt.teacher, test)),
        "student_scores": score_figures(score(learnt.student, test)),
        "start_scores": before["scores"],
        "curve": [offset, *later],
        "terms": terms,
    }


def _tenths(values: list[float]) -> list[list[float]]:
    size = max(1, len(values) // 10)
    return [values[k : k + size] for k in range(0, len(values), size)]


def _means(scores: Mapping[str, Any]) -> dict[str, float]:
    return {name: scores[name] for name in ("miou", "mf1", "oa")}


SOURCES = (
    *(f"mkd_ssl/{name}.py" for name in (
        "domains", "chain", "stages", "objective", "ewc", "ohem", "networks",
    )),
    *SOURCES_OF_SOURCE,
    "training/loop.py", "training/steps.py", "training/batches.py", "training/teacher.py",
    "training/moving_average.py", "datasets/squares.py", "datasets/augment.py", "networks/pspnet.py",
    "networks/backbones.py", "networks/polarized.py", "losses/cross_entropy.py", "losses/counted.py",
    "losses/distillation.py",
)  # fmt: skip
"""What the stages depend on, without the semi-supervised one; the shipped students depend on no more."""

ARITHMETIC = ("training/schedules.py", "training/precision.py", "losses/precision.py")
"""Not among ``SOURCES``, since the shipped students were made before they were named."""

STAGE_SOURCES = (*SOURCES, "mkd_ssl/recipe.py", "mkd_ssl/data.py", *ARITHMETIC)
"""What decides whether stages that lie on disk are the same: their code, their losses' recipe, and what they see."""
