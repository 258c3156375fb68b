"""Lightweight segmentation for remote sensing: five papers as running code."""

from importlib.metadata import PackageNotFoundError, version

from rsnotes.paths import data_path

try:
    __version__ = version("rsnotes")
except PackageNotFoundError:  # imported from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__", "data_path"]
