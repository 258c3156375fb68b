"""Stages as data: where one trains, who teaches, where the student begins, and what is handed over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

Part = Literal["decoder", "classifier", "all"]
Term = Literal["supervised", "distillation", "ewc"]
Build = Callable[[int], nn.Module]
"""From a number of classes to a freshly initialised network with the children ``backbone`` and ``classifier``."""

DISTILLED: tuple[Term, ...] = ("supervised", "distillation", "ewc")


@dataclass(frozen=True)
class Stage:
    """One stage of a transfer.

    The paper's stage: the network of the stage before is given a new head, part of it is trained on the new domain, and
    it teaches a student that begins at random. A stage without a teacher and with ``student="previous"`` is plain
    fine-tuning; one without either is training from scratch.

    Attributes:
        domain: name of the labelled data.
        classes: names of the classes the networks of this stage tell apart.
        teacher: which part of the previous network is trained before it teaches, None for no teacher. "decoder" is all
            but the backbone: ImageNet gives a backbone only, the rest would stay random. "classifier" is the last
            layer alone, the paper's words.
        student: "random" weights, or those of the "previous" network under a new head.
        losses: the student's.
        teacher_steps, student_steps: lengths of the two trainings.
        overlap: pairs of an old and a new class that mean the same: the new head begins with the old one's row.

    Raises:
        ValueError: a word that is none of these, distillation or EWC without a teacher, a teacher without
            distillation, or no class.
    """

    domain: str
    classes: tuple[str, ...]
    teacher: Part | None = "classifier"
    student: Literal["random", "previous"] = "random"
    losses: tuple[Term, ...] = DISTILLED
    teacher_steps: int = 100
    student_steps: int = 300
    overlap: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.classes:
            raise ValueError(f"stage {self.domain} needs the names of its classes")
        if (
            self.teacher not in ("decoder", "classifier", "all", None)
            or self.student not in ("random", "previous")
            or not set(self.losses) <= set(DISTILLED)
        ):
            raise ValueError(
                f"stage {self.domain}: a teacher is decoder, classifier, all or None, a student random or previous, "
                f"losses are {', '.join(DISTILLED)}; got {self.teacher!r}, {self.student!r} and {self.losses!r}"
            )
        taught = bool({"distillation", "ewc"} & set(self.losses))
        if taught != (self.teacher is not None):
            raise ValueError(
                f"stage {self.domain}: distillation and EWC need a teacher, and a teacher needs one of them; "
                f"got teacher {self.teacher!r} with {', '.join(self.losses)}"
            )

    @property
    def steps(self) -> int:
        """Steps on labelled images, the teacher's and the student's."""
        return self.student_steps + (self.teacher_steps if self.teacher else 0)


def same_names(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of classes that have one name, for :attr:`Stage.overlap`."""
    return tuple((name, name) for name in old if name in new)


def new_head(
    network: nn.Module,
    build: Build,
    old: Sequence[str],
    new: Sequence[str],
    overlap: Sequence[tuple[str, str]] = (),
) -> nn.Module:
    """A network for other classes with the weights of ``network`` but for its heads, which are fresh.

    A head is whatever has as many outputs as there are classes: the last layer, and that of an auxiliary classifier.

    Args:
        network: left as it is.
        build: makes the new network.
        old, new: names of the classes before and after.
        overlap: pairs (old, new) of classes that mean the same; their rows are taken over.

    Raises:
        ValueError: a pair names a class there is not.
    """
    if missing := [pair for pair in overlap if pair[0] not in old or pair[1] not in new]:
        raise ValueError(f"no classes to match as {missing[0]}: before {', '.join(old)}; after {', '.join(new)}")
    fresh = build(len(new))
    state, given = fresh.state_dict(), network.state_dict()
    heads = head_layers(fresh)
    rows = [(new.index(b), old.index(a)) for a, b in overlap]
    for name, value in state.items():
        if name.rpartition(".")[0] not in heads:
            value.copy_(given[name])
            continue
        for target, source in rows:
            value[target].copy_(given[name][source])
    return fresh


def head_layers(network: nn.Module) -> set[str]:
    """Names of the layers that end in classes: ``classifier``, and the last one of ``auxiliary_head``."""
    auxiliary = network.get_submodule("auxiliary_head") if getattr(network, "auxiliary_head", None) else None
    last = {f"auxiliary_head.{len(auxiliary) - 1}"} if isinstance(auxiliary, nn.Sequential) else set()
    return {"classifier", *last}


def only_backbone(network: nn.Module, build: Build, classes: int) -> nn.Module:
    """A network that has ``network``'s backbone and is fresh elsewhere: all that an ImageNet classifier can give."""
    fresh = build(classes)
    fresh.get_submodule("backbone").load_state_dict(network.get_submodule("backbone").state_dict())
    return fresh


def freeze_all_but(network: nn.Module, part: Part) -> list[nn.Module]:
    """Leave gradients to one part of a network only.

    Args:
        network: changed in place.
        part: "all"; "decoder", everything but the backbone; "classifier", the last layer.

    Returns:
        The frozen modules. They have to be in eval mode while the rest trains, or their running statistics move.
    """
    network.requires_grad_(True)
    if part == "all":
        return []
    children = dict(network.named_children())
    if part == "decoder":
        frozen = [children["backbone"]]
    elif part == "classifier":
        frozen = [child for name, child in children.items() if name != "classifier"]
    else:
        raise ValueError(f"no part {part!r}; there are all, decoder and classifier")
    for module in frozen:
        module.requires_grad_(False)
    return frozen


def seeded(seed: int, build: Build, classes: int) -> nn.Module:
    """A network whose random weights depend on ``seed`` alone."""
    torch.manual_seed(seed)
    return build(classes)
