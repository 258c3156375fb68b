"""Pruning in rounds, and what "recalibrated" after each of them can mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from rsnotes.prune_quantize.scores import Loss, Scores, logits_loss
from rsnotes.prune_quantize.surgery import Filters, prune_filters
from rsnotes.training import Batch


@dataclass(frozen=True)
class Round:
    """What a round did.

    Attributes:
        number: from 1.
        parameters: left after it.
        filters: removed by it.
    """

    number: int
    parameters: int
    filters: Filters


def prune(
    network: nn.Module,
    score: Callable[[nn.Module], Scores],
    *,
    parameters: int,
    rounds: int = 60,
    recalibrate: Callable[[nn.Module], None] | None = None,
    after_round: Callable[[Round], None] | None = None,
) -> list[Round]:
    """Remove filters in rounds, each by fresh scores and each about the same number of parameters.

    The paper has 60 rounds and does not say how many filters one removes; it says how many parameters are left. Its
    retraining comes afterwards and is the training loop's.

    Args:
        network: loses its filters in place.
        score: gives every filter's score, from :func:`~rsnotes.prune_quantize.taylor_scores` or a control.
        parameters: left at the end, at most.
        rounds: how many.
        recalibrate: applied to the network after each round.
        after_round: told of each round when it is over.

    Raises:
        ValueError: so few parameters cannot be reached, or there are no rounds.
    """
    if rounds < 1:
        raise ValueError(f"pruning takes at least one round, got {rounds}")
    start = _count(network)
    done = []
    for number in range(1, rounds + 1):
        goal = start - (start - parameters) * number // rounds
        filters = prune_filters(network, score(network), parameters=goal) if _count(network) > goal else {}
        if recalibrate is not None:
            recalibrate(network)
        done.append(Round(number, _count(network), filters))
        if after_round is not None:
            after_round(done[-1])
    return done


def recalibrate_statistics(network: nn.Module, batches: Sequence[Batch]) -> None:
    """Measure the batch normalisations' means and variances afresh; what "recalibrated" is taken to mean here.

    After pruning, a layer's inputs are no longer distributed as its statistics say.
    """
    update_bn(batches, network, next(network.parameters()).device)


def recalibrate_parameters(
    network: nn.Module, batches: Sequence[Batch], rate: float = 1e-3, momentum: float = 0.9, loss: Loss = logits_loss
) -> None:
    """The other reading: one pass of gradient descent over the batches. The network ends in training mode."""
    network.train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, rate, momentum=momentum)
    for batch in batches:
        optimizer.zero_grad()
        loss(network, batch).backward()
        optimizer.step()


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
