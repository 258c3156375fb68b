"""Scores of filters: against the published library, an identity, hand-made values and finite differences."""

import copy

import pytest
import torch
import torch_pruning
from torch import nn

from rsnotes.networks import SegmentationOutput
from rsnotes.prune_quantize import (
    l1_scores,
    logits_loss,
    loss_changes,
    normalise_per_layer,
    products_at_zero,
    random_scores,
    taylor_scores,
)
from rsnotes.prune_quantize.scores import convolutions
from rsnotes.training import Batch


def batch_of(image):
    image = torch.as_tensor(image, dtype=torch.float32)
    return Batch(image, torch.zeros(len(image), *image.shape[2:], dtype=torch.int64), torch.arange(1), torch.arange(1))


class OneLayer(nn.Module):
    """Two 1×1 filters on two channels, no bias; the logits are their maps."""

    def __init__(self, weight):
        super().__init__()
        self.filters = nn.Conv2d(2, 2, 1, bias=False)
        self.filters.weight = nn.Parameter(torch.tensor(weight).reshape(2, 2, 1, 1))

    def forward(self, x):
        return SegmentationOutput(self.filters(x), x)


def sum_of_squares(network, batch):
    return network(batch.image).logits.square().sum()


@pytest.mark.equation("prune_quantize", "8")
def test_score_by_hand():
    # one pixel (3, 5): filters give 2·3 + 1·5 = 11 and -1·3 + 1·5 = 2, the loss is 11² + 2²
    # w ∂L/∂w = 2·11·(2·3, 1·5) and 2·2·(-3, 5): means over M = 2 are 11·11 and 2·2, signs dropped after the mean
    network = OneLayer([[2.0, 1.0], [-1.0, 1.0]])
    scores = taylor_scores(network, [batch_of([[[[3]], [[5]]]])], sum_of_squares)
    assert scores["filters"].tolist() == [121, 4]


@pytest.mark.equation("prune_quantize", "8")
def test_the_derivative_is_that_of_the_mean_over_batches():
    network = OneLayer([[2.0, 1.0], [-1.0, 1.0]])
    batches = [batch_of([[[[3]], [[5]]]]), batch_of([[[[0]], [[0]]]])]
    assert taylor_scores(network, batches, sum_of_squares)["filters"].tolist() == [60.5, 2]


@pytest.mark.equation("prune_quantize", "8")
@pytest.mark.parametrize("name", ["residual", "concatenating", "depthwise", "resnet18"])
def test_m_times_the_score_is_the_published_librarys(network_of, batches, name):
    network = network_of(name).double()
    batches = [batch._replace(image=batch.image.double()) for batch in batches]
    if name == "resnet18":
        batches = [Batch(b.image.repeat(1, 1, 3, 3), b.mask.repeat(1, 3, 3), b.indices, b.seeds) for b in batches]
    scores = taylor_scores(network, batches)
    torch.stack([logits_loss(network, batch) for batch in batches]).mean().backward()
    oracle = torch_pruning.importance.GroupTaylorImportance(
        multivariable=True, normalizer=None, group_reduction="first", target_types=[nn.Conv2d]
    )
    graph = torch_pruning.DependencyGraph().build_dependency(network, (torch.zeros(1, 3, 32, 32).double(),))
    for layer, module in convolutions(network):
        if module.groups > 1:
            continue  # the library's group begins with the layer before
        group = graph.get_pruning_group(module, torch_pruning.prune_conv_out_channels, list(range(module.out_channels)))
        expected = oracle(group).double()  # the library adds up in floats of 32 bits
        ours = scores[layer] * module.weight[0].numel()
        torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-7 * max(1e-3, float(expected.max())))


def test_activation_identity(network_of, batches):
    # Σ a ∂L/∂a over a filter's map a = Σ w ∂L/∂w + b ∂L/∂b, for the convolution's own output
    network = network_of("residual")
    convolution, kept = network.first[0], []

    def keep(_module, _inputs, output):
        output.retain_grad()
        kept.append(output)

    convolution.register_forward_hook(keep)
    logits_loss(network, batches[0]).backward()
    activation = (kept[0] * kept[0].grad).sum((0, 2, 3))
    weight = (convolution.weight * convolution.weight.grad).flatten(1).sum(1)
    bias = convolution.bias * convolution.bias.grad
    torch.testing.assert_close(activation, weight + bias, rtol=1e-4, atol=1e-6)
    score = taylor_scores(network, batches[:1])["first.0"] * convolution.weight[0].numel()
    torch.testing.assert_close(score, (activation - bias).abs(), rtol=1e-4, atol=1e-6)


def test_with_batch_statistics_the_score_is_noise(network_of, batches):
    # the loss does not change with the scale of a filter whose map is normalised: Σ w ∂L/∂w = 0
    network = network_of("residual").double()
    network.first[0].bias = None
    batches = [batch._replace(image=batch.image.double()) for batch in batches]
    by_batch = taylor_scores(network, batches, batch_statistics=True)
    by_running = taylor_scores(network, batches)
    single = copy.deepcopy(network).train()
    torch.stack([logits_loss(single, batch) for batch in batches]).mean().backward()
    for layer in ("first.0", "inner.0", "outer.0", "second.0"):
        weight = single.get_submodule(layer).weight
        absolute = (weight * weight.grad).abs().flatten(1).mean(1)  # what does not cancel
        assert (by_batch[layer] / absolute).max() < 2e-4, layer
        assert (by_running[layer] / absolute).median() > 2e-2, layer
    # the classifier is not normalised: its score is a score
    assert (by_batch["classifier"] > 1e-6).all()


@pytest.mark.parametrize("death", ["weights", "reader"])
def test_a_dead_filter_scores_zero(network_of, batches, death):
    network = network_of("plain")
    with torch.no_grad():
        if death == "weights":
            network.first[0].weight[2] = 0
        else:
            network.second[0].weight[:, 2] = 0
    scores = taylor_scores(network, batches)["first.0"]
    assert scores[2] == 0
    assert (scores[[0, 1, 3, 4, 5]] > 0).all()


def test_scoring_leaves_the_network_as_it_is(network_of, batches):
    network = network_of("residual").train()
    network.first[0].weight.requires_grad_(False)
    before = copy.deepcopy(network.state_dict())
    taylor_scores(network, batches, batch_statistics=True)
    assert network.training
    assert not network.first[0].weight.requires_grad
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_scores_without_batches_are_refused(network_of):
    with pytest.raises(ValueError, match="at least one batch"):
        taylor_scores(network_of("plain"), [])


def test_l1_is_the_mean_of_magnitudes_and_ranks_as_the_librarys(network_of):
    assert l1_scores(OneLayer([[2.0, -1.0], [-4.0, 0.0]]))["filters"].tolist() == [1.5, 2]
    network = network_of("residual")
    oracle = torch_pruning.importance.GroupMagnitudeImportance(
        p=1, normalizer=None, group_reduction="first", target_types=[nn.Conv2d]
    )
    graph = torch_pruning.DependencyGraph().build_dependency(network, (torch.zeros(1, 3, 16, 16),))
    group = graph.get_pruning_group(network.inner[0], torch_pruning.prune_conv_out_channels, [0, 1, 2, 3])
    torch.testing.assert_close(l1_scores(network)["inner.0"] * 6 * 9, oracle(group))


def test_random_scores_follow_the_seed(network_of):
    network = network_of("plain")
    first, again, other = (random_scores(network, seed) for seed in (1, 1, 2))
    assert first.keys() == {"first.0", "second.0", "classifier"}
    assert torch.equal(first["first.0"], again["first.0"])
    assert not torch.equal(first["first.0"], other["first.0"])
    assert len(first["first.0"].unique()) == 6


def test_normalised_layers_have_length_one_and_their_order():
    scores = {"a": torch.tensor([3.0, 4.0]), "b": torch.tensor([0.0, 0.002]), "dead": torch.zeros(2)}
    normalised = normalise_per_layer(scores)
    torch.testing.assert_close(normalised["a"], torch.tensor([0.6, 0.8]))
    torch.testing.assert_close(normalised["b"], torch.tensor([0.0, 1.0]))
    assert normalised["dead"].tolist() == [0, 0]


@pytest.mark.equation("prune_quantize", "3")
def test_change_of_the_loss_by_hand():
    network = OneLayer([[2.0, 1.0], [-1.0, 1.0]])
    batches = [batch_of([[[[3]], [[5]]]]), batch_of([[[[0]], [[1]]]])]
    # means of 11² and 1², of 2² and 1²
    assert loss_changes(network, "filters", batches, sum_of_squares).tolist() == [61, 2.5]
    assert network.filters.weight.flatten().tolist() == [2, 1, -1, 1]


@pytest.mark.equation("prune_quantize", "3")
def test_change_of_the_loss_is_without_sign_and_in_eval_mode(network_of, batches):
    network = network_of("residual")
    before = torch.stack([logits_loss(network, batch) for batch in batches]).mean()
    changes = loss_changes(network.train(), "inner.0", batches)
    assert network.training
    twin = copy.deepcopy(network).eval()
    with torch.no_grad():
        twin.inner[0].weight[1] = 0
        after = torch.stack([logits_loss(twin, batch) for batch in batches]).mean()
    torch.testing.assert_close(changes[1], (after - before).abs().detach())
    assert (changes > 0).all()


@pytest.mark.equation("prune_quantize", "6")
@pytest.mark.parametrize(
    ("zero", "expected"),
    [
        # at w = 0 alone, the first filter gives 5 or 6 instead of 11: 2·5·2·3, 2·6·1·5; the second 5 or -3
        ("weight", [[60.0, 60.0], [-30.0, -30.0]]),
        ("filter", [[0.0, 0.0], [0.0, 0.0]]),  # with both at zero the map is 0, and so is its square's derivative
    ],
)
def test_products_at_zero_by_hand(zero, expected):
    network = OneLayer([[2.0, 1.0], [-1.0, 1.0]])
    products = products_at_zero(network, "filters", [batch_of([[[[3]], [[5]]]])], sum_of_squares, zero)
    assert products.tolist() == expected
    assert network.filters.weight.flatten().tolist() == [2, 1, -1, 1]


@pytest.mark.equation("prune_quantize", "7")
def test_for_a_loss_that_is_a_straight_line_the_expansion_is_exact():
    def total(network, batch):
        return network(batch.image).logits.sum()

    network = OneLayer([[2.0, 1.0], [-1.0, 1.0]])
    batches = [batch_of([[[[3]], [[5]]]]), batch_of([[[[1]], [[-2]]]])]
    changes = products_at_zero(network, "filters", batches, total).abs()
    for row in range(2):
        for column in range(2):
            twin = copy.deepcopy(network)
            with torch.no_grad():
                twin.filters.weight[row, column] = 0
            exact = sum(total(network, b) - total(twin, b) for b in batches).abs() / 2
            torch.testing.assert_close(changes[row, column], exact.detach())
    # and so the score at the trained weights is the printed one
    printed = products_at_zero(network, "filters", batches, total).mean(1).abs()
    torch.testing.assert_close(printed, taylor_scores(network, batches, total)["filters"])
    torch.testing.assert_close(2 * printed, loss_changes(network, "filters", batches, total))


@pytest.mark.equation("prune_quantize", "6")
def test_products_at_zero_against_finite_differences(network_of, batches):
    network = network_of("plain").double()
    batches = [batch._replace(image=batch.image.double()) for batch in batches]
    products = products_at_zero(network, "second.0", batches)
    assert products.shape == (5, 54)
    twin = copy.deepcopy(network)
    entry, trained, step = (3, 2, 1, 0), network.second[0].weight[3, 2, 1, 0].item(), 1e-5
    losses = []
    for value in (-step, step):
        with torch.no_grad():
            twin.second[0].weight[entry] = value
            losses.append(torch.stack([logits_loss(twin, batch) for batch in batches]).mean())
    slope = (losses[1] - losses[0]) / (2 * step)
    torch.testing.assert_close(products[3, 2 * 9 + 1 * 3 + 0], slope * trained, rtol=1e-4, atol=1e-10)


def test_a_layer_that_is_not_there_is_named(network_of, batches):
    with pytest.raises(ValueError, match=r"'third' is no convolution.* first\.0, second\.0, classifier"):
        loss_changes(network_of("plain"), "third", batches)
