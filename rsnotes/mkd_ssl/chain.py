"""Stages run one after the other, each from what the one before has saved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from lightning_fabric import Fabric
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from rsnotes.datasets import Classes, Sample
from rsnotes.mkd_ssl.ewc import ElasticWeightConsolidation, literal, principled
from rsnotes.mkd_ssl.objective import StageObjective, Supervision
from rsnotes.mkd_ssl.recipe import MKDRecipe
from rsnotes.mkd_ssl.stages import Build, Stage, freeze_all_but, new_head, only_backbone, seeded
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, GradientStep, History, LiveTeacher, Teacher, make_fabric, poly, train


class Labelled(Protocol):
    """Labelled images and what their ids mean."""

    @property
    def classes(self) -> Classes: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


class Domain(NamedTuple):
    """What a stage trains on.

    Attributes:
        samples: labelled images.
        augment: random views of them.
        class_weight: (K,) for the supervised loss, None for equal ones.
    """

    samples: Labelled
    augment: Callable[[Sample, int], Sample] | None = None
    class_weight: Tensor | None = None


class Known(NamedTuple):
    """A network and what it was trained on.

    Attributes:
        network: in whatever mode.
        classes: names of the classes it tells apart.
        samples: of its domain, for the Fisher information; empty where they are not at hand.
        whole: False for a classifier such as ImageNet's, of which the backbone alone is of use.
    """

    network: nn.Module
    classes: tuple[str, ...]
    samples: Sequence[Sample] = ()
    whole: bool = True


@dataclass
class Chain:
    """How stages are run.

    Attributes:
        build: makes networks.
        domains: data by name.
        recipe: everything but the lengths, which the stages hold.
        seed: of weights, order and augmentation.
        folder: from a number of stages to the folder of the last of them; a training that lies there is gone on with,
            a finished one is loaded.
        workers: processes that read images.
        after_step: called after each step of the last stage's student.
    """

    build: Build
    domains: Mapping[str, Domain]
    recipe: MKDRecipe
    seed: int
    folder: Callable[[int], Path]
    workers: int = 0
    after_step: Callable[[nn.Module, History], None] | None = None
    fabric: Fabric = field(default_factory=make_fabric)

    def run(self, stages: Sequence[Stage], start: Known | None = None) -> tuple[Known, float]:
        """Run the stages in order.

        Args:
            stages: at least one.
            start: the source network; None where the first stage needs none.

        Returns:
            The last student with its domain, and the seconds all trainings took.

        Raises:
            ValueError: a stage needs a previous network and there is none.
        """
        seconds, last = 0.0, start
        for number, stage in enumerate(stages, 1):
            last, more = self._stage(stage, last, number, final=number == len(stages))
            seconds += more
        assert last is not None
        return last, seconds

    def _stage(self, stage: Stage, before: Known | None, number: int, final: bool) -> tuple[Known, float]:
        if before is None and (stage.teacher or stage.student == "previous"):
            raise ValueError(f"stage {number} ({stage.domain}) goes on from a previous network, and there is none")
        folder, domain, seconds = self.folder(number), self.domains[stage.domain], 0.0
        supervision = Supervision(self.recipe, domain.samples.classes, domain.class_weight)
        teacher = None
        if stage.teacher is not None and before is not None:
            teacher = self.successor(stage, before)
            frozen = freeze_all_but(teacher, stage.teacher)
            objective = StageObjective(self.recipe, supervision, frozen=frozen)
            seconds += self._train(teacher, objective, domain, stage.teacher_steps, folder / "teacher")
            teacher = self._saved(teacher, stage, folder / "teacher.safetensors")
        student = self._student(stage, before, number)
        ewc = self._springs(stage, before, teacher, student, domain)
        taught = mixed(self.fabric, teacher) if teacher is not None and "distillation" in stage.losses else None
        objective = StageObjective(self.recipe, supervision, taught, (ewc, student) if ewc else None)
        seconds += self._train(student, objective, domain, stage.student_steps, folder / "student", final)
        student = self._saved(student, stage, folder / "student.safetensors")
        samples = [domain.samples[k] for k in range(min(self.recipe.fisher_samples, len(domain.samples)))]
        return Known(student, stage.classes, samples), seconds

    def successor(self, stage: Stage, before: Known) -> nn.Module:
        """The network of the stage before under the head of this one."""
        torch.manual_seed(self.seed)
        if not before.whole:
            return only_backbone(before.network, self.build, len(stage.classes))
        return new_head(before.network, self.build, before.classes, stage.classes, stage.overlap)

    def _student(self, stage: Stage, before: Known | None, number: int) -> nn.Module:
        if stage.student == "previous":
            assert before is not None
            return self.successor(stage, before)
        return seeded(self.seed * 1009 + number, self.build, len(stage.classes))

    def _springs(
        self, stage: Stage, before: Known | None, teacher: nn.Module | None, student: nn.Module, domain: Domain
    ) -> ElasticWeightConsolidation | None:
        if "ewc" not in stage.losses or self.recipe.ewc == "off" or before is None or teacher is None:
            return None
        if self.recipe.ewc == "literal":
            count = min(self.recipe.fisher_samples, len(domain.samples))
            return literal(student, [domain.samples[k] for k in range(count)])
        if self.recipe.ewc != "principled":
            raise ValueError(f"no EWC {self.recipe.ewc!r}; there are literal, principled and off")
        # without images of the source (ImageNet's) its Fisher information cannot be had, and nothing is held
        return principled(teacher, before.network, before.samples) if before.samples else None

    def _train(
        self,
        network: nn.Module,
        objective: StageObjective,
        domain: Domain,
        steps: int,
        folder: Path,
        final: bool = False,
    ) -> float:
        """Train in place; the seconds it took, those before it was resumed too."""
        fabric, recipe = self.fabric, self.recipe
        step = GradientStep(
            fabric, network, sgd(network, recipe), objective, recipe.weights(), poly(steps, recipe.power)
        )
        watch = self.after_step
        history = train(
            fabric, step, domain.samples, domain.augment, steps=steps, batch_size=recipe.batch_size, seed=self.seed,
            workers=self.workers, checkpoints=folder,
            after_step=(lambda history: watch(network, history)) if final and watch else None,
        )  # fmt: skip
        return history.seconds[-1] if history.seconds else 0.0

    def _saved(self, network: nn.Module, stage: Stage, path: Path) -> nn.Module:
        """Write the network's weights and give what is read back: the next stage stands on the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        save_model(network, str(aside))
        aside.replace(path)
        device = next(network.parameters()).device
        fresh = self.build(len(stage.classes)).to(device)
        load_model(fresh, path)
        return fresh


def mixed(fabric: Fabric, network: nn.Module) -> Teacher:
    """A teacher that sees every batch and computes in the arithmetic the student trains with."""
    teacher = LiveTeacher(fabric.to_device(network))

    def outputs(batch: Batch) -> SegmentationOutput:
        with fabric.autocast():
            return teacher(batch)

    return outputs


def sgd(network: nn.Module, recipe: MKDRecipe) -> torch.optim.SGD:
    """The paper's optimiser on whatever is not frozen."""
    free = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.SGD(free, recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
