"""The trained network that the pages prune and quantize."""

from torch import nn

from rsnotes.networks import deeplabv3plus
from rsnotes.networks.weights import load_weights, weights_path

NAME, BACKBONE, WIDTH = "deeplab18", "resnet18", 1 / 8
"""The file's name, and what it holds: a network of 0.33 M parameters where the paper's has 20.6 M."""


def load_deeplab(classes: int = 6) -> nn.Module:
    """The shipped DeepLabV3+ in eval mode: ResNet-18 of width :data:`WIDTH`, trained on the teaching scenes."""
    return load_weights(deeplabv3plus(BACKBONE, classes, width=WIDTH), weights_path(NAME)).eval()
