"""Costs worked by hand, on a clock the test holds."""

import pytest
import safetensors.torch
import torch
from torch import nn

from rsnotes.metrics import cost
from rsnotes.networks import LogitsOnly, pspnet

torch.set_num_threads(1)


def test_parameters_count_a_shared_one_once_and_no_statistics():
    layer = nn.Linear(3, 3)
    assert cost.parameters(nn.Sequential(layer, layer, nn.BatchNorm1d(3))) == 12 + 6


def test_macs_of_a_convolution_and_a_linear_layer_by_hand():
    # 5 outputs, 3 inputs, 3×3 taps at 4×6 places; then 120 inputs, 7 outputs. Biases are no products.
    network = nn.Sequential(nn.Conv2d(3, 5, 3, stride=2, padding=1), nn.Flatten(), nn.Linear(120, 7))
    assert cost.macs(network, (3, 8, 12)) == 5 * 3 * 9 * 24 + 120 * 7


def test_macs_leave_the_network_where_and_how_it_is():
    network = pspnet("resnet18", 6, 1 / 16, bands=4).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert cost.macs(network, (4, 64, 64)) == cost.macs(LogitsOnly(network), (4, 64, 64))
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_disk_bytes_are_those_of_the_file(tmp_path):
    network = pspnet("resnet18", 6, 1 / 16)
    safetensors.torch.save_file(network.state_dict(), tmp_path / "weights.safetensors")
    assert cost.disk_bytes(network) == (tmp_path / "weights.safetensors").stat().st_size


class Clock:
    """Stands in for ``time``: only networks make it go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Slow(nn.Module):
    """Takes the given seconds, one after the other, the last for ever."""

    def __init__(self, clock: Clock, *seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds, self.modes = clock, list(seconds), set()

    def forward(self, images):
        self.modes.add((self.training, torch.is_inference_mode_enabled()))
        self.clock.now += self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        return images


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(cost, "time", clock)
    return clock


def test_latency_is_the_median_after_the_warm_up(clock):
    network = Slow(clock, 50, 40, 2, 30, 3, 2, 3)
    assert cost.latency(network, torch.zeros(1), runs=5, warm_up=2) == 3  # of 2, 30, 3, 2, 3
    assert network.modes == {(False, True)}
    assert network.training


def test_speed_up_is_above_one_for_the_faster_network_and_takes_runs_in_pairs(clock):
    # The machine slows down by ten half-way, for both.
    light, heavy = Slow(clock, 9, 1, 1, 10, 10, 10), Slow(clock, 9, 4, 4, 40, 40, 40)
    assert cost.speed_up(light, heavy, torch.zeros(1), runs=5, warm_up=1) == 4


class Chain(nn.Module):
    """Holds at most two maps beside its input."""

    def forward(self, x):
        a = x + 1
        b = a * 2
        del a
        b = torch.relu_(b)
        return (b.flatten() - 1).reshape(x.shape)


def test_peak_memory_of_a_chain_by_hand():
    x = torch.zeros(1, 3, 32, 32)
    assert cost.peak_memory(Chain(), x) == 2 * x.nbytes
    # From the second link on its input is a map that was made here.
    assert cost.peak_memory(nn.Sequential(Chain(), Chain(), Chain()), x) == 3 * x.nbytes


def test_peak_memory_counts_neither_weights_nor_images_nor_what_is_freed():
    wide = nn.Linear(1000, 1)
    assert cost.peak_memory(wide, torch.zeros(8, 1000)) == 8 * 4
    assert cost.peak_memory(nn.Identity(), torch.zeros(8, 1000)) == 0
    shrinking = nn.Sequential(nn.Linear(10, 100), nn.Linear(100, 50), nn.Linear(50, 70))
    assert cost.peak_memory(shrinking, torch.zeros(1, 10)) == (100 + 50) * 4


def test_peak_memory_grows_with_the_batch():
    network = pspnet("resnet18", 6, 1 / 16)
    one, four = (cost.peak_memory(network, torch.zeros(size, 3, 64, 64)) for size in (1, 4))
    assert 3.5 * one < four < 4.5 * one
