"""The labelled and unlabelled scenes of a run: no scene is in two parts or in two seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rsnotes.datasets.squares import Squares
from rsnotes.mkd_ssl.chain import Domain
from rsnotes.mkd_ssl.domains import TARGET, Union, as_domain, source_views, squares

if TYPE_CHECKING:
    from rsnotes.mkd_ssl.runs import MKDSettings

BRIDGE_SCENES = 100_000
"""How far the bridge's scenes lie from the target's, in scenes of the split."""


class Data(Mapping[str, Domain]):
    """The domains of a run by name, drawn when asked for."""

    names = ("bridge", "target", "source and bridge")

    def __init__(self, settings: MKDSettings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.known: dict[str, Domain] = {}

    def __getitem__(self, name: str) -> Domain:
        if name not in self.known:
            self.known[name] = self._draw(name)
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def _draw(self, name: str) -> Domain:
        settings, tiles = self.settings, self.settings.bridge_tiles
        if name == "target":
            return as_domain(squares("experiments-training", settings.labelled_tiles, TARGET, self._first()))
        if name == "bridge":
            return as_domain(squares("experiments-training", tiles, settings.bridge, BRIDGE_SCENES + self.seed * tiles))
        if name == "source and bridge":
            above, ground = self["bridge"].samples, source_views("training", 4 * tiles, self.seed * 4 * tiles)
            assert isinstance(above, Squares)
            return as_domain(Union(above.samples, ground.samples))
        raise KeyError(name)

    def pool(self) -> Squares:
        """Unlabelled squares of the target, the first share of the pool."""
        settings = self.settings
        tiles = round(settings.share * settings.pool_tiles)
        return squares("experiments-training", tiles, TARGET, self._first() + settings.labelled_tiles)

    def _first(self) -> int:
        return self.seed * (self.settings.labelled_tiles + self.settings.pool_tiles)
