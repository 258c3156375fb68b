"""Seconds and memory of the attentions against the number of tokens, forward, one image."""

from collections.abc import Callable

import torch
from common import interleaved, json_argument, report
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.maflnet import CrossCovarianceAttention, DotProductAttention, LinearAngularAttention
from rsnotes.maflnet.attention import merge_heads, split_heads
from rsnotes.metrics.cost import peak_memory

CHANNELS, HEADS = 64, 2
SIDES = (64, 96, 128, 192, 256)
LIMITS = {"dot product": 96**2, "dot product, fused": 128**2}
"""Tokens up to which an attention is run: the map of the first takes 1.4 GB there, the second is quadratic in time."""

ROUNDS = 3


class FusedDotProduct(DotProductAttention):
    """The same product by PyTorch's own function, which never holds the map."""

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        q, k, v = split_heads(self.qkv(x), self.heads)
        return self.proj(merge_heads(F.scaled_dot_product_attention(q, k, v)))


class OnSquare(nn.Module):
    """Linear-angular attention of the tokens of a square map."""

    def __init__(self, attention: LinearAngularAttention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        side = round(x.shape[1] ** 0.5)
        return self.attention(x, (side, side))


def forms(tokens: int) -> dict[str, nn.Module]:
    """The attentions that can be run on so many tokens."""
    torch.manual_seed(0)
    every: dict[str, nn.Module] = {
        "dot product": DotProductAttention(CHANNELS, HEADS),
        "dot product, fused": FusedDotProduct(CHANNELS, HEADS),
        "linear-angular": OnSquare(LinearAngularAttention(CHANNELS, HEADS)),
        "cross-covariance": CrossCovarianceAttention(CHANNELS, HEADS),
    }
    return {name: module for name, module in every.items() if tokens <= LIMITS.get(name, tokens)}


def call(module: nn.Module, x: Tensor) -> Callable[[], object]:
    return lambda: module(x)


def main() -> None:
    path = json_argument("attention")
    rows = []
    for side in SIDES:
        tokens = side**2
        x = torch.rand(1, tokens, CHANNELS, generator=torch.Generator().manual_seed(0))
        modules = forms(tokens)
        with torch.inference_mode():
            seconds = interleaved({name: call(module.eval(), x) for name, module in modules.items()}, ROUNDS)
        for name, module in modules.items():
            rows.append({
                "side": side,
                "tokens": tokens,
                "attention": name,
                "seconds": round(seconds[name], 4),
                "microseconds a token": round(1e6 * seconds[name] / tokens, 3),
                "peak memory, MB": round(peak_memory(module, x) / 1e6, 1),
            })  # fmt: skip
    report(path, f"Attention among the tokens of a square map, {CHANNELS} channels, {HEADS} heads, float32", rows)


if __name__ == "__main__":
    main()
