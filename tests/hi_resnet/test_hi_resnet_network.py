"""The network: the printed sizes, where maps are, what each part computes, and what reaches the output."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.hi_resnet import (
    LAYOUTS,
    Fusion,
    InformationAggregation,
    InvertedBottleneck,
    ObjectAttention,
    SqueezeExcitation,
    WindowAttention,
    hi_resnet,
    joined,
    region_features,
)
from rsnotes.hi_resnet.blocks import merge_windows, split_windows

torch.set_num_threads(1)

SIZES = {
    "hrnet": 68_647_488, "hrnet_v1": 96_559_680, "hrnet_v2": 153_319_488, "base": 46_501_632,
    "funnel": 50_249_088, "ia": 22_336_416, "final": 26_019_360,
}  # fmt: skip
PRINTED = {"hrnet": 68.6, "hrnet_v1": 96.5, "hrnet_v2": 153.3, "base": 46.5, "funnel": 50.2, "ia": 22.3, "final": 26.0}


def on_meta(*arguments, **options) -> nn.Module:
    with torch.device("meta"):
        return hi_resnet(*arguments, **options)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("variant", LAYOUTS)
def test_parameters_are_the_printed_ones(variant: str) -> None:
    printed = count(on_meta(variant, 6, norm_first=False))
    assert printed == SIZES[variant]
    assert int(printed / 1e5) / 10 == PRINTED[variant]  # cut off, not rounded: 50.249 is 50.2, 153.319 is 153.3
    more = 160 if variant.startswith("hrnet") else 544  # 2 Σ (inputs - outputs) of the transitions
    assert count(on_meta(variant, 6)) == printed + more


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(0)
    return hi_resnet("final", 5, width=1 / 6, depth=1 / 4, dilations=(2, 4, 6)).eval()


def test_maps_keep_a_quarter_an_eighth_and_a_sixteenth(small) -> None:
    layers = small.backbone.layers(torch.rand(1, 3, 64, 96))
    assert [[tuple(x.shape[1:]) for x in maps] for maps in layers] == [
        [(43, 16, 24)],
        [(8, 16, 24), (16, 8, 12)],
        [(8, 16, 24), (16, 8, 12), (32, 4, 6)],
    ]
    assert small.backbone.channels == (8, 16, 32)


def test_the_output_is_coarse_plus_refined_at_the_size_of_the_image(small) -> None:
    images = torch.rand(2, 3, 52, 77)  # no multiple of anything
    with torch.no_grad():
        output = small(images)
        coarse, refined = small.head(output.features)
    assert output.logits.shape == (2, 5, 52, 77)
    assert output.features.shape == (2, 56, 13, 20)
    for found, low in zip(output.auxiliary, (coarse, refined), strict=True):
        torch.testing.assert_close(found, F.interpolate(low, (52, 77), mode="bilinear"))
    torch.testing.assert_close(output.logits, output.auxiliary[0] + output.auxiliary[1])


def test_every_parameter_of_every_thin_variant_gets_a_gradient() -> None:
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    sizes = {}
    for variant in ("hrnet", "funnel", "ia", "final"):
        torch.manual_seed(0)
        network = hi_resnet(variant, 3, width=1 / 12, depth=1 / 12, dilations=(2, 4, 6))
        output = network(images)
        assert bool(output.auxiliary) == (variant == "final")
        output.logits.square().mean().backward()
        assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == [], variant
        sizes[variant] = len(list(network.backbone.stages))
    assert sizes == {"hrnet": 3, "funnel": 2, "ia": 2, "final": 2}


def test_the_third_stage_is_three_times_as_deep_and_the_fourth_is_missing() -> None:
    lengths = {
        variant: [len(module.branches[0]) for stage in on_meta(variant, 6).backbone.stages for module in stage]
        for variant in ("hrnet", "hrnet_v1", "hrnet_v2", "base")
    }
    assert lengths == {
        "hrnet": [4] * 8,
        "hrnet_v1": [4] + [12] * 4 + [4] * 3,
        "hrnet_v2": [4] * 5 + [12] * 3,
        "base": [4] + [12] * 4,
    }
    thin = on_meta("base", 6, width=1 / 4, depth=1 / 4).backbone
    assert [len(module.branches[2]) for module in thin.stages[1]] == [3] * 4
    assert len(thin.first) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("large", 6, {}), "no variant 'large'; there are hrnet, hrnet_v1"),
        (("final", 0, {}), "at least one class, got 0"),
        (("final", 6, {"width": 0.02}), "width 0.02 leaves 1 channels"),
    ],
)
def test_networks_that_there_are_not(arguments, message) -> None:
    variant, classes, options = arguments
    with pytest.raises(ValueError, match=message):
        hi_resnet(variant, classes, **options)


def test_windows_come_apart_and_together_again() -> None:
    x = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    tokens = split_windows(x, 2)
    assert tokens.shape == (2 * 2 * 3, 4, 3)
    assert torch.equal(tokens[1], x[0, :, :2, 2:4].flatten(1).mT)  # the second window of the first row
    assert torch.equal(tokens[3], x[0, :, 2:, :2].flatten(1).mT)  # the first of the second row
    assert torch.equal(merge_windows(tokens, 2, 4, 6), x)


def attention_by_loops(module: WindowAttention, x: Tensor) -> Tensor:
    """Window by window, head by head, with PyTorch's attention."""
    qkv, result, c = module.qkv(x), torch.zeros_like(x), x.shape[1]
    size, width = c // module.heads, module.window
    for top in range(0, x.shape[2], width):
        for left in range(0, x.shape[3], width):
            patch = qkv[:, :, top : top + width, left : left + width].flatten(2).mT  # (B, L², 3 C)
            for head in range(module.heads):
                q, k, v = (patch[..., n * c + head * size : n * c + (head + 1) * size] for n in range(3))
                found = F.scaled_dot_product_attention(q, k, v).mT.unflatten(-1, (width, width))
                result[:, head * size : (head + 1) * size, top : top + width, left : left + width] = found
    return module.project(result)


@pytest.mark.parametrize("heads", [1, 3, 12])
def test_window_attention_is_pytorchs_in_every_window(heads: int) -> None:
    torch.manual_seed(heads)
    module, x = WindowAttention(12, heads, window=4), torch.randn(2, 12, 8, 12)
    torch.testing.assert_close(module(x), attention_by_loops(module, x), atol=1e-5, rtol=1e-4)


def test_with_as_many_heads_as_channels_every_channel_is_on_its_own() -> None:
    # the paper's reshape to (C · HW / L²) × L × L, read to the letter
    torch.manual_seed(0)
    for heads, reached in ((6, 1), (2, 3)):
        module = WindowAttention(6, heads, window=4)
        with torch.no_grad():
            for layer in (module.qkv, module.project):
                layer.bias.zero_()
                layer.weight.copy_(torch.eye(6).repeat(layer.out_channels // 6, 1)[..., None, None])
        x = torch.randn(1, 6, 8, 8).requires_grad_()
        module(x)[0, 0, 1, 1].backward()
        assert x.grad is not None
        touched = x.grad[0].abs() > 0
        assert touched[:, :4, :4].flatten(1).any(1).sum() == reached
        assert not touched[:, 4:].any(), "nothing from another window"
        assert not touched[:, :, 4:].any(), "nothing from another window"


@pytest.mark.parametrize("heads", [1, 2])
def test_windows_at_the_border_attend_to_what_is_there(heads: int) -> None:
    torch.manual_seed(1)
    module, x = WindowAttention(4, heads, window=4), torch.randn(2, 4, 5, 6)
    found = module(x)
    assert found.shape == x.shape
    torch.testing.assert_close(found[..., :4, :4], module(x[..., :4, :4]))
    for rows, columns in ((slice(0, 4), slice(4, 6)), (slice(4, 5), slice(0, 4)), (slice(4, 5), slice(4, 6))):
        part = x[..., rows, columns]
        q, k, v = (  # (2, heads, tokens, 4 / heads) each, of the real tokens alone
            y.flatten(2).unflatten(1, (heads, -1)).mT for y in module.qkv(part).chunk(3, dim=1)
        )
        attended = F.scaled_dot_product_attention(q, k, v).mT.flatten(1, 2).unflatten(-1, part.shape[-2:])
        torch.testing.assert_close(found[..., rows, columns], module.project(attended), atol=1e-5, rtol=1e-4)


def test_what_stands_in_the_padding_changes_nothing(monkeypatch) -> None:
    torch.manual_seed(2)
    module, x = WindowAttention(8, 2, window=4), torch.randn(1, 8, 6, 3)
    zeros, pad = module(x), F.pad

    def noisy(y: Tensor, amounts: tuple[int, ...]) -> Tensor:
        inside = pad(torch.ones_like(y[:, :1]), amounts)
        return pad(y, amounts) + (7 * (1 - inside) if y.shape[1] > 1 else 0)  # the map of what is there stays

    monkeypatch.setattr("rsnotes.hi_resnet.blocks.F.pad", noisy)
    torch.testing.assert_close(module(x), zeros)


def test_heads_have_sixteen_channels_and_divide_the_channels() -> None:
    assert [WindowAttention(c).heads for c in (8, 48, 96, 192)] == [1, 3, 6, 12]
    with pytest.raises(ValueError, match="5 heads do not divide 48 channels"):
        WindowAttention(48, 5)


def test_squeeze_and_excitation_by_hand() -> None:
    module, x = SqueezeExcitation(4), torch.randn(2, 4, 3, 5)
    mean = x.mean((2, 3))
    hidden = F.silu(F.linear(mean, module.reduce.weight[..., 0, 0], module.reduce.bias))
    factor = torch.sigmoid(F.linear(hidden, module.expand.weight[..., 0, 0], module.expand.bias))
    torch.testing.assert_close(module(x), x * factor[..., None, None])


def test_the_ia_block_adds_its_parts_to_what_it_was_given() -> None:
    torch.manual_seed(2)
    block, x = InformationAggregation(8).eval(), torch.randn(2, 8, 16, 16)
    y = block.excitation(block.norm(x))
    y = y + block.attention(y)
    y = y + F.gelu(block.depthwise(y))
    torch.testing.assert_close(block(x), x + block.mix(y))
    nn.init.zeros_(block.mix.weight)
    nn.init.zeros_(block.mix.bias)
    assert torch.equal(block(x), x)
    assert block.depthwise.kernel_size == (5, 5)
    assert block.depthwise.groups == 8


def test_the_inverted_bottleneck_is_thick_in_the_middle_and_linear_at_the_end() -> None:
    torch.manual_seed(3)
    first, second = InvertedBottleneck(6, 8).eval(), InvertedBottleneck(8, 8).eval()
    assert [m.out_channels for m in first.body if isinstance(m, nn.Conv2d)] == [8, 32, 8]
    x = torch.randn(1, 8, 5, 5)
    torch.testing.assert_close(second(x) - x, 0.1 * second.body(x))
    assert bool((second(x) < 0).any())
    torch.testing.assert_close(first(x[:, :6]), first.shortcut(x[:, :6]) + 0.1 * first.body(x[:, :6]))


def test_a_fusion_is_the_sum_of_all_branches() -> None:
    torch.manual_seed(4)
    for first in (True, False):
        fusion = Fusion((4, 8, 16), first).eval()
        maps = [torch.randn(1, 4, 16, 16), torch.randn(1, 8, 8, 8), torch.randn(1, 16, 4, 4)]
        found = fusion(maps)
        up = F.interpolate(fusion.paths[0][1](maps[1]), (16, 16), mode="bilinear")
        more = F.interpolate(fusion.paths[0][2](maps[2]), (16, 16), mode="bilinear")
        torch.testing.assert_close(found[0], F.relu(maps[0] + up + more))
        down = fusion.paths[2][0](maps[0]) + fusion.paths[2][1](maps[1]) + maps[2]
        torch.testing.assert_close(found[2], F.relu(down))
        kinds = [type(layer) for layer in fusion.paths[0][1]]
        assert kinds == ([nn.BatchNorm2d, nn.Conv2d] if first else [nn.Conv2d, nn.BatchNorm2d])


def test_enlarging_first_as_the_paper_does_gives_the_same() -> None:
    torch.manual_seed(5)
    path = Fusion((4, 8)).eval().paths[0][1]
    x = torch.randn(1, 8, 6, 6)
    late, early = F.interpolate(path(x), (12, 12), mode="bilinear"), path(F.interpolate(x, (12, 12), mode="bilinear"))
    torch.testing.assert_close(late, early, atol=1e-5, rtol=1e-4)


def test_joined_maps_lie_one_behind_another() -> None:
    maps = [torch.randn(1, 2, 8, 8), torch.full((1, 3, 4, 4), 2.0)]
    found = joined(maps)
    assert torch.equal(found[:, :2], maps[0])
    assert bool((found[:, 2:] == 2).all())


def test_a_class_is_described_by_the_pixels_that_are_sure_of_it() -> None:
    features = torch.tensor([[[[1.0, 2.0, 4.0]]]])  # (1, 1, 1, 3)
    logits = torch.log(torch.tensor([[[[1.0, 1.0, 2.0]], [[0.5, 0.25, 0.25]]]]))
    torch.testing.assert_close(region_features(features, logits), torch.tensor([[[2.75, 2.0]]]))
    shifted = logits + torch.tensor([3.0, -1.0])[:, None, None]  # the softmax is over pixels
    torch.testing.assert_close(region_features(features, shifted), torch.tensor([[[2.75, 2.0]]]))


def test_object_attention_is_pytorchs_attention_to_the_regions() -> None:
    torch.manual_seed(6)
    module = ObjectAttention(8, 4).eval()
    pixels, objects = torch.randn(2, 8, 3, 5), torch.randn(2, 8, 6)
    key, value = (part(objects[..., None]).flatten(2).mT for part in (module.key, module.value))  # (2, 6, 4) each
    context = F.scaled_dot_product_attention(module.query(pixels).flatten(2).mT, key, value)
    expected = module.context(context.mT.unflatten(-1, (3, 5)))
    torch.testing.assert_close(module(pixels, objects), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(module(pixels, objects[..., [3, 5, 0, 1, 4, 2]]), expected)
