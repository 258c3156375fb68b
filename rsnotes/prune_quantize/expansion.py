"""The change of the loss itself, and its expansion at w = 0 as printed (equations 3, 6, 7), for one layer."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from rsnotes.prune_quantize.scores import Loss, convolutions, logits_loss
from rsnotes.training import Batch


def loss_changes(network: nn.Module, layer: str, batches: Sequence[Batch], loss: Loss = logits_loss) -> Tensor:
    """``|L(W_i = 0) - L|`` for every filter W_i of a layer: what the scores approximate.

    Zero is what equation 3 says. Surgery does a little more: with its weights at zero a filter still gives a constant
    after batch normalisation, β + γ (b - μ) / σ, and pruning takes that away too.

    Equation: prune_quantize 3

    Args:
        network: left as it is; in eval mode while it is measured.
        layer: name of a convolution.
        batches: over whose mean loss the change is taken.
        loss: of a batch.

    Returns:
        (filters,), a forward pass over all batches for each.
    """
    twin, weight = _twin(network, layer)
    with torch.no_grad():
        before = _mean_loss(twin, batches, loss)
        changes = []
        for filter_ in weight.detach():
            with _zeroed(filter_):
                changes.append((_mean_loss(twin, batches, loss) - before).abs())
    return torch.stack(changes)


def products_at_zero(
    network: nn.Module,
    layer: str,
    batches: Sequence[Batch],
    loss: Loss = logits_loss,
    zero: Literal["weight", "filter"] = "weight",
) -> Tensor:
    """∂L/∂w at w = 0, times w, for every weight of a layer: the printed first-order term.

    Its absolute value is equation 7; the absolute mean over a filter's weights is equation 8 as printed, where "at
    w = 0" can be read in two ways.

    Equation: prune_quantize 6
    Equation: prune_quantize 7

    Args:
        network: left as it is; batch normalisation by running statistics.
        layer: name of a convolution.
        batches: over whose mean loss the derivative is taken.
        loss: of a batch.
        zero: "weight" sets each weight to zero alone, a backward pass a weight; "filter" sets all M weights of a
            filter to zero together, a backward pass a filter.

    Returns:
        (filters, M).

    Raises:
        ValueError: no such convolution, or nothing that ``zero`` names.
    """
    if zero not in ("weight", "filter"):
        raise ValueError(f"no {zero!r} to set to zero; there are weight and filter")
    twin, weight = _twin(network, layer)
    rows = weight.detach().flatten(1)  # (filters, M), the same memory
    products = torch.zeros_like(rows)
    whole, single = [slice(None)], [slice(m, m + 1) for m in range(rows.shape[1])]
    for row in range(len(rows)):
        for part in whole if zero == "filter" else single:
            trained = rows[row, part].clone()
            with _zeroed(rows[row, part]):
                (gradient,) = torch.autograd.grad(_mean_loss(twin, batches, loss), weight)
            products[row, part] = gradient.flatten(1)[row, part] * trained
    return products


def _twin(network: nn.Module, layer: str) -> tuple[nn.Module, Tensor]:
    """A copy of the network in eval mode, and the weight of one of its convolutions."""
    twin = copy.deepcopy(network).eval()
    module = dict(twin.named_modules()).get(layer)
    if not isinstance(module, nn.Conv2d):
        names = ", ".join(name for name, _ in convolutions(network))
        raise ValueError(f"{layer!r} is no convolution of the network; its convolutions are {names}")
    return twin, module.weight.requires_grad_(True)


def _mean_loss(network: nn.Module, batches: Sequence[Batch], loss: Loss) -> Tensor:
    return torch.stack([loss(network, batch) for batch in batches]).mean()


@contextmanager
def _zeroed(values: Tensor) -> Iterator[None]:
    """Zero in the place of ``values`` for the length of a block."""
    trained = values.clone()
    values.zero_()
    try:
        yield
    finally:
        values.copy_(trained)
