"""The two methods DRD is compared with, from their equations: SKD's pair-wise loss and IFVD."""

import torch
import torch.nn.functional as F
from torch import Tensor

from rsnotes.datasets import IGNORE
from rsnotes.drd.precision import in_full_precision


@in_full_precision
def pairwise_loss(student: Tensor, teacher: Tensor, share: float = 0.5) -> Tensor:
    """SKD: mean squared difference of the cosines between all pairs of pooled nodes.

    Liu et al., Structured Knowledge Distillation for Semantic Segmentation, CVPR 2019. Both maps are first
    max-pooled to windows of ``share`` of their side: 2 × 2 nodes at the default, 3 × 3 where the side is odd.

    Args:
        student: (B, C, H, W).
        teacher: (B, C', H, W), C' may differ from C. It gets no gradient.
        share: side of a pooling window as a share of the map's side, as SKD's published settings have it.

    Raises:
        ValueError: the two maps differ in size.
    """
    if student.shape[-2:] != teacher.shape[-2:]:
        raise ValueError(
            f"pairs of nodes need maps of one size, got {tuple(student.shape)} and {tuple(teacher.shape)}: "
            "resize one to the other's height and width"
        )
    return (_cosines(student, share) - _cosines(teacher.detach(), share)).square().mean()


@in_full_precision
def intra_class_variation_loss(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """IFVD: mean squared difference of each pixel's cosine to the prototype of its class.

    Wang et al., Intra-class Feature Variation Distillation for Semantic Segmentation, ECCV 2020. A prototype is the
    mean feature of the pixels of one class in one image. Pixels without a label are left out of the mean.

    Args:
        student: (B, C, H, W).
        teacher: (B, C', H, W), C' may differ from C. It gets no gradient.
        mask: (B, H', W') class ids, 255 where there is none; taken at the features' size by nearest neighbour.
    """
    labels = F.interpolate(mask[:, None].float(), student.shape[-2:], mode="nearest").flatten(1)  # (B, N)
    valid = labels != IGNORE
    ids = torch.arange(int(labels[valid].max()) + 1 if valid.any() else 1, device=labels.device)
    members = (labels[:, None] == ids[:, None]).to(student.dtype)  # (B, K, N)
    difference = _variation(student, members) - _variation(teacher.detach(), members)  # (B, N)
    return difference[valid].square().sum() / valid.sum().clamp(min=1)


def _cosines(features: Tensor, share: float) -> Tensor:
    height, width = features.shape[-2:]
    window = (max(1, int(height * share)), max(1, int(width * share)))
    nodes = F.max_pool2d(features, window, stride=window, ceil_mode=True).flatten(2)  # (B, C, M)
    nodes = F.normalize(nodes, dim=1)
    return nodes.mT @ nodes  # (B, M, M)


def _variation(features: Tensor, members: Tensor) -> Tensor:
    """Cosine of each pixel to its class's mean feature, (B, N)."""
    pixels = features.flatten(2)  # (B, C, N)
    count = members.sum(dim=2).clamp(min=1)  # (B, K)
    prototypes = pixels @ members.mT / count[:, None]  # (B, C, K)
    return F.cosine_similarity(pixels, prototypes @ members, dim=1)
