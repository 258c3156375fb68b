"""Light: cast shadows from heights and sun, lit crowns, and darker ground beside walls."""

import math

import cv2
import numpy as np

SUN = np.array([1.06, 1.0, 0.92, 1.0], np.float32)  # red, green, blue, near infrared
SKY = np.array([0.25, 0.30, 0.38, 0.20], np.float32)


def shadow_depth(true_height: np.ndarray, gsd: float, sun: tuple[float, float, float]) -> np.ndarray:
    """Height up to which each ground position lies in shadow.

    Marches towards the sun: a height seen ``k`` steps away shades here up to what the ray has lost on the way.

    Args:
        true_height: (H, W) float32 metres, in ground geometry.
        gsd: metres a pixel.
        sun: unit vector to the sun.

    Returns:
        (H, W) float32 metres.
    """
    flat = math.hypot(sun[0], sun[1])
    dx, dy, drop = sun[0] / flat, sun[1] / flat, gsd * sun[2] / flat
    steps = min(int(float(true_height.max()) / drop) + 1, max(true_height.shape) - 1)
    h, w = true_height.shape
    out = np.zeros_like(true_height)
    for k in range(1, steps + 1):
        ox, oy = math.floor(k * dx + 0.5), math.floor(k * dy + 0.5)
        here = out[max(-oy, 0) : h - max(oy, 0), max(-ox, 0) : w - max(ox, 0)]
        there = true_height[max(oy, 0) : h - max(-oy, 0), max(ox, 0) : w - max(-ox, 0)]
        np.maximum(here, there - np.float32(k * drop), out=here)
    return out


def sunlit(
    true_height: np.ndarray, height: np.ndarray, gsd: float, lean: tuple[float, float], sun: tuple[float, float, float]
) -> np.ndarray:
    """(H, W) float32 share of direct sun in [0, 1] for each pixel of the image, with a soft edge.

    A pixel that shows a height ``h`` shows the ground position ``lean * h`` before it; the test is made there.
    """
    depth = cv2.GaussianBlur(shadow_depth(true_height, gsd, sun), (3, 3), 0.7)
    rows, columns = np.arange(height.shape[0], dtype=np.float32), np.arange(height.shape[1], dtype=np.float32)
    x = columns[None, :] - height * np.float32(lean[0] / gsd)
    y = rows[:, None] - height * np.float32(lean[1] / gsd)
    seen = cv2.remap(depth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return 1.0 - np.clip((seen - height - 0.25) * np.float32(1.25), 0.0, 1.0)


def crown_light(height: np.ndarray, gsd: float, sun: tuple[float, float, float]) -> np.ndarray:
    """(H, W) float32 cosine between canopy and sun, from the slopes of the canopy."""
    smooth = cv2.GaussianBlur(height, (3, 3), 0.6)
    gy, gx = np.zeros((2, *height.shape), np.float32)
    gx[:, 1:-1] = (smooth[:, 2:] - smooth[:, :-2]) * np.float32(0.5 / gsd)
    gy[1:-1] = (smooth[2:] - smooth[:-2]) * np.float32(0.5 / gsd)
    np.clip(gx, -1.3, 1.3, out=gx)
    np.clip(gy, -1.3, 1.3, out=gy)
    size = np.sqrt(gx * gx + gy * gy + 1.0)
    light = np.float32(1.12) * (np.float32(sun[2]) - gx * np.float32(sun[0]) - gy * np.float32(sun[1])) / size
    return np.maximum(light, 0.0)


def openness(height: np.ndarray, gsd: float) -> np.ndarray:
    """(H, W) float32 share of the sky that is seen: less beside what is higher."""
    k = max(3, 2 * round(1.6 / gsd) + 1)
    around = cv2.blur(height, (k, k))
    return 1.0 - np.clip((around - height) * np.float32(0.09), 0.0, 0.45)


def radiance(
    albedo: np.ndarray, facing: np.ndarray, direct: np.ndarray, sky: np.ndarray, sun: tuple[float, float, float]
) -> np.ndarray:
    """Light that leaves each pixel; sunlit level ground has the brightness of its albedo.

    Args:
        albedo: (H, W, 4) float32, linear, 0..1.
        facing: (H, W) float32 cosine between surface and sun.
        direct: (H, W) float32 share of direct sun.
        sky: (H, W) float32 share of the sky seen.
        sun: unit vector to the sun.

    Returns:
        (H, W, 4) float32.
    """
    level = (1.0 / (SUN + SKY)).astype(np.float32)
    beam = direct * facing * np.float32(1.0 / sun[2])
    np.minimum(beam, 1.45, out=beam)
    light = beam[..., None] * (SUN * level) + sky[..., None] * (SKY * level)
    return albedo * light
