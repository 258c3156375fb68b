"""How far apart two domains are in a network's features: a picture, and three numbers."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from rsnotes.networks import evaluating
from rsnotes.training import Samples

Features = NDArray[np.float64]
"""(N, C), one row an image."""


def image_features(network: nn.Module, samples: Samples, count: int | None = None, batch_size: int = 16) -> Features:
    """Mean over the pixels of the network's feature map, a row an image.

    Args:
        network: returns an output with ``features``.
        samples: images of one size.
        count: the first so many, all by default.
        batch_size: images a forward pass.
    """
    total = len(samples) if count is None else min(count, len(samples))
    device, rows = next(network.parameters()).device, []
    with evaluating(network):
        for first in range(0, total, batch_size):
            images = torch.stack([samples[k].image for k in range(first, min(first + batch_size, total))])
            rows.append(network(images.to(device)).features.float().mean(dim=(2, 3)).cpu())
    return torch.cat(rows).double().numpy()


def maximum_mean_discrepancy(a: Features, b: Features, bandwidth: float | None = None) -> float:
    """Squared maximum mean discrepancy under a Gaussian kernel, the unbiased estimate: near 0 for one domain.

    Gretton et al., A kernel two-sample test, 2012.

    Args:
        a, b: features of two domains, two rows each at least.
        bandwidth: sigma of the kernel; by default the median distance over all rows of both.

    Returns:
        May be a little negative where the domains agree.
    """
    _check(a, b)
    both = np.concatenate([a, b])
    squared = np.square(both[:, None] - both[None]).sum(-1)
    if bandwidth is None:
        bandwidth = float(np.median(np.sqrt(squared[np.triu_indices(len(both), 1)]))) or 1.0
    kernel, n, m = np.exp(-squared / (2 * bandwidth**2)), len(a), len(b)
    aa, bb, ab = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
    within = (aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1))
    return float(within - 2 * ab.mean())


def frechet_distance(a: Features, b: Features) -> float:
    """Squared Fréchet distance of the two Gaussians with the features' means and covariances; 0 for equal ones.

    Dowson and Landau, 1982; with the features of an Inception network it is known as FID. It wants more rows than
    columns.
    """
    _check(a, b)
    one, two = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.atleast_2d(np.real(sqrtm(np.atleast_2d(one @ two if one.ndim else one * two))))
    spread = np.trace(np.atleast_2d(one)) + np.trace(np.atleast_2d(two)) - 2 * np.trace(root)
    return float(np.square(a.mean(0) - b.mean(0)).sum() + max(spread, 0.0))


def proxy_a_distance(a: Features, b: Features, folds: int = 5) -> float:
    """``2 (1 - 2 error)`` of a linear classifier that tells the domains apart: 0 where it cannot, 2 where it can.

    Ben-David et al., Analysis of representations for domain adaptation, 2007. The error is that of cross-validation.

    Args:
        a, b: features of two domains.
        folds: of the cross-validation.
    """
    _check(a, b)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced"))
    labels = np.repeat([0, 1], [len(a), len(b)])
    scores = cross_val_score(model, np.concatenate([a, b]), labels, cv=folds, scoring="balanced_accuracy")
    return float(np.clip(2 * (1 - 2 * (1 - scores.mean())), 0, 2))


def t_sne(domains: list[Features], perplexity: float = 20.0, seed: int = 0) -> list[Features]:
    """The paper's picture: rows of all domains in one plane, each domain's (N, 2) in the order given.

    Distances between clusters mean little in it; the numbers of this module do not depend on it.
    """
    rows = np.concatenate(domains)
    plane = TSNE(perplexity=min(perplexity, (len(rows) - 1) / 3), random_state=seed).fit_transform(rows)
    return np.split(plane.astype(np.float64), np.cumsum([len(d) for d in domains])[:-1])


def _check(a: Features, b: Features) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"expected two tables (N, C) of as many columns and two rows or more, got {a.shape}, {b.shape}"
        )
