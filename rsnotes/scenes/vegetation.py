"""Tree crowns: lumpy domes with irregular outlines, drawn at the tile's resolution over everything else."""

from typing import NamedTuple

import cv2
import numpy as np

from rsnotes.scenes.materials import Materials
from rsnotes.scenes.plan import Tree

_POINTS = 20
_SHIFT = 4


class Crowns(NamedTuple):
    """Crowns of all trees; where crowns meet the higher one shows.

    Attributes:
        tree: (H, W) int32, number of the tree seen, -1 where none is.
        height: (H, W) float32 metres in image geometry, 0 where none is.
        true_height: (H, W) float32 metres where the crowns stand.
    """

    tree: np.ndarray
    height: np.ndarray
    true_height: np.ndarray


def _numbers(trees: list[Tree], count: int) -> np.ndarray:
    """(N, count) numbers in [0, 1) that follow from each tree's nature, so that no tree changes another."""
    nature = np.array([tree.nature for tree in trees])
    return np.modf(nature[:, None] * (1009.0 * np.arange(1, count + 1) + 271.0))[0]


def _outlines(trees: list[Tree]) -> np.ndarray:
    """(N, points, 2) outlines around 0 with a mean radius of about 1."""
    angle = np.arange(_POINTS) * (2.0 * np.pi / _POINTS)
    radius, u = np.ones((len(trees), _POINTS)), _numbers(trees, 8)
    for i, (k, size) in enumerate(((2, 0.12), (3, 0.10), (5, 0.08), (8, 0.07))):
        amount, phase = 0.2 + 0.8 * u[:, i, None], 2.0 * np.pi * u[:, 4 + i, None]
        radius += size * amount * np.sin(k * angle + phase)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)


def crown_colours(trees: list[Tree], materials: Materials, leafless: float) -> tuple[np.ndarray, np.ndarray]:
    """Colours and opacities of crowns.

    Args:
        trees: N trees.
        materials: gives the colours of the season.
        leafless: 0 in summer, 1 when broadleaf trees are bare.

    Returns:
        (N, 4) float32 display values and (N,) float32 opacities.
    """
    conifer = np.array([tree.conifer for tree in trees])
    colours = materials.crowns(_numbers(trees, 12)[:, 9:], conifer).astype(np.float32)
    return colours, np.where(conifer, 1.0, 1.0 - 0.5 * leafless).astype(np.float32)


def draw_crowns(trees: list[Tree], pixels: int, gsd: float, lean: tuple[float, float], lumps: np.ndarray) -> Crowns:
    """Draw crowns.

    Args:
        trees: in world metres around the middle of the canvas.
        pixels: size of the canvas.
        gsd: metres a pixel.
        lean: metres of displacement a metre of height.
        lumps: (pixels, pixels) float32 unit noise that makes the domes uneven.
    """
    number = np.full((pixels, pixels), -1, np.int32)
    height, true_height = np.zeros((2, pixels, pixels), np.float32)
    middle = 0.5 * pixels - 0.5
    for k, (tree, unit) in enumerate(zip(trees, _outlines(trees), strict=True)):
        outline, lift = unit * (tree.radius / gsd), 0.75 * tree.height
        stands = tree.x / gsd + middle, tree.y / gsd + middle
        seen = stands[0] + lean[0] * lift / gsd, stands[1] + lean[1] * lift / gsd
        _crown(tree, outline, stands, true_height, lumps, None)
        _crown(tree, outline, seen, height, lumps, (k, number))
    return Crowns(number, height, true_height)


def _crown(
    tree: Tree,
    outline: np.ndarray,
    centre: tuple[float, float],
    target: np.ndarray,
    lumps: np.ndarray,
    mark: tuple[int, np.ndarray] | None,
) -> None:
    """One crown into one height map, and its number where it is the highest."""
    cx, cy = centre
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
