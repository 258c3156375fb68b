"""Mean teacher: a slow average of the student labels what nobody has labelled, and the student learns from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import default_collate

from rsnotes.datasets import IGNORE, Sample
from rsnotes.losses import cross_entropy
from rsnotes.mkd_ssl.chain import sgd
from rsnotes.mkd_ssl.objective import Supervision
from rsnotes.mkd_ssl.pseudo_labels import keep_mask, pseudo_labels, quality
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.mkd_ssl.views import cut_mix, make_views
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, GradientStep, Samples, choose_precision, ema_update, poly
from rsnotes.training.batches import draws

Divide = Literal["kept", "all"]
"""What the loss on pseudo-labels is divided by: the pixels that the filter keeps, or all pixels."""

OTHER_ORDER = 7919
"""Added to a run's seed for the order of the unlabelled images."""


def warmed_decay(number: int, decay: float) -> float:
    """``min(1 - 1 / (t + 1), decay)``: a plain mean of all students at first, an exponential one later.

    Args:
        number: t from 0; at 0 the teacher becomes the student.
        decay: alpha in [0, 1].
    """
    return min(1 - 1 / (number + 1), decay)


@torch.no_grad()
def update_teacher(
    teacher: nn.Module,
    student: nn.Module,
    number: int,
    decay: float,
    warm_up: bool = True,
    buffers: Literal["copied", "averaged"] = "copied",
) -> None:
    """Move the teacher a step: ``teacher = decay * teacher + (1 - decay) * student``.

    Equation: mkd_ssl 1

    Args:
        teacher: changed in place.
        student: of the same architecture.
        number: t from 0.
        decay: alpha in [0, 1].
        warm_up: whether the decay grows to alpha, see :func:`warmed_decay`.
        buffers: batch norm's running statistics: the student's, or averaged like the weights.

    Raises:
        ValueError: another word for the buffers.
    """
    if buffers not in ("copied", "averaged"):
        raise ValueError(f"no buffers {buffers!r}; they are copied or averaged")
    ema_update(teacher, student, warmed_decay(number, decay) if warm_up else decay, buffers=buffers == "averaged")
    if buffers == "copied":
        theirs = dict(student.named_buffers())
        for name, mine in teacher.named_buffers():
            mine.copy_(theirs[name])


@contextmanager
def statistics_held(network: nn.Module) -> Iterator[None]:
    """Batch norm goes on normalising by what a batch holds, and its running statistics stay as they are."""
    norms = [(m, m.momentum) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    try:
        for norm, _ in norms:
            norm.momentum = 0.0
        yield
    finally:
        for norm, momentum in norms:
            norm.momentum = momentum


class Unlabelled:
    """Batches of unlabelled images as a function of the step; their masks are for judging pseudo-labels only.

    Args:
        samples: the pool.
        augment: flips and turns, or None.
        batch_size: images a step.
        seed: of the run.
    """

    def __init__(
        self, samples: Samples, augment: Callable[[Sample, int], Sample] | None, batch_size: int, seed: int
    ) -> None:
        if len(samples) == 0:
            raise ValueError("the pool of unlabelled images is empty; leave the semi-supervised stage out instead")
        self.samples, self.augment, self.batch_size, self.seed = samples, augment, batch_size, seed + OTHER_ORDER

    def __call__(self, number: int) -> Batch:
        rows = []
        for draw in draws(len(self.samples), self.batch_size, self.seed, number):
            sample = self.samples[draw.sample]
            sample = self.augment(sample, draw.seed) if self.augment is not None else sample
            rows.append((sample.image, sample.mask, draw.sample, draw.seed))
        return Batch(*default_collate(rows))


class MeanTeacherStep(GradientStep):
    """A step of the student on labels and pseudo-labels, then one of the teacher towards the student.

    The paper's total: supervised loss on labelled images, consistency loss on pseudo-labelled ones. The consistency is
    the cross-entropy of the student's view with the teacher's likeliest class, mean over the pixels that the filter
    keeps: few of them weigh as much as many. Divided by all pixels, as in FixMatch and UniMatch, it is that mean times
    the share of pixels kept. Coverage and correctness of the pseudo-labels are recorded beside the losses.

    Equation: mkd_ssl 3

    Args:
        fabric: where the run takes place.
        student: trained in place; it begins with the teacher's weights.
        teacher: no gradient flows into it; it is always in eval mode.
        recipe: everything else.
        steps: length of the run.
        supervision: the loss on labels.
        unlabelled: batches by step; None trains on labels alone, the control of equal length.
        class_weight: (K,) for the consistency, None for equal ones.
        labelled_statistics: the student sees labelled and unlabelled images apart, and batch norm's running statistics
            follow the labelled ones alone; else ``recipe.together`` decides.
        divide: the consistency by the number of "kept" pixels or of "all".
    """

    def __init__(
        self,
        fabric: Fabric,
        student: nn.Module,
        teacher: nn.Module,
        recipe: MKDRecipe,
        steps: int,
        supervision: Supervision,
        unlabelled: Unlabelled | None,
        class_weight: Tensor | None = None,
        labelled_statistics: bool = False,
        divide: Divide = "kept",
    ) -> None:
        if divide not in ("kept", "all"):
            raise ValueError(f"no division by {divide!r} pixels; there are kept and all")
        schedule = poly(steps, recipe.power)
        super().__init__(fabric, student, sgd(student, recipe), self._terms, recipe.weights(), schedule)
        if choose_precision(fabric.device.type).channels_last:
            teacher = teacher.to(memory_format=torch.channels_last)
        self.student, self.recipe, self.supervision, self.unlabelled = student, recipe, supervision, unlabelled
        self.teacher = fabric.to_device(teacher).eval().requires_grad_(False)
        self.class_weight, self.labelled_statistics, self.number = class_weight, labelled_statistics, 0
        self.divide = divide
        self.parts |= {"teacher": self.teacher}

    def __call__(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """Take step ``number`` (from 0); all terms before it, without gradient."""
        self.number = number
        terms = super().__call__(batch, number)
        recipe = self.recipe
        update_teacher(self.teacher, self.student, number, recipe.ema_decay, recipe.warm_up, recipe.ema_buffers)
        return terms

    def _terms(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        labels = self.supervision.labels(batch.mask)
        if self.unlabelled is None:
            return self.supervision(network(batch.image), labels)
        more = Batch(*(self.fabric.to_device(tensor) for tensor in self.unlabelled(self.number)))
        view, guessed, judged = self.guess(more)
        mine, theirs = self._forward(network, batch.image, view)
        weight = None if self.class_weight is None else self.class_weight.to(view)
        share = (guessed != IGNORE).float().mean() if self.divide == "all" else 1.0
        return self.supervision(mine, labels) | {
            "consistency": share * cross_entropy(theirs.logits, guessed, weight),
            "coverage": judged[0],
            "correctness": judged[1],
        }

    def guess(self, batch: Batch) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """The student's view of unlabelled images, the teacher's labels for it, their coverage and correctness."""
        recipe = self.recipe
        views = make_views(batch.image, recipe.views, recipe.view_strength)
        with torch.no_grad(), self.fabric.autocast():
            logits = self.teacher(views.teacher).logits
        guessed = pseudo_labels(logits, keep_mask(logits, recipe.filter, recipe.entropy, recipe.confidence))
        judged = quality(guessed, self.supervision.labels(batch.mask))
        if recipe.cut_mix:
            return *cut_mix(views.student, guessed, recipe.cut_mix), judged
        return views.student, guessed, judged

    def _forward(
        self, network: nn.Module, labelled: Tensor, unlabelled: Tensor
    ) -> tuple[SegmentationOutput, SegmentationOutput]:
        """The student's outputs for both, through one batch normalisation or two."""
        if self.labelled_statistics:
            mine = network(labelled)
            with statistics_held(network):
                return mine, network(unlabelled)
        if not self.recipe.together:
            return network(labelled), network(unlabelled)
        both, count = network(torch.cat([labelled, unlabelled])), len(labelled)
        return _rows(both, slice(None, count)), _rows(both, slice(count, None))


def _rows(output: SegmentationOutput, rows: slice) -> SegmentationOutput:
    auxiliary = tuple(logits[rows] for logits in output.auxiliary)
    return SegmentationOutput(output.logits[rows], output.features[rows], auxiliary)
