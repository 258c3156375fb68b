"""Tree crowns: lumpy domes with irregular outlines, drawn at the tile's resolution over everything else."""

from typing import NamedTuple

import cv2
import numpy as np

from rsnotes.scenes.plan import Tree

_POINTS = 20
_SHIFT = 4


class Crowns(NamedTuple):
    """Crowns of all trees; where crowns meet the higher one shows.

    Attributes:
        index: (H, W) int32, number of the tree seen, -1 where none is.
        height: (H, W) float32 metres in image geometry, 0 where none is.
        true_height: (H, W) float32 metres where the crowns stand.
    """

    index: np.ndarray
    height: np.ndarray
    true_height: np.ndarray


def _outlines(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, points, 2) outlines around 0 with a mean radius of about 1."""
    angle = np.arange(_POINTS) * (2.0 * np.pi / _POINTS)
    radius = np.ones((count, _POINTS))
    for k, size in ((2, 0.12), (3, 0.10), (5, 0.08), (8, 0.07)):
        phase, amount = rng.uniform(0.0, 2.0 * np.pi, (count, 1)), rng.uniform(0.2, 1.0, (count, 1))
        radius += size * amount * np.sin(k * angle + phase)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)


def draw_crowns(
    trees: list[Tree], pixels: int, gsd: float, lean: tuple[float, float], lumps: np.ndarray, rng: np.random.Generator
) -> Crowns:
    """Draw crowns.

    Args:
        trees: in world metres around the middle of the canvas.
        pixels: size of the canvas.
        gsd: metres a pixel.
        lean: metres of displacement a metre of height.
        lumps: (pixels, pixels) float32 unit noise that makes the domes uneven.
        rng: draws the outlines.
    """
    index = np.full((pixels, pixels), -1, np.int32)
    height, true_height = np.zeros((2, pixels, pixels), np.float32)
    outlines = _outlines(rng, len(trees))
    middle = 0.5 * pixels - 0.5
    for number, tree in enumerate(trees):
        for target, lx, ly in ((height, *lean), (true_height, 0.0, 0.0)):
            lift = 0.75 * tree.height
            cx, cy = (tree.x + lx * lift) / gsd + middle, (tree.y + ly * lift) / gsd + middle
            _crown(
                tree,
                outlines[number] * (tree.radius / gsd),
                cx,
                cy,
                target,
                lumps,
                (number, index) if target is height else None,
            )
    return Crowns(index, height, true_height)


def _crown(tree: Tree, outline: np.ndarray, cx: float, cy: float, target: np.ndarray, lumps: np.ndarray, mark) -> None:
    """One crown into one height map, and its number where it is the highest."""
    reach = float(np.abs(outline).max()) + 1.0
    x0, x1 = max(int(cx - reach), 0), min(int(cx + reach) + 2, target.shape[1])
    y0, y1 = max(int(cy - reach), 0), min(int(cy + reach) + 2, target.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    inside = np.zeros((y1 - y0, x1 - x0), np.uint8)
    corners = np.rint((outline + np.array([cx - x0, cy - y0])) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(inside, [corners], 1, shift=_SHIFT)
    # distances in steps of 2**-12, so that which of two crowns is higher does not hang on a last bit
    rx, ry = (np.arange(x0, x1) - cx) / reach, (np.arange(y0, y1) - cy) / reach
    r2 = (rx * rx)[None, :] + (ry * ry)[:, None]
    dome = 1.0 - (0.85 if tree.conifer else 0.62) * (np.sqrt(r2) if tree.conifer else r2)
    dome = np.maximum(np.rint(tree.height * dome * 4096.0) / 4096.0, 0.3 * tree.height).astype(np.float32)
    dome += lumps[y0:y1, x0:x1] * np.float32(0.16 * tree.radius)
    window = target[y0:y1, x0:x1]
    higher = inside.view(bool) & (dome > window)
    np.copyto(window, dome, where=higher)
    if mark is not None:
        np.copyto(mark[1][y0:y1, x0:x1], np.int32(mark[0]), where=higher)
