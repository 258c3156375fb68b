"""Seconds an image of the high-resolution networks at full size, each against the plain HRNet of its kind.

Weights are random: time does not depend on them.
"""

from collections.abc import Mapping
from functools import partial

import torch
from common import interleaved, json_argument, report
from torch import Tensor, nn

from rsnotes.hi_resnet import hi_resnet
from rsnotes.metrics.cost import macs, parameters
from rsnotes.networks import deeplab_hrnet, evaluating

SIDE = 512
ROUNDS = 5

Kind = Mapping[str, nn.Module]


def kinds() -> dict[str, Kind]:
    """Networks of one kind by name, the first the one that others are compared with."""
    return {
        "Hi-ResNet": {name: hi_resnet(name, 6) for name in ("hrnet", "base", "funnel", "ia", "final")},
        "DeepLabV3+ on HRNet": {"plain": deeplab_hrnet(6), "with PSA": deeplab_hrnet(6, attention="psa")},
    }


def timed(networks: Kind, image: Tensor) -> dict[str, float]:
    """Median seconds of a forward pass of each."""

    def call(network: nn.Module) -> None:
        with evaluating(network):
            network(image)
        if image.is_cuda:
            torch.cuda.synchronize()

    return interleaved({name: partial(call, network) for name, network in networks.items()}, ROUNDS)


def main() -> None:
    path = json_argument("networks")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    image = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).to(device)
    rows = []
    for kind, networks in kinds().items():
        seconds = timed({name: network.to(device) for name, network in networks.items()}, image)
        for name, network in networks.items():
            rows.append({
                "kind": kind,
                "network": name,
                "parameters, M": round(parameters(network) / 1e6, 2),
                "GMACs": round(macs(network, (3, SIDE, SIDE)) / 1e9, 1),
                "images a second": round(1 / seconds[name], 3),
                "time / first of its kind": round(seconds[name] / seconds[next(iter(networks))], 2),
            })  # fmt: skip
    report(path, f"Networks at full size, one image of {SIDE}² pixels, float32, on {device}", rows)


if __name__ == "__main__":
    main()
