"""A reader's own images and masks."""

from os import PathLike
from pathlib import Path

from rsnotes.datasets.errors import DataError
from rsnotes.datasets.labels import Colours, Indices, hex_colour
from rsnotes.datasets.pairs import ImageMaskPairs, Pair, require_complete, require_folder
from rsnotes.datasets.raster import read_header

SUFFIXES = (".tif", ".tiff", ".gtif", ".png", ".jpg", ".jpeg", ".bmp")


class ImageMaskFolder(ImageMaskPairs):
    """A folder of images and a folder of masks; an image and its mask have the same name up to the suffix.

    >>> land_use = Classes(("building", "land"), ((60, 16, 152), (132, 41, 246)), (True, True))
    >>> ImageMaskFolder("images", "masks", Colours(land_use, ignored=((0, 0, 0),)), side=512)  # doctest: +SKIP
    """

    def __init__(
        self,
        images: str | PathLike[str],
        masks: str | PathLike[str] | None,
        labels: Colours | Indices,
        bands: tuple[str, ...] = ("red", "green", "blue"),
        *,
        value_range: tuple[float, float] | None = None,
        side: int | None = None,
        overlap: int = 0,
        pad: bool = False,
    ) -> None:
        """Find the pairs, and check what can be checked from names and headers.

        Args:
            images: folder of images.
            masks: folder of label pictures; None for images without labels, whose masks are all ignored.
            labels: colour or index table. Palette pictures are safe by colour; by index they must share one palette.
            bands: names of the bands, in the files' order.
            value_range: values that become 0 and 1; needed unless the images are 8-bit.
            side: side of the windows in pixels; whole images by default.
            overlap: pixels that neighbouring windows share.
            pad: see :func:`~rsnotes.datasets.tiles.tile_windows`.

        Raises:
            DataError: a folder is missing or empty, an image has no mask or two, palettes or sizes differ.
        """
        pairs = find_pairs(images, masks, labels)
        if isinstance(labels, Indices):
            _require_one_palette(pairs, labels)
        super().__init__(pairs, labels.classes, bands, value_range=value_range, side=side, overlap=overlap, pad=pad)


def find_pairs(images: str | PathLike[str], masks: str | PathLike[str] | None, labels: Colours | Indices) -> list[Pair]:
    """Pairs of the files with the same name up to the suffix, sorted by name."""
    pictures = _by_stem(images)
    require_complete(Path(images), "images", len(pictures), (), partial=False)
    if masks is None:
        return [Pair(stem, path, None, labels) for stem, path in pictures.items()]
    painted = _by_stem(masks)
    alone = [path.name for stem, path in pictures.items() if stem not in painted]
    if alone:
        raise DataError.at(
            masks,
            f"no mask for {len(alone)} of {len(pictures)} images: {', '.join(alone[:8])}",
            "Masks are found by the image's name up to the suffix; rename or add them, or take the images away",
        )
    return [Pair(stem, path, painted[stem], labels) for stem, path in pictures.items()]


def _by_stem(folder: str | PathLike[str]) -> dict[str, Path]:
    """Image files of a folder by their names without suffix."""
    found: dict[str, Path] = {}
    for path in sorted(require_folder(folder).iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        if path.stem in found:
            raise DataError.at(path, f"stands beside {found[path.stem].name}", "Keep one file a name")
        found[path.stem] = path
    return found


def _require_one_palette(pairs: list[Pair], labels: Indices) -> None:
    """Refuse label pictures whose palettes give one of the table's indices different colours."""
    first: dict[int, tuple[Path, tuple[int, int, int]]] = {}  # where an index was first seen, and its colour
    for mask in (pair.mask for pair in pairs if pair.mask is not None):
        palette = read_header(mask).palette or {}
        for index in sorted(labels.table.keys() & palette.keys()):
            here = palette[index]
            where, there = first.setdefault(index, (mask, here))
            if here != there:
                raise DataError.at(
                    mask,
                    f"index {index} is {hex_colour(here)}, in {where} it is {hex_colour(there)}: "
                    "the order of the palette differs from file to file",
                    "Read these labels by colour: give a colour table instead of an index table",
                )
