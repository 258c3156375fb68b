"""Two random views of an image from above."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from rsnotes.datasets import Sample

DRAWS = 13
"""Random numbers a view takes, whatever comes out of them."""


@dataclass(frozen=True)
class TwoViews:
    """Two views of a sample, one behind the other along the channels, as a pure function of the sample and a seed.

    MoCo v2's augmentation, made for photographs, with what suits images from above: there is no upright, so a view is
    turned by quarters and mirrored in both directions. Brightness, contrast and saturation change by MoCo's factors, in
    every view where MoCo spares one in five; hue stays, since it tells water from meadow. A window never shows less
    than a quarter of the area, where MoCo's may show a fifth.

    Attributes:
        size: side of a view in pixels.
        area: smallest share of the image's area that a view shows; the largest is all.
        colour: strength in [0, 1): brightness, contrast and saturation are multiplied by factors from [1 - c, 1 + c].
        grey: probability of a view without colour. Saturation and grey are for images of three bands.
        blur: probability of a blur with a standard deviation from 0.1 to 2 pixels.
    """

    size: int
    area: float = 0.25
    colour: float = 0.4
    grey: float = 0.2
    blur: float = 0.5

    def __call__(self, sample: Sample, seed: int) -> Sample:
        """The views of ``sample`` drawn by ``seed``.

        Args:
            sample: image (C, H, W) in [0, 1]; its mask is not looked at.
            seed: any integer; its lower 32 bits count. PyTorch's global random state is neither read nor changed.

        Returns:
            Image (2 C, size, size) in [0, 1], and a mask (1, 1) of zeros: nothing is ignored.
        """
        draws = torch.rand(2, DRAWS, generator=torch.Generator().manual_seed(seed)).tolist()
        views = [self.view(sample.image, draw) for draw in draws]
        return Sample(torch.cat(views), torch.zeros(1, 1, dtype=torch.int64))

    def view(self, image: Tensor, u: list[float]) -> Tensor:
        """One view (C, size, size) of ``image`` (C, H, W) from :data:`DRAWS` numbers in [0, 1)."""
        height, width = image.shape[1:]
        side = max(1, round(min(height, width) * (self.area + (1 - self.area) * u[0]) ** 0.5))
        top, left = int(u[1] * (height - side + 1)), int(u[2] * (width - side + 1))
        x = F.resized_crop(image, top, left, side, side, [self.size, self.size], antialias=True)
        x = torch.rot90(x, int(u[3] * 4), (1, 2))
        if u[4] < 0.5:
            x = x.flip(2)
        x = self._coloured(x, u[5:10])
        if u[10] < self.blur:
            x = F.gaussian_blur(x, [9, 9], [0.1 + 1.9 * u[11]])
        return x.clamp(0, 1).contiguous()

    def _coloured(self, x: Tensor, u: list[float]) -> Tensor:
        brightness, contrast, saturation = (1 + self.colour * (2 * v - 1) for v in u[:3])
        x = F.adjust_contrast(F.adjust_brightness(x[:, None], brightness), contrast)[:, 0]  # each band on its own
        if x.shape[0] != 3:
            return x
        x = F.adjust_saturation(x, saturation)
        return F.rgb_to_grayscale(x, 3) if u[3] < self.grey else x
