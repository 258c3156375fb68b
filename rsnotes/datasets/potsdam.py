"""ISPRS Potsdam: 38 aerial images of a historic city, four bands, 6000 × 6000 pixels of 5 cm."""

from dataclasses import replace
from os import PathLike

from rsnotes.datasets.classes import ISPRS
from rsnotes.datasets.pairs import (
    ImageMaskPairs,
    Pair,
    first_file,
    require_complete,
    require_folder,
    split_tiles,
    tile_names,
)
from rsnotes.datasets.vaihingen import LABELS

TRAIN = tile_names(
    "2_10 2_11 2_12 3_10 3_11 3_12 4_10 4_11 4_12 5_10 5_11 5_12 6_7 6_8 6_9 6_10 6_11 6_12 7_7 7_8 7_9 7_10 7_11 7_12"
)
TEST = tile_names("2_13 2_14 3_13 3_14 4_13 4_14 4_15 5_13 5_14 5_15 6_13 6_14 6_15 7_13")
SEVEN = tile_names("2_11 2_12 4_10 5_11 6_7 7_8 7_10")
WITHOUT_7_10 = tuple(tile for tile in TRAIN if tile != "7_10")  # whose labels are wrong

SPLITS: dict[str, dict[str, tuple[str, ...]]] = {
    "isprs": {"train": TRAIN, "test": TEST},
    "drd": {"train": tuple(tile for tile in TRAIN if tile not in SEVEN), "test": SEVEN},  # section 4.1.2
    # section 4.2: 22 tiles to train and 2_10 to validate; the 24th, unnamed, is taken to be 7_10
    "maflnet": {"train": tuple(t for t in WITHOUT_7_10 if t != "2_10"), "val": ("2_10",), "test": TEST},
    "hi_resnet": {"train": WITHOUT_7_10, "test": TEST},  # section IV-A, which calls the 14 validation
}
"""Tiles of every split, by paper. ISPRS's file names have no leading zero, whatever a paper prints."""

IMAGES = {"RGB": "2_Ortho_RGB", "IRRG": "3_Ortho_IRRG", "RGBIR": "4_Ortho_RGBIR"}
BANDS = {"RGB": ("red", "green", "blue"), "IRRG": ("nir", "red", "green"), "RGBIR": ("red", "green", "blue", "nir")}

FULL = ("", "5_Labels_all", "5_Labels_for_participants")
ERODED = ("", "5_Labels_all_noBoundary", "5_Labels_for_participants_no_Boundary")

OFF_PALETTE = {"4_12": 255, "6_7": 3}
"""Tolerances for the two label pictures that ISPRS gives with other colours than its table: 4_12 was compressed with
loss and holds thousands, 6_7 has cars in (252, 255, 0)."""


class Potsdam(ImageMaskPairs):
    """Potsdam in ISPRS's own folders: ``2_Ortho_RGB/top_potsdam_2_10_RGB.tif`` and labels as unpacked.

    Labels of the two tiles of :data:`OFF_PALETTE` are read as their nearest colours, all others exactly.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "train",
        paper: str = "isprs",
        *,
        images: str = "RGB",
        eroded: bool = False,
        partial: bool = False,
        side: int | None = 512,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the tiles of a split.

        Args:
            root: the folder that holds ``2_Ortho_RGB`` or its siblings.
            split: "train", "test", or "val" where the paper has one.
            paper: whose split; "isprs" is the contest's own.
            images: "RGB", "IRRG" (near infrared, red, green) or "RGBIR".
            eroded: labels whose boundaries are black, and so ignored, as the contest scores them.
            partial: go on with the tiles that are there.
            side: side of the windows in pixels; None for whole images.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: the folder or tiles are missing, or headers do not fit.
            ValueError: no such paper, split or kind of image.
        """
        if images not in IMAGES:
            raise ValueError(f"no images {images!r}; there are {', '.join(IMAGES)}")
        folder, pairs, missing = require_folder(root), [], []
        for tile in split_tiles(SPLITS, paper, split):
            places = (IMAGES[images], f"{IMAGES[images]}/{IMAGES[images]}")  # the archive holds a folder of its name
            image = first_file(folder / place / f"top_potsdam_{tile}_{images}.tif" for place in places)
            end = "_label_noBoundary.tif" if eroded else "_label.tif"
            mask = first_file(folder / place / f"top_potsdam_{tile}{end}" for place in (ERODED if eroded else FULL))
            labels = replace(LABELS, tolerance=OFF_PALETTE.get(tile, 0))
            if image and mask:
                pairs.append(Pair(tile, image, mask, labels))
            else:
                missing.append(f"{tile} ({'labels' if image else 'image'})")
        require_complete(folder, f"{paper} {split}", len(pairs), missing, partial)
        super().__init__(pairs, ISPRS, BANDS[images], side=side, overlap=overlap, pad=pad, missing=missing)
