"""Scenes as a data set."""

import numpy as np
import torch

from rsnotes.datasets import ISPRS, Classes, Sample
from rsnotes.scenes.cache import cached_render
from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.domains import TEACHING
from rsnotes.scenes.render import Scene
from rsnotes.scenes.seeds import split_range

BANDS = ("red", "green", "blue", "nir", "height")
HIGHEST = 25.0
"""Metres that the "height" band shows as 1; what is higher is cut off."""


class SceneDataset:
    """Scenes of one split and one domain; drawn when asked for, then read from the cache.

    Attributes:
        classes: the six classes of the ISPRS benchmarks.
        bands: names of the image's channels.
        seeds: the scenes' seeds.

    Args:
        split: a name in :data:`~rsnotes.scenes.seeds.SEEDS`.
        count: how many scenes.
        config: their domain.
        bands: channels, out of "red", "green", "blue", "nir" and "height"; colours are grey values / 255,
            height is metres above ground / :data:`HIGHEST`, cut at 1.
        start: how many scenes of the split are passed over.

    Raises:
        ValueError: unknown split or band, or scenes beyond the split's range of seeds.
    """

    classes: Classes = ISPRS

    def __init__(
        self,
        split: str,
        count: int,
        config: SceneConfig = TEACHING,
        bands: tuple[str, ...] = ("red", "green", "blue"),
        start: int = 0,
    ) -> None:
        available = split_range(split)
        if count < 0 or start < 0 or start + count > len(available):
            raise ValueError(f"split {split!r} holds {len(available)} scenes; asked for {count} from number {start} on")
        unknown = [band for band in bands if band not in BANDS]
        if unknown or not bands:
            raise ValueError(f"bands must be one or more of {', '.join(BANDS)}, got {bands!r}")
        self.seeds = available[start : start + count]
        self.config, self.bands = config, tuple(bands)

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> Sample:
        return to_sample(cached_render(self.seeds[index], self.config), self.bands)


def to_sample(scene: Scene, bands: tuple[str, ...]) -> Sample:
    """A scene as image (C, H, W) float32 in [0, 1] and mask (H, W) int64."""
    channels: list[np.ndarray] = []
    for band in bands:
        if band == "height":
            channels.append(np.clip(scene.height / np.float32(HIGHEST), 0.0, 1.0))
        else:
            values = scene.nir if band == "nir" else scene.rgb[..., BANDS.index(band)]
            channels.append(values.astype(np.float32) / np.float32(255.0))
    return Sample(torch.from_numpy(np.stack(channels)), torch.from_numpy(scene.mask.astype(np.int64)))
