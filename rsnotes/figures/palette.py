"""The book's one palette and figure style.

Figures are cards: a near-white face and dark ink in light and in dark mode, so that one picture serves both and
print. Series colours keep a contrast of 3:1 or more with the face (WCAG 2.2, 1.4.11). Both palettes keep every
pair of colours apart for readers with protanopia, deuteranopia or tritanopia (simulated in the tests).

Class colours are for display only. The ISPRS colours (pure green beside pure cyan and yellow) stay what files
are read and written with: :attr:`rsnotes.datasets.Classes.colours`.
"""

import matplotlib as mpl
import seaborn as sns
from cycler import cycler

from rsnotes.datasets import Classes

FACE = "#fbfbf9"
"""The figure's background in every mode."""

INK = "#1f1f24"
"""Text, axes and outlines."""

SERIES = ("#0854cf", "#c87e03", "#259a60", "#9e2d11", "#835b7e", "#352b30")
"""Colours of lines and bars, in this order; a seventh series wants another plot."""

LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
"""Line styles that go with :data:`SERIES`, so that no curve speaks by colour alone."""

IGNORED = (0, 0, 0)
"""The colour of pixels that neither train nor count."""

_CLASS_COLOURS = {
    "impervious": "#b7afad",
    "building": "#2236d8",
    "low vegetation": "#cdf04a",
    "tree": "#03500c",
    "car": "#e57800",
    "clutter": "#5b1350",
    # UAVid
    "background clutter": "#5b1350",
    "road": "#b7afad",
    "static car": "#e57800",
    "moving car": "#00d5ff",
    "human": "#e0208a",
}


def class_colours(classes: Classes) -> list[str]:
    """Display colours of a class table, as ``#rrggbb`` in the order of the ids.

    Raises:
        ValueError: a class has no display colour; the message names it and where to add one.
    """
    missing = [name for name in classes.names if name not in _CLASS_COLOURS]
    if missing:
        raise ValueError(
            f"no display colour for {', '.join(missing)}: add one to rsnotes/figures/palette.py "
            f"that its test finds far enough from the others"
        )
    return [_CLASS_COLOURS[name] for name in classes.names]


def set_style() -> None:
    """Set matplotlib and seaborn to the book's style. Call it in a page's first cell."""
    sns.set_theme(
        context="notebook",
        style="whitegrid",
        palette=list(SERIES),
        font="DejaVu Sans",
        rc={
            "figure.facecolor": FACE,
            "axes.facecolor": FACE,
            "savefig.facecolor": FACE,
            "figure.figsize": (6.0, 3.4),
            "figure.constrained_layout.use": True,
            "figure.constrained_layout.h_pad": 0.1,  # inches; with the default of 0.04 titles lose their tops
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "legend.frameon": True,
            "legend.facecolor": FACE,
            "grid.color": "#d9d9d6",
            "lines.linewidth": 1.8,
            "image.interpolation": "nearest",
        },
    )
    mpl.rcParams["axes.prop_cycle"] = cycler(color=SERIES, linestyle=LINES)
