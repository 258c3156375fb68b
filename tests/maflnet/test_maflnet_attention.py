"""The attentions: by hand, against N × N maps, timm and PyTorch, and what each is blind to."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate
from sklearn.metrics.pairwise import cosine_similarity
from timm.models.xcit import XCA
from torch import Tensor, nn

from rsnotes.maflnet import CrossCovarianceAttention, DotProductAttention, LinearAngularAttention

torch.set_num_threads(1)
SIZE = (3, 5)
CHANNELS, HEADS = 8, 2


def tokens(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def built(kind, **options) -> nn.Module:
    torch.manual_seed(0)
    module = kind(CHANNELS, HEADS, **options).double()
    if isinstance(module, CrossCovarianceAttention):
        nn.init.uniform_(module.temperature, 0.2, 2)
    return module


@pytest.mark.equation("maflnet", "2")
@pytest.mark.equation("maflnet", "3")
@pytest.mark.equation("maflnet", "4")
def test_angular_attention_by_hand():
    q = torch.tensor([[3.0, 4.0], [0.0, 2.0]])[None, None]  # unit: (0.6, 0.8), (0, 1)
    k = torch.tensor([[5.0, 0.0], [0.0, 0.1]])[None, None]  # unit: (1, 0), (0, 1)
    v = torch.tensor([[1.0, 2.0], [10.0, 20.0]])[None, None]
    # K̂ᵀV = V; Q̂V = (0.6·1 + 0.8·10, 0.6·2 + 0.8·20) and (10, 20)
    expected = torch.tensor([[0.5 + 8.6 / math.pi, 1 + 17.2 / math.pi], [5 + 10 / math.pi, 10 + 20 / math.pi]])
    torch.testing.assert_close(built(LinearAngularAttention).attend(q, k, v)[0, 0], expected)


@pytest.mark.equation("maflnet", "4")
def test_angular_attention_equals_its_map_of_cosines():
    q, k, v = (tokens(2, 3, 7, 4, seed=seed) for seed in range(3))
    z = built(LinearAngularAttention).attend(q, k, v).numpy()
    for b in range(2):
        for h in range(3):
            cosines = cosine_similarity(q[b, h].numpy(), k[b, h].numpy())  # (N, N)
            expected = 0.5 * v[b, h].numpy() + cosines @ v[b, h].numpy() / np.pi
            np.testing.assert_allclose(z[b, h], expected, rtol=1e-10)


def linear(layer: nn.Linear, x: np.ndarray) -> np.ndarray:
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


@pytest.mark.equation("maflnet", "1")
@pytest.mark.equation("maflnet", "5")
@pytest.mark.parametrize("normalise", [False, True])
def test_linear_angular_attention_head_by_head(normalise):
    module, x = built(LinearAngularAttention, normalise=normalise), tokens(2, 15, CHANNELS)
    got = module(x, SIZE).detach().numpy()
    for b in range(2):
        q, k, v = np.split(linear(module.qkv, x[b].numpy()), 3, axis=1)  # (N, C) each
        z = np.empty_like(v)
        for head in (slice(0, 4), slice(4, 8)):
            one = 0.5 * v[:, head] + cosine_similarity(q[:, head], k[:, head]) @ v[:, head] / np.pi
            z[:, head] = one / np.linalg.norm(one, axis=1, keepdims=True) if normalise else one
        local = np.empty_like(v)
        for c in range(CHANNELS):
            kernel, bias = module.dconv.weight[c, 0].detach().numpy(), module.dconv.bias[c].item()
            local[:, c] = correlate(v[:, c].reshape(SIZE), kernel, mode="constant").ravel() + bias
        np.testing.assert_allclose(got[b], linear(module.proj, z + local), rtol=1e-9, atol=1e-12)


@pytest.mark.equation("maflnet", "2")
def test_the_length_of_queries_and_keys_does_not_matter():
    module = built(LinearAngularAttention)
    q, k, v = (tokens(1, 2, 6, 4, seed=seed) for seed in range(3))
    factors = torch.rand(1, 2, 6, 1, dtype=torch.float64) + 0.1
    torch.testing.assert_close(module.attend(q * factors, k / factors, v), module.attend(q, k, v))
    torch.testing.assert_close(module.attend(q, k, 3 * v), 3 * module.attend(q, k, v))
    torch.testing.assert_close(module.attend(-q, k, v), v - module.attend(q, k, v))  # αV is half of v


@pytest.mark.equation("maflnet", "4")
@pytest.mark.parametrize("count", [1, 64, 4096])
def test_the_sum_over_tokens_grows_with_their_number(count):
    module, token = built(LinearAngularAttention), tokens(1, 1, 1, 4)
    same = token.expand(1, 1, count, 4)
    torch.testing.assert_close(module.attend(same, same, same), (0.5 + count / math.pi) * same)
    module.normalise = True
    torch.testing.assert_close(module.attend(same, same, same), same / token.norm())


@pytest.mark.equation("maflnet", "5")
def test_only_the_convolution_knows_where_a_token_is():
    module, x = built(LinearAngularAttention), tokens(1, 15, CHANNELS)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(1))
    assert (module(x[:, order], SIZE) - module(x, SIZE)[:, order]).abs().max() > 0.01
    nn.init.zeros_(module.dconv.weight)
    torch.testing.assert_close(module(x[:, order], SIZE), module(x, SIZE)[:, order])


@pytest.mark.equation("maflnet", "6")
@pytest.mark.equation("maflnet", "7")
def test_cross_covariance_by_hand():
    torch.manual_seed(0)
    module = CrossCovarianceAttention(2, heads=1).double()
    with torch.no_grad():
        module.qkv.weight.copy_(torch.eye(2).repeat(3, 1))
        module.qkv.bias.zero_()
        module.proj.weight.copy_(torch.eye(2))
        module.proj.bias.zero_()
        module.temperature.fill_(1 / math.log(3))
    x = torch.tensor([[[2.0, 0.0], [0.0, 5.0]]], dtype=torch.float64)  # channels (2, 0) and (0, 5): cosines 1 and 0
    # exp of cosine over τ: 3 on the diagonal and 1 beside it, so each row is (3, 1) / 4 or (1, 3) / 4
    expected = torch.tensor([[[1.5, 0.5], [1.25, 3.75]]], dtype=torch.float64)
    torch.testing.assert_close(module(x), expected)


@pytest.mark.equation("maflnet", "6")
@pytest.mark.equation("maflnet", "7")
@pytest.mark.equation("maflnet", "8")
def test_cross_covariance_is_xcits():
    ours, theirs = built(CrossCovarianceAttention), XCA(CHANNELS, HEADS, qkv_bias=True).double()
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        theirs.temperature.copy_(1 / ours.temperature)  # XCiT multiplies, the paper divides
    x = tokens(2, 15, CHANNELS)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.equation("maflnet", "6")
def test_rows_of_the_channel_map_sum_to_one_and_forget_the_number_of_tokens():
    module, q, k = built(CrossCovarianceAttention), tokens(1, 2, 9, 4), tokens(1, 2, 9, 4, seed=1)
    weights = module.weights(q, k)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(1, 2, 4, dtype=torch.float64))
    assert (weights.sum(dim=-2) - 1).abs().max() > 0.01
    torch.testing.assert_close(module.weights(q.repeat(1, 1, 50, 1), k.repeat(1, 1, 50, 1)), weights)
    torch.testing.assert_close(module.weights(7 * q, k), weights)
    torch.testing.assert_close(module.weights(k, q), module.weights(q, k), rtol=1, atol=1)  # same shape, other map
    assert (module.weights(k, q) - weights).abs().max() > 0.01


@pytest.mark.equation("maflnet", "6")
def test_a_high_temperature_mixes_evenly_a_low_one_picks():
    module, q, k = built(CrossCovarianceAttention), tokens(1, 2, 9, 4), tokens(1, 2, 9, 4, seed=1)
    nn.init.constant_(module.temperature, 1e6)
    torch.testing.assert_close(
        module.weights(q, k), torch.full((1, 2, 4, 4), 0.25, dtype=torch.float64), atol=1e-5, rtol=0
    )
    nn.init.constant_(module.temperature, 1e-4)
    picked = module.weights(q, k)
    assert picked.max(dim=-1).values.min() > 0.99
    cosines = cosine_similarity(q[0, 0].T.numpy(), k[0, 0].T.numpy())
    assert picked[0, 0].argmax(dim=-1).tolist() == cosines.argmax(axis=1).tolist()


@pytest.mark.parametrize("kind", [CrossCovarianceAttention, DotProductAttention])
def test_permutes_with_its_tokens(kind):
    module, x = built(kind), tokens(2, 15, CHANNELS)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(1))
    assert (module(x[:, order]) - module(x)).abs().max() > 0.01
    torch.testing.assert_close(module(x[:, order]), module(x)[:, order])


def test_dot_product_attention_is_pytorchs():
    ours = built(DotProductAttention)
    theirs = nn.MultiheadAttention(CHANNELS, HEADS, batch_first=True).double()
    names = {"in_proj_weight": "qkv.weight", "in_proj_bias": "qkv.bias"}
    names |= {"out_proj.weight": "proj.weight", "out_proj.bias": "proj.bias"}
    theirs.load_state_dict({name: ours.state_dict()[our_name] for name, our_name in names.items()})
    x = tokens(2, 15, CHANNELS)
    torch.testing.assert_close(ours(x), theirs(x, x, x)[0])


@pytest.mark.parametrize("kind", [LinearAngularAttention, CrossCovarianceAttention, DotProductAttention])
def test_gradients_are_those_of_finite_differences(kind):
    module, x = built(kind), tokens(1, 6, CHANNELS).requires_grad_()
    size = ((2, 3),) if kind is LinearAngularAttention else ()
    assert torch.autograd.gradcheck(lambda x: module(x, *size), (x,))
    module(x, *size).square().sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-6, name


@pytest.mark.parametrize("kind", [LinearAngularAttention, CrossCovarianceAttention, DotProductAttention])
def test_heads_have_to_divide_the_channels(kind):
    with pytest.raises(ValueError, match="8 channels cannot be split among 3 heads"):
        kind(8, heads=3)
