"""Streets seen from the ground, a stand-in for natural images: sky, road, façades, trees, cars, in perspective."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.materials import PALETTES, Colour, Materials, shade
from rsnotes.scenes.seeds import generator
from rsnotes.scenes.texture import CELLS, octaves

SKY, ROAD, PAVEMENT, FACADE, GRASS, TREE, CAR, PERSON = range(8)
NAMES = ("sky", "road", "pavement", "facade", "grass", "tree", "car", "person")

EYE = 1.7
"""Height of the camera above the ground, metres."""
FAR = 120.0
"""Depth of the farthest thing, metres."""
_FINE, _SHIFT = 2, 4  # sub-pixels a pixel and side; binary places of OpenCV's corners

# How much brightness each class varies at cells of 1, 2, 4, 12 and 48 pixels.
_ROUGHNESS = np.array(
    [
        (0.005, 0.005, 0.01, 0.02, 0.04),
        (0.03, 0.03, 0.03, 0.05, 0.06),
        (0.04, 0.05, 0.04, 0.05, 0.05),
        (0.03, 0.03, 0.03, 0.04, 0.06),
        (0.07, 0.08, 0.08, 0.10, 0.10),
        (0.15, 0.18, 0.14, 0.08, 0.06),
        (0.02, 0.02, 0.03, 0.04, 0.04),
        (0.05, 0.05, 0.05, 0.05, 0.05),
    ],
    np.float32,
)


class GroundView(NamedTuple):
    """A view from the ground.

    Attributes:
        rgb: (H, W, 3) uint8.
        mask: (H, W) uint8, ids in the order of :data:`NAMES`.
    """

    rgb: np.ndarray
    mask: np.ndarray


def render_ground_view(seed: int, size: int = 128) -> GroundView:
    """A street as somebody standing in it sees it, a deterministic function of seed and size.

    Colours are those of the scenes' materials in summer; what differs from a scene is the point of view, the shapes
    and the classes.

    Args:
        seed: 0 or more.
        size: height and width in pixels, 32 or more.

    Raises:
        ValueError: a negative seed or a size below 32.
    """
    if seed < 0 or size < 32:
        raise ValueError(f"a view needs a seed from 0 and a size from 32, got {seed!r} and {size!r}")
    view = _View(seed, size)
    view.ground()
    for depth, paint in sorted(view.things(), key=lambda thing: -thing[0]):
        paint(depth)
    return view.expose()


Painter = Callable[[float], None]
"""Draws a thing at a depth in metres."""


class _View:
    """One view in the making: colours and ids at twice the resolution."""

    def __init__(self, seed: int, size: int) -> None:
        self.seed, self.size = seed, size
        rng = generator(seed, "ground view")
        side = _FINE * size
        self.horizon = side * rng.uniform(0.30, 0.50)
        self.vanishing = side * rng.uniform(0.25, 0.75)
        self.focal = side * rng.uniform(0.7, 1.1)
        self.eye = EYE * rng.uniform(0.8, 3.0)
        self.half_road = rng.uniform(2.0, 5.0)
        self.aside = rng.uniform(-7.0, 7.0)
        self.pavement = rng.uniform(0.0, 3.0)
        self.materials = Materials(SceneConfig(), 0.0)
        self.rng = rng
        self.rgb = np.zeros((side, side, 3), np.uint8)
        self.mask = np.full((side, side), SKY, np.uint8)

    def pick(self, name: str) -> Colour:
        return self.materials.pick(self.rng, name)

    def at(self, points: list[tuple[float, float, float]]) -> np.ndarray:
        """Metres to the right, upwards and away, to OpenCV's corners on the picture."""
        x, z, d = np.array(points).T
        columns = self.vanishing + self.focal * (x - self.aside) / d
        rows = self.horizon + self.focal * (self.eye - z) / d
        corners = np.clip(np.stack([columns, rows], axis=1), -8.0 * self.size, 8.0 * self.size)
        return np.rint(corners * (1 << _SHIFT)).astype(np.int32)

    def polygon(self, points: list[tuple[float, float, float]], colour: Colour, label: int) -> None:
        corners = self.at(points)
        cv2.fillPoly(self.rgb, [corners], colour[:3], shift=_SHIFT)
        cv2.fillPoly(self.mask, [corners], label, shift=_SHIFT)

    def blob(self, x: float, z: float, d: float, radius: tuple[float, float], colour: Colour, label: int) -> None:
        """An ellipse that faces the camera."""
        centre = self.at([(x, z, d)])[0]
        axes = tuple(max(1, round(r * self.focal / d * (1 << _SHIFT))) for r in radius)
        cv2.ellipse(self.rgb, centre.tolist(), axes, 0, 0, 360, colour[:3], -1, shift=_SHIFT)
        cv2.ellipse(self.mask, centre.tolist(), axes, 0, 0, 360, label, -1, shift=_SHIFT)

    def ground(self) -> None:
        """Sky, grass to the horizon, pavements, road and its markings."""
        side = len(self.rgb)
        top, bottom = np.array([96.0, 140.0, 205.0]), np.array([190.0, 208.0, 226.0])
        share = np.linspace(0.0, 1.0, side)[:, None] ** 0.7
        grey = self.rng.uniform(0.0, 0.7)
        sky = (1 - share) * top + share * bottom
        sky = (1 - grey) * sky + grey * sky.mean(axis=1, keepdims=True)
        self.rgb[:] = np.rint(sky)[:, None].astype(np.uint8)
        near = 0.9 * self.focal * self.eye / max(side - self.horizon, 1.0)  # just below the picture
        strips = [(200.0, "lawn", GRASS), (self.half_road + self.pavement, "paving", PAVEMENT)]
        for half, material, label in [*strips, (self.half_road, "asphalt", ROAD)]:
            flat = [(-half, 0.0, near), (half, 0.0, near), (half, 0.0, FAR), (-half, 0.0, FAR)]
            self.polygon(flat, self.pick(material), label)
        for start in np.arange(near, 60.0, 6.0).tolist():
            dash = [(-0.08, 0.0, start), (0.08, 0.0, start), (0.08, 0.0, start + 3.0), (-0.08, 0.0, start + 3.0)]
            self.polygon(dash, PALETTES["marking"][0], ROAD)

    def things(self) -> list[tuple[float, Painter]]:
        """Depth and painter of everything that stands on the ground."""
        rng = self.rng
        verge = self.half_road + self.pavement
        found: list[tuple[float, Painter]] = []
        for sign in (-1.0, 1.0):
            depth, setback = rng.uniform(5.0, 12.0), verge + rng.uniform(0.5, 7.0)
            while depth < 0.8 * FAR:
                length = rng.uniform(7.0, 22.0)
                if rng.random() < 0.72:
                    found.append((depth + 0.5 * length, self.house(sign * setback, length, sign)))
                depth += length + rng.uniform(0.5, 9.0)
            for _ in range(rng.integers(1, 9)):
                x = sign * (verge + rng.uniform(0.3, 9.0))
                found.append((rng.uniform(5.0, 70.0), self.tree(x)))
            for _ in range(rng.integers(0, 5)):
                x = sign * (self.half_road - rng.uniform(0.6, 1.6))
                found.append((rng.uniform(5.0, 45.0), self.car(x)))
            for _ in range(rng.integers(0, 3)):
                x = sign * (self.half_road + rng.uniform(0.0, self.pavement + 0.5))
                found.append((rng.uniform(4.0, 25.0), self.person(x)))
        return found

    def house(self, x: float, length: float, sign: float) -> Painter:
        rng = self.rng
        height, wall, roof = rng.uniform(4.0, 12.0), self.pick("wall"), self.pick("roof")
        gain, storeys = rng.uniform(0.65, 1.0), max(1, int(height // 3))

        def paint(middle: float) -> None:
            near, far = max(3.0, middle - 0.5 * length), middle + 0.5 * length
            back = x + 9.0 * sign
            front = [(x, 0.0, near), (back, 0.0, near), (back, height, near), (x, height, near)]
            self.polygon(front, wall, FACADE)
            self.polygon(
                [(x, 0.0, near), (x, 0.0, far), (x, height, far), (x, height, near)], shade(wall, gain), FACADE
            )
            ridge = 0.5 * (x + back)
            tip = height + 3.0
            self.polygon([(x, height, near), (x, height, far), (ridge, tip, far), (ridge, tip, near)], roof, FACADE)
            self.polygon([(x, height, near), (back, height, near), (ridge, tip, near)], shade(roof, gain), FACADE)
            for storey in range(storeys):
                low = 3.0 * storey + 0.9
                for start in np.arange(near + 1.0, far - 1.5, 2.6).tolist():
                    pane = [(x, low, start), (x, low, start + 1.1), (x, low + 1.4, start + 1.1), (x, low + 1.4, start)]
                    self.polygon(pane, (70.0, 78.0, 92.0, 0.0), FACADE)

        return paint

    def tree(self, x: float) -> Painter:
        rng = self.rng
        height, colour = rng.uniform(3.5, 11.0), self.pick("broadleaf")
        lumps = rng.uniform(-1.0, 1.0, (9, 2)) * 0.55
        gains = rng.uniform(0.6, 1.25, 9)

        def paint(depth: float) -> None:
            trunk, crown = 0.03 * height, 0.30 * height
            self.polygon(
                [(x - trunk, 0, depth), (x + trunk, 0, depth), (x + trunk, 0.6 * height, depth),
                 (x - trunk, 0.6 * height, depth)], (84.0, 68.0, 54.0, 0.0), TREE,
            )  # fmt: skip
            for (dx, dz), gain in zip(lumps.tolist(), gains.tolist(), strict=True):
                at = x + dx * crown, 0.68 * height + dz * crown
                self.blob(*at, depth, (0.6 * crown, 0.55 * crown), shade(colour, gain), TREE)

        return paint

    def car(self, x: float) -> Painter:
        colour = self.pick("car")

        def paint(depth: float) -> None:
            low, high = x - 0.9, x + 0.9
            dark = (40.0, 42.0, 48.0, 0.0)
            self.polygon(
                [(low, 0.25, depth), (high, 0.25, depth), (high, 0.85, depth), (low, 0.85, depth)], colour, CAR
            )
            cabin = [(low + 0.12, 0.85, depth), (high - 0.12, 0.85, depth), (high - 0.3, 1.45, depth)]
            self.polygon([*cabin, (low + 0.3, 1.45, depth)], shade(colour, 0.9), CAR)
            pane = [(low + 0.25, 0.9, depth), (high - 0.25, 0.9, depth), (high - 0.38, 1.35, depth)]
            self.polygon([*pane, (low + 0.38, 1.35, depth)], dark, CAR)
            for wheel in (low + 0.2, high - 0.2):
                self.blob(wheel, 0.28, depth, (0.16, 0.28), dark, CAR)

        return paint

    def person(self, x: float) -> Painter:
        colour = self.pick("container")

        def paint(depth: float) -> None:
            self.polygon(
                [(x - 0.22, 0.0, depth), (x + 0.22, 0.0, depth), (x + 0.28, 1.45, depth), (x - 0.28, 1.45, depth)],
                colour, PERSON,
            )  # fmt: skip
            self.blob(x, 1.6, depth, (0.13, 0.16), (196.0, 156.0, 130.0, 0.0), PERSON)

        return paint

    def expose(self) -> GroundView:
        """Texture, light, blur and noise at the final size."""
        rng = generator(self.seed, "ground light")
        size = (self.size, self.size)
        mask = np.ascontiguousarray(self.mask[1::_FINE, 1::_FINE])
        linear = np.square(cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255)
        gain = np.ones(size, np.float32)
        for k, field in enumerate(octaves(generator(self.seed, "ground texture"), self.size)):
            gain += _ROUGHNESS[:, k][mask] * field
        light = linear * np.clip(gain, 0.4, 1.7)[..., None] * np.float32(rng.uniform(0.6, 1.3))
        warm = rng.uniform(-0.15, 0.15)
        light *= np.array([1 + warm, 1.0, 1 - warm], np.float32)
        light = np.asarray(cv2.GaussianBlur(light, (5, 5), rng.uniform(0.3, 0.8)), np.float32)
        shown = np.sqrt(np.maximum(light, 0.0))
        shown = shown + 0.015 * rng.standard_normal((*size, 3), np.float32)
        return GroundView(np.rint(np.clip(shown, 0.0, 1.0) * 255).astype(np.uint8), mask)


assert len(CELLS) == _ROUGHNESS.shape[1]
