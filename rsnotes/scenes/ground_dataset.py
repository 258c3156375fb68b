"""Views from the ground as a data set: the source domain of a transfer to scenes."""

import numpy as np
import torch

from rsnotes.datasets import Classes, Sample
from rsnotes.scenes.ground_view import NAMES, render_ground_view
from rsnotes.scenes.seeds import split_range

GROUND = Classes(
    names=NAMES,
    colours=(
        (70, 130, 180), (128, 64, 128), (244, 35, 232), (70, 70, 70), (152, 251, 152), (107, 142, 35), (0, 0, 142),
        (220, 20, 60),
    ),
    counted=(True,) * 8,
)  # fmt: skip
"""Colours are Cityscapes'."""

SEEN_FROM_ABOVE = {"road": "impervious", "pavement": "impervious", "facade": "building", "grass": "low vegetation",
                   "tree": "tree", "car": "car"}  # fmt: skip
"""What a class of :data:`GROUND` is called in :data:`~rsnotes.datasets.ISPRS`; sky and people have no counterpart."""


class GroundViews:
    """Views of one split.

    Attributes:
        classes: :data:`GROUND`.
        bands: red, green, blue.
        seeds: the views' seeds; scenes of the same seeds have nothing in common with them.

    Args:
        split: a name in :data:`~rsnotes.scenes.seeds.SEEDS`.
        count: how many views.
        size: height and width in pixels.
        start: how many views of the split are passed over.

    Raises:
        ValueError: unknown split, or views beyond the split's range of seeds.
    """

    classes: Classes = GROUND
    bands: tuple[str, ...] = ("red", "green", "blue")

    def __init__(self, split: str, count: int, size: int = 128, start: int = 0) -> None:
        available = split_range(split)
        if count < 0 or start < 0 or start + count > len(available):
            raise ValueError(f"split {split!r} holds {len(available)} views; asked for {count} from number {start} on")
        self.seeds, self.size = available[start : start + count], size

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> Sample:
        view = render_ground_view(self.seeds[index], self.size)
        image = np.ascontiguousarray(view.rgb.transpose(2, 0, 1)).astype(np.float32) / np.float32(255.0)
        return Sample(torch.from_numpy(image), torch.from_numpy(view.mask.astype(np.int64)))
