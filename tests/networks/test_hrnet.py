"""DeepLabV3+ on HRNet and polarized self-attention: printed sizes, values by NumPy, geometry."""

import copy
import math

import numpy as np
import pytest
import safetensors.torch
import timm
import torch

from rsnotes.metrics.cost import macs
from rsnotes.mkd_ssl.networks import TABLE1, table1_network
from rsnotes.networks import PolarizedSelfAttention, deeplab_hrnet

torch.set_num_threads(1)


def thin(attention=None, width=1 / 8, **options):
    torch.manual_seed(0)
    return deeplab_hrnet(6, attention, "hrnet_w18_small", width, **options)


@pytest.mark.parametrize(
    ("attention", "parameters", "giga_macs"), [(None, 78_029_862, 1158.7), ("psa", 79_943_892, 1260.8)]
)
def test_parameters_and_macs_are_those_of_the_published_code(attention, parameters, giga_macs):
    with torch.device("meta"):
        network = deeplab_hrnet(6, attention)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert round(macs(network, (3, 1024, 1024)) / 1e9, 1) == giga_macs
    assert sum(p.numel() for p in network.backbone.parameters()) == 65_325_120


@pytest.mark.parametrize(("name", "parameters"), [("ResNet-101", 59_875_654), ("ResNext-101", 104_117_830),
                                                   ("Xception71", 57_133_790)])  # fmt: skip
def test_other_backbones_of_table_1_are_timms_under_the_same_head(name, parameters):
    with torch.device("meta"):
        network = table1_network(name, 6)
        trunk = timm.create_model(TABLE1[name][0], features_only=True, output_stride=8)
    assert sum(p.numel() for p in network.parameters()) == parameters
    inside = {tuple(p.shape) for p in trunk.parameters()}
    assert {tuple(p.shape) for p in network.backbone.parameters()} <= inside
    assert network.eval()(torch.empty(1, 3, 64, 96, device="meta")).logits.shape == (1, 6, 64, 96)


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def weights(conv):
    return conv.weight.detach().double().numpy()[:, :, 0, 0]


def numpy_channel_gate(gate, x):  # (C, N)
    pooled = weights(gate.value) @ x @ softmax(weights(gate.query) @ x, axis=1).T  # (C/2, 1)
    if not isinstance(gate.up, torch.nn.Sequential):
        return sigmoid(weights(gate.up) @ pooled)
    down, norm, _, up = gate.up
    h = weights(down) @ pooled + down.bias.detach().double().numpy()[:, None]
    h = (h - h.mean()) / np.sqrt(h.var() + 1e-5)
    h = h * norm.weight.detach().double().numpy()[:, :, 0] + norm.bias.detach().double().numpy()[:, :, 0]
    return sigmoid(weights(up) @ np.maximum(h, 0) + up.bias.detach().double().numpy()[:, None])


def numpy_pixel_gate(gate, x):  # (C, N) -> (1, N)
    query = softmax((weights(gate.query) @ x).mean(axis=1), axis=0)
    return sigmoid(query[None] @ (weights(gate.value) @ x))


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_attention_by_numpy(order):
    torch.manual_seed(1)
    attention, x = PolarizedSelfAttention(16, order), 3 * torch.randn(2, 16, 4, 5)
    ours = attention(x).detach().double().numpy()
    for image, got in zip(x.double().numpy().reshape(2, 16, 20), ours.reshape(2, 16, 20), strict=True):
        gated = image * numpy_channel_gate(attention.channel_gate, image)
        if order == "parallel":
            expected = gated + image * numpy_pixel_gate(attention.pixel_gate, image)
        else:
            expected = gated * numpy_pixel_gate(attention.pixel_gate, gated)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_attention_with_zero_weights_halves_each_gate():
    x = torch.randn(1, 8, 3, 3)
    for order, factor in (("parallel", 1.0), ("sequential", 0.25)):
        attention = PolarizedSelfAttention(8, order)
        for parameter in attention.parameters():
            torch.nn.init.zeros_(parameter)
        torch.testing.assert_close(attention(x), factor * x)


def test_attention_moves_with_the_image():
    torch.manual_seed(0)
    attention, x = PolarizedSelfAttention(8), torch.randn(1, 8, 4, 4)
    torch.testing.assert_close(attention(x.flip(-1)), attention(x).flip(-1))


def test_trunk_gives_timms_maps():
    torch.manual_seed(0)
    with torch.device("cpu"):
        network = thin().eval()
    x = torch.rand(1, 3, 64, 96)
    low, deep = network.backbone(x)
    maps = network.backbone.net(x)
    assert low.shape == (1, 16, 16, 24)
    torch.testing.assert_close(deep[:, : maps[0].shape[1]], maps[0])
    last = torch.nn.functional.interpolate(maps[3], (16, 24), mode="bilinear")
    torch.testing.assert_close(deep[:, -maps[3].shape[1] :], last)


def test_logits_are_the_enlarged_classifier_of_the_features_and_a_copy_is_independent():
    network = thin("psa").eval()
    x = torch.rand(2, 3, 64, 96)
    output = network(x)
    assert output.logits.shape == (2, 6, 64, 96)
    assert output.features.shape == (2, 32, 16, 24)
    enlarged = torch.nn.functional.interpolate(network.classifier(output.features), (64, 96), mode="bilinear")
    torch.testing.assert_close(output.logits, enlarged)
    twin = copy.deepcopy(network)
    network(torch.zeros(2, 3, 64, 96))
    torch.testing.assert_close(twin(x).logits, output.logits)


def test_thin_channels_are_even_and_timms_table_is_left_alone():
    before = timm.models.hrnet.cfg_cls["hrnet_w18_small"]["stage4"]["num_channels"]
    network = thin(width=0.2)
    assert timm.models.hrnet.cfg_cls["hrnet_w18_small"]["stage4"]["num_channels"] == before == (16, 32, 64, 128)
    assert network.backbone.net.stage4_cfg["num_channels"] == tuple(2 * round(c * 0.2 / 2) for c in before)


def test_another_backbone_under_the_same_head():
    network = deeplab_hrnet(3, backbone="resnet10t").eval()
    output = network(torch.rand(1, 3, 64, 64))
    assert output.logits.shape == (1, 3, 64, 64)
    assert output.features.shape == (1, 256, 16, 16)
    assert math.prod(network.backbone(torch.rand(1, 3, 64, 64))[1].shape[-2:]) == 64  # an eighth


def test_weights_of_a_file_end_up_in_the_trunk(tmp_path):
    torch.manual_seed(3)
    served = timm.create_model("hrnet_w18_small")
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(served.state_dict(), path)
    network = deeplab_hrnet(4, backbone="hrnet_w18_small", pretrained=path)
    state = served.state_dict()
    ours = network.backbone.net.state_dict()
    assert len(ours) > 300
    assert all(torch.equal(value, state[key]) for key, value in ours.items())
    with pytest.raises(RuntimeError, match=r"weights of .*absent\.safetensors for hrnet_w18_small could not be"):
        deeplab_hrnet(4, backbone="hrnet_w18_small", pretrained=tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: deeplab_hrnet(0), "at least one class"),
        (lambda: deeplab_hrnet(2, "se"), "no attention 'se'"),
        (lambda: deeplab_hrnet(2, backbone="hrnet_w5"), "is no network of timm"),
        (lambda: deeplab_hrnet(2, width=0.0), "leaves no channel"),
        (lambda: deeplab_hrnet(2, width=0.5, pretrained=True), "only an HRNet without pretrained weights can be thin"),
        (lambda: PolarizedSelfAttention(7), "an even number, got 7"),
        (lambda: PolarizedSelfAttention(8, "twice"), "no order 'twice'"),
        (lambda: thin()(torch.rand(1, 3, 64, 64)), "batches of two images or more"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
