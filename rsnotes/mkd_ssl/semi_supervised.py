"""The last stage: the distilled network goes on with a few labels and many unlabelled images."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from torch import nn

from rsnotes.mkd_ssl.chain import Domain
from rsnotes.mkd_ssl.mean_teacher import Divide, MeanTeacherStep, Unlabelled
from rsnotes.mkd_ssl.objective import Supervision
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.training import History, Samples, make_fabric, train


class Learnt(NamedTuple):
    """What the semi-supervised stage leaves.

    Attributes:
        student: the trained network.
        teacher: its average.
        history: losses, and coverage and correctness of the pseudo-labels, a step.
    """

    student: nn.Module
    teacher: nn.Module
    history: History


def learn_from_both(
    network: nn.Module,
    labelled: Domain,
    pool: Samples | None,
    recipe: MKDRecipe,
    steps: int,
    seed: int,
    *,
    folder: Path | None = None,
    workers: int = 0,
    after_step: Callable[[nn.Module, nn.Module, History], None] | None = None,
    weigh_guesses: bool = True,
    labelled_statistics: bool = False,
    divide: Divide = "kept",
) -> Learnt:
    """Train a student and its mean teacher, both beginning with ``network``'s weights, which are left as they are.

    Args:
        network: the last student of the stages.
        labelled: of the target domain.
        pool: unlabelled images of it; None trains on labels alone for as long, the control.
        recipe: filter, views, decay, weights.
        steps: length of the run.
        seed: of order and augmentation.
        folder: for checkpoints, None for none.
        workers: processes that read labelled images.
        after_step: called with student, teacher and record after each step.
        weigh_guesses: give the classes' weights to the loss on pseudo-labels as to that on labels.
        labelled_statistics, divide: see :class:`MeanTeacherStep`.
    """
    fabric = make_fabric()
    student, teacher = copy.deepcopy(network).requires_grad_(True), copy.deepcopy(network)
    supervision = Supervision(recipe, labelled.samples.classes, labelled.class_weight)
    batches = None if pool is None else Unlabelled(pool, labelled.augment, recipe.batch_size, seed)
    step = MeanTeacherStep(
        fabric, student, teacher, recipe, steps, supervision, batches,
        class_weight=labelled.class_weight if weigh_guesses else None, labelled_statistics=labelled_statistics,
        divide=divide,
    )  # fmt: skip
    history = train(
        fabric, step, labelled.samples, labelled.augment, steps=steps, batch_size=recipe.batch_size, seed=seed,
        workers=workers, checkpoints=folder,
        after_step=(lambda history: after_step(student, teacher, history)) if after_step else None,
    )  # fmt: skip
    return Learnt(student, teacher, history)
