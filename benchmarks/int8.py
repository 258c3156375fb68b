"""Seconds an image of DeepLabV3+ in floats and in eight bits, whole and pruned, by ONNX Runtime and PyTorch.

Weights are random: time does not depend on them. The pruned network has lost filters at random until 9.2 of 20.6
parameters were left, the paper's share for ResNet-18; which ones go changes its speed.
"""

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from common import interleaved, json_argument, report
from torch import Tensor, nn

from rsnotes.metrics.cost import macs, parameters
from rsnotes.networks import deeplabv3plus
from rsnotes.networks.deeplabv3plus import Layout
from rsnotes.prune_quantize import (
    choose_formats,
    export_onnx,
    fold_batch_norm,
    open_session,
    prune_filters,
    quantize_network,
    random_scores,
)

SIZE = (3, 512, 512)
KEPT = 9.2 / 20.6
ROUNDS = 7


def network(layout: Layout, pruned: bool) -> nn.Module:
    """ResNet-18 with six classes."""
    torch.manual_seed(0)
    made = deeplabv3plus("resnet18", 6, layout).eval()
    if pruned:
        prune_filters(made, random_scores(made, 0), parameters=int(KEPT * parameters(made)))
    return made


def ways(made: nn.Module, image: Tensor, folder: Path) -> dict[str, Callable[[], object]]:
    """Calls that run the network once on the image."""
    folded = fold_batch_norm(made)
    quantized = quantize_network(folded, choose_formats(folded, [image[..., :128, :128]]))
    export_onnx(folded, folder / "float.onnx", SIZE)
    export_onnx(quantized, folder / "int8.onnx", SIZE)
    threads = torch.get_num_threads()
    sessions = {name: open_session(folder / f"{name}.onnx", threads) for name in ("float", "int8")}
    half = copy.deepcopy(made).to(memory_format=torch.channels_last)

    def by_autocast() -> object:
        with torch.autocast("cpu", torch.bfloat16):
            return half(image.contiguous(memory_format=torch.channels_last))

    return {
        "ONNX Runtime float32": lambda: sessions["float"].run(None, {"images": image.numpy()}),
        "ONNX Runtime int8": lambda: sessions["int8"].run(None, {"images": image.numpy()}),
        "PyTorch float32": lambda: made(image),
        "PyTorch bfloat16, channels last": by_autocast,
    }


def main() -> None:
    path = json_argument("int8")
    image = torch.rand(1, *SIZE, generator=torch.Generator().manual_seed(0))
    cases: list[tuple[Layout, bool]] = [
        ("matlab", False), ("matlab", True), ("interpolate", False), ("interpolate", True)
    ]  # fmt: skip
    calls: dict[str, Callable[[], object]] = {}
    costs: dict[str, tuple[Layout, bool, float, float, str]] = {}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for layout, pruned in cases:
            made = network(layout, pruned)
            place = Path(folder) / f"{layout}-{pruned}"
            place.mkdir()
            for way, call in ways(made, image, place).items():
                name = f"{layout}-{pruned}-{way}"
                calls[name] = call
                costs[name] = layout, pruned, parameters(made) / 1e6, macs(made, SIZE) / 1e9, way
        seconds = interleaved(calls, ROUNDS)
    rows = []
    for name, (layout, pruned, million, giga, way) in costs.items():
        rows.append({
            "layout": layout,
            "pruned": pruned,
            "parameters, M": round(million, 2),
            "GMACs": round(giga, 2),
            "run by": way,
            "seconds": round(seconds[name], 4),
            "times faster": round(seconds[f"{layout}-False-ONNX Runtime float32"] / seconds[name], 2),
        })  # fmt: skip
    title = (
        "DeepLabV3+ on ResNet-18, one image of 512 × 512; times faster than the whole network of its layout in floats "
        f"by ONNX Runtime; {torch.get_num_threads()} threads"
    )
    report(path, title, rows)


if __name__ == "__main__":
    main()
