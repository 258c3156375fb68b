"""Pictures of images, masks and relation maps."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb as parse_colour
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from rsnotes.datasets import IGNORE, Classes
from rsnotes.figures.palette import IGNORED, INK, class_colours


def to_rgb(image: ArrayLike) -> NDArray[np.uint8]:
    """A picture (H, W, 3) of uint8 from an image as the data sets give it.

    Args:
        image: float (C, H, W) in [0, 1] with C of 3 or more, of which the first three are shown, or a picture
            (H, W, 3) of uint8, which comes back as it is.

    Raises:
        ValueError: neither of the two.
    """
    array = np.asarray(image)
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3:
        return array
    if array.ndim != 3 or array.shape[0] < 3 or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(
            f"expected a float image (C, H, W) with three bands or more, or a picture (H, W, 3) of uint8, "
            f"got {array.dtype} {array.shape}"
        )
    scaled = np.clip(array[:3], 0, 1).transpose(1, 2, 0) * 255  # (H, W, 3)
    return np.rint(scaled).astype(np.uint8)


def paint(mask: ArrayLike, classes: Classes) -> NDArray[np.uint8]:
    """A mask (H, W) in its display colours (H, W, 3); ignored pixels are black.

    Raises:
        ValueError: an id that is no class and not ``IGNORE``.
    """
    ids = np.asarray(mask)
    table = np.full((256, 3), IGNORED, np.uint8)
    table[: len(classes)] = [np.rint(255 * np.array(parse_colour(c))) for c in class_colours(classes)]
    unknown = np.setdiff1d(ids, [*range(len(classes)), IGNORE])
    if unknown.size:
        raise ValueError(f"the mask has ids {unknown.tolist()}; the classes are 0..{len(classes) - 1} and {IGNORE}")
    return table[ids]


def overlay(image: ArrayLike, mask: ArrayLike, classes: Classes, strength: float = 0.4) -> NDArray[np.uint8]:
    """The image tinted by its mask, with each segment's border in the full class colour; (H, W, 3) of uint8.

    Args:
        image: as :func:`to_rgb` takes it.
        mask: class ids (H, W).
        strength: share of the class colour inside a segment, in 0..1. Ignored pixels are left as they are.
    """
    picture, ids = to_rgb(image), np.asarray(mask)
    if picture.shape[:2] != ids.shape:
        raise ValueError(f"image {picture.shape[:2]} and mask {ids.shape} differ in size")
    share = np.where(_borders(ids), 1.0, strength) * (ids != IGNORE)
    mixed = picture + share[..., None] * (paint(ids, classes).astype(float) - picture)
    return np.rint(mixed).astype(np.uint8)


def _borders(ids: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Pixels whose right or lower neighbour has another id, (H, W)."""
    border = np.zeros(ids.shape, bool)
    border[:, :-1] |= ids[:, :-1] != ids[:, 1:]
    border[:-1] |= ids[:-1] != ids[1:]
    return border


def class_legend(figure: Figure, classes: Classes, ignored: bool = False) -> None:
    """Name the classes under a figure, each with its display colour."""
    pairs = list(zip(classes.names, class_colours(classes), strict=True)) + (
        [("ignored", "#000000")] if ignored else []
    )
    handles = [Patch(facecolor=colour, edgecolor=INK, linewidth=0.6, label=name) for name, colour in pairs]
    rows = -(-len(handles) // max(1, int(figure.get_figwidth() / 1.4)))
    figure.legend(handles=handles, loc="outside lower center", ncols=-(-len(handles) // rows), frameon=False)


def tiles(
    pictures: Sequence[ArrayLike], titles: Sequence[str], *, columns: int = 4, classes: Classes | None = None
) -> Figure:
    """Pictures side by side, each under its title.

    Args:
        pictures: images as :func:`to_rgb` takes them, or masks (H, W), which need ``classes``.
        titles: one a picture.
        columns: pictures in a row.
        classes: the class table of the masks; adds a legend.
    """
    if len(pictures) != len(titles):
        raise ValueError(f"{len(pictures)} pictures and {len(titles)} titles")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    size = (2.4 * columns, 2.6 * rows + (0.4 if classes else 0))
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, picture, title in zip(axes.flat, pictures, titles, strict=False):
        array = np.asarray(picture)
        axis.imshow(paint(array, classes) if array.ndim == 2 and classes else to_rgb(array))
        axis.set_title(title)
    if classes:
        class_legend(figure, classes, ignored=any(np.any(np.asarray(p) == IGNORE) for p in pictures if np.ndim(p) == 2))
    return figure


def relation_map(relation: ArrayLike, title: str, *, axis: str = "pixel") -> Figure:
    """A whole relation map (N, N) as a heat map on a logarithmic scale, since most entries of a softmax are tiny.

    Args:
        relation: non-negative (N, N), rows summing to one.
        title: what it is a map of.
        axis: what the rows and columns are, "pixel" or "channel".
    """
    values = np.asarray(relation, dtype=float)
    figure, ax = plt.subplots(figsize=(4.6, 4.0), layout="constrained")
    floor = 1e-2 / values.shape[1]  # a hundredth of an even share
    sns.heatmap(
        np.log10(np.maximum(values, floor)),
        ax=ax,
        cmap="viridis",
        vmin=np.log10(floor),
        vmax=0,
        square=True,
        xticklabels=False,
        yticklabels=False,
        cbar_kws={"label": "log$_{10}$ of the share"},
    )
    ax.set(title=title, xlabel=f"{axis} j", ylabel=f"{axis} i")
    return figure


def relation_rows(
    rows: Sequence[ArrayLike], titles: Sequence[str], point: tuple[float, float], *, share: str = "share of the row"
) -> Figure:
    """One row of several spatial relation maps, each laid out as the image it belongs to.

    Args:
        rows: one (h, w) each: row i of an (N, N) map with N = h·w, reshaped. All share one colour scale.
        titles: one a row, for example the network's name.
        point: (row, column) of pixel i on these grids, marked by a cross.
        share: what the colours mean.
    """
    arrays = [np.asarray(row, dtype=float) for row in rows]
    figure, axes = plt.subplots(
        1, len(arrays), figsize=(3.0 * len(arrays) + 0.6, 3.1), squeeze=False, layout="constrained"
    )
    top = max(float(array.max()) for array in arrays)
    for ax, array, title in zip(axes.flat, arrays, titles, strict=True):
        drawn = ax.imshow(array, cmap="viridis", vmin=0, vmax=top)
        _cross(ax, point)
        ax.set(title=title, xticks=[], yticks=[])
    figure.colorbar(drawn, ax=list(axes.flat), label=share, shrink=0.85)
    return figure


def _cross(ax: Axes, point: tuple[float, float]) -> None:
    row, column = point
    for colour, width in (("black", 3.5), ("white", 1.5)):
        ax.plot(column, row, marker="+", markersize=12, markeredgewidth=width, color=colour)
