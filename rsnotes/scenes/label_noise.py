"""An annotator's errors: jittered outlines, missed small objects, merged neighbours. The image stays as it is."""

import cv2
import numpy as np

from rsnotes.scenes.surfaces import Surface

# Level: outline jitter in metres, chance to miss a small object, gap in metres that is merged over.
_LEVELS = {"mild": (0.3, 0.08, 0.5), "strong": (0.75, 0.25, 1.3)}
_SMALL = 60.0  # square metres


def _jitter(rng: np.random.Generator, layer: np.ndarray, amount: float) -> np.ndarray:
    """A layer with its outlines pushed about, smoothly along them, by ``amount`` pixels."""
    h, w = layer.shape
    maps: list[np.ndarray] = []
    for base in (np.arange(w)[None, :], np.arange(h)[:, None]):
        coarse = rng.standard_normal((h // 9 + 2, w // 9 + 2))
        push = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR)  # float64
        maps.append(np.clip(np.rint(base + amount * push), 0, (w if not maps else h) - 1).astype(np.int64))
    return layer[maps[1], maps[0]]


def _miss(rng: np.random.Generator, shown: np.ndarray, chance: float, small: float) -> np.ndarray:
    """Without some of the connected objects below ``small`` pixels."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(shown.astype(np.uint8), connectivity=4)
    missed = (rng.random(count) < chance) & (stats[:, cv2.CC_STAT_AREA] < small)
    missed[0] = False
    return shown & ~missed[labels]


def _merge(shown: np.ndarray, gap: float) -> np.ndarray:
    """Neighbours closer than ``gap`` pixels joined into one."""
    k = 2 * round(0.5 * gap) + 1
    if k < 3:
        return shown
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    return cv2.morphologyEx(shown.astype(np.uint8), cv2.MORPH_CLOSE, disc).astype(bool)


def annotate(rng: np.random.Generator, layers: dict[str, np.ndarray], level: str, gsd: float) -> np.ndarray:
    """Surfaces as a hurried annotator would outline them.

    Args:
        rng: generator of this stage.
        layers: (H, W) uint8 surfaces as drawn up to each stage: "ground", "cars", "buildings", "trees".
        level: "mild" or "strong".
        gsd: metres a pixel.

    Returns:
        (H, W) uint8 surfaces.
    """
    metres, chance, gap = _LEVELS[level]
    out = _jitter(rng, layers["ground"], metres / gsd)
    below = layers["ground"]
    for name in ("cars", "buildings", "trees"):
        layer = layers[name]
        shown = _miss(rng, layer != below, chance, _SMALL / gsd**2)
        shown = _jitter(rng, _merge(shown, gap / gsd), metres / gsd)
        filled = _spread(layer, layer != below)
        out = np.where(shown, filled, out)
        below = layer
    return out


def _spread(layer: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Each pixel's surface, or, where nothing of this layer is, that of the nearest pixel that has some."""
    if not known.any():
        return np.full_like(layer, Surface.MEADOW)
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, np.uint8)
    table[nearest[known]] = layer[known]
    return table[nearest]
