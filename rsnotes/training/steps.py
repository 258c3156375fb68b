"""One step of gradient descent on a weighted sum of named loss terms."""

from collections.abc import Callable, Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from rsnotes.datasets import IGNORE
from rsnotes.training.batches import Batch
from rsnotes.training.checkpoint import Stateful
from rsnotes.training.precision import choose_precision
from rsnotes.training.schedules import Schedule, constant

Objective = Callable[[nn.Module, Batch], dict[str, Tensor]]
"""From a network and a batch to named loss terms, each a mean over valid pixels."""


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Sum of the terms times their weights.

    Raises:
        KeyError: a term has no weight; a term without a weight would train unseen.
    """
    if missing := set(terms) - set(weights):
        raise KeyError(f"no weight for the loss terms {sorted(missing)}; weights are given for {sorted(weights)}")
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum()


class GradientStep:
    """Forward, backward and update of one network.

    With several processes the terms are weighted by each process's share of the valid pixels, so that their average
    is the mean over all of them, as one process would have it. A loss that divides by another sum, as class-weighted
    cross-entropy does by the sum of its weights, is then a mean of means and differs a little from one process's.

    Attributes:
        network: the network as Fabric wrapped it.
        parts: what a checkpoint holds.
    """

    def __init__(
        self,
        fabric: Fabric,
        network: nn.Module,
        optimizer: Optimizer,
        objective: Objective,
        weights: Mapping[str, float],
        schedule: Schedule = constant,
    ) -> None:
        if choose_precision(fabric.device.type).channels_last:
            network = network.to(memory_format=torch.channels_last)
        if fabric.world_size > 1 and fabric.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        self.fabric, self.objective, self.weights, self.schedule = fabric, objective, dict(weights), schedule
        self.network, self.optimizer = fabric.setup(network, optimizer)
        self.parts: dict[str, Stateful] = {"network": self.network, "optimizer": self.optimizer}
        self.rates = [group["lr"] for group in self.optimizer.param_groups]

    def __call__(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """Take step ``number`` (from 0) on ``batch``; the loss terms before it, without gradient."""
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.schedule(number)
        self.network.train()
        terms = self.objective(self.network, batch)
        self.optimizer.zero_grad()
        self.fabric.backward(weighted_sum(terms, self.weights) * self._share(batch))
        self.optimizer.step()
        return {name: term.detach() for name, term in terms.items()}

    def _share(self, batch: Batch) -> float | Tensor:
        """Valid pixels here over their average a process; 1 where there is one process."""
        if self.fabric.world_size == 1:
            return 1.0
        valid = (batch.mask != IGNORE).sum().float()
        mean = torch.as_tensor(self.fabric.all_reduce(valid.clone(), reduce_op="mean"))  # it writes into its argument
        return valid / mean.clamp(min=1)
