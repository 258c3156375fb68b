"""PSPNet: the papers' sizes, the public implementation's geometry, and what it returns."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from rsnotes.networks import LogitsOnly, evaluating, pspnet

torch.set_num_threads(1)


def small(**options):
    torch.manual_seed(0)
    return pspnet("resnet18", 6, 1 / 16, **options)


@pytest.mark.parametrize(
    ("backbone", "width", "classes", "parameters"),
    [
        ("resnet101s", 1.0, 19, 70_437_350),
        ("resnet18", 1.0, 19, 13_068_262),
        ("resnet18", 0.5, 19, 3_271_686),
        ("resnet101s", 1.0, 6, 70_424_012),
        ("resnet18", 1.0, 6, 13_064_908),
        ("resnet18", 0.5, 6, 3_269_996),
    ],
)
def test_parameter_counts_are_the_papers(backbone, width, classes, parameters):
    with torch.device("meta"):
        network = pspnet(backbone, classes, width)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


@pytest.mark.parametrize(
    ("backbone", "width", "giga_macs"),
    [("resnet101s", 1.0, 574.93), ("resnet18", 1.0, 125.83), ("resnet18", 0.5, 31.525)],
)
def test_macs_at_512_by_1024_are_the_papers(backbone, width, giga_macs):
    with torch.device("meta"):
        network = pspnet(backbone, 19, width).eval()
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, 3, 512, 1024))
    digits = 3 if giga_macs < 100 else 2
    assert round(counter.get_total_flops() / 2 / 1e9, digits) == giga_macs


@pytest.mark.parametrize("backbone", ["resnet101s", "resnet18"])
def test_every_3x3_of_layer3_has_dilation_2_and_of_layer4_4(backbone):
    # The counts above do not see dilation: padding goes with it.
    with torch.device("meta"):
        trunk = pspnet(backbone, 6).backbone
    for layer, dilation in (("layer1", 1), ("layer2", 1), ("layer3", 2), ("layer4", 4)):
        convolutions = [m for m in trunk[layer].modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
        assert convolutions
        assert {m.dilation for m in convolutions} == {(dilation, dilation)}
        assert {m.padding for m in convolutions} == {(dilation, dilation)}


@pytest.mark.parametrize(("side", "expected"), [(645, 81), (512, 65), (128, 17), (37, 5), (9, 2)])
def test_map_has_the_side_of_the_public_code(side, expected):
    # DRD's 645 crops give relation maps of (81 * 81)²: ceil, then the ceil-mode pooling, then stride 2.
    with torch.device("meta"):
        features = pspnet("resnet18", 6, 1 / 16).eval()(torch.empty(1, 3, side, 24)).features
    assert features.shape[-2] == expected


@pytest.mark.parametrize("size", [(37, 50), (64, 64), (9, 130)])
@pytest.mark.parametrize("bands", [1, 3, 5])
def test_logits_have_the_size_of_the_input_whatever_it_is(size, bands):
    output = small(bands=bands)(torch.rand(2, bands, *size))
    (auxiliary,) = output.auxiliary
    assert output.logits.shape == auxiliary.shape == (2, 6, *size)
    assert output.features.shape[:2] == (2, 8)  # layer4's 32 channels / 4


def test_logits_are_the_classifier_on_the_distilled_features():
    network = small().eval()
    output = network(torch.rand(1, 3, 40, 56))
    expected = F.interpolate(network.classifier(output.features), (40, 56), mode="bilinear")
    torch.testing.assert_close(output.logits, expected)


def test_auxiliary_logits_come_from_layer3_and_from_nothing_after_it():
    network = small().eval()
    images = torch.rand(1, 3, 40, 40)
    before = network(images)
    with torch.no_grad():
        for parameter in network.backbone["layer4"].parameters():
            parameter.add_(0.5)
    after = network(images)
    assert torch.equal(before.auxiliary[0], after.auxiliary[0])
    assert not torch.allclose(before.logits, after.logits)
    with torch.no_grad():
        for parameter in network.backbone["layer3"].parameters():
            parameter.add_(0.5)
    assert not torch.allclose(before.auxiliary[0], network(images).auxiliary[0])


def test_without_auxiliary_there_is_an_empty_tuple_and_the_same_logits():
    network, plain = small().eval(), small(auxiliary=False).eval()
    weights = {key: value for key, value in network.state_dict().items() if not key.startswith("auxiliary_head")}
    plain.load_state_dict(weights)
    images = torch.rand(1, 3, 32, 32)
    assert plain(images).auxiliary == ()
    assert torch.equal(plain(images).logits, network(images).logits)


def test_pyramid_means_over_1_4_9_and_36_regions():
    pyramid = small().eval().pyramid
    x = torch.rand(2, 32, 12, 18)  # divisible by 6: the regions are plain blocks
    for level, bins in zip(pyramid.levels, (1, 2, 3, 6), strict=True):
        blocks = x.reshape(2, 32, bins, 12 // bins, bins, 18 // bins).mean((3, 5))
        torch.testing.assert_close(level[0](x), blocks)


def test_biases_are_where_the_public_code_has_them():
    network = small()
    pyramid = [m for m in network.pyramid.modules() if isinstance(m, nn.Conv2d)]
    assert len(pyramid) == 5
    assert all(m.bias is None for m in pyramid)
    assert network.classifier.bias is not None
    assert all(m.bias is not None for m in network.auxiliary_head if isinstance(m, nn.Conv2d))


def test_training_on_one_image_says_why_not():
    network = small()
    with pytest.raises(ValueError, match="batches of two images or more"):
        network(torch.rand(1, 3, 32, 32))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    assert network(torch.rand(1, 3, 32, 32)).logits.shape == (1, 6, 32, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet18", 6, 0.0), "leaves no channel"),
        (("resnet18", 6, -1.0), "leaves no channel"),
        (("resnet19", 6), "no ResNet of timm"),
        (("vgg16", 6), "no ResNet of timm"),
        (("resnet18", 0), "at least one class"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        pspnet(*arguments)


def test_logits_only_returns_the_logits():
    network = small().eval()
    images = torch.rand(1, 3, 40, 40)
    assert torch.equal(LogitsOnly(network)(images), network(images).logits)


def test_logits_only_can_be_exported_and_gives_the_same_at_run_time():
    network = LogitsOnly(small().eval())
    exported = torch.export.export(network, (torch.rand(2, 3, 48, 48),)).module()
    images = torch.rand(2, 3, 48, 48)
    torch.testing.assert_close(exported(images), network(images))


def test_evaluating_restores_every_mode():
    network = small()
    network.backbone["layer1"].eval()  # frozen on purpose
    before = [module.training for module in network.modules()]

    def fail_inside() -> None:
        with evaluating(network):
            assert not any(module.training for module in network.modules())
            assert not network(torch.rand(1, 3, 32, 32)).logits.requires_grad
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert [module.training for module in network.modules()] == before
