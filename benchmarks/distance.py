"""Distance maps of six masks: exact on their device, the paper's cascade, and SciPy's two as controls.

On a GPU SciPy's times include the copy to the host and back.
"""

from collections.abc import Callable

import numpy as np
import torch
from common import interleaved, json_argument, report
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from rsnotes.hi_resnet import cascaded_distance, manhattan_distance

MASKS = 6
ROUNDS = {512: 5, 1024: 3}
"""Timed rounds for each side; the cascade, as slow as the mask is wide, is timed in one of its own."""


def regions(side: int) -> Tensor:
    """Smooth random regions of some tens of pixels, about half of each mask."""
    noise = torch.rand(MASKS, 1, side // 32, side // 32, generator=torch.Generator().manual_seed(0))
    return F.interpolate(noise, (side, side), mode="bilinear")[:, 0] > 0.5


def by_scipy(transform: Callable[[np.ndarray], np.ndarray], mask: Tensor) -> Tensor:
    found = np.stack([transform(image) for image in mask.cpu().numpy()])
    return torch.from_numpy(found).to(mask.device, torch.float32)


def finished(call: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The call, and the wait for the device to be done."""

    def run() -> Tensor:
        found = call()
        if found.is_cuda:
            torch.cuda.synchronize()
        return found

    return run


def ways(mask: Tensor) -> dict[str, Callable[[], Tensor]]:
    return {
        "exact": finished(lambda: manhattan_distance(mask)),
        "SciPy, taxicab": finished(
            lambda: by_scipy(lambda image: ndimage.distance_transform_cdt(image, "taxicab"), mask)
        ),
        "SciPy, Euclidean": finished(lambda: by_scipy(ndimage.distance_transform_edt, mask)),
        "cascade": finished(lambda: cascaded_distance(mask)),
    }


def main() -> None:
    path = json_argument("distance")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = []
    for side, rounds in ROUNDS.items():
        mask = regions(side).to(device)
        calls = ways(mask)
        cascade = {"cascade": calls.pop("cascade")}
        seconds = interleaved(calls, rounds) | interleaved(cascade, rounds=1, warm=0)
        exact = manhattan_distance(mask)
        found = {name: call() for name, call in calls.items()} | {"cascade": cascaded_distance(mask)}
        for name in found:
            rows.append({
                "side": side,
                "masks": MASKS,
                "device": device,
                "distance": name,
                "seconds": round(seconds[name], 5),
                "seconds / SciPy's taxicab": round(seconds[name] / seconds["SciPy, taxicab"], 2),
                "mean error, pixels": round(float((found[name] - exact).abs().mean()), 3),
            })  # fmt: skip
    report(path, "Distance to the nearest pixel outside, against the exact Manhattan distance", rows)


if __name__ == "__main__":
    main()
