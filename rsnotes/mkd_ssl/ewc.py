"""Elastic weight consolidation: weights that mattered to an earlier task are held back by springs."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from rsnotes.datasets import Sample
from rsnotes.losses import cross_entropy


def fisher_diagonal(
    network: nn.Module, samples: Sequence[Sample], leave_out: tuple[str, ...] = ()
) -> dict[str, Tensor]:
    """Mean over images of the squared gradient of an image's cross-entropy: how much each weight matters to a task.

    This is the diagonal of the empirical Fisher information with an image as one observation: the labels are the data's
    and the loss is the mean over the image's pixels, those of classes that do not count in the scores included. Batch
    normalisation uses its running statistics. The network's modes and gradients are as they were afterwards.

    Args:
        network: returns an output with ``logits``.
        samples: images with labels of the task.
        leave_out: beginnings of names of parameters to leave out, the head of another task for example.

    Returns:
        One tensor, not negative, for each parameter by its name.

    Raises:
        ValueError: no samples.
    """
    if not samples:
        raise ValueError("the Fisher information is a mean over images; got none")
    named = {name: p for name, p in network.named_parameters() if not name.startswith(leave_out or ("\0",))}
    modes = [(module, module.training) for module in network.modules()]
    wanted = [p.requires_grad for p in named.values()]
    total = {name: torch.zeros_like(p) for name, p in named.items()}
    network.eval()
    for parameter in named.values():
        parameter.requires_grad_(True)
    try:
        for image, mask in samples:
            device = next(network.parameters()).device
            loss = cross_entropy(network(image[None].to(device)).logits, mask[None].to(device))
            grads = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
            for name, grad in zip(named, grads, strict=True):
                if grad is not None:  # an auxiliary head does not move the logits
                    total[name] += grad.detach().square() / len(samples)
    finally:
        for module, training in modes:
            module.training = training
        for parameter, flag in zip(named.values(), wanted, strict=True):
            parameter.requires_grad_(flag)
    return total


class ElasticWeightConsolidation:
    """Half the sum over weights of ``fisher * (weight - anchor)²``.

    Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks, 2017. The paper names it and gives
    neither anchor nor Fisher information; :func:`literal` and :func:`principled` are two readings.

    Attributes:
        anchor, fisher: tensors by the parameters' names; other parameters of the network are free.

    Args:
        anchor: where the springs are at rest.
        fisher: their stiffness, the same names and shapes.

    Raises:
        ValueError: names or shapes differ.
    """

    def __init__(self, anchor: Mapping[str, Tensor], fisher: Mapping[str, Tensor]) -> None:
        odd = sorted(anchor.keys() ^ fisher.keys()) or [n for n in anchor if anchor[n].shape != fisher[n].shape]
        if odd:
            raise ValueError(
                f"anchor and Fisher information differ in {', '.join(odd[:3])}; make both from one network"
            )
        self.anchor = {name: value.detach().clone() for name, value in anchor.items()}
        self.fisher = {name: value.detach().clone() for name, value in fisher.items()}

    def __call__(self, network: nn.Module) -> Tensor:
        """The penalty for ``network``, a scalar with gradient.

        Raises:
            ValueError: the network lacks a parameter that is anchored.
        """
        parameters = dict(network.named_parameters())
        if missing := [name for name in self.anchor if name not in parameters]:
            raise ValueError(f"the network has no {missing[0]}, which is anchored; give the network itself, unwrapped")
        parts = []
        for name, anchor in self.anchor.items():
            weight = parameters[name]
            parts.append((self.fisher[name].to(weight) * (weight - anchor.to(weight)).square()).sum())
        return 0.5 * torch.stack(parts).sum() if parts else torch.zeros(())


def literal(student: nn.Module, samples: Sequence[Sample]) -> ElasticWeightConsolidation:
    """As the published code has it: the student is held at its own random start, as stiffly as the *new* task asks.

    Nothing of the source is in it, so that it cannot protect the source.

    Args:
        student: at its start.
        samples: of the domain it is about to learn.
    """
    fisher = fisher_diagonal(student, samples)
    return ElasticWeightConsolidation({name: p for name, p in student.named_parameters() if name in fisher}, fisher)


def principled(teacher: nn.Module, source: nn.Module, samples: Sequence[Sample]) -> ElasticWeightConsolidation:
    """What the word asks for: the student is drawn to its teacher's weights where they mattered to the source task.

    Only weights count that the teacher still shares with the network that knows the source; what was fine-tuned since,
    the classifier at least, is free.

    Args:
        teacher: of the same architecture as the student.
        source: the network that the teacher was made from, with the head of the source task.
        samples: of the source domain.
    """
    known = dict(source.named_parameters())
    shared = {n: p for n, p in teacher.named_parameters() if n in known and torch.equal(p, known[n].to(p.device))}
    fisher = fisher_diagonal(source, samples)
    return ElasticWeightConsolidation(shared, {name: fisher[name].to(p.device) for name, p in shared.items()})
