"""Small networks in which filters hang together in every way, and a batch to score them on."""

import pytest
import torch
from torch import Tensor, nn

from rsnotes.networks import SegmentationOutput, deeplabv3plus
from rsnotes.training import Batch

torch.set_num_threads(1)
CLASSES = 3


def block(inputs: int, outputs: int, kernel: int = 3, groups: int = 1, bias: bool = False) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=bias)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.classifier = block(3, 6, bias=True), block(6, 5), nn.Conv2d(5, CLASSES, 1)

    def forward(self, x: Tensor) -> SegmentationOutput:
        features = self.second(self.first(x))
        return SegmentationOutput(self.classifier(features), features)


class Residual(Plain):
    """``inner`` can go freely; ``first`` and ``outer`` are added."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = block(6, 4)
        self.outer = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> SegmentationOutput:
        y = self.first(x)
        features = self.second(self.relu(y + self.outer(self.inner(y))))
        return SegmentationOutput(self.classifier(features), features)


class Concatenating(Plain):
    """``second`` reads the map of ``first`` after that of ``side``."""

    def __init__(self) -> None:
        super().__init__()
        self.side, self.second = block(3, 4), block(10, 5)

    def forward(self, x: Tensor) -> SegmentationOutput:
        features = self.second(torch.cat([self.side(x), self.first(x)], dim=1))
        return SegmentationOutput(self.classifier(features), features)


class Depthwise(Plain):
    """``depth`` has a filter for every channel of ``first``."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = block(6, 6, groups=6)

    def forward(self, x: Tensor) -> SegmentationOutput:
        features = self.second(self.depth(self.first(x)))
        return SegmentationOutput(self.classifier(features), features)


NETWORKS = {"plain": Plain, "residual": Residual, "concatenating": Concatenating, "depthwise": Depthwise}


def make(name: str, seed: int = 0) -> nn.Module:
    """A network in eval mode with batch normalisations that do something."""
    torch.manual_seed(seed)
    network = NETWORKS[name]() if name in NETWORKS else deeplabv3plus(name, CLASSES, width=1 / 16)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, 0.1, 0.5)
            nn.init.normal_(module.running_mean, std=0.05)
            low, high = (0.05, 0.2) if name in NETWORKS else (0.5, 2)  # about those of each network's maps
            nn.init.uniform_(module.running_var, low, high)
    return network.eval()


@pytest.fixture
def network_of():
    return make


@pytest.fixture
def batches() -> list[Batch]:
    generator = torch.Generator().manual_seed(5)

    def one() -> Batch:
        image = torch.rand(2, 3, 16, 16, generator=generator)
        mask = torch.randint(0, CLASSES, (2, 16, 16), generator=generator)
        return Batch(image, mask, torch.arange(2), torch.arange(2))

    return [one(), one()]
