"""Million-AID: a million satellite images of 51 kinds of place, of many sizes and resolutions, for pretraining."""

from os import PathLike
from pathlib import Path

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.labels import Indices
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder
from rsnotes.datasets.raster import read_header

NO_CLASSES = Classes((), (), ())
"""No pixel has a label."""

SPLITS = ("train", "test")


class MillionAID(ImageMaskPairs):
    """Million-AID as unpacked: ``train/agriculture land/grassland/meadow/P0115918.jpg``, two or three folders deep.

    The folder an image lies in is its scene class. All masks are ignored: pixels have no labels. Images with a side
    shorter than the window are dropped, as the paper "hi_resnet" does (section III-C2).

    Attributes:
        scenes: scene class of every image, in the order of :attr:`pairs`; None for one in no class's folder.
        dropped: names of the images that are too small.
    """

    def __init__(self, root: str | PathLike[str], split: str = "train", *, side: int | None = 400) -> None:
        """Find the images of a split; with windows the header of each is read.

        Args:
            root: the folder that holds ``train`` and ``test``.
            split: "train" or "test".
            side: side of the windows in pixels, the last of a row moved back to the border; None for whole images, of
                which none is dropped.

        Raises:
            DataError: the folder is missing or holds no image that is large enough.
            ValueError: no such split.
        """
        if split not in SPLITS:
            raise ValueError(f"Million-AID has no split {split!r}; it has {', '.join(SPLITS)}")
        folder = require_folder(root)
        images = sorted((folder / split).rglob("*.jpg"))
        require_complete(folder, f"Million-AID {split}", len(images), (), partial=False)
        large = {image: side is None or _large(image, side) for image in images}
        names = {image: image.relative_to(folder / split).with_suffix("").as_posix() for image in images}
        kept, self.dropped = [i for i in images if large[i]], [names[i] for i in images if not large[i]]
        if not kept:
            raise DataError.at(
                folder / split, f"all {len(images)} images are smaller than {side} pixels", "Give a smaller side"
            )
        self.scenes = [_scene(image, folder / split) for image in kept]
        labels = Indices(NO_CLASSES, {})
        pairs = [Pair(names[image], image, None, labels) for image in kept]
        super().__init__(pairs, NO_CLASSES, ("red", "green", "blue"), side=side)


def _large(image: Path, side: int) -> bool:
    header = read_header(image)
    return min(header.height, header.width) >= side


def _scene(image: Path, top: Path) -> str | None:
    """The folder an image lies in, if that is two or three folders below ``top``."""
    folders = image.relative_to(top).parts[:-1]
    if len(folders) > 3:
        raise DataError.at(image, f"lies {len(folders)} folders deep", "Scene classes are two or three folders deep")
    return folders[-1] if len(folders) >= 2 else None
