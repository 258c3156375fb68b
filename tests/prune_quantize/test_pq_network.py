"""Networks in fixed point: folding, logging, formats, the replaced layers, and memory."""

import copy
import operator

import pytest
import torch
from torch import fx, nn
from torch.nn import functional as F

from rsnotes.metrics.cost import disk_bytes, parameters
from rsnotes.networks import SegmentationOutput, deeplabv3plus
from rsnotes.prune_quantize import (
    FixedPoint,
    choose_formats,
    choose_range,
    fold_batch_norm,
    log_activations,
    memory_bytes,
    msb_histogram,
    negligible_only,
    parameter_histograms,
    prune_filters,
    quantize,
    quantize_network,
    random_scores,
)
from rsnotes.prune_quantize.folding import stored_nodes

EVERY = ["plain", "residual", "concatenating", "depthwise", "resnet18"]


def images(size=32):
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", [*EVERY, "resnet50"])
def test_folding_changes_no_output_and_leaves_no_normalisation(network_of, name):
    network = network_of(name).train()
    state = copy.deepcopy(network.state_dict())
    folded = fold_batch_norm(network)
    assert network.training
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    ours, theirs = folded(images()), network.eval()(images())
    assert type(ours) is SegmentationOutput
    torch.testing.assert_close(ours.logits, theirs.logits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.features, theirs.features, rtol=1e-4, atol=1e-4)


def test_a_folded_weight_by_hand(network_of):
    network = network_of("plain")
    convolution, norm = network.first[0], network.first[1]
    folded = fold_batch_norm(network).get_submodule("first.0")
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(folded.weight, convolution.weight * factor[:, None, None, None])
    torch.testing.assert_close(folded.bias, (convolution.bias - norm.running_mean) * factor + norm.bias)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # after the ReLU where one follows; not the logits
        ("plain", ["x", "first_2", "second_2"]),
        ("residual", ["x", "first_2", "inner_2", "outer_0", "relu", "second_2"]),
        ("concatenating", ["x", "side_2", "first_2", "cat", "second_2"]),
        ("depthwise", ["x", "first_2", "depth_2", "second_2"]),
    ],
)
def test_what_is_stored(network_of, name, expected):
    assert list(stored_nodes(fold_batch_norm(network_of(name)))) == expected


def test_in_deeplab_both_upsamplings_read_stored_maps_and_the_logits_are_not_stored(network_of):
    folded = fold_batch_norm(network_of("resnet18"))
    stored = stored_nodes(folded)
    assert {"images", "upsample", "classifier", "backbone_layer4_1_act2", "cat"} <= set(stored)
    assert not {"enlarge", "backbone_maxpool", "getitem"} & set(stored)
    assert not any(node.target is operator.add for node in stored.values())  # its ReLU is


def test_logged_histograms_are_those_of_the_maps(network_of):
    network = network_of("residual")
    logged = log_activations(fold_batch_norm(network), [images(), 2 * images()])
    both = torch.cat([images(), 2 * images()])
    assert logged["x"] == msb_histogram(both)
    y = network.first(both)
    inside = network.relu(y + network.outer(network.inner(y)))
    # the last bits differ where the folded weights round otherwise
    for name, values in (("first_2", y), ("outer_0", network.outer(network.inner(y))), ("relu", inside)):
        expected = msb_histogram(values)
        assert sum(((logged[name] - expected) + (expected - logged[name])).values()) <= 0.002 * values.numel(), name


def test_formats_are_chosen_layer_by_layer(network_of):
    folded = fold_batch_norm(network_of("residual"))
    plan = choose_formats(folded, [images()], weights=7, biases=8, activations=6)
    weight = folded.get_submodule("inner.0").weight
    assert plan["inner.0.weight"] == choose_range(msb_histogram(weight), 7)
    assert plan["inner.0.weight"] == choose_range(parameter_histograms(folded)["inner.0.weight"], 7)
    assert {form.bits for name, form in plan.items() if name.endswith(".weight")} == {7}
    assert {form.bits for name, form in plan.items() if name.endswith(".bias")} == {8}
    activations = {name: form for name, form in plan.items() if "." not in name}
    assert list(activations) == list(stored_nodes(folded))
    assert {form.bits for form in activations.values()} == {6}


def test_each_kind_can_be_left_out(network_of):
    folded = fold_batch_norm(network_of("plain"))
    convolutions = ("first.0", "second.0", "classifier")
    assert set(choose_formats(folded, biases=None, activations=None)) == {f"{n}.weight" for n in convolutions}
    assert set(choose_formats(folded, weights=None, activations=None)) == {f"{n}.bias" for n in convolutions}
    only = choose_formats(folded, [images()], weights=None, biases=None)
    assert set(only) == {"x", "first_2", "second_2"}
    with pytest.raises(ValueError, match="need calibration images, got none"):
        choose_formats(folded)


def test_a_network_in_fixed_point_by_hand(network_of):
    network = network_of("residual")
    folded = fold_batch_norm(network)
    plan = choose_formats(folded, [images()])
    x = quantize(images(), plan["x"])

    def layer(name, x):
        weight, bias = (
            quantize(getattr(folded.get_submodule(name), kind), plan[f"{name}.{kind}"]) for kind in ("weight", "bias")
        )
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2).detach()

    y = quantize(layer("first.0", x).relu(), plan["first_2"])
    inner = quantize(layer("inner.0", y).relu(), plan["inner_2"])
    outer = quantize(layer("outer.0", inner), plan["outer_0"])
    joined = quantize((y + outer).relu(), plan["relu"])
    features = quantize(layer("second.0", joined).relu(), plan["second_2"])
    output = quantize_network(folded, plan)(images())
    assert type(output) is SegmentationOutput
    torch.testing.assert_close(output.features, features, rtol=0, atol=0)
    torch.testing.assert_close(output.logits, layer("classifier", features), rtol=0, atol=0)


@pytest.mark.parametrize("name", EVERY)
def test_with_many_bits_it_is_the_float_network_and_with_few_it_is_not(network_of, name):
    folded = fold_batch_norm(network_of(name))
    exact = folded(images()).logits
    errors = []
    for bits in (4, 8, 12, 16):
        plan = choose_formats(folded, [images()], weights=bits, biases=bits, activations=bits, overflow=False)
        errors.append(((quantize_network(folded, plan)(images()).logits - exact).norm() / exact.norm()).item())
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.05
    assert errors[3] < 1e-3


def test_an_empty_plan_changes_nothing(network_of):
    folded = fold_batch_norm(network_of("resnet18"))
    assert torch.equal(quantize_network(folded, {})(images()).logits, folded(images()).logits)


def test_quantizing_a_quantized_networks_numbers_changes_nothing(network_of):
    folded = fold_batch_norm(network_of("plain"))
    plan = choose_formats(folded, [images()])
    rounded = copy.deepcopy(folded)
    with torch.no_grad():
        for name, parameter in rounded.named_parameters():
            parameter.copy_(quantize(parameter, plan[name]))
    assert torch.equal(
        quantize_network(rounded, plan)(images()).logits, quantize_network(folded, plan)(images()).logits
    )


def test_a_dragged_window_is_obeyed(network_of):
    folded = fold_batch_norm(network_of("plain"))
    plan = choose_formats(folded, [images()])
    plan["second_2"] = FixedPoint(-6, 13)  # everything overflows to 2⁻⁶ - 2⁻¹³
    features = quantize_network(folded, plan)(images()).features
    assert features.max() == 2**-6 - 2**-13
    with pytest.raises(ValueError, match=r"formats for third\.weight, which the network does not have"):
        quantize_network(folded, {"third.weight": FixedPoint(0, 7)})


def test_bilinear_weights_are_exact_in_eight_bits(network_of):
    folded = fold_batch_norm(network_of("resnet18"))
    form = choose_formats(folded, activations=None)["upsample.weight"]
    weight = folded.get_submodule("upsample").weight
    assert torch.equal(quantize(weight, form), weight)  # multiples of 1/64 up to 49/64


def test_only_parameters_that_hardly_change_are_quantized(network_of):
    folded = fold_batch_norm(network_of("plain"))
    plan = choose_formats(folded, [images()])
    plan["first.0.weight"] = FixedPoint(-1, 3)  # coarse
    changes = {}
    for name, parameter in folded.named_parameters():
        changes[name] = ((quantize(parameter, plan[name]) - parameter).norm() / parameter.norm()).item()
    assert max(changes, key=changes.get) == "first.0.weight"
    kept = negligible_only(folded, plan, sorted(changes.values())[-2])
    assert set(plan) - set(kept) == {"first.0.weight"}
    assert {"x", "first_2"} <= set(kept)
    network = quantize_network(folded, kept)
    assert network.get_submodule("first.0").weight.dtype == torch.float32
    assert network.get_submodule("second.0").weight.dtype == torch.int8


@pytest.mark.parametrize("width", [1 / 8])
def test_memory_is_a_quarter_on_paper_and_on_disk(width):
    torch.manual_seed(0)
    folded = fold_batch_norm(deeplabv3plus("resnet18", 6, width=width))
    plan = choose_formats(folded, activations=None)
    assert memory_bytes(folded) == 4 * parameters(folded)
    assert memory_bytes(folded, plan) == parameters(folded)
    assert memory_bytes(folded, choose_formats(folded, weights=4, biases=4, activations=None)) == parameters(folded) / 2
    quantized = quantize_network(folded, plan)
    assert disk_bytes(quantized) == pytest.approx(parameters(folded), rel=0.03)
    assert disk_bytes(folded) == pytest.approx(4 * parameters(folded), rel=0.01)


def test_pruned_and_quantized_together(network_of):
    network = network_of("resnet18")
    prune_filters(network, random_scores(network, 0), 80)
    folded = fold_batch_norm(network)
    quantized = quantize_network(folded, choose_formats(folded, [images()]))
    exact, ours = folded(images()).logits, quantized(images()).logits
    assert (ours - exact).norm() / exact.norm() < 0.1
    assert isinstance(quantized, fx.GraphModule)


def test_logging_and_rounding_respect_the_crop_of_odd_sizes(network_of):
    network = network_of("resnet18")
    image = torch.rand(1, 3, 45, 50)
    folded = fold_batch_norm(network)
    quantized = quantize_network(folded, choose_formats(folded, [image]))
    assert quantized(image).logits.shape == (1, 3, 45, 50)
    exact = network(image).logits
    assert (quantized(image).logits - exact).norm() / exact.norm() < 0.1
