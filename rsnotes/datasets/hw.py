"""HW, the Huawei cup's satellite images: 100 000 of 256 × 256 pixels, 17 classes of land cover."""

from os import PathLike

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.labels import Indices
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder
from rsnotes.datasets.text_lists import few

CLASSES = Classes(
    names=tuple(f"class {k}" for k in range(17)),
    colours=tuple(((37 * k) % 256, (91 * k + 60) % 256, (53 * k + 120) % 256) for k in range(17)),
    counted=(True,) * 17,
)
"""The paper names some of the classes (water, transportation, buildings, farmland, grassland, forest, bare soil) and
not their order: they are numbered here. The colours are made up."""

LABELS = Indices(CLASSES, {k: k for k in range(17)})

FOLDERS = (
    ("images", "masks"),
    ("images", "labels"),
    ("image", "label"),
    ("img", "mask"),
    ("train/images", "train/labels"),
)
"""Names of the two folders in the copies that go round."""

SUFFIXES = (".tif", ".png", ".jpg")


class HW(ImageMaskPairs):
    """HW as unpacked: a folder of images and one of label pictures of the same names that hold a number a class.

    The division 8:1:1 was not published; here it is drawn from the sorted names with a fixed seed. The images have no
    georeference, so that crops of one larger image cannot be told.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "train",
        *,
        seed: int = 0,
        partial: bool = False,
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the images of a split.

        Args:
            root: the folder that holds ``images`` and ``masks``, or one of the other pairs of :data:`FOLDERS`.
            split: "train", "val" or "test", eight, one and one tenth.
            seed: of the division.
            partial: go on without the images that have no labels.
            side: side of the windows in pixels; whole images by default.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing.
            ValueError: no such split.
        """
        if split not in ("train", "val", "test"):
            raise ValueError(f"HW has no split {split!r}; it has train, val, test")
        folder, pairs, missing = require_folder(root), [], []
        places = [(folder / a, folder / b) for a, b in FOLDERS]
        where, labels = next((p for p in places if p[0].is_dir() and p[1].is_dir()), places[0])
        masks = {path.stem: path for suffix in SUFFIXES for path in labels.glob(f"*{suffix}")}
        images = sorted(path for suffix in SUFFIXES for path in where.glob(f"*{suffix}"))
        train, rest = few(images, 0.8, seed) if images else ([], [])
        val, test = few(rest, 0.5, seed) if rest else ([], [])
        for image in {"train": train, "val": val, "test": test}[split]:
            if image.stem in masks:
                pairs.append(Pair(image.stem, image, masks[image.stem], LABELS))
            else:
                missing.append(f"{image.stem} (labels)")
        require_complete(folder, f"HW {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)
