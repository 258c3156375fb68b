"""Class tables: names, colours, and which classes count in the scores."""

from dataclasses import dataclass

IGNORE = 255
"""The label of a pixel that neither trains nor counts (padding, eroded borders, no data)."""


@dataclass(frozen=True)
class Classes:
    """The classes of a data set, in the order of their ids.

    Attributes:
        names: one name a class.
        colours: one (red, green, blue) in 0..255 a class, as the data set paints its labels.
        counted: whether the class enters the mean scores.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    counted: tuple[bool, ...]

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.colours) == len(self.counted):
            raise ValueError(
                f"a class table needs as many names as colours and counted flags, got "
                f"{len(self.names)}, {len(self.colours)} and {len(self.counted)}"
            )

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Id of the class called ``name``; ``ValueError`` names the classes there are."""
        if name not in self.names:
            raise ValueError(f"no class {name!r}; the classes are {', '.join(self.names)}")
        return self.names.index(name)


ISPRS = Classes(
    names=("impervious", "building", "low vegetation", "tree", "car", "clutter"),
    colours=((255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0)),
    counted=(True, True, True, True, True, False),
)
"""Vaihingen and Potsdam. Clutter is left out of the mean scores, as the papers do."""
