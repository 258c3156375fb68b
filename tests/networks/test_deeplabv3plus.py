"""DeepLabV3+: the paper's sizes, MATLAB's geometry, and what it returns."""

import pytest
import safetensors.torch
import timm
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from rsnotes.networks import deeplabv3plus
from rsnotes.networks.deeplabv3plus import BilinearUpsampling

torch.set_num_threads(1)
THIN = 1 / 16


def thin(backbone="resnet18", classes=6, layout="matlab", **options):
    torch.manual_seed(0)
    return deeplabv3plus(backbone, classes, layout, THIN, **options)


@pytest.mark.parametrize(
    ("backbone", "classes", "parameters", "million"),
    [
        ("resnet18", 6, 20_610_716, "20.611"),
        ("resnet18", 8, 20_613_024, "20.613"),
        ("resnet50", 6, 43_983_260, "43.983"),
        ("resnet50", 8, 43_985_568, "43.986"),
    ],
)
def test_parameter_counts_are_matlabs_with_a_bias_for_every_filter_of_the_backbone(
    backbone, classes, parameters, million
):
    with torch.device("meta"):
        network = deeplabv3plus(backbone, classes)
    biases = sum(m.out_channels for m in network.backbone.modules() if isinstance(m, nn.Conv2d))
    total = sum(parameter.numel() for parameter in network.parameters()) + biases
    assert total == parameters
    assert f"{total / 1e6:.3f}" == million
    assert biases == {"resnet18": 4_800, "resnet50": 26_560}[backbone]


def test_one_interpolation_holds_a_fifth_of_the_parameters_and_the_other_layout_none():
    with torch.device("meta"):
        matlab, plain = deeplabv3plus("resnet18", 6), deeplabv3plus("resnet18", 6, "interpolate")
    assert sum(p.numel() for p in matlab.upsample.parameters()) == 256 * 256 * 64 + 256  # 4.195 million
    without = [sum(p.numel() for p in network.parameters()) for network in (matlab, plain)]
    assert without[0] - without[1] == 256 * 256 * 64 + 256 + 6 * 6 * 64 + 6


@pytest.mark.parametrize(("layout", "giga_macs"), [("matlab", 45.491), ("interpolate", 41.159)])
def test_macs_at_512(layout, giga_macs):
    with torch.device("meta"):
        network = deeplabv3plus("resnet18", 6, layout).eval()
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, 3, 512, 512))
    assert round(counter.get_total_flops() / 2e9, 3) == giga_macs
    # the transposed convolution: 64 products for each of 256 × 256 channel pairs and 32 × 32 input pixels
    assert pytest.approx(4.295, abs=1e-3) == 256 * 256 * 64 * 32 * 32 / 1e9


def test_frozen_interpolation_is_bilinear_inside_and_fades_at_the_edge():
    layer = BilinearUpsampling(3)
    assert not any(parameter.requires_grad for parameter in layer.parameters())
    x = torch.randn(2, 3, 6, 7)
    ours, reference = layer(x), F.interpolate(x, scale_factor=4, mode="bilinear")
    assert ours.shape == (2, 3, 24, 28)
    torch.testing.assert_close(ours[:, :, 2:-2, 2:-2], reference[:, :, 2:-2, 2:-2])
    # half an input pixel outside the outermost centres: 5/8 of the corner each way
    torch.testing.assert_close(layer(torch.ones(1, 3, 6, 7))[0, :, 0, 0], torch.full((3,), (5 / 8) ** 2))


def test_layouts_agree_away_from_the_edges():
    network, plain = thin().eval(), thin(layout="interpolate").eval()
    missing = plain.load_state_dict(network.state_dict(), strict=False)
    assert not missing.missing_keys
    images = torch.rand(1, 3, 64, 64)
    ours, theirs = network(images), plain(images)
    assert not torch.allclose(ours.logits, theirs.logits)
    torch.testing.assert_close(ours.features[:, :, 4:-4, 4:-4], theirs.features[:, :, 4:-4, 4:-4])


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_strides_and_dilations(backbone):
    with torch.device("meta"):
        network = deeplabv3plus(backbone, 6).eval()
        low, deep = network.backbone(torch.empty(1, 3, 64, 96))
    assert low.shape[1:] == ({"resnet18": 64, "resnet50": 256}[backbone], 16, 24)
    assert deep.shape[1:] == ({"resnet18": 512, "resnet50": 2048}[backbone], 4, 6)
    convolutions = [branch[0] for branch in network.aspp.branches]
    assert [(c.kernel_size[0], c.dilation[0], c.padding[0]) for c in convolutions] == [
        (1, 1, 0), (3, 6, 6), (3, 12, 12), (3, 18, 18)
    ]  # fmt: skip
    assert all(c.bias is not None for c in convolutions)
    assert network.classifier.kernel_size == (1, 1)


@pytest.mark.parametrize("layout", ["matlab", "interpolate"])
@pytest.mark.parametrize("size", [(64, 64), (135, 240), (37, 50)])
def test_logits_have_the_size_of_the_input_whatever_it_is(layout, size):
    output = thin(bands=4, layout=layout).eval()(torch.rand(2, 4, *size))
    assert output.logits.shape == (2, 6, *size)
    assert output.features.shape == (2, 16, -(-size[0] // 4), -(-size[1] // 4))
    assert output.auxiliary == ()


def test_features_are_what_the_classifier_reads():
    network = thin().eval()
    output = network(torch.rand(1, 3, 48, 64))
    torch.testing.assert_close(network.enlarge(network.classifier(output.features)), output.logits)


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_a_thin_network_has_the_wide_ones_modules_a_fraction_of_its_channels(backbone):
    with torch.device("meta"):
        wide = dict(deeplabv3plus(backbone, 6).named_modules())
    network = thin(backbone)
    assert [name for name, _ in network.named_modules()] == list(wide)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            assert module.stride == wide[name].stride
            assert module.dilation == wide[name].dilation
            if name != "classifier":
                assert module.out_channels * 16 == wide[name].out_channels, name
    assert network.backbone.conv1.out_channels == 4


def test_it_trains_and_only_the_interpolations_are_frozen():
    network = thin()
    network(torch.rand(2, 3, 64, 64)).logits.square().mean().backward()
    without = {name for name, parameter in network.named_parameters() if parameter.grad is None}
    assert without == {"upsample.weight", "upsample.bias", "enlarge.weight", "enlarge.bias"}


def test_weights_of_a_file_end_up_in_the_backbone(tmp_path):
    torch.manual_seed(1)
    served = timm.create_model("resnet18")
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(served.state_dict(), path)
    state = served.state_dict()
    for key, value in deeplabv3plus("resnet18", 6, pretrained=path).backbone.state_dict().items():
        assert torch.equal(value, state[key]), key
    with pytest.raises(RuntimeError, match=r"weights of .*absent\.safetensors for resnet18 could not be loaded"):
        deeplabv3plus("resnet18", 6, pretrained=tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet18", 6, "matlab", 0.0), "leaves no channel"),
        (("resnet18", 0), "at least one class"),
        (("vgg16", 6), "no ResNet of timm"),
        (("resnet50s", 6), "stem of three convolutions"),
        (("resnet18", 6, "paper"), "no layout 'paper'; there are matlab and interpolate"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        deeplabv3plus(*arguments)


def test_pretrained_weights_need_the_full_width():
    with pytest.raises(ValueError, match=r"those of width 1, not 0\.5"):
        deeplabv3plus("resnet18", 6, width=0.5, pretrained=True)
