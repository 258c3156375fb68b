"""Seconds an image of DeepLabV3+ in floats and in eight bits, whole and pruned, by ONNX Runtime and PyTorch.

Weights are random: time does not depend on them. It does on which filters are gone, so there are three ways to come to
about 9.2 of 20.6 million parameters, the paper's share for ResNet-18: filters drawn at random; the share of every layer
that sixty rounds of Taylor scores leave to the thin network of the pages, which at full width is a multiple of eight
filters; and up to four filters more or fewer in every layer, as pruning at full width would leave it.
"""

import copy
import random
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Literal, get_args

import torch
from common import interleaved, json_argument, report
from torch import Tensor, nn

from rsnotes import scenes
from rsnotes.datasets.memory import InMemory
from rsnotes.metrics.cost import macs, parameters
from rsnotes.networks import deeplabv3plus
from rsnotes.networks.deeplabv3plus import Layout
from rsnotes.prune_quantize import (
    choose_formats,
    export_onnx,
    fold_batch_norm,
    open_session,
    prune,
    prune_filters,
    quantize_network,
    random_scores,
    recalibrate_statistics,
    taylor_scores,
)
from rsnotes.prune_quantize.surgery import Surgeon
from rsnotes.prune_quantize.weights import load_deeplab
from rsnotes.training.batches import batches

SIZE = (3, 512, 512)
KEPT = 9.2 / 20.6
ROUNDS = 7

Filters = Literal["all", "at random", "Taylor", "Taylor, in eights"]
"""The filters that are left."""


def taylor_shares() -> dict[str, float]:
    """Share of the filters that Taylor scores leave to each set of coupled layers of the thin network."""
    thin = load_deeplab()
    train = InMemory(scenes.SceneDataset("training", 16))
    seen = list(batches(train, None, batch_size=4, seed=0, first=0, last=4))
    before = {coupling.root: len(coupling) for coupling in Surgeon(thin).couplings}
    prune(
        thin,
        lambda current: taylor_scores(current, seen),
        parameters=int(KEPT * parameters(thin)),
        recalibrate=lambda current: recalibrate_statistics(current, seen),
    )
    left = dict(thin.named_modules())
    return {root: left[root].out_channels / count for root, count in before.items()}


def network(layout: Layout, filters: Filters, shares: dict[str, float]) -> nn.Module:
    """ResNet-18 with six classes."""
    torch.manual_seed(0)
    made = deeplabv3plus("resnet18", 6, layout).eval()
    if filters == "at random":
        prune_filters(made, random_scores(made, 0), parameters=int(KEPT * parameters(made)))
    elif filters != "all":
        surgeon, generator = Surgeon(made), random.Random(0)
        stay = {c.root: round(shares[c.root] * len(c)) for c in surgeon.couplings}
        if filters == "Taylor":
            stay = {root: count + generator.randint(-4, 4) for root, count in stay.items()}
        surgeon.remove({c.root: range(stay[c.root], len(c)) for c in surgeon.couplings if stay[c.root] < len(c)})
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
    shares = taylor_shares()
    calls: dict[str, Callable[[], object]] = {}
    costs: dict[str, tuple[Layout, Filters, float, float, str]] = {}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for layout, filters in product(get_args(Layout), get_args(Filters)):
            made = network(layout, filters, shares)
            place = Path(folder) / f"{layout}-{filters}"
            place.mkdir()
            for way, call in ways(made, image, place).items():
                name = f"{layout}-{filters}-{way}"
                calls[name] = call
                costs[name] = layout, filters, parameters(made) / 1e6, macs(made, SIZE) / 1e9, way
        seconds = interleaved(calls, ROUNDS)
    rows = []
    for name, (layout, filters, million, giga, way) in costs.items():
        rows.append({
            "layout": layout,
            "filters": filters,
            "parameters, M": round(million, 2),
            "GMACs": round(giga, 2),
            "run by": way,
            "seconds": round(seconds[name], 4),
            "times faster": round(seconds[f"{layout}-all-ONNX Runtime float32"] / seconds[name], 2),
        })  # fmt: skip
    title = (
        "DeepLabV3+ on ResNet-18, one image of 512 × 512; times faster than the whole network of its layout in floats "
        f"by ONNX Runtime; {torch.get_num_threads()} threads"
    )
    report(path, title, rows)


if __name__ == "__main__":
    main()
