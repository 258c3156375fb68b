"""What a filter is worth: the first-order change of the loss (equation 8), and two controls."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from rsnotes.losses import cross_entropy
from rsnotes.training import Batch

Scores = dict[str, Tensor]
"""A score for every filter: (filters,) by the name of the convolution. The least are pruned first."""

Loss = Callable[[nn.Module, Batch], Tensor]
"""From a network and a batch to the loss whose change counts."""


def logits_loss(network: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy of the network's logits, the paper's loss."""
    return cross_entropy(network(batch.image).logits, batch.mask)


def taylor_scores(
    network: nn.Module, batches: Iterable[Batch], loss: Loss = logits_loss, *, batch_statistics: bool = False
) -> Scores:
    """Φ of every filter: how much the loss would change, to first order, with its M weights at zero, divided by M.

    Printed is the derivative at w = 0; taken here, as in all public code, is the derivative at the trained weights,
    for which one backward pass does. :func:`~rsnotes.prune_quantize.products_at_zero` has the printed one.

    Equation: prune_quantize 8

    Args:
        network: left as it is. Biases are not in M.
        batches: over whose mean loss the derivative is taken, all batches weighing the same.
        loss: of a batch.
        batch_statistics: normalise by each batch's statistics, as in training. Then the scale of a filter before a
            batch normalisation does not change the loss, Σ w ∂L/∂w is 0 and the score is rounding noise.

    Returns:
        Scores without a sign; 0 for filters that the loss does not see.

    Raises:
        ValueError: there are no batches.
    """
    twin = copy.deepcopy(network).train(batch_statistics).requires_grad_(True)
    twin.zero_grad()
    count = 0
    for batch in batches:
        loss(twin, batch).backward()
        count += 1
    if count == 0:
        raise ValueError("scores need at least one batch, got none")
    return {name: _mean_product(layer.weight, count) for name, layer in convolutions(twin)}


def l1_scores(network: nn.Module) -> Scores:
    """Mean of a filter's absolute weights, a control that sees no data.

    Li et al., Pruning filters for efficient ConvNets, ICLR 2017, rank by their sum within a layer; the mean ranks the
    same there, and makes layers with filters of different size comparable.
    """
    return {name: layer.weight.detach().abs().flatten(1).mean(1) for name, layer in convolutions(network)}


def random_scores(network: nn.Module, seed: int) -> Scores:
    """Uniform numbers, the control of all controls."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.rand(layer.out_channels, generator=generator) for name, layer in convolutions(network)}


def normalise_per_layer(scores: Scores) -> Scores:
    """Scores divided by their layer's length, so that layers can be ranked together whatever their scale.

    Molchanov et al., Pruning convolutional neural networks for resource efficient inference, ICLR 2017. Not in the
    paper, which ranks Φ across layers as it is.
    """
    return {name: torch.nn.functional.normalize(values, dim=0) for name, values in scores.items()}


def convolutions(network: nn.Module) -> list[tuple[str, nn.Conv2d]]:
    """Names and modules of a network's convolutions, without transposed ones."""
    return [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]


def _mean_product(weight: Tensor, count: int) -> Tensor:
    """|mean over a filter's M weights of w ∂L/∂w|, (filters,)."""
    if weight.grad is None:
        return weight.new_zeros(len(weight))
    return (weight * weight.grad / count).detach().flatten(1).mean(1).abs()
