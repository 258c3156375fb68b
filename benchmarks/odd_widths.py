"""Seconds an image of DeepLabV3+ by ONNX Runtime with a few filters fewer in every layer: fewer, and slower.

Weights are random: time does not depend on them. Removing one filter of every layer leaves odd numbers of channels,
removing four leaves multiples of four.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from common import interleaved, json_argument, report
from torch import nn

from rsnotes.metrics.cost import macs, parameters
from rsnotes.networks import deeplabv3plus
from rsnotes.prune_quantize import export_onnx, fold_batch_norm, open_session
from rsnotes.prune_quantize.surgery import Surgeon

SIZE = (3, 256, 256)
FEWER = (0, 1, 2, 3, 4)
WIDTHS = {"ResNet-18, an eighth": ("resnet18", 1 / 8), "ResNet-50, an eighth": ("resnet50", 1 / 8)}
WIDTHS |= {"ResNet-18, full width": ("resnet18", 1.0)}
ROUNDS = 30


def network(backbone: str, width: float, fewer: int) -> nn.Module:
    """Six classes, ``fewer`` filters less in every set of coupled layers."""
    torch.manual_seed(0)
    made = deeplabv3plus(backbone, 6, width=width).eval()
    surgeon = Surgeon(made)
    surgeon.remove({c.root: range(len(c) - fewer, len(c)) for c in surgeon.couplings if fewer})
    return made


def main() -> None:
    path = json_argument("odd_widths")
    image = torch.rand(1, *SIZE, generator=torch.Generator().manual_seed(0)).numpy()
    calls: dict[str, Callable[[], object]] = {}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for name, (backbone, width) in WIDTHS.items():
            for fewer in FEWER:
                made = network(backbone, width, fewer)
                file = Path(folder) / f"{backbone}-{width}-{fewer}.onnx"
                export_onnx(fold_batch_norm(made), file, SIZE)
                session = open_session(file, 1)
                calls[f"{name}-{fewer}"] = partial(session.run, None, {"images": image})
                rows.append({
                    "network": name,
                    "fewer filters a layer": fewer,
                    "parameters, M": round(parameters(made) / 1e6, 3),
                    "GMACs": round(macs(made, SIZE) / 1e9, 3),
                })  # fmt: skip
        seconds = interleaved(calls, ROUNDS)
    for row in rows:
        name, fewer = row["network"], row["fewer filters a layer"]
        row["seconds"] = round(seconds[f"{name}-{fewer}"], 5)
        row["times faster"] = round(seconds[f"{name}-0"] / seconds[f"{name}-{fewer}"], 3)
    title = "DeepLabV3+ in floats by ONNX Runtime, one image of 256 × 256, one thread; times faster than all filters"
    report(path, title, rows)


if __name__ == "__main__":
    main()
