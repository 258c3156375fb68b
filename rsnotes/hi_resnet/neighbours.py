"""Which images an encoder takes to be alike, and whether they hold the same classes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from rsnotes.datasets import IGNORE
from rsnotes.hi_resnet.moco import Encoder
from rsnotes.networks import evaluating
from rsnotes.training import Samples


def describe(encoder: Encoder, samples: Samples, batch_size: int = 32) -> Tensor:
    """The backbone's view of every sample, (N, C) of length 1, in eval mode."""
    device = next(encoder.parameters()).device
    found = []
    with evaluating(encoder):
        for start in range(0, len(samples), batch_size):
            images = [samples[i].image for i in range(start, min(start + batch_size, len(samples)))]
            found.append(F.normalize(encoder.pooled(torch.stack(images).to(device)), dim=1).cpu())
    return torch.cat(found).clone()


def nearest(features: Tensor, count: int = 1) -> Tensor:
    """Indices (N, count) of the samples most like each, by the cosine, the sample itself left out.

    Args:
        features: (N, C) of length 1.
        count: how many, less than N.
    """
    likeness = features @ features.mT
    return likeness.fill_diagonal_(-2).topk(count, dim=1).indices


def class_shares(samples: Samples, classes: int) -> Tensor:
    """Share of each class among the labelled pixels of every sample, (N, classes)."""
    counts = []
    for index in range(len(samples)):
        mask = samples[index].mask
        counts.append(torch.bincount(mask[mask != IGNORE], minlength=classes).float())
    total = torch.stack(counts)
    return total / total.sum(dim=1, keepdim=True).clamp(min=1)


def agreement(shares: Tensor, neighbours: Tensor) -> float:
    """How much of the ground a sample and its neighbours have in common: Σ min of their class shares, mean over all.

    Args:
        shares: (N, K), each row summing to 1.
        neighbours: (N, count) indices.

    Returns:
        A number in [0, 1]; 1 when the classes cover the same shares.
    """
    pairs = torch.minimum(shares[:, None], shares[neighbours])  # (N, count, K)
    return float(pairs.sum(dim=2).mean())
