"""Street coordinates: a gently warped plane, in which streets are straight and blocks are rectangles."""

import math

import numpy as np

from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.seeds import generator


class Frame:
    """Map from street coordinates (s, t) to world metres (x, y), x to the right and y downwards.

    A rotation plus a few long sine waves. Their slopes sum to less than 1, so the map never folds.

    Args:
        seed: the scene's seed.
        config: gives the switch ``curved_roads`` and the layouts (old towns bend more).
    """

    def __init__(self, seed: int, config: SceneConfig) -> None:
        rng = generator(seed, "frame")
        turn = rng.uniform(0.0, 2.0 * math.pi)
        self.axes = ((math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn)))
        bend = config.mixed(0.9, 1.0, 0.35, 1.0) if config.switches.curved_roads else 0.0
        self.waves: list[tuple[float, float, float, float, float]] = []
        for wavelength, slope in ((300.0, 0.34), (170.0, 0.24), (90.0, 0.12)):
            direction, push, phase = rng.uniform(0.0, 2.0 * math.pi, 3).tolist()
            k = 2.0 * math.pi / wavelength
            size = bend * slope / k
            self.waves.append(
                (k * math.cos(direction), k * math.sin(direction), phase, size * math.cos(push), size * math.sin(push))
            )
        self.centre = (float(rng.uniform(0.0, 400.0)), float(rng.uniform(0.0, 400.0)))
        self._origin = (0.0, 0.0)
        self._origin = self.place(*self.centre)[:2]

    def place(self, s: float, t: float) -> tuple[float, float, float]:
        """World x, y and the direction of growing s, in radians, at one point; the tile's centre is (0, 0)."""
        (a, b), (c, d) = self.axes
        x, y, xs, ys = a * s + b * t, c * s + d * t, a, c
        for ks, kt, phase, px, py in self.waves:
            angle = ks * s + kt * t + phase
            wave, slope = math.sin(angle), ks * math.cos(angle)
            x, y, xs, ys = x + px * wave, y + py * wave, xs + px * slope, ys + py * slope
        return x - self._origin[0], y - self._origin[1], math.atan2(ys, xs)

    def world(self, st: np.ndarray) -> np.ndarray:
        """(N, 2) street coordinates to (N, 2) world metres."""
        s, t = st[:, 0], st[:, 1]
        (a, b), (c, d) = self.axes
        x, y = a * s + b * t - self._origin[0], c * s + d * t - self._origin[1]
        for ks, kt, phase, px, py in self.waves:
            wave = np.sin(ks * s + kt * t + phase)
            x, y = x + px * wave, y + py * wave
        return np.stack([x, y], axis=1)

    def rectangle(self, s0: float, s1: float, t0: float, t1: float, step: float = 9.0) -> np.ndarray:
        """(N, 2) world outline of a rectangle in street coordinates, curved where the streets are."""
        n = max(1, math.ceil(abs(s1 - s0) / step))
        m = max(1, math.ceil(abs(t1 - t0) / step))
        along, across = np.linspace(s0, s1, n, endpoint=False), np.linspace(t0, t1, m, endpoint=False)
        back, down = (s0 + s1) - along, (t0 + t1) - across
        s = np.concatenate([along, np.full(m, s1), back, np.full(m, s0)])
        t = np.concatenate([np.full(n, t0), across, np.full(n, t1), down])
        return self.world(np.stack([s, t], axis=1))
