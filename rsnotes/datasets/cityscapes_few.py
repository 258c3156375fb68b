"""Cityscapes with few labels: a share of the training images keeps its labels, the others are unlabelled."""

from os import PathLike
from pathlib import Path

from rsnotes.datasets.cityscapes import CLASSES, Cityscapes
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.pairs import ImageMaskPairs
from rsnotes.datasets.text_lists import few, read_list

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Those of the benchmark: 186, 372, 744 and 1488 of 2975 images."""


class CityscapesFew(ImageMaskPairs):
    """The training split of Cityscapes divided in two.

    The images are drawn at random, by ``seed``, as the paper says; the lists that other papers share can be given as a
    file. A larger share holds a smaller one.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        split: str = "labelled",
        share: float = 1 / 16,
        *,
        seed: int = 0,
        names: str | PathLike[str] | None = None,
        partial: bool = False,
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the images of a split.

        Args:
            root: the folder that holds ``leftImg8bit`` and ``gtFine``.
            split: "labelled" or "unlabelled".
            share: of the training images that keep their labels, one of :data:`SHARES` in the benchmark.
            seed: which ones.
            names: a text file with the names of the labelled images, in the place of share and seed.
            partial: go on without the images that have no labels.
            side: side of the windows in pixels; whole images by default.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: folders or labels are missing, or the list names images that are not there.
            ValueError: no such split, or a share outside (0, 1].
        """
        if split not in ("labelled", "unlabelled"):
            raise ValueError(f"Cityscapes with few labels has no split {split!r}; it has labelled, unlabelled")
        whole = Cityscapes(root, "train", partial=partial)
        if names is None:
            kept, others = few(whole.pairs, share, seed)
        else:
            listed = {name.removesuffix("_leftImg8bit") for name in read_list(Path(names))}
            if unknown := sorted(listed - {pair.name for pair in whole.pairs}):
                raise DataError.at(
                    names, f"names {unknown[0]}, which is no training image", "Use the list of this data set"
                )
            kept = [pair for pair in whole.pairs if pair.name in listed]
            others = [pair for pair in whole.pairs if pair.name not in listed]
        pairs = kept if split == "labelled" else [pair._replace(mask=None) for pair in others]
        super().__init__(
            pairs, CLASSES, ("red", "green", "blue"), side=side, overlap=overlap, pad=pad, missing=whole.missing
        )
