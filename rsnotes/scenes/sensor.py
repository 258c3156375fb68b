"""The camera: mosaic seams, haze, blur, noise, colour cast and tone curve."""

import cv2
import numpy as np

from rsnotes.scenes.config import Switches
from rsnotes.scenes.texture import noise


def seam(rng: np.random.Generator, pixels: int) -> np.ndarray:
    """Gains of a mosaic of two photographs with other exposure and white balance.

    Returns:
        (pixels, pixels, 4) float32: 1 on one side of a crooked line, 0.88 to 1.14 on the other.
    """
    turn, offset = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-0.35, 0.35) * pixels
    gains = rng.uniform(0.90, 1.12) * rng.uniform(0.975, 1.025, 4)
    steps = rng.normal(0.0, 1.0, pixels // 24 + 3)
    along = np.arange(pixels) - 0.5 * pixels
    x, y = np.cos(turn) * along, np.sin(turn) * along
    across = x[None, :] + y[:, None]
    position = np.cos(turn) * along[:, None] - np.sin(turn) * along[None, :]
    knots = (np.arange(len(steps)) - 0.5 * len(steps)) * 1.5 * 24.0
    wiggle = np.interp(position.ravel(), knots, 9.0 * steps).reshape(position.shape)
    side = np.clip((across - offset - wiggle) * 0.5 + 0.5, 0.0, 1.0)
    return (1.0 + side[..., None] * (gains - 1.0)).astype(np.float32)


def expose(light: np.ndarray, axes: dict[str, float], on: Switches, rngs: dict[str, np.random.Generator]) -> np.ndarray:
    """Radiance to grey values.

    Args:
        light: (H, W, 4) float32 linear radiance, red, green, blue, near infrared.
        axes: the scene's ``haze``, ``cast``, ``contrast``, ``softness`` and ``grain`` in [0, 1].
        on: switches.
        rngs: generators of the stages "seam" and "grain".

    Returns:
        (H, W, 4) uint8.
    """
    pixels = light.shape[0]
    if on.mosaic_seams:
        light = light * seam(rngs["seam"], pixels)
    veil = np.array([0.80, 0.95, 1.15, 0.5], np.float32) * np.float32(0.16 * axes["haze"])
    light = light * np.float32(1.0 - 0.35 * axes["haze"]) + veil
    if on.blur:
        light = cv2.GaussianBlur(light, (7, 7), 0.3 + 1.0 * axes["softness"])
    warm = 2.0 * axes["cast"] - 1.0
    light = light * np.array([1.0 + 0.18 * warm, 1.0 + 0.03 * warm, 1.0 - 0.22 * warm, 1.0], np.float32)
    shown = np.sqrt(np.maximum(light, 0.0) * np.float32(1.2))  # display values 0..1, close to gamma 2.2
    if on.sensor_noise:
        fine, wide = noise(rngs["grain"], pixels, 1), noise(rngs["grain"], pixels, 2)
        colour = rngs["grain"].standard_normal((pixels, pixels, 4), np.float32)
        grain = (0.6 * fine + 0.6 * wide)[..., None] + 0.6 * colour
        shown = shown + grain * np.float32(0.004 + 0.03 * axes["grain"])
    slope = np.float32(0.7 + 0.6 * axes["contrast"])
    shown = (shown - np.float32(0.45)) * slope + np.float32(0.45)
    return np.rint(np.clip(shown, 0.0, 1.0) * 255.0).astype(np.uint8)
