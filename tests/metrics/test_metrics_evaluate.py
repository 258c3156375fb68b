"""Evaluation of a network on a data set."""

import pytest
import torch
from torch import nn

from rsnotes.datasets import IGNORE, ISPRS, Sample
from rsnotes.metrics import Scores, erode_borders, evaluate
from rsnotes.networks import LogitsOnly, pspnet

torch.set_num_threads(1)


class Tiles:
    """A few random images whose labels come in blocks."""

    classes = ISPRS
    bands = ("red", "green", "blue")

    def __init__(self, sizes=((24, 24),) * 5) -> None:
        torch.manual_seed(0)
        self.samples = []
        for height, width in sizes:
            mask = torch.randint(0, 6, (height // 8, width // 8)).repeat_interleave(8, 0).repeat_interleave(8, 1)
            mask[0, 0] = IGNORE
            self.samples.append(Sample(torch.rand(3, height, width), mask))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[index]


@pytest.fixture
def network():
    torch.manual_seed(1)
    network = pspnet("resnet18", 6, 1 / 16)
    for _ in range(3):  # batch statistics that differ from a batch's own
        network(torch.rand(4, 3, 24, 24))
    return network


def by_hand(network, dataset, border=0.0):
    scores = Scores(dataset.classes)
    modes = network.training
    network.eval()
    with torch.no_grad():
        for image, mask in dataset.samples:
            logits = network(image[None]).logits
            best = torch.stack([logits[0, k] for k in range(6)]).max(0).indices
            scores.add(best[None], erode_borders(mask, border)[None])
    network.train(modes)
    return scores


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_equals_a_plain_loop_in_eval_mode_whatever_the_batch(network, batch_size):
    expected = by_hand(network, Tiles())
    assert torch.equal(evaluate(network, Tiles(), batch_size=batch_size).matrices, expected.matrices)


def test_modes_are_put_back_and_no_statistics_change(network):
    network.backbone.eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    evaluate(network, Tiles())
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_a_network_of_logits_scores_the_same(network):
    assert torch.equal(evaluate(LogitsOnly(network), Tiles()).matrices, evaluate(network, Tiles()).matrices)


def test_images_of_any_size_one_at_a_time(network):
    tiles = Tiles(((24, 24), (16, 40), (8, 8)))
    assert torch.equal(evaluate(network, tiles, batch_size=1).matrices, by_hand(network, tiles).matrices)


def test_borders_are_left_out(network):
    scores = evaluate(network, Tiles(), border=2)
    assert torch.equal(scores.matrices, by_hand(network, Tiles(), border=2).matrices)
    assert scores.matrix.sum() < evaluate(network, Tiles()).matrix.sum()


class Recording(nn.Module):
    """A 1×1 network that keeps the type of its logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 6, 1)

    def forward(self, images):
        logits = self.layer(images)
        self.dtype = logits.dtype
        return logits


@pytest.mark.parametrize(("precision", "expected"), [(None, torch.float32), (torch.bfloat16, torch.bfloat16)])
def test_precision_is_that_of_autocast(precision, expected):
    network = Recording()
    evaluate(network, Tiles(), precision=precision)
    assert network.dtype == expected
