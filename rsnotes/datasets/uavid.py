"""UAVid: street scenes from a drone, 42 sequences of frames of 3840 or 4096 × 2160 pixels, eight classes."""

from os import PathLike

from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from rsnotes.datasets.classes import Classes
from rsnotes.datasets.labels import Colours
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder
from rsnotes.datasets.sample import Sample
from rsnotes.datasets.tiles import Window

CLASSES = Classes(
    names=("building", "road", "tree", "low vegetation", "moving car", "static car", "human", "clutter"),
    colours=(
        (128, 0, 0), (128, 64, 128), (0, 128, 0), (128, 128, 0), (64, 0, 128), (192, 0, 192), (64, 64, 0), (0, 0, 0)
    ),
    counted=(True,) * 8,
)  # fmt: skip
"""All eight count, clutter too. Black is clutter here, not a boundary to ignore."""

LABELS = Colours(CLASSES)

FOLDERS = {"train": ("uavid_train", "train"), "val": ("uavid_val", "uavid_valid", "val", "valid"),
           "test": ("uavid_test", "test")}  # fmt: skip
"""Names of each split's folder in the copies that go round."""


class UAVid(ImageMaskPairs):
    """UAVid as unpacked: ``uavid_train/seq1/Images/000000.png`` and ``uavid_train/seq1/Labels/000000.png``.

    The labels of the test split are withheld: its masks hold ignored ids only.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "train",
        *,
        partial: bool = False,
        size: tuple[int, int] | None = (540, 960),
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the frames of a split.

        Args:
            root: the folder that holds ``uavid_train`` or its siblings.
            split: "train", "val" or "test".
            partial: go on without the frames that have no labels.
            size: height and width that whole frames are resized to, labels to their nearest pixel; by default those
                of the paper "prune_quantize" (section 3.1), which squeezes the frames of 4096 pixels. None leaves
                frames as they are.
            side: side of the windows in pixels of the original, with ``size=None``; None for whole frames.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing.
            ValueError: no such split, or both a size and windows are asked for.
        """
        if split not in FOLDERS:
            raise ValueError(f"UAVid has no split {split!r}; it has {', '.join(FOLDERS)}")
        if size is not None and side is not None:
            raise ValueError(f"windows of {side} pixels are cut from frames as they are: pass size=None with side=")
        self.size = size
        folder, pairs, missing = require_folder(root), [], []
        place = next((folder / name for name in FOLDERS[split] if (folder / name).is_dir()), folder / FOLDERS[split][0])
        for image in sorted(place.glob("seq*/Images/*.png")):
            name = f"{image.parent.parent.name}/{image.stem}"
            mask = image.parent.parent / "Labels" / image.name
            if mask.is_file() or split == "test":
                pairs.append(Pair(name, image, mask if mask.is_file() else None, LABELS))
            else:
                missing.append(f"{name} (labels)")
        require_complete(folder, f"UAVid {split}", len(pairs), missing, partial)
        super().__init__(pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=missing)

    def read(self, pair: Pair, window: Window | None = None) -> Sample:
        """Window of ``pair`` as it is, or the whole frame at :attr:`size`."""
        sample = super().read(pair, window)
        if self.size is None or window is not None:
            return sample
        return Sample(self._resized(sample.image, InterpolationMode.BILINEAR), self._resized(sample.mask[None])[0])

    def _resized(self, x: Tensor, mode: InterpolationMode = InterpolationMode.NEAREST_EXACT) -> Tensor:
        return F.resize(x, list(self.size or ()), mode, antialias=mode is InterpolationMode.BILINEAR)
