"""Reading windows of a 6000 × 6000 image and its labels against reading them whole and cutting."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio.shutil
import torch
from common import interleaved, json_argument, report

from rsnotes.datasets import ISPRS, Potsdam
from rsnotes.datasets.export import write_potsdam

SIDE = 6000
WINDOW = 512
ROUNDS = 3


class Arrays(NamedTuple):
    rgb: np.ndarray
    nir: np.ndarray
    mask: np.ndarray


def a_tile() -> Arrays:
    """Noise of an orthophoto's compressibility over blocks of labels."""
    draw = np.random.default_rng(0)
    blocks = np.kron(draw.integers(0, len(ISPRS), (SIDE // 60, SIDE // 60), np.uint8), np.ones((60, 60), np.uint8))
    shade = (blocks * np.uint8(30))[..., None] + draw.integers(0, 24, (SIDE, SIDE, 3), np.uint8)
    return Arrays(shade, shade[..., 0], blocks)


def store_by_rows(folder: Path) -> None:
    """Store every file anew, row by row and uncompressed, as many orthophotos come."""
    for path in folder.rglob("*.tif"):
        aside = path.with_suffix(".part")
        rasterio.shutil.copy(path, aside, driver="GTiff", tiled="NO", compress="NONE")
        aside.replace(path)


def measure(folder: Path, storage: str) -> list[dict[str, object]]:
    """One sample by both ways, a row each."""
    windows, whole = (Potsdam(folder, partial=True, side=side) for side in (WINDOW, None))
    number = len(windows) // 2 + 5
    top, left, height, width = windows.where(number)[1]

    def cut() -> None:
        image, mask = whole[0]
        _ = image[:, top : top + height, left : left + width], mask[top : top + height, left : left + width]

    seconds = interleaved({"window": lambda: windows[number], "whole, then cut": cut}, ROUNDS)
    return [
        {"stored": storage, "way": way, "seconds": value, "ratio": value / seconds["window"]}
        for way, value in seconds.items()
    ]


def main() -> None:
    path = json_argument("windowed_reads")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_potsdam(folder, {"2_10": a_tile()})
        rows = measure(folder, "in blocks of 256, deflate")
        store_by_rows(folder)
        rows += measure(folder, "by rows, uncompressed")
    report(path, f"one {WINDOW}-pixel sample of a {SIDE}-pixel tile, image and labels, one thread", rows)


if __name__ == "__main__":
    main()
