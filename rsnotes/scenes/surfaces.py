"""What a pixel shows, finer than any legend; a legend is one table from here to class ids."""

from enum import IntEnum

import numpy as np


class Surface(IntEnum):
    """Kind of the topmost surface in a pixel."""

    ASPHALT = 0
    PAVING = 1
    GRAVEL = 2
    LAWN = 3
    MEADOW = 4
    SOIL = 5
    BED = 6
    CROP = 7
    HEDGE = 8
    ROOF = 9
    WALL = 10
    CROWN = 11
    CAR = 12
    WATER = 13
    COURT = 14
    SITE = 15
    RAIL = 16
    STORAGE = 17


def _legend(groups: dict[int, tuple[Surface, ...]]) -> np.ndarray:
    table = np.zeros(256, np.uint8)
    for class_id, surfaces in groups.items():
        table[list(surfaces)] = class_id
    return table


ISPRS_LEGEND = _legend(
    {
        0: (Surface.ASPHALT, Surface.PAVING, Surface.GRAVEL),
        1: (Surface.ROOF, Surface.WALL),
        2: (Surface.LAWN, Surface.MEADOW, Surface.SOIL, Surface.BED, Surface.CROP, Surface.HEDGE),
        3: (Surface.CROWN,),
        4: (Surface.CAR,),
        5: (Surface.WATER, Surface.COURT, Surface.SITE, Surface.RAIL, Surface.STORAGE),
    }
)
"""(256,) uint8: class id of :data:`rsnotes.datasets.ISPRS` for each surface."""

# How much brightness each surface varies, as a fraction, at cells of 1, 2, 4, 12 and 48 pixels.
_ROUGHNESS = {
    Surface.ASPHALT: (0.030, 0.025, 0.025, 0.05, 0.07),
    Surface.PAVING: (0.045, 0.05, 0.04, 0.05, 0.06),
    Surface.GRAVEL: (0.07, 0.07, 0.05, 0.06, 0.07),
    Surface.LAWN: (0.045, 0.05, 0.05, 0.09, 0.10),
    Surface.MEADOW: (0.07, 0.09, 0.09, 0.13, 0.13),
    Surface.SOIL: (0.06, 0.07, 0.08, 0.10, 0.08),
    Surface.BED: (0.15, 0.20, 0.15, 0.06, 0.04),
    Surface.CROP: (0.05, 0.05, 0.05, 0.08, 0.09),
    Surface.HEDGE: (0.12, 0.14, 0.10, 0.05, 0.05),
    Surface.ROOF: (0.040, 0.035, 0.03, 0.04, 0.05),
    Surface.WALL: (0.06, 0.06, 0.04, 0.02, 0.02),
    Surface.CROWN: (0.11, 0.17, 0.12, 0.07, 0.08),
    Surface.CAR: (0.03, 0.02, 0.0, 0.0, 0.0),
    Surface.WATER: (0.02, 0.03, 0.03, 0.06, 0.06),
    Surface.COURT: (0.03, 0.03, 0.03, 0.05, 0.05),
    Surface.SITE: (0.08, 0.10, 0.10, 0.13, 0.10),
    Surface.RAIL: (0.09, 0.08, 0.06, 0.05, 0.05),
    Surface.STORAGE: (0.05, 0.05, 0.03, 0.02, 0.02),
}
ROUGHNESS = np.array([_ROUGHNESS[s] for s in Surface], np.float32)
"""(surfaces, 5) float32, see :func:`rsnotes.scenes.texture.modulation`."""

VEGETATION = np.isin(
    np.arange(len(Surface)), [Surface.LAWN, Surface.MEADOW, Surface.CROP, Surface.HEDGE, Surface.CROWN]
)
"""(surfaces,) bool: whether patches of a surface also wander in hue, from lush to dry."""
