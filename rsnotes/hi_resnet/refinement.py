"""The feature refinement module: a coarse segmentation, and one refined by what each class looks like as a whole."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

DILATIONS = (24, 48, 72)


def conv_bn_gelu(inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> nn.Sequential:
    """A convolution with bias that keeps the size, batch normalisation, GELU."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation), nn.BatchNorm2d(outputs), nn.GELU()
    )


def region_features(features: Tensor, logits: Tensor) -> Tensor:
    """A feature vector a class: the mean of the pixels' features, weighted by how sure each pixel is of the class.

    Args:
        features: (B, C, h, w).
        logits: (B, K, h, w), whose softmax over the *pixels* gives the weights.

    Returns:
        (B, C, K).
    """
    weights = logits.flatten(2).softmax(dim=-1)  # (B, K, hw)
    return features.flatten(2) @ weights.mT


class ObjectAttention(nn.Module):
    """Every pixel attends to the K region features; what it takes from them is its context.

    Yuan, Chen and Wang, Object-contextual representations, ECCV 2020.

    Args:
        channels: of pixels and regions.
        keys: channels of queries, keys and values.
    """

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.query = nn.Sequential(conv_bn_gelu(channels, keys), conv_bn_gelu(keys, keys))
        self.key = nn.Sequential(conv_bn_gelu(channels, keys), conv_bn_gelu(keys, keys))
        self.value = conv_bn_gelu(channels, keys)
        self.context = conv_bn_gelu(keys, channels)

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:  # (B, C, h, w), (B, C, K) -> (B, C, h, w)
        query = self.query(pixels).flatten(2).mT  # (B, hw, keys)
        key = self.key(objects[..., None]).flatten(2)  # (B, keys, K)
        value = self.value(objects[..., None]).flatten(2).mT  # (B, K, keys)
        weights = (query @ key / key.shape[1] ** 0.5).softmax(dim=-1)  # (B, hw, K)
        return self.context((weights @ value).mT.unflatten(-1, pixels.shape[-2:]))


class Segmentations(NamedTuple):
    """The two segmentations, (B, K, h, w) logits each."""

    coarse: Tensor
    refined: Tensor


class CoarseHead(nn.Sequential):
    """3×3 convolution with bias, batch normalisation, ReLU, and a 1×1 convolution without bias to the classes."""

    def __init__(self, inputs: int, middle: int, classes: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, middle, 3, padding=1), nn.BatchNorm2d(middle), nn.ReLU(),
            nn.Conv2d(middle, classes, 1, bias=False),
        )  # fmt: skip


class Refinement(nn.Module):
    """Coarse logits by a plain head; refined ones by object context beside convolutions of several dilations (ASP-OCR).

    The paper draws plain OCR. The number of parameters it prints is that of the ASP-OCR head, which also is in the
    authors' public code.

    Args:
        inputs: channels of the map.
        classes: their number K.
        width: factor on the 512 channels of the coarse and the 256 of the refined head.
        dilations: of the three 3×3 convolutions, in pixels of the map.
    """

    def __init__(
        self, inputs: int, classes: int, width: float = 1.0, dilations: tuple[int, int, int] = DILATIONS
    ) -> None:
        super().__init__()
        hidden = round(256 * width)
        self.coarse = CoarseHead(inputs, 2 * hidden, classes)
        self.pixels = conv_bn_gelu(inputs, hidden, 3)
        self.attention = ObjectAttention(hidden, hidden // 2)
        self.point = conv_bn_gelu(inputs, hidden)
        self.dilated = nn.ModuleList(conv_bn_gelu(inputs, hidden, 3, dilation) for dilation in dilations)
        self.join = nn.Sequential(conv_bn_gelu(5 * hidden, hidden), nn.Dropout2d(0.1))
        self.refined = nn.Conv2d(hidden, classes, 1, bias=False)

    def forward(self, x: Tensor) -> Segmentations:  # (B, inputs, h, w)
        coarse = self.coarse(x)
        pixels = self.pixels(x)  # (B, hidden, h, w)
        context = self.attention(pixels, region_features(pixels, coarse))
        views = [context, self.point(x), *(branch(x) for branch in self.dilated)]
        return Segmentations(coarse, self.refined(self.join(torch.cat(views, dim=1))))
