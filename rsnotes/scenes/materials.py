"""Colours: one palette a material, as (red, green, blue, near infrared) in display values 0..255."""

import numpy as np

from rsnotes.scenes.config import SceneConfig

Colour = tuple[float, float, float, float]


def shade(colour: Colour, gain: float) -> Colour:
    """A brighter or darker colour."""
    r, g, b, n = colour
    return min(gain * r, 255.0), min(gain * g, 255.0), min(gain * b, 255.0), min(gain * n, 255.0)


# The first entry of a palette is the typical one and comes most often; without colour overlap it is the only one.
PALETTES: dict[str, tuple[Colour, ...]] = {
    "asphalt": ((112, 112, 115, 95), (132, 130, 128, 110), (92, 93, 98, 80), (122, 116, 110, 105)),
    "kerb": ((158, 155, 150, 125), (142, 138, 134, 115), (150, 130, 120, 125)),
    "paving": ((160, 155, 148, 125), (146, 122, 110, 130), (175, 168, 155, 140), (128, 126, 124, 108)),
    "gravel": ((168, 158, 140, 140), (150, 142, 130, 125), (182, 170, 150, 150)),
    "marking": ((225, 225, 220, 190),),
    "soil": ((134, 108, 82, 120), (112, 90, 70, 105), (160, 136, 108, 140)),
    "bed": ((104, 92, 62, 140), (122, 90, 84, 150), (88, 100, 62, 165), (140, 120, 96, 130)),
    "roof": (
        (158, 88, 66, 140),
        (136, 76, 60, 125),
        (120, 92, 80, 118),
        (96, 96, 100, 88),
        (122, 121, 122, 106),
        (84, 74, 70, 80),
        (150, 118, 96, 138),
        (108, 112, 100, 110),
    ),
    "flat roof": (
        (150, 148, 144, 126),
        (118, 117, 116, 104),
        (196, 194, 190, 165),
        (98, 98, 100, 88),
        (104, 112, 78, 165),
        (140, 124, 108, 130),
        (86, 104, 72, 178),
        (108, 138, 122, 118),
    ),
    "hall roof": (
        (178, 180, 182, 150),
        (206, 206, 204, 172),
        (130, 134, 138, 116),
        (110, 126, 142, 110),
        (120, 118, 112, 104),
        (150, 96, 84, 130),
        (104, 124, 104, 112),
    ),
    "wall": ((196, 188, 172, 160), (178, 158, 134, 150), (160, 158, 156, 132), (172, 120, 96, 140)),
    "solar": ((44, 50, 72, 46),),
    "car": (
        (70, 74, 82, 62),
        (205, 206, 206, 172),
        (226, 226, 224, 190),
        (140, 144, 148, 122),
        (40, 42, 46, 38),
        (150, 44, 40, 120),
        (52, 76, 128, 60),
        (104, 106, 108, 92),
        (58, 86, 66, 80),
        (158, 140, 110, 130),
        (190, 150, 60, 150),
    ),
    "pool": ((96, 176, 196, 40), (84, 150, 176, 36), (120, 190, 190, 48)),
    "pond": ((58, 72, 64, 30), (70, 84, 76, 36), (48, 62, 70, 26)),
    "court": ((172, 98, 74, 140), (88, 120, 84, 105), (84, 112, 150, 95), (150, 112, 92, 130)),
    "site": ((186, 164, 130, 155), (160, 134, 104, 135), (196, 182, 158, 165)),
    "ballast": ((126, 112, 100, 112), (140, 130, 120, 120)),
    "container": (
        (66, 92, 140, 70),
        (160, 70, 52, 130),
        (70, 112, 84, 90),
        (196, 190, 180, 160),
        (186, 138, 56, 150),
        (120, 122, 124, 104),
    ),
}

# Vegetation at three seasons: summer, autumn, winter.
SEASONAL: dict[str, tuple[tuple[Colour, Colour, Colour], ...]] = {
    "lawn": (
        ((102, 128, 70, 190), (122, 128, 78, 165), (128, 120, 92, 140)),
        ((126, 136, 84, 178), (140, 132, 92, 155), (142, 128, 104, 135)),
        ((84, 112, 58, 200), (108, 118, 68, 172), (112, 110, 82, 145)),
        ((146, 140, 98, 160), (152, 136, 100, 148), (148, 132, 110, 132)),
    ),
    "meadow": (
        ((110, 126, 74, 182), (134, 126, 84, 158), (134, 120, 96, 136)),
        ((138, 134, 88, 166), (150, 132, 92, 150), (146, 128, 106, 130)),
        ((92, 112, 62, 192), (118, 116, 74, 164), (118, 108, 86, 138)),
    ),
    "crop": (
        ((108, 134, 66, 200), (156, 140, 96, 158), (132, 110, 84, 128)),
        ((168, 152, 100, 170), (150, 126, 92, 146), (126, 106, 84, 124)),
        ((124, 140, 80, 190), (134, 114, 84, 132), (118, 98, 78, 118)),
        ((140, 114, 86, 126), (124, 102, 80, 116), (112, 92, 74, 110)),
    ),
    "hedge": (
        ((66, 92, 50, 190), (84, 90, 52, 165), (86, 82, 62, 135)),
        ((80, 102, 56, 196), (104, 96, 58, 165), (98, 88, 70, 130)),
        ((54, 76, 46, 170), (58, 76, 48, 165), (62, 74, 54, 150)),
    ),
    "broadleaf": (
        ((74, 102, 50, 205), (148, 122, 58, 165), (118, 108, 94, 120)),
        ((90, 114, 58, 210), (164, 112, 54, 160), (124, 112, 98, 122)),
        ((62, 88, 46, 195), (104, 108, 54, 175), (108, 100, 86, 118)),
        ((104, 122, 66, 205), (170, 134, 66, 168), (130, 118, 104, 124)),
        ((92, 74, 58, 165), (124, 76, 56, 150), (112, 98, 88, 116)),
    ),
    "conifer": (
        ((52, 76, 50, 160), (54, 76, 50, 158), (58, 76, 56, 150)),
        ((64, 84, 58, 165), (64, 84, 58, 162), (68, 84, 64, 152)),
    ),
}


class Materials:
    """Colours of one scene's domain: the season is applied here, once.

    Args:
        config: gives the switch ``colour_overlap``.
        season: the scene's season in [0, 1].
    """

    def __init__(self, config: SceneConfig, season: float) -> None:
        self._overlap = config.switches.colour_overlap
        self._season = season
        self._palettes = {name: np.array(rows, np.float64) for name, rows in PALETTES.items()}
        self._palettes |= {name: self._at_season(np.array(rows, np.float64)) for name, rows in SEASONAL.items()}

    def _at_season(self, rows: np.ndarray) -> np.ndarray:
        """(K, 3, 4) summer, autumn, winter to (K, 4) at this season."""
        where = 2.0 * self._season
        first = min(int(where), 1)
        return rows[:, first] + (where - first) * (rows[:, first + 1] - rows[:, first])

    def pick(self, rng: np.random.Generator, name: str, spread: float = 0.06) -> Colour:
        """A colour of the palette ``name``; brightness strays by ``spread``, hue by half of it."""
        rows = self._palettes[name]
        u, *jitter = rng.random(6).tolist()
        row = rows[int(u**1.5 * len(rows)) if self._overlap else 0].tolist()
        gain = 1.0 + 2.0 * spread * (jitter[0] - 0.5) * 1.7
        return tuple(
            min(max(c * gain * (1.0 + spread * (j - 0.5)), 0.0), 255.0) for c, j in zip(row, jitter[1:], strict=True)
        )

    def crowns(self, u: np.ndarray, conifer: np.ndarray) -> np.ndarray:
        """Colours of trees, each early or late in the season.

        Args:
            u: (N, 3) numbers in [0, 1) that choose kind, earliness and brightness.
            conifer: (N,) bool.

        Returns:
            (N, 4) float64.
        """
        out = np.empty((len(u), 4))
        late = 0.25 * (u[:, 1] - 0.5) * min(4.0 * self._season, 1.0)
        where = 2.0 * np.clip(self._season + late, 0.0, 1.0)
        first = np.minimum(where.astype(int), 1)
        for name, chosen in (("broadleaf", ~conifer), ("conifer", conifer)):
            rows = np.array(SEASONAL[name], np.float64)
            index = (u[:, 0] * u[:, 0] * len(rows)).astype(int) if self._overlap else np.zeros(len(u), int)
            low, high = rows[index, first], rows[index, first + 1]
            out[chosen] = (low + (where - first)[:, None] * (high - low))[chosen]
        return out * (0.86 + 0.28 * u[:, 2:3])
