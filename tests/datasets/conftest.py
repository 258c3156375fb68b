"""Small image files made on the spot."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsnotes.datasets import Classes

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def save():
    """Function that writes an array (C, H, W) or (H, W) to a path, in the format of its suffix."""

    def write(path, array, palette=None, **profile):
        array = np.asarray(array)
        array = array[None] if array.ndim == 2 else array
        path.parent.mkdir(parents=True, exist_ok=True)
        driver = {".tif": "GTiff", ".png": "PNG", ".jpg": "JPEG"}[path.suffix]
        count, height, width = array.shape
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(
                path, "w", driver=driver, count=count, height=height, width=width, dtype=array.dtype, **profile
            ) as target:
                if palette:
                    target.write_colormap(1, palette)
                target.write(array)
        for sidecar in path.parent.glob("*.aux.xml"):
            sidecar.unlink()
        return path

    return write


@pytest.fixture(scope="session")
def colours():
    """Three classes whose colours are in no other order anyone's colour."""
    return Classes(("house", "field", "pond"), ((200, 10, 30), (30, 200, 10), (40, 50, 210)), (True, True, True))


REAL_IMAGES = REPOSITORY.parent / "shared" / "data"
"""Photographs that only a work place has; the tests on made-up files ask the same of the readers."""

collect_ignore = [] if REAL_IMAGES.is_dir() else ["test_real_images.py"]


@pytest.fixture(scope="session")
def real_images():
    return REAL_IMAGES
