"""What teacher and student see of an unlabelled image: the paper's views, and the field's weak and strong pair."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

Views = Literal["paper", "weak-strong"]


class Pair(NamedTuple):
    """Images for the teacher, who labels, and for the student, who learns; the same ground in both, pixel by pixel.

    Attributes:
        teacher: (B, C, H, W) in [0, 1].
        student: (B, C, H, W) in [0, 1].
    """

    teacher: Tensor
    student: Tensor


def brightness(images: Tensor, strength: float) -> Tensor:
    """Each image times a factor drawn evenly from [1 - strength, 1 + strength], cut at 0 and 1."""
    factor = 1 + strength * (2 * torch.rand(len(images), 1, 1, 1, device=images.device) - 1)
    return (images * factor).clamp(0, 1)


def distort(images: Tensor, strength: float) -> Tensor:
    """Brightness, contrast, balance of the bands, blur and noise, each image its own: the strong view.

    Args:
        images: (B, C, H, W) in [0, 1].
        strength: 0 leaves the images as they are, 0.5 is the usual.
    """
    size, device = (len(images), 1, 1, 1), images.device
    changed = brightness(images, strength)
    contrast = 1 + strength * (2 * torch.rand(size, device=device) - 1)
    mean = changed.mean(dim=(1, 2, 3), keepdim=True)
    changed = mean + (changed - mean) * contrast
    balance = 1 + 0.5 * strength * (2 * torch.rand(len(images), images.shape[1], 1, 1, device=device) - 1)
    changed = changed * balance
    blurred = F.gaussian_blur(changed, [5, 5], [0.3 + 2 * strength])
    changed = torch.where(torch.rand(size, device=device) < strength, blurred, changed)
    return (changed + 0.04 * strength * torch.randn_like(changed)).clamp(0, 1)


def make_views(images: Tensor, kind: Views, strength: float) -> Pair:
    """The two views of a batch that is flipped and turned already; random numbers are PyTorch's.

    Args:
        images: (B, C, H, W) in [0, 1].
        kind: "paper": the teacher's view is brightened or darkened, the student sees the image; "weak-strong": the
            teacher sees the image, the student a distorted one.
        strength: of the brightness or of the distortion, in [0, 1).
    """
    if kind == "paper":
        return Pair(brightness(images, strength), images)
    if kind == "weak-strong":
        return Pair(images, distort(images, strength))
    raise ValueError(f"no views {kind!r}; there are paper and weak-strong")


def cut_mix(images: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """A rectangle of each image, ``share`` of its area, replaced by the next image's, labels too.

    Yun et al., CutMix, 2019; French et al. brought it to semi-supervised segmentation.

    Args:
        images: (B, C, H, W).
        labels: (B, H, W), pseudo-labels with what is not believed already ignored.
        share: of the area, in [0, 1].
    """
    height, width = labels.shape[1:]
    tall, wide = round(height * share**0.5), round(width * share**0.5)
    top = int(torch.randint(0, height - tall + 1, ()))
    left = int(torch.randint(0, width - wide + 1, ()))
    window = (..., slice(top, top + tall), slice(left, left + wide))
    images, labels = images.clone(), labels.clone()
    images[window], labels[window] = images.roll(1, 0)[window], labels.roll(1, 0)[window]
    return images, labels
