"""Attention among tokens, among angles and among channels (equations 1 to 8). Only the first makes an N × N map."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DotProductAttention(nn.Module):
    """Softmax attention among the tokens, with which the other two are compared: its map has N² entries a head.

    Vaswani et al., Attention is all you need, 2017, without its dropout.

    Args:
        channels: C, a multiple of ``heads``.
        heads: h; each works on C / h channels.
    """

    def __init__(self, channels: int, heads: int = 8) -> None:
        super().__init__()
        self.heads = check_heads(channels, heads)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        q, k, v = split_heads(self.qkv(x), self.heads)  # (B, h, N, d) each
        weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1)  # (B, h, N, N)
        return self.proj(merge_heads(weights @ v))


class LinearAngularAttention(nn.Module):
    """Attention by the angle between query and key, whose cost grows with N and not with N².

    The product of the unit keys and the values is taken first, a d × d matrix. It is a sum over all tokens, so βQ̂A
    grows with their number beside αV; ``normalise`` divides each token's Z by its length, as the published code of
    Castling-ViT does before it adds the convolution.

    Args:
        channels: C, a multiple of ``heads``.
        heads: h; the paper does not say how many.
        normalise: not in the paper.
    """

    alpha = 0.5
    beta = 1 / math.pi

    def __init__(self, channels: int, heads: int = 8, normalise: bool = False) -> None:
        super().__init__()
        self.heads, self.normalise = check_heads(channels, heads), normalise
        self.qkv = nn.Linear(channels, 3 * channels)
        self.dconv = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Attend among the tokens of a map.

        Equation: maflnet 1
        Equation: maflnet 5

        Args:
            x: (B, N, C), tokens row by row.
            size: height and width of the map, N = H W. The depthwise convolution of the values runs on this grid;
                the paper does not say on what it runs, nor with which kernel.

        Returns:
            (B, N, C)
        """
        q, k, v = split_heads(self.qkv(x), self.heads)  # (B, h, N, d) each
        z = merge_heads(self.attend(q, k, v))  # (B, N, C)
        values = merge_heads(v).mT.unflatten(2, size)  # (B, C, H, W)
        local = self.dconv(values).flatten(2).mT  # (B, N, C)
        return self.proj(z + local)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Z = αV + βQ̂(K̂ᵀV).

        Equation: maflnet 2
        Equation: maflnet 3
        Equation: maflnet 4

        Args:
            q: (B, h, N, d); each token's vector is divided by its length.
            k: the same shape, and divided likewise.
            v: (B, h, N, d).

        Returns:
            (B, h, N, d)
        """
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        interaction = k.mT @ v  # (B, h, d, d)
        z = self.alpha * v + self.beta * q @ interaction
        return F.normalize(z, dim=-1) if self.normalise else z


class CrossCovarianceAttention(nn.Module):
    """Attention among channels: each becomes a mixture of those of its head, in the same proportions at every token.

    Equations 6 and 7 as printed cannot be run: Q̂K̂ has no transpose, and A of d × d does not fit V of N × d from the
    left. But for that they agree with XCiT, which the paper does not cite, so this is XCiT's form: A = softmax(Q̂ᵀK̂ /
    τ), X' = VAᵀ, with each *channel* of Q and K divided by its length over the tokens, so that Q̂ᵀK̂ holds cosines
    whatever N is. XCiT's paper divides by the temperature, as this one does; its code multiplies.

    Args:
        channels: C, a multiple of ``heads``.
        heads: h; the paper does not say how many.

    Attributes:
        temperature: (h, 1, 1), τ of each head, 1 at the start.
    """

    def __init__(self, channels: int, heads: int = 8) -> None:
        super().__init__()
        self.heads = check_heads(channels, heads)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:  # (B, N, C) -> (B, N, C)
        """Mix the channels.

        Equation: maflnet 7
        Equation: maflnet 8
        """
        q, k, v = split_heads(self.qkv(x), self.heads)  # (B, h, N, d) each
        return self.proj(merge_heads(v @ self.weights(q, k).mT))

    def weights(self, q: Tensor, k: Tensor) -> Tensor:
        """How much channel i of a head takes from channel j.

        Equation: maflnet 6

        Args:
            q: (B, h, N, d).
            k: the same shape.

        Returns:
            (B, h, d, d), each row a distribution over the channels j.
        """
        q, k = F.normalize(q, dim=-2), F.normalize(k, dim=-2)
        return (q.mT @ k / self.temperature).softmax(dim=-1)


def split_heads(qkv: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """(B, N, 3C) to three tensors (B, h, N, C / h)."""
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # (3, B, h, N, d)
    return q, k, v


def merge_heads(x: Tensor) -> Tensor:
    """(B, h, N, d) to (B, N, h d)."""
    return x.transpose(1, 2).flatten(2)


def check_heads(channels: int, heads: int) -> int:
    """``heads``, or ``ValueError`` where they do not divide the channels."""
    if heads < 1 or channels % heads:
        raise ValueError(f"{channels} channels cannot be split among {heads} heads of equal size")
    return heads
