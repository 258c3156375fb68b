"""LoveDA: satellite images of three Chinese cities, urban and rural, 1024 × 1024 pixels of 0.3 m, seven classes."""

from os import PathLike
from pathlib import Path

from rsnotes.datasets.classes import IGNORE, Classes
from rsnotes.datasets.labels import Indices
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder

CLASSES = Classes(
    names=("background", "building", "road", "water", "barren", "forest", "agriculture"),
    colours=(
        (255, 255, 255), (255, 0, 0), (255, 255, 0), (0, 0, 255), (159, 129, 183), (0, 255, 0), (255, 195, 128)
    ),
    counted=(True,) * 7,
)  # fmt: skip
"""All seven count, background too."""

LABELS = Indices(CLASSES, {0: IGNORE} | {k + 1: k for k in range(len(CLASSES))})
"""A value of 0 is no data; the classes begin at 1."""

FOLDERS = {"train": ("Train",), "val": ("Val",), "trainval": ("Train", "Val"), "test": ("Test",)}


class LoveDA(ImageMaskPairs):
    """LoveDA as unpacked: ``Train/Urban/images_png/1366.png`` and ``Train/Urban/masks_png/1366.png``.

    The labels of the test split are withheld: its masks hold ignored ids only.
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
        """Find the images of a split, urban ones first.

        Args:
            root: the folder that holds ``Train``, ``Val`` and ``Test``.
            split: "train", "val", "test", or "trainval" for the two that have labels, as the paper "hi_resnet" trains.
            partial: go on without the images that have no labels.
            side: side of the windows in pixels; whole images by default.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing.
            ValueError: no such split.
        """
        if split not in FOLDERS:
            raise ValueError(f"LoveDA has no split {split!r}; it has {', '.join(FOLDERS)}")
        folder, pairs, missing = require_folder(root), [], []
        for part in FOLDERS[split]:
            images = _images(folder / part)
            require_complete(folder, f"LoveDA {part}", len(images), (), partial)
            for image in images:
                name = f"{part}/{image.parent.parent.name}/{image.stem}"
                mask = image.parent.parent / "masks_png" / image.name
                if mask.is_file() or split == "test":
                    pairs.append(Pair(name, image, mask if mask.is_file() else None, LABELS))
                else:
                    missing.append(f"{name} (labels)")
        require_complete(folder, f"LoveDA {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)


def _images(folder: Path) -> list[Path]:
    """Urban images, then rural ones, each in the order of their numbers."""
    found = [sorted((folder / scene / "images_png").glob("*.png"), key=_number) for scene in ("Urban", "Rural")]
    return found[0] + found[1]


def _number(path: Path) -> tuple[int, str]:
    return len(path.stem), path.stem
