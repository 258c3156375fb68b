"""Random crops, flips, turns, scales and colour, on image and mask together."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F
from torchvision.tv_tensors import Image, Mask

from rsnotes.datasets.classes import IGNORE
from rsnotes.datasets.sample import Sample

DRAWS = 8
"""Random numbers a sample takes, whatever is switched on: the crop of a seed does not depend on the other options."""


@dataclass(frozen=True)
class Augment:
    """A random view of a sample, as a pure function of the sample and a seed.

    The view is a square of ``crop`` pixels. At a scale above 1 it shows less ground, enlarged; below 1, more
    ground, reduced. Where the sample is smaller than the ground to show, it is padded on the right and below:
    0 in the image, 255 (ignored) in the mask.

    Attributes:
        crop: side of the view in pixels, from 1.
        flip: mirror left-right and up-down, each with probability 1/2.
        rotate: turn by 0, 90, 180 or 270 degrees with equal probability. Seen from above there is no upright.
        scale: zoom factors above 0, drawn with equal probability.
        colour: strength in [0, 1): brightness and contrast are multiplied by factors drawn evenly from
            [1 - colour, 1 + colour]. Contrast is taken about the mean of each band.
    """

    crop: int
    flip: bool = True
    rotate: bool = True
    scale: tuple[float, ...] = (1.0,)
    colour: float = 0.0

    def __post_init__(self) -> None:
        if self.crop < 1:
            raise ValueError(f"crop must be at least 1 pixel, got {self.crop}")
        if not self.scale or min(self.scale) <= 0:
            raise ValueError(f"scale must hold one factor above 0 or more, got {self.scale}")
        if not 0 <= self.colour < 1:
            raise ValueError(f"colour must lie in [0, 1), got {self.colour}")

    def __call__(self, sample: Sample, seed: int) -> Sample:
        """View of ``sample`` drawn by ``seed``.

        Args:
            sample: image (C, H, W) in [0, 1] and mask (H, W).
            seed: any integer; its lower 32 bits count. PyTorch's global random state is neither read nor changed.

        Returns:
            Image (C, crop, crop) in [0, 1] and mask (crop, crop); new tensors.
        """
        u = torch.rand(DRAWS, generator=torch.Generator().manual_seed(seed)).tolist()
        zoom = self.scale[int(u[0] * len(self.scale))]
        image, mask = _window(sample, max(1, round(self.crop / zoom)), u[1], u[2])
        image = F.resize(image, [self.crop, self.crop], antialias=True)
        # torchvision resizes a Mask by "nearest", which is off by up to half a pixel from the image
        mask = F.resize(mask.as_subclass(Tensor), [self.crop, self.crop], InterpolationMode.NEAREST_EXACT)
        image, mask = Image(image), Mask(mask)
        if self.flip and u[3] < 0.5:
            image, mask = F.horizontal_flip(image), F.horizontal_flip(mask)
        if self.flip and u[4] < 0.5:
            image, mask = F.vertical_flip(image), F.vertical_flip(mask)
        turns = int(u[5] * 4) if self.rotate else 0
        pixels = torch.rot90(image.as_subclass(Tensor), turns, (1, 2))  # (C, crop, crop)
        labels = torch.rot90(mask.as_subclass(Tensor)[0], turns, (0, 1))  # (crop, crop)
        if self.colour:
            pixels = _colour(pixels, *(1 + self.colour * (2 * v - 1) for v in u[6:8]))
        return Sample(pixels.contiguous(), labels.contiguous())


def _window(sample: Sample, side: int, row: float, column: float) -> tuple[Image, Mask]:
    """Square of ``side`` source pixels at a position drawn by ``row`` and ``column`` in [0, 1), padded if need be."""
    image, mask = Image(sample.image), Mask(sample.mask[None])
    if image.shape[1:] != mask.shape[1:]:
        raise ValueError(f"image {tuple(image.shape[1:])} and mask {tuple(mask.shape[1:])} differ in height or width")
    height, width = mask.shape[1:]
    top, left = int(row * (max(height - side, 0) + 1)), int(column * (max(width - side, 0) + 1))
    padding = [0, 0, max(side - width, 0), max(side - height, 0)]  # left, top, right, bottom
    image = F.pad(F.crop(image, top, left, min(side, height), min(side, width)), padding, fill=0)
    mask = F.pad(F.crop(mask, top, left, min(side, height), min(side, width)), padding, fill=IGNORE)
    return image, mask


def _colour(image: Tensor, brightness: float, contrast: float) -> Tensor:
    """Brightness and contrast of (C, H, W) by the given factors; each band is handled as a grey picture."""
    bands = image[:, None]  # (C, 1, H, W): torchvision takes one or three channels, data sets have up to eight
    return F.adjust_contrast(F.adjust_brightness(bands, brightness), contrast)[:, 0]
