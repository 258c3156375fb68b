"""The stored network: what its result file says of it, and what the window of bits costs it."""

import json

import pytest
import torch

from rsnotes import data_path, scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.metrics import evaluate
from rsnotes.metrics.cost import parameters
from rsnotes.prune_quantize import choose_formats, fold_batch_norm, quantize_network
from rsnotes.prune_quantize.weights import load_deeplab

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def test():
    return InMemory(scenes.SceneDataset("test", 4))


def test_it_is_the_network_of_its_result_file(test):
    stored = json.loads(data_path("results", "prune_quantize_network", "deeplab18.seed0.json").read_text("utf-8"))
    network = load_deeplab()
    assert not network.training
    assert parameters(network) == stored["parameters"] == 327_126
    assert data_path("weights", stored["weights"]).stat().st_size == stored["bytes"] < 6e6
    assert evaluate(network, test).oa == pytest.approx(stored["scores"]["oa"], abs=0.06)  # 4 of its 64 scenes


def test_eight_bits_cost_little_unless_large_weights_are_cut(test):
    folded = fold_batch_norm(load_deeplab())
    exact = evaluate(folded, test).miou
    whole, cut = (
        evaluate(quantize_network(folded, choose_formats(folded, activations=None, overflow=rule)), test, device="cpu")
        for rule in (False, True)
    )
    assert exact - whole.miou < 0.02
    assert exact - cut.miou > 0.15
