"""The moving average against its closed form; buffers, whole numbers and refusals."""

import copy

import pytest
import torch
from torch import nn

from rsnotes.training import ema_update


def network(value: float) -> nn.Module:
    module = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1, affine=False))
    module[0].weight.data.fill_(value)
    module[1].running_mean.fill_(10 * value)  # type: ignore[union-attr, operator]
    module[1].num_batches_tracked.fill_(int(value))  # type: ignore[union-attr, operator]
    return module


def test_after_n_steps_towards_a_fixed_network():
    average, fixed = network(1.0).double(), network(3.0).double()
    for _ in range(7):
        ema_update(average, fixed, 0.9)
    assert average[0].weight.item() == pytest.approx(3 - 2 * 0.9**7, abs=1e-12)
    assert average[1].running_mean.item() == pytest.approx(30 - 20 * 0.9**7, abs=1e-12)
    assert average[1].num_batches_tracked.item() == 3


def test_towards_a_moving_network_the_latest_counts_most():
    average = network(0.0)
    for value in (1.0, 2.0):
        ema_update(average, network(value), 0.75)
    assert average[0].weight.item() == pytest.approx(0.25 * 2 + 0.75 * 0.25 * 1)


def test_buffers_left_alone_and_the_network_never_touched():
    average, fixed = network(1.0), network(3.0)
    before = copy.deepcopy(fixed.state_dict())
    ema_update(average, fixed, 0.5, buffers=False)
    assert (average[0].weight.item(), average[1].running_mean.item()) == (2.0, 10.0)
    assert all(torch.equal(before[name], value) for name, value in fixed.state_dict().items())
    assert average[0].weight.grad_fn is None


@pytest.mark.parametrize("decay", [-0.1, 1.1])
def test_decay_outside_its_range(decay):
    with pytest.raises(ValueError, match="from 0 to 1"):
        ema_update(network(1.0), network(1.0), decay)


def test_another_architecture_is_named():
    with pytest.raises(ValueError, match=r"differ in 0\.bias"):
        ema_update(nn.Sequential(nn.Linear(1, 1)), network(1.0), 0.5)
