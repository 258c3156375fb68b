"""The commands ``python -m rsnotes data check`` and ``python -m rsnotes data samples``."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from rsnotes.datasets import check as checking
from rsnotes.datasets import million_aid, potsdam, vaihingen
from rsnotes.datasets.cityscapes import Cityscapes
from rsnotes.datasets.classes import IGNORE, Classes
from rsnotes.datasets.erhai import Erhai
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.export import write_potsdam, write_vaihingen
from rsnotes.datasets.folder import ImageMaskFolder
from rsnotes.datasets.gta5 import GTA5
from rsnotes.datasets.hw import HW
from rsnotes.datasets.labels import RGB, Colours, Indices
from rsnotes.datasets.loveda import LoveDA
from rsnotes.datasets.mapillary import MapillaryVistas
from rsnotes.datasets.pairs import ImageMaskPairs, require_folder
from rsnotes.datasets.uavid import UAVid
from rsnotes.paths import data_path
from rsnotes.scenes import DEFAULT, SEEDS, render

Openers = dict[str, Callable[[], ImageMaskPairs]]

Name = Literal[
    "vaihingen", "potsdam", "cityscapes", "uavid", "loveda", "mapillary", "million_aid", "erhai", "hw", "gta5", "folder"
]
"""Data sets that can be checked."""

THREE = ("train", "val", "test")
PLAIN: dict[str, tuple[Callable[..., ImageMaskPairs], tuple[str, ...]]] = {
    "cityscapes": (Cityscapes, THREE),
    "uavid": (functools.partial(UAVid, size=None), THREE),
    "loveda": (LoveDA, THREE),
    "mapillary": (MapillaryVistas, THREE),
    "erhai": (Erhai, THREE),  # it refuses splits that show the same ground
    "hw": (HW, THREE),
    "gta5": (GTA5, ("train", "val")),
}
"""Readers that need nothing but a root and a split, and their splits."""


def check(
    name: Name,
    root: Path,
    /,
    paper: str = "isprs",
    images: Literal["RGB", "IRRG", "RGBIR"] = "RGB",
    eroded: bool = False,
    partial: bool = False,
    colours: dict[str, str] | None = None,
    indices: dict[str, int] | None = None,
    ignored: tuple[str, ...] = (),
    bands: tuple[str, ...] = ("red", "green", "blue"),
    value_range: tuple[float, float] | None = None,
) -> int:
    """Read a data set as its reader would and say what is there, missing or odd. Exits with 1 if there are problems.

    Args:
        name: which reader. "folder" is for your own data: folders "images" and "masks", or a folder a split with
            these in it.
        root: the folder it lies in.
        paper: whose splits (Vaihingen and Potsdam).
        images: which images (Potsdam).
        eroded: check the labels with eroded boundaries (Vaihingen and Potsdam).
        partial: missing images are no problem (not for "folder").
        colours: classes and the colours they are painted in, such as "building 3C1098 land 8429F6" (folder).
        indices: classes and their values in the masks, such as "background 0 road 1" (folder).
        ignored: colours or values to ignore, such as "000000" (folder).
        bands: names of the bands (folder).
        value_range: values that become 0 and 1; needed unless the images are 8-bit (folder).
    """
    try:
        splits: Openers
        if name == "vaihingen":
            splits = _vaihingen(root, paper, eroded)
        elif name == "potsdam":
            splits = _potsdam(root, paper, images, eroded)
        elif name == "million_aid":
            splits = _million_aid(root)
        elif name in PLAIN:
            splits = _plain(name, root)
        else:
            labels = index_table(indices, ignored) if indices else colour_table(colours or {}, ignored)
            splits = _folder(root, labels, bands, value_range)
    except ValueError as error:
        print(error)
        return 1
    report = checking.check(splits, partial)
    print(report.text)
    return 1 if report.problems else 0


def samples(out: Path | None = None) -> int:
    """Write the sample tiles again: two small scenes each in the folders of Vaihingen and of Potsdam.

    Args:
        out: the folder that sample_vaihingen and sample_potsdam go to; the package's data by default.
    """
    out = out or data_path()
    train, test = (render(SEEDS[name][0], DEFAULT) for name in ("training", "test"))
    write_vaihingen(out / "sample_vaihingen", {"1": train, "2": test}, DEFAULT.gsd)
    write_potsdam(out / "sample_potsdam", {"2_10": train, "2_13": test}, DEFAULT.gsd)
    return 0


def colour_table(colours: dict[str, str], ignored: tuple[str, ...]) -> Colours:
    """Colour table from names and colours as RRGGBB; ``ValueError`` for anything else."""
    if not colours:
        raise ValueError("no classes given: name them with --colours (painted masks) or --indices (a number a class)")
    classes = Classes(tuple(colours), tuple(parse_colour(text) for text in colours.values()), (True,) * len(colours))
    return Colours(classes, tuple(parse_colour(text) for text in ignored))


def index_table(indices: dict[str, int], ignored: tuple[str, ...]) -> Indices:
    """Index table from names and values; ``ValueError`` if an ignored value is no integer."""
    classes = Classes(tuple(indices), ((0, 0, 0),) * len(indices), (True,) * len(indices))
    values = {value: k for k, value in enumerate(indices.values())}
    return Indices(classes, values | {int(text): IGNORE for text in ignored})


def parse_colour(text: str) -> RGB:
    """(red, green, blue) of RRGGBB or #RRGGBB."""
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        raise ValueError(f"{text!r} is no colour; write it as RRGGBB, such as 3C1098") from None
    return red, green, blue


def _vaihingen(root: Path, paper: str, eroded: bool) -> Openers:
    return {
        split: lambda split=split: vaihingen.Vaihingen(  # type: ignore[misc]
            root, split, paper, eroded=eroded, partial=True, side=None
        )
        for split in _splits(vaihingen.SPLITS, paper)
    }


def _potsdam(root: Path, paper: str, images: str, eroded: bool) -> Openers:
    return {
        split: lambda split=split: potsdam.Potsdam(  # type: ignore[misc]
            root, split, paper, images=images, eroded=eroded, partial=True, side=None
        )
        for split in _splits(potsdam.SPLITS, paper)
    }


def _million_aid(root: Path) -> Openers:
    """Images are read whole, small ones too."""
    return {
        split: lambda split=split: million_aid.MillionAID(root, split, side=None)  # type: ignore[misc]
        for split in million_aid.SPLITS
    }


def _plain(name: str, root: Path) -> Openers:
    reader, splits = PLAIN[name]
    return {split: lambda split=split: reader(root, split, partial=True) for split in splits}  # type: ignore[misc]


def _splits(splits: dict[str, dict[str, tuple[str, ...]]], paper: str) -> Iterator[str]:
    if paper not in splits:
        raise ValueError(f"no splits of {paper!r}; there are those of {', '.join(splits)}")
    return iter(splits[paper])


def _folder(
    root: Path, labels: Colours | Indices, bands: tuple[str, ...], value_range: tuple[float, float] | None
) -> Openers:
    folders = [path for path in (root, *sorted(require_folder(root).iterdir())) if (path / "images").is_dir()]
    if not folders:
        raise DataError.at(
            root, 'no folder "images", here or in the folders here', "Put the images in a folder so named"
        )
    return {
        folder.resolve().name: lambda folder=folder: ImageMaskFolder(  # type: ignore[misc]
            folder / "images",
            folder / "masks" if (folder / "masks").is_dir() else None,
            labels,
            bands,
            value_range=value_range,
        )
        for folder in folders
    }
