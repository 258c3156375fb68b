"""Multiplications of the paper's networks: the printed ones but for the final network, and how they grow."""

import pytest
import torch
from torch import nn

from rsnotes.hi_resnet import hi_resnet
from rsnotes.metrics.cost import macs

torch.set_num_threads(1)

GIGA_MACS = {"hrnet": 139.1, "hrnet_v1": 204.4, "hrnet_v2": 204.4, "base": 139.3, "final": 195.9}
"""At 512 × 512; the paper prints 140, 205, 214 and 139, and 57 for the final network."""


def on_meta(variant: str) -> nn.Module:
    with torch.device("meta"):
        return hi_resnet(variant, 6, norm_first=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", GIGA_MACS)
def test_multiplications_at_512(variant: str) -> None:
    assert macs(on_meta(variant), (3, 512, 512)) / 1e9 == pytest.approx(GIGA_MACS[variant], abs=0.06)


def test_multiplications_grow_with_the_pixels_alone() -> None:
    large = macs(on_meta("final"), (3, 1024, 1024)) / 1e9
    assert large == pytest.approx(783.7, abs=0.1)
    # the paper prints 57 and 402 G, seven times as many for four times the pixels
    assert large / GIGA_MACS["final"] == pytest.approx(4, abs=0.002)
