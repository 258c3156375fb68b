"""A folder laid out as Vaihingen is, for the tests of every paper's command."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from rsnotes.datasets.export import write_vaihingen
from rsnotes.scenes import DEFAULT, render


@pytest.fixture(scope="session")
def small_vaihingen(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[str], int], Path]:
    """Writes the tiles of the given names, each a square of so many pixels of one scene, from whose start it begins
    again when the scene is used up."""
    scene = render(0, DEFAULT)

    def write(names: Sequence[str], side: int) -> Path:
        across = scene.mask.shape[1] // side
        tiles = {}
        for place, name in enumerate(names):
            rows, columns = (slice(side * k, side * (k + 1)) for k in divmod(place % across**2, across))
            tiles[name] = SimpleNamespace(**{k: getattr(scene, k)[rows, columns] for k in ("rgb", "nir", "mask")})
        folder = tmp_path_factory.mktemp("vaihingen")
        write_vaihingen(folder, tiles)
        return folder

    return write
