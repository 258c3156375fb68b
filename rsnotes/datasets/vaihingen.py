"""ISPRS Vaihingen: 33 aerial images of a small town, near infrared, red and green, 9 cm a pixel."""

from os import PathLike

from rsnotes.datasets.classes import ISPRS
from rsnotes.datasets.labels import Colours
from rsnotes.datasets.pairs import (
    ImageMaskPairs,
    Pair,
    first_file,
    require_complete,
    require_folder,
    split_tiles,
    tile_names,
)

BLACK = (0, 0, 0)
"""Colour of the eroded boundaries in the ISPRS label pictures."""

LABELS = Colours(ISPRS, ignored=(BLACK,))

TRAIN = tile_names("1 3 5 7 11 13 15 17 21 23 26 28 30 32 34 37")
TEST = tile_names("2 4 6 8 10 12 14 16 20 22 24 27 29 31 33 35 38")
FIVE = tile_names("11 15 28 30 34")
ELEVEN = tuple(tile for tile in TRAIN if tile not in FIVE)

SPLITS: dict[str, dict[str, tuple[str, ...]]] = {
    "isprs": {"train": TRAIN, "test": TEST},
    "drd": {"train": ELEVEN, "test": FIVE},  # section 4.1.1
    "maflnet": {"train": tuple(t for t in TRAIN if t != "30"), "val": ("30",), "test": TEST},  # section 4.2
    "prune_quantize": {"train": ELEVEN, "test": FIVE},  # section 3.1; prints 40, which does not exist, for 34
    "hi_resnet": {"train": TRAIN, "test": TEST},  # section IV-A, which calls the 17 validation
}
"""Tiles of every split, by paper."""

FULL = ("", "gts_for_participants", "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE")
ERODED = ("", "gts_eroded_for_participants", "ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE")


class Vaihingen(ImageMaskPairs):
    """Vaihingen in ISPRS's own folders: ``top/top_mosaic_09cm_area1.tif`` and labels as unpacked.

    The channels are near infrared, red and green, in this order. There is no blue.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "train",
        paper: str = "isprs",
        *,
        eroded: bool = False,
        partial: bool = False,
        side: int | None = 512,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the tiles of a split.

        Args:
            root: the folder that holds ``top``.
            split: "train", "test", or "val" where the paper has one.
            paper: whose split; "isprs" is the contest's own.
            eroded: labels whose boundaries are black, and so ignored, as the contest scores them.
            partial: go on with the tiles that are there.
            side: side of the windows in pixels; None for whole images.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: the folder or tiles are missing, or headers do not fit.
            ValueError: no such paper or split.
        """
        folder, pairs, missing = require_folder(root), [], []
        for tile in split_tiles(SPLITS, paper, split):
            name = f"top_mosaic_09cm_area{tile}"
            image = first_file([folder / "top" / f"{name}.tif"])
            end = "_noBoundary.tif" if eroded else ".tif"
            mask = first_file(folder / place / f"{name}{end}" for place in (ERODED if eroded else FULL))
            if image and mask:
                pairs.append(Pair(tile, image, mask, LABELS))
            else:
                missing.append(f"{tile} ({'labels' if image else 'image'})")
        require_complete(folder, f"{paper} {split}", len(pairs), missing, partial)
        bands = ("nir", "red", "green")
        super().__init__(pairs, ISPRS, bands, side=side, overlap=overlap, pad=pad, missing=missing)
