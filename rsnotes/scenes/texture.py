"""Correlated texture: noise at several scales, its strength a property of the surface."""

import cv2
import numpy as np

from rsnotes.scenes.surfaces import ROUGHNESS, VEGETATION

CELLS = (1, 2, 4, 12, 48)  # pixels


def noise(rng: np.random.Generator, pixels: int, cell: int) -> np.ndarray:
    """(pixels, pixels) float32 noise of about unit deviation that changes over ``cell`` pixels."""
    if cell == 1:
        return rng.standard_normal((pixels, pixels), np.float32)
    n = pixels // cell + 3
    coarse = rng.standard_normal((n, n), np.float32)
    fine = cv2.resize(coarse, (n * cell, n * cell), interpolation=cv2.INTER_CUBIC)
    oy, ox = rng.integers(0, cell, 2)
    return np.ascontiguousarray(fine[cell + oy : cell + oy + pixels, cell + ox : cell + ox + pixels]) * np.float32(1.25)


def octaves(rng: np.random.Generator, pixels: int) -> list[np.ndarray]:
    """One noise field for each of :data:`CELLS`."""
    return [noise(rng, pixels, cell) for cell in CELLS]


def modulation(surface: np.ndarray, fields: list[np.ndarray], dryness: np.ndarray) -> np.ndarray:
    """Factors that texture the albedo.

    Args:
        surface: (H, W) uint8 surfaces.
        fields: noise at each of :data:`CELLS`.
        dryness: (H, W) float32 unit noise; vegetation turns yellower where it is high.

    Returns:
        (H, W, 4) float32, factors around 1 for red, green, blue and near infrared.
    """
    gain = np.ones(surface.shape, np.float32)
    for k, field in enumerate(fields):
        gain += ROUGHNESS[:, k][surface] * field
    np.clip(gain, 0.4, 1.7, out=gain)
    wander = np.where(VEGETATION, np.float32(0.055), np.float32(0.012))[surface] * dryness
    out = np.empty((*surface.shape, 4), np.float32)
    for band, tilt in enumerate((1.0, -0.15, -0.55, -1.0)):
        out[..., band] = gain * (1.0 + np.float32(tilt) * wander)
    return out
