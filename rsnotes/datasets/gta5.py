"""GTA5 (GTAV): street scenes of a computer game, 24 966 images of about 1914 × 1052 pixels, Cityscapes' classes."""

from os import PathLike

from rsnotes.datasets.cityscapes import CLASSES, LABELS
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder
from rsnotes.datasets.text_lists import few

HELD_OUT = 0.02
"""Share of the images that is kept for validation."""


class GTA5(ImageMaskPairs):
    """GTA5 as unpacked: ``images/00001.png`` and ``labels/00001.png``, pictures with a palette and Cityscapes' ids.

    All images serve for training but a few for validation, drawn with a fixed seed. The game drives on between two
    images, so that neighbours in the numbering look alike and such a validation is kind.
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
            root: the folder that holds ``images`` and ``labels``.
            split: "train" or "val".
            partial: go on without the images that have no labels.
            side: side of the windows in pixels; whole images by default.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing.
            ValueError: no such split.
        """
        if split not in ("train", "val"):
            raise ValueError(f"GTA5 has no split {split!r}; it has train, val")
        folder, pairs, missing = require_folder(root), [], []
        images = sorted((folder / "images").glob("*.png"))
        held, rest = few(images, HELD_OUT, 0) if images else ([], [])
        for image in rest if split == "train" else held:
            mask = folder / "labels" / image.name
            if mask.is_file():
                pairs.append(Pair(image.stem, image, mask, LABELS))
            else:
                missing.append(f"{image.stem} (labels)")
        require_complete(folder, f"GTA5 {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)
