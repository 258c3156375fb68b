"""Cityscapes: street scenes of 50 cities, 2048 × 1024 pixels, 19 classes."""

from os import PathLike

from torchvision.datasets import Cityscapes as Official

from rsnotes.datasets.classes import IGNORE, Classes
from rsnotes.datasets.labels import Indices
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder

TRAINED = sorted((c for c in Official.classes if 0 <= c.train_id < IGNORE), key=lambda c: c.train_id)
CLASSES = Classes(tuple(c.name for c in TRAINED), tuple(c.color for c in TRAINED), (True,) * len(TRAINED))
"""The 19 classes that are scored, in the order of their train ids."""

LABELS = Indices(CLASSES, {c.id: c.train_id for c in Official.classes if c.id >= 0})
"""From the ids in ``*_labelIds.png`` to train ids; the other 15 classes are ignored."""

SPLITS = ("train", "val", "test")


class Cityscapes(ImageMaskPairs):
    """Cityscapes with fine labels, as unpacked: ``leftImg8bit/train/aachen/…`` and ``gtFine/train/aachen/…``.

    The labels of the test split are withheld: its pictures hold ignored ids only.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "train",
        *,
        partial: bool = False,
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the images of a split.

        Args:
            root: the folder that holds ``leftImg8bit`` and ``gtFine``.
            split: "train", "val" or "test".
            partial: go on without the images that have no labels.
            side: side of the windows in pixels; whole images by default, as the papers use them.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing.
            ValueError: no such split.
        """
        if split not in SPLITS:
            raise ValueError(f"Cityscapes has no split {split!r}; it has {', '.join(SPLITS)}")
        folder, pairs, missing = require_folder(root), [], []
        for image in sorted((folder / "leftImg8bit" / split).glob("*/*_leftImg8bit.png")):
            name = image.name.removesuffix("_leftImg8bit.png")
            mask = folder / "gtFine" / split / image.parent.name / f"{name}_gtFine_labelIds.png"
            if mask.is_file():
                pairs.append(Pair(name, image, mask, LABELS))
            else:
                missing.append(f"{name} (labels)")
        require_complete(folder, f"Cityscapes {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)
