"""The pixels of a version are frozen: three small scenes against stored ones.

After a change that is meant, raise ``VERSION`` in ``rsnotes/scenes/seeds.py`` and store the new scenes with
``python tests/scenes/test_scenes_frozen.py``. Weights and results of the old version are stale then.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rsnotes.scenes import DEFAULT, TEACHING, VERSION, WINTER, SceneConfig, render

CASES: dict[str, tuple[int, SceneConfig]] = {
    "teaching": (2, replace(TEACHING, size=128)),
    "default-mild": (3, replace(DEFAULT, size=128, label_noise="mild")),
    "industry-winter": (
        5,
        replace(WINTER, suburb=0.0, old_town=0.0, industry=0.8, village=0.2, size=128),
    ),
}
BLOCK = 4


def stored_at(name: str) -> Path:
    return Path(__file__).parent / f"frozen-{name}.npz"


def blocks(layer: np.ndarray) -> np.ndarray:
    """(H, W, C) to sums over blocks, (H / 4, W / 4, C) uint16."""
    h, w, c = layer.shape
    return layer.reshape(h // BLOCK, BLOCK, w // BLOCK, BLOCK, c).sum(axis=(1, 3), dtype=np.uint16)


def summary(name: str) -> dict[str, np.ndarray]:
    seed, config = CASES[name]
    scene = render(seed, config)
    decimetres = np.rint(10.0 * scene.height).astype(np.uint8)
    return {
        "version": np.array(VERSION),
        "colours": blocks(np.dstack([scene.rgb, scene.nir])),
        "decimetres": blocks(decimetres[..., None]),
        "mask": scene.mask,
    }


@pytest.mark.parametrize("name", CASES)
def test_pixels_are_those_of_this_version(name):
    with np.load(stored_at(name)) as stored:
        assert str(stored["version"]) == VERSION, "stored scenes are of another version; see the top of this file"
        got = summary(name)
        per_pixel = np.abs(got["colours"].astype(float) - stored["colours"]) / BLOCK**2
        assert per_pixel.max() <= 1.0, "grey values changed: raise VERSION; see the top of this file"
        assert (got["mask"] != stored["mask"]).mean() <= 0.001, "labels changed: raise VERSION"
        height = np.abs(got["decimetres"].astype(float) - stored["decimetres"]) / BLOCK**2
        assert height.mean() <= 0.1, "heights changed: raise VERSION"


if __name__ == "__main__":
    for case in CASES:
        np.savez_compressed(stored_at(case), **summary(case))
        print(stored_at(case).name, stored_at(case).stat().st_size, "bytes")
