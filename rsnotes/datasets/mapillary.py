"""Mapillary Vistas: street scenes from all over the world, 25 000 images of many sizes, 66 classes (version 1.2)."""

from os import PathLike

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.labels import Indices
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, first_file, require_complete, require_folder

_TABLE = """
bird A52A2A, ground animal 00C000, curb C4C4C4, fence BE9999, guard rail B4A5B4, barrier 5A7896, wall 66669C,
bike lane 8040FF, plain crosswalk 8C8CC8, curb cut AAAAAA, parking FAAAA0, pedestrian area 606060, rail track E6968C,
road 804080, service lane 6E6E6E, sidewalk F423E8, bridge 966464, building 464646, tunnel 96785A, person DC143C,
bicyclist FF0000, motorcyclist FF0064, other rider FF00C8, crosswalk marking C88080, lane marking FFFFFF,
mountain 40AA40, sand E6A032, sky 4682B4, snow BEFFFF, terrain 98FB98, vegetation 6B8E23, water 00AA1E, banner FFFF80,
bench FA001E, bike rack 648CB4, billboard DCDCDC, catch basin DC8080, CCTV camera DE2828, fire hydrant 64AA1E,
junction box 282828, mailbox 212121, manhole 6480A0, phone booth 8E0000, pothole 466496, street light D2AA64,
pole 999999, traffic sign frame 808080, utility pole 000050, traffic light FAAA1E, traffic sign back C0C0C0,
traffic sign front DCDC00, trash can 8C8C14, bicycle 770B20, boat 9600FF, bus 003C64, car 00008E, caravan 00005A,
motorcycle 0000E6, on rails 005064, other vehicle 804040, trailer 00006E, truck 000046, wheeled slow 0000C0,
car mount 202020, ego vehicle 780A0A, unlabelled 000000
"""
_ENTRIES = [entry.strip().rpartition(" ") for entry in _TABLE.replace("\n", " ").split(",")]

CLASSES = Classes(
    names=tuple(name for name, _, _ in _ENTRIES),
    colours=tuple((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for _, _, c in _ENTRIES),
    counted=(True,) * (len(_ENTRIES) - 1) + (False,),
)
"""In the order of the palette's indices. The last, what was not labelled, is a class of the pictures and not scored."""

LABELS = Indices(CLASSES, {k: k for k in range(len(CLASSES))})

FOLDERS = {"train": "training", "val": "validation", "test": "testing"}


class MapillaryVistas(ImageMaskPairs):
    """Mapillary Vistas as unpacked: ``training/images/x.jpg`` with ``training/v1.2/labels/x.png`` or without ``v1.2``.

    Label pictures have a palette; the index is the class. The labels of the test split are withheld.
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
            root: the folder that holds ``training``, ``validation`` and ``testing``.
            split: "train", "val" or "test".
            partial: go on without the images that have no labels.
            side: side of the windows in pixels; whole images by default. The paper "hi_resnet" cuts squares of 256, see
                :func:`~rsnotes.datasets.balance.balanced_subset` for how it chooses among them.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing.
            ValueError: no such split.
        """
        if split not in FOLDERS:
            raise ValueError(f"Mapillary Vistas has no split {split!r}; it has {', '.join(FOLDERS)}")
        folder, pairs, missing = require_folder(root), [], []
        place = folder / FOLDERS[split]
        for image in sorted((place / "images").glob("*.jpg")):
            name = f"{image.stem}.png"
            mask = first_file((place / "v1.2" / "labels" / name, place / "labels" / name))
            if mask or split == "test":
                pairs.append(Pair(image.stem, image, mask, LABELS))
            else:
                missing.append(f"{image.stem} (labels)")
        require_complete(folder, f"Mapillary Vistas {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)
