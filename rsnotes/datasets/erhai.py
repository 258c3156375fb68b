"""Erhai (EH): a lake's valley from a drone, crops of 512 × 512 pixels of 3 cm, six classes."""

from os import PathLike
from pathlib import Path

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.crops import overlaps, place, require_apart
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.labels import Colours
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, first_file, require_complete, require_folder
from rsnotes.datasets.text_lists import few, read_list

CLASSES = Classes(
    names=("background", "road", "farmland", "building", "water", "grassland"),
    colours=((0, 0, 0), (128, 64, 128), (0, 128, 0), (0, 0, 255), (0, 255, 255), (0, 255, 0)),
    counted=(True,) * 6,
)
"""All six count, background too, in the order of the paper's tables. Black is background, not a border to ignore."""

LABELS = Colours(CLASSES)

LISTS = {
    "train": ("train.txt",), "val": ("val.txt",), "test": ("test.txt",),
    "unlabelled": ("unlabeled.txt", "unlabelled.txt"),
}  # fmt: skip
"""Names of each split's list in the folder ``splits``, its subfolders included."""


class Erhai(ImageMaskPairs):
    """Erhai as unpacked: ``JPEGImages/X.tif``, ``SegmentationClass/X.tif`` and lists of names under ``splits``.

    The crops are georeferenced. The published lists split them at random, so that training and test crops of one larger
    image overlap; that is looked for and refused, in unlabelled crops on test ground too. The unlabelled images' masks
    hold ignored ids only.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "train",
        *,
        labelled: float = 1.0,
        seed: int = 0,
        overlapping: bool = False,
        partial: bool = False,
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the crops of a split.

        Args:
            root: the folder that holds ``JPEGImages``.
            split: "train", "val", "test" or "unlabelled".
            labelled: share of the training split that is kept, 0.1 for the paper's 880; what is left out comes first
                in the unlabelled split.
            seed: which ones.
            overlapping: go on though training or unlabelled crops and test crops show the same ground.
            partial: go on without images or labels that are missing.
            side: side of the windows in pixels; whole crops by default.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: files or lists are missing, or training or unlabelled crops overlap with test crops.
            ValueError: no such split, or a share outside (0, 1].
        """
        if split not in LISTS:
            raise ValueError(f"Erhai has no split {split!r}; it has {', '.join(LISTS)}")
        folder = require_folder(root)
        if split == "unlabelled":
            names = few(_names(folder, "train"), labelled, seed)[1] + _names(folder, split, needed=labelled == 1)
        else:
            names = _names(folder, split)
            names = few(names, labelled, seed)[0] if split == "train" else names
        pairs, missing = _pairs(folder, names, split != "unlabelled")
        require_complete(folder, f"Erhai {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)
        if split in ("val", "test") and not overlapping:
            train, _ = _pairs(folder, _names(folder, "train"), True)
            require_apart(ImageMaskPairs(train, CLASSES, self.bands), self)
        if split == "unlabelled" and not overlapping:
            _require_unseen(pairs, _pairs(folder, _names(folder, "test", needed=False), False)[0])


def _names(folder: Path, split: str, needed: bool = True) -> list[str]:
    found = first_file(path for name in LISTS[split] for path in sorted((folder / "splits").rglob(name)))
    if found is None and not needed:
        return []
    return read_list(found or folder / "splits" / LISTS[split][0])


def _require_unseen(pool: list[Pair], test: list[Pair]) -> None:
    """Refuse unlabelled crops on test ground: who learns there, even without labels, is not tested on new ground."""
    one, two = ([place(pair.image) for pair in pairs] for pairs in (pool, test))
    if found := overlaps(one, two):
        a, b = found[0]
        crops = len({first for first, _ in found})
        raise DataError.at(
            pool[a].image,
            f"an unlabelled crop that shows ground of the test crop {test[b].image.name}; so do {crops} of "
            f"{len(one)} unlabelled crops",
            "Leave them out of the list, or pass overlapping=True to learn from images of the test ground",
        )


def _pairs(folder: Path, names: list[str], labels: bool) -> tuple[list[Pair], list[str]]:
    """The pairs that are there, and what is missing."""
    pairs, missing = [], []
    for name in names:
        image, mask = (folder / kind / f"{name}.tif" for kind in ("JPEGImages", "SegmentationClass"))
        if not image.is_file() or (labels and not mask.is_file()):
            missing.append(name if not image.is_file() else f"{name} (labels)")
        else:
            pairs.append(Pair(name, image, mask if labels else None, LABELS))
    return pairs, missing
