"""Figures: one palette, pictures of images and masks, and outputs that work without a kernel."""

from rsnotes.figures.display import Output, show
from rsnotes.figures.maps import class_legend, overlay, paint, relation_map, relation_rows, tiles, to_rgb
from rsnotes.figures.palette import SERIES, class_colours, set_style
from rsnotes.figures.picker import picker
from rsnotes.figures.slider import slider
from rsnotes.figures.sweep import sweep
from rsnotes.figures.table import table

__all__ = [
    "SERIES",
    "Output",
    "class_colours",
    "class_legend",
    "overlay",
    "paint",
    "picker",
    "relation_map",
    "relation_rows",
    "set_style",
    "show",
    "slider",
    "sweep",
    "table",
    "tiles",
    "to_rgb",
]
