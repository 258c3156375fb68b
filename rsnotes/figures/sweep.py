"""A score over the values of a setting that were tried, one line a method."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsnotes.figures.palette import SERIES

MARKERS = "osD^vP"


def sweep(lines: Mapping[str, Mapping[float, Sequence[float]]], label: str = "learning rate") -> Figure:
    """A line through the means and a point for every run; "nothing has landed" where there is none.

    Args:
        lines: scores in per cent of every run, by method and by the value tried, as
            :meth:`rsnotes.experiments.Results.tried` gives them.
        label: what was varied, each value positive; the axis is logarithmic.

    Raises:
        ValueError: more methods than there are markers.
    """
    if len(lines) > len(MARKERS):
        raise ValueError(f"{len(lines)} methods, and markers for {len(MARKERS)}: draw them in two figures")
    figure, ax = plt.subplots(figsize=(6.4, 3.2))
    for (name, found), marker, colour in zip(lines.items(), MARKERS, SERIES, strict=False):
        if found:
            values = sorted(found)
            ax.plot(values, [np.mean(found[value]) for value in values], marker=marker, color=colour, label=name)
            every = [(value, score) for value in values for score in found[value]]
            ax.plot(*zip(*every, strict=True), marker=marker, color=colour, linestyle="none", alpha=0.4)
    ax.set(xscale="log", xlabel=label, ylabel="mIoU (per cent)")
    _ticks(ax, sorted({value for found in lines.values() for value in found}))
    return figure


def _ticks(ax: Axes, values: Sequence[float]) -> None:
    if not values:
        ax.set(title="nothing has landed")
        return
    ax.set(xlim=(values[0] / 1.5, values[-1] * 1.5))
    ax.set_xticks(values, [f"{value:g}" for value in values], minor=False)
    ax.minorticks_off()
    ax.legend()
