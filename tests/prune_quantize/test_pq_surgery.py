"""Surgery: the same function as masking, smaller in every count; the schedule; saving what is left."""

import copy

import pytest
import safetensors.torch
import torch
from torch import nn

from rsnotes.metrics.cost import disk_bytes, macs, parameters
from rsnotes.networks import SegmentationOutput, deeplabv3plus
from rsnotes.prune_quantize import (
    Surgeon,
    l1_scores,
    load_pruned,
    mask_filters,
    prune,
    prune_filters,
    random_scores,
    recalibrate_parameters,
    recalibrate_statistics,
    resize,
    save_pruned,
    taylor_scores,
    widths,
)

EVERY = ["plain", "residual", "concatenating", "depthwise", "resnet18", "resnet50"]


def images(size=48):
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_pruning_is_masking(network_of, name, training):
    network = network_of(name).double()
    masked, pruned = copy.deepcopy(network), copy.deepcopy(network)
    filters = prune_filters(pruned, random_scores(network, 1), 6 if name in EVERY[:4] else 80)
    mask_filters(masked, filters)
    whole, ours, reference = (n.train(training)(images().double()) for n in (network, pruned, masked))
    assert type(ours) is SegmentationOutput
    assert ours.logits.shape == reference.logits.shape
    torch.testing.assert_close(ours.logits, reference.logits, rtol=0, atol=1e-5)
    assert not torch.allclose(ours.logits, whole.logits, atol=1e-3)
    assert ours.features.shape[1] < reference.features.shape[1]
    kept = reference.features.flatten(2).abs().amax((0, 2)) > 0
    assert int(kept.sum()) <= ours.features.shape[1]


@pytest.mark.parametrize("name", EVERY)
def test_what_is_left_costs_less(network_of, name):
    network = network_of(name)
    pruned = copy.deepcopy(network)
    prune_filters(pruned, l1_scores(network), 4)
    image = (3, 32, 32)
    assert parameters(pruned) < parameters(network)
    assert macs(pruned, image) < macs(network, image)
    assert disk_bytes(pruned) < disk_bytes(network)


def test_by_hand_the_least_filters_of_all_layers_go(network_of):
    network = network_of("plain")
    scores = {"first.0": torch.tensor([5.0, 1, 6, 2, 7, 8]), "second.0": torch.tensor([9.0, 3, 9, 9, 9])}
    scores["classifier"] = torch.zeros(3)  # the classes stay, whatever they score
    before = network.first[0].weight.clone(), network.second[0].weight.clone()
    assert prune_filters(network, scores, 3) == {"first.0": [1, 3], "second.0": [1]}
    assert torch.equal(network.first[0].weight, before[0][[0, 2, 4, 5]])
    assert torch.equal(network.second[0].weight, before[1][[0, 2, 3, 4]][:, [0, 2, 4, 5]])
    assert network.first[1].num_features == 4
    assert network.classifier.weight.shape == (3, 4, 1, 1)


def test_added_filters_go_together_by_their_mean(network_of):
    network = network_of("residual")
    surgeon = Surgeon(network)
    (added,) = [c for c in surgeon.couplings if c.root in ("first.0", "outer.0")]
    assert {m.name for m in added.members if m.output} == {"first.0", "first.1", "outer.0", "outer.1"}
    assert {m.name for m in added.members if not m.output} == {"inner.0", "second.0"}
    scores = {name: torch.full((n,), 4.0) for name, n in (("inner.0", 4), ("second.0", 5), ("classifier", 3))}
    scores["first.0"] = torch.tensor([0.0, 4, 9, 9, 9, 9])  # means 5, 3, 9...
    scores["outer.0"] = torch.tensor([10.0, 2, 9, 9, 9, 9])
    assert surgeon.choose(scores, 1) == {added.root: [1]}
    surgeon.remove({added.root: [1]})
    assert network.first[0].out_channels == network.outer[0].out_channels == network.inner[0].in_channels == 5


def test_a_concatenated_map_is_read_at_its_offset(network_of):
    network = network_of("concatenating")
    weight = network.second[0].weight.clone()
    Surgeon(network).remove({"first.0": [0, 5]})
    assert torch.equal(network.second[0].weight, weight[:, [0, 1, 2, 3, 5, 6, 7, 8]])  # side's four come first


def test_a_depthwise_filter_goes_with_its_channel(network_of):
    network = network_of("depthwise")
    weight = network.depth[0].weight.clone()
    Surgeon(network).remove({"first.0": [2]})
    depth = network.depth[0]
    assert depth.groups == depth.in_channels == depth.out_channels == 5
    assert torch.equal(depth.weight, weight[[0, 1, 3, 4, 5]])


def test_frozen_interpolation_shrinks_on_both_sides_and_stays_frozen(network_of):
    network = network_of("resnet18")
    Surgeon(network).remove({"reduce.0": [0, 3]})
    assert network.upsample.weight.shape == (14, 14, 8, 8)
    assert not any(parameter.requires_grad for parameter in network.upsample.parameters())
    assert network.decoder[0].in_channels == 14 + 3
    channels = torch.arange(14)
    assert (network.upsample.weight[channels, channels].sum((1, 2)) == 16).all()
    assert network.upsample.weight.sum() == 14 * 16


def test_every_layer_keeps_a_filter(network_of):
    network = network_of("residual")
    free = sum(len(coupling) - 1 for coupling in Surgeon(network).couplings)
    assert free == 5 + 3 + 4
    with pytest.raises(ValueError, match="cannot take 13 filters: 12 can go"):
        prune_filters(network, random_scores(network, 0), 13)
    scores = random_scores(network, 0)
    best = int(scores["inner.0"].argmax())
    weight = network.inner[0].weight[best].clone()
    prune_filters(network, scores, 12)
    assert [network.get_submodule(n).out_channels for n in ("first.0", "inner.0", "outer.0", "second.0")] == [1] * 4
    assert any(torch.equal(network.inner[0].weight[0, 0], channel) for channel in weight)
    assert network(images()).logits.shape == (2, 3, 48, 48)


@pytest.mark.parametrize("name", EVERY)
def test_so_many_parameters_are_left_and_no_filter_less(network_of, name):
    network = network_of(name)
    goal = parameters(network) * 6 // 10
    scores = random_scores(network, 2)
    filters = prune_filters(copy.deepcopy(network), scores, parameters=goal)
    count = sum(map(len, filters.values()))
    enough, short = copy.deepcopy(network), copy.deepcopy(network)
    assert prune_filters(enough, scores, count) == filters
    prune_filters(short, scores, count - 1)
    assert parameters(enough) <= goal < parameters(short)


def test_limits_that_cannot_be_kept_are_refused(network_of):
    network = network_of("plain")
    scores = random_scores(network, 0)
    with pytest.raises(ValueError, match=r"down to 10 parameters: \d+ are left"):
        prune_filters(network, scores, parameters=10)
    with pytest.raises(ValueError, match="one of them"):
        prune_filters(network, scores)
    with pytest.raises(ValueError, match="one of them"):
        prune_filters(network, scores, 1, parameters=100)


def test_grouped_convolutions_are_refused():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, groups=2))
    with pytest.raises(ValueError, match="1 has 2 groups"):
        Surgeon(network)


def test_tracing_and_masking_leave_modes_and_sizes(network_of):
    network = network_of("resnet18").train()
    network.aspp.eval()
    before = [module.training for module in network.modules()]
    mask_filters(network, {"reduce.0": [1]})
    assert [module.training for module in network.modules()] == before
    assert widths(network) == widths(network_of("resnet18"))
    assert network.reduce[1].weight[1] == network.reduce[1].bias[1] == 0


def test_a_pruned_network_trains(network_of, batches):
    network = network_of("residual")
    prune_filters(network, taylor_scores(network, batches), 5)
    recalibrate_parameters(network, batches, rate=0.1)
    assert all(p.grad is not None and p.grad.shape == p.shape for p in network.parameters())


def test_rounds_score_afresh_and_go_down_evenly(network_of, batches):
    network = network_of("resnet18")
    start = parameters(network)
    goal, seen = start // 2, []

    def score(current):
        seen.append(parameters(current))
        return l1_scores(current)

    told = []
    rounds = prune(network, score, parameters=goal, rounds=5, after_round=told.append)
    assert rounds == told
    assert [r.number for r in rounds] == [1, 2, 3, 4, 5]
    assert seen == [start] + [r.parameters for r in rounds[:-1]]
    steps = [start - (start - goal) * r // 5 for r in range(1, 6)]
    largest = 0.04 * start  # what one filter can take with it
    assert all(step - largest < r.parameters <= step for r, step in zip(rounds, steps, strict=True))
    assert parameters(network) == rounds[-1].parameters
    assert sum(len(f) for r in rounds for f in r.filters.values()) > 5


def test_no_rounds_are_refused(network_of):
    with pytest.raises(ValueError, match="at least one round, got 0"):
        prune(network_of("plain"), l1_scores, parameters=10, rounds=0)


def test_recalibrated_statistics_are_those_of_the_batches(network_of, batches):
    network = network_of("plain")
    weights = [p.clone() for p in network.parameters()]
    recalibrate_statistics(network, batches)
    maps = torch.stack([network.first[0](batch.image) for batch in batches])  # (2, B, C, H, W)
    torch.testing.assert_close(network.first[1].running_mean, maps.mean((1, 3, 4)).mean(0))
    torch.testing.assert_close(network.first[1].running_var, maps.transpose(1, 2).flatten(2).var(2).mean(0))
    assert not network.training
    assert all(torch.equal(p, w) for p, w in zip(network.parameters(), weights, strict=True))


def test_recalibrated_parameters_follow_the_gradient(network_of, batches):
    network = network_of("plain")
    twin = copy.deepcopy(network).train()
    output = twin(batches[0].image).logits
    nn.functional.cross_entropy(output, batches[0].mask).backward()
    recalibrate_parameters(network, batches[:1], rate=0.5)
    expected = twin.second[0].weight - 0.5 * twin.second[0].weight.grad
    torch.testing.assert_close(network.second[0].weight, expected)


def test_recalibration_comes_after_every_round(network_of):
    network, called = network_of("resnet18"), []
    prune(network, l1_scores, parameters=parameters(network) // 2, rounds=3, recalibrate=called.append)
    assert called == [network] * 3


@pytest.mark.parametrize("layout", ["matlab", "interpolate"])
def test_a_pruned_network_saves_and_loads(tmp_path, network_of, layout):
    options = {"backbone": "resnet18", "classes": 3, "layout": layout, "width": 1 / 16}
    network = deeplabv3plus(**options).eval()
    prune_filters(network, l1_scores(network), 60)
    save_pruned(network, tmp_path / "pruned.safetensors", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["pruned.safetensors"]
    loaded = load_pruned(tmp_path / "pruned.safetensors")
    assert widths(loaded) == widths(network) != widths(deeplabv3plus(**options))
    assert torch.equal(loaded(images()).logits, network(images()).logits)
    frozen = [name for name, p in loaded.named_parameters() if not p.requires_grad]
    assert frozen == [name for name, p in network.named_parameters() if not p.requires_grad]


def test_other_networks_load_through_their_builder(tmp_path, network_of):
    network = network_of("depthwise")
    prune_filters(network, l1_scores(network), 4)
    save_pruned(network, tmp_path / "pruned.safetensors", name="depthwise")
    loaded = load_pruned(tmp_path / "pruned.safetensors", build=network_of)
    assert torch.equal(loaded(images()).logits, network(images()).logits)


def test_a_file_of_other_weights_is_refused(tmp_path, network_of):
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other\.safetensors: no widths in its header"):
        load_pruned(tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"another architecture: depth\.0"):
        resize(network_of("plain"), widths(network_of("depthwise")))


def test_resizing_starts_afresh_only_where_widths_change(network_of):
    network = network_of("plain")
    second = network.second[0].weight.clone()
    wanted = widths(network) | {"first.0": [6, 3], "classifier": [2, 5]}
    resize(network, wanted)
    assert network.classifier.weight.shape == (2, 5, 1, 1)
    assert network.classifier.weight.abs().sum() > 0
    assert torch.equal(network.second[0].weight, second)
