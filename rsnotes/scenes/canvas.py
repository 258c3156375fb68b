"""Drawing surface: world metres to pixels, at twice the resolution of the tile, with relief displacement."""

import math

import cv2
import numpy as np

from rsnotes.scenes.materials import Colour
from rsnotes.scenes.surfaces import Surface

FINE = 2  # sub-pixels a pixel and side
_SHIFT = 4  # binary places of OpenCV's polygon corners


class Canvas:
    """Layers in image geometry (leaning) and one in ground geometry, all ``FINE`` times finer than the tile.

    Attributes:
        albedo: (S, S, 4) uint8 red, green, blue, near infrared, as seen in flat light.
        surface: (S, S) uint8, see :class:`~rsnotes.scenes.surfaces.Surface`.
        height: (S, S) float32, metres above ground, where things appear in the image.
        true_height: (S, S) float32, the same where they stand.
        facing: (S, S) uint8, cosine between surface and sun times 255.
    """

    def __init__(
        self,
        pixels: int,
        margin: float,
        gsd: float,
        lean: tuple[float, float],
        sun: tuple[float, float, float],
        ground: Colour,
    ) -> None:
        self.pixels, self.margin, self.gsd, self.lean, self.sun = pixels, margin, gsd, lean, sun
        side = FINE * pixels
        self.albedo = np.empty((side, side, 4), np.uint8)
        self.albedo[:] = [round(c) for c in ground]
        self.surface = np.full((side, side), Surface.MEADOW, np.uint8)
        self.height = np.zeros((side, side), np.float32)
        self.true_height = np.zeros((side, side), np.float32)
        self.facing = np.full((side, side), round(255 * sun[2]), np.uint8)
        self._scale = FINE / gsd
        self._middle = 0.5 * side - 0.5
        self._tilt = np.array(lean)

    def _fixed(self, xy: np.ndarray) -> np.ndarray:
        """(N, 2) world metres to OpenCV's fixed-point corners; rounding hides the processor's last bits."""
        return np.rint((xy * self._scale + self._middle) * (1 << _SHIFT)).astype(np.int32)

    def outside(self, x: float, y: float, reach: float) -> bool:
        """Whether everything within ``reach`` metres of (x, y) lies off the canvas."""
        half = 0.5 * self.pixels * self.gsd + reach
        return abs(x) > half or abs(y) > half

    def unseen(self, x: float, y: float, reach: float = 0.0) -> bool:
        """Whether everything within ``reach`` metres of (x, y) lies in the margin, well away from the tile."""
        return self.outside(x, y, reach + 5.0 - self.margin)

    def flat(self, xy: np.ndarray, colour: Colour, surface: Surface | None) -> None:
        """Paint an area of the ground."""
        corners = self._fixed(xy)
        low, high = corners.min(axis=0), corners.max(axis=0)
        if high.min() < 0 or low.max() >= (FINE * self.pixels) << _SHIFT:
            return
        cv2.fillPoly(self.albedo, [corners], colour, shift=_SHIFT)
        if surface is not None:
            cv2.fillPoly(self.surface, [corners], int(surface), shift=_SHIFT)

    def decal(self, xyz: np.ndarray, colour: Colour, surface: Surface | None = None) -> None:
        """Paint something thin on what is already there; heights and light stay."""
        lifted = self._fixed(xyz[:, :2] + xyz[:, 2:] * self._tilt)
        cv2.fillPoly(self.albedo, [lifted], colour, shift=_SHIFT)
        if surface is not None:
            cv2.fillPoly(self.surface, [lifted], int(surface), shift=_SHIFT)

    def face(
        self, xyz: np.ndarray, colour: Colour, surface: Surface | None, normal: tuple[float, float, float] | None = None
    ) -> None:
        """Paint a plane face of an upright thing and set its heights.

        Args:
            xyz: (N, 3) corners in one plane, metres.
            colour: its albedo.
            surface: what it is, None to leave that as it is.
            normal: unit normal, for the light; None means level.
        """
        lifted = self._fixed(xyz[:, :2] + xyz[:, 2:] * self._tilt)
        cv2.fillPoly(self.albedo, [lifted], colour, shift=_SHIFT)
        if surface is not None:
            cv2.fillPoly(self.surface, [lifted], int(surface), shift=_SHIFT)
        x, y, z = normal or (0.0, 0.0, 1.0)
        light = max(0.0, x * self.sun[0] + y * self.sun[1] + z * self.sun[2])
        cv2.fillPoly(self.facing, [lifted], round(255 * min(light, 1.0)), shift=_SHIFT)
        if z > 0.05:
            self._raise(self.height, xyz, lifted, self.lean, (x, y, z))
            self._raise(self.true_height, xyz, self._fixed(xyz[:, :2]), (0.0, 0.0), (x, y, z))
        else:
            cv2.fillPoly(self.height, [lifted], float(xyz[:, 2].mean()), shift=_SHIFT)

    def _raise(
        self,
        target: np.ndarray,
        xyz: np.ndarray,
        corners: np.ndarray,
        lean: tuple[float, float],
        normal: tuple[float, float, float],
    ) -> None:
        """Write the heights of a plane into the pixels of its projection."""
        z0 = float(xyz[0, 2])
        if normal[2] == 1.0:
            cv2.fillPoly(target, [corners], z0, shift=_SHIFT)
            return
        side = FINE * self.pixels
        x0, y0 = np.maximum(corners.min(axis=0) >> _SHIFT, 0)
        x1, y1 = np.minimum((corners.max(axis=0) >> _SHIFT) + 2, side)
        if x0 >= x1 or y0 >= y1:
            return
        inside = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(inside, [corners - np.array([x0 << _SHIFT, y0 << _SHIFT], np.int32)], 1, shift=_SHIFT)
        # z = z0 + gx (X - X0) + gy (Y - Y0) on the ground; along the line of sight X moves with z
        gx, gy = -normal[0] / normal[2], -normal[1] / normal[2]
        scale = 1.0 / (1.0 + gx * lean[0] + gy * lean[1])
        gx, gy = gx * scale, gy * scale
        px, py = float(xyz[0, 0]) + lean[0] * z0, float(xyz[0, 1]) + lean[1] * z0
        row = (np.arange(x0, x1) - self._middle) / self._scale - px
        column = (np.arange(y0, y1) - self._middle) / self._scale - py
        plane = ((z0 + gy * column)[:, None] + (gx * row)[None, :]).astype(np.float32)
        np.copyto(target[y0:y1, x0:x1], plane, where=inside.view(bool))

    def coarse(self, layer: np.ndarray) -> np.ndarray:
        """A layer at the tile's resolution: colours and light as means, ids as samples, the highest of heights."""
        if layer.dtype == np.uint8 and (layer.ndim == 3 or layer is self.facing):
            return cv2.resize(layer, (self.pixels, self.pixels), interpolation=cv2.INTER_AREA)
        if layer.dtype == np.float32:
            rows = np.maximum(layer[::FINE], layer[1::FINE])
            return np.maximum(rows[:, ::FINE], rows[:, 1::FINE])
        return np.ascontiguousarray(layer[1::FINE, 1::FINE])


def sun_vector(elevation: float, azimuth: float) -> tuple[float, float, float]:
    """Unit vector to the sun for an elevation and an azimuth in [0, 1]; x to the right, y downwards, z up."""
    height = math.radians(20.0 + 45.0 * elevation)
    turn = 2.0 * math.pi * azimuth
    return math.cos(height) * math.sin(turn), -math.cos(height) * math.cos(turn), math.sin(height)
