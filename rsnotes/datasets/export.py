"""Writing scenes as GeoTIFF in the folders of ISPRS Vaihingen and Potsdam."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine
from scipy import ndimage

from rsnotes.datasets.classes import IGNORE, ISPRS
from rsnotes.datasets.errors import DataError
from rsnotes.datasets.vaihingen import BLACK
from rsnotes.paths import written_aside

Array = NDArray[Any]

ORIGIN = (500_000.0, 5_400_000.0)
"""Easting and northing in metres of the first tile's upper left corner; tiles follow to the east."""


class SceneArrays(Protocol):
    """What is written of a scene: ``rgb`` uint8 (H, W, 3), ``nir`` uint8 (H, W), ``mask`` of class ids (H, W)."""

    @property
    def rgb(self) -> Array: ...
    @property
    def nir(self) -> Array: ...
    @property
    def mask(self) -> Array: ...


def write_vaihingen(root: str | PathLike[str], scenes: Mapping[str, SceneArrays], gsd: float = 0.09) -> None:
    """Write scenes as tiles of Vaihingen: near infrared, red, green; full and eroded labels; EPSG:32632.

    Args:
        root: folder to write to; made if need be.
        scenes: scene of every tile, by tile name such as "1".
        gsd: ground sampling distance in metres a pixel.

    Raises:
        DataError: arrays that do not fit together; nothing of that tile is written then.
    """
    for place, (tile, scene) in enumerate(scenes.items()):
        _require_scene(Path(root) / f"tile {tile}", scene)
        name, transform = f"top_mosaic_09cm_area{tile}", _transform(place, scene, gsd)
        images = {f"top/{name}.tif": np.stack([scene.nir, scene.rgb[..., 0], scene.rgb[..., 1]])}
        labels = {f"{name}.tif": scene.mask, f"gts_eroded_for_participants/{name}_noBoundary.tif": erode(scene.mask)}
        _write_all(Path(root), images | {path: paint(mask) for path, mask in labels.items()}, transform, 32632)


def write_potsdam(root: str | PathLike[str], scenes: Mapping[str, SceneArrays], gsd: float = 0.05) -> None:
    """Write scenes as tiles of Potsdam: RGB, IRRG and RGBIR; full and eroded labels; EPSG:32633.

    Args:
        root: folder to write to; made if need be.
        scenes: scene of every tile, by tile name such as "2_10".
        gsd: ground sampling distance in metres a pixel.

    Raises:
        DataError: arrays that do not fit together; nothing of that tile is written then.
    """
    for place, (tile, scene) in enumerate(scenes.items()):
        _require_scene(Path(root) / f"tile {tile}", scene)
        name, transform = f"top_potsdam_{tile}", _transform(place, scene, gsd)
        red, green, blue = scene.rgb.transpose(2, 0, 1)
        images = {
            f"2_Ortho_RGB/{name}_RGB.tif": np.stack([red, green, blue]),
            f"3_Ortho_IRRG/{name}_IRRG.tif": np.stack([scene.nir, red, green]),
            f"4_Ortho_RGBIR/{name}_RGBIR.tif": np.stack([red, green, blue, scene.nir]),
        }
        labels = {
            f"{name}_label.tif": scene.mask,
            f"5_Labels_all_noBoundary/{name}_label_noBoundary.tif": erode(scene.mask),
        }
        _write_all(Path(root), images | {path: paint(mask) for path, mask in labels.items()}, transform, 32633)


def erode(mask: Array, radius: int = 3) -> Array:
    """Labels (H, W) with a band ignored along every boundary, as ISPRS scores them.

    A pixel is ignored when another class lies within ``radius`` pixels, measured between centres.
    """
    reach = np.arange(-radius, radius + 1)
    disc = reach[:, None] ** 2 + reach[None] ** 2 <= radius**2
    lowest, highest = (
        f(mask, footprint=disc, mode="nearest") for f in (ndimage.minimum_filter, ndimage.maximum_filter)
    )
    return np.where(lowest == highest, mask, IGNORE)


def paint(mask: Array) -> NDArray[np.uint8]:
    """ISPRS class ids (H, W) as their colours (3, H, W); ignored pixels are black."""
    table = np.full((256, 3), BLACK, np.uint8)
    table[: len(ISPRS)] = ISPRS.colours
    return table[mask].transpose(2, 0, 1)


def write_geotiff(path: Path, bands: NDArray[np.uint8], transform: Affine, epsg: int) -> None:
    """Write (C, H, W) as a tiled, compressed GeoTIFF, aside first."""
    count, height, width = bands.shape
    colour = {"photometric": "RGB", "alpha": "UNSPECIFIED"} if count == 4 else {"photometric": "RGB"}
    with (
        written_aside(path) as aside,
        rasterio.open(
            aside, "w", driver="GTiff", count=count, height=height, width=width, dtype="uint8", crs=f"EPSG:{epsg}",
            transform=transform, tiled=True, blockxsize=256, blockysize=256, compress="deflate", **colour,
        ) as target,
    ):  # fmt: skip
        target.write(bands)


def _write_all(root: Path, pictures: Mapping[str, NDArray[np.uint8]], transform: Affine, epsg: int) -> None:
    for path, bands in pictures.items():
        write_geotiff(root / path, bands, transform, epsg)


def _transform(place: int, scene: SceneArrays, gsd: float) -> Affine:
    """Tiles lie in a row to the east, a tile's width apart, so that no two touch."""
    return Affine(gsd, 0, ORIGIN[0] + 2 * place * scene.mask.shape[1] * gsd, 0, -gsd, ORIGIN[1])


def _require_scene(tile: Path, scene: SceneArrays) -> None:
    """Check types, sizes and class ids before anything is written."""
    size = scene.mask.shape
    fits = len(size) == 2 and scene.rgb.shape == (*size, 3) and scene.nir.shape == size and 0 not in size
    if not fits or scene.rgb.dtype != np.uint8 or scene.nir.dtype != np.uint8 or scene.mask.dtype.kind not in "ui":
        raise DataError.at(
            tile,
            f"rgb {scene.rgb.shape} {scene.rgb.dtype}, nir {scene.nir.shape} {scene.nir.dtype}, mask "
            f"{size} {scene.mask.dtype}",
            "A scene has rgb (H, W, 3) and nir (H, W) of uint8 and a mask (H, W) of integers",
        )
    strange = np.setdiff1d(scene.mask, [*range(len(ISPRS)), IGNORE])
    if strange.size:
        raise DataError.at(tile, f"the mask holds {strange[:5].tolist()}", f"ISPRS ids are 0 to 5, and {IGNORE}")
