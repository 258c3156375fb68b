"""Pictures as data URIs: what an output needs to stand alone."""

import base64
import html
import io
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from rsnotes.figures.palette import FACE

Drawing = Figure | NDArray[np.uint8]
"""What the helpers of this package show: a matplotlib figure, or a picture (H, W, 3) of uint8."""

DPI = 144
SMALLEST_WIDTH = 360  # CSS pixels: smaller arrays are drawn with whole pixels as squares


@dataclass(frozen=True)
class Encoded:
    """A picture ready for an ``<img>``: its data URI, and its size in CSS pixels."""

    uri: str
    width: int
    height: int
    squares: bool

    def img(self, alt: str, **attributes: Any) -> str:
        """The ``<img>`` element. ``alt`` says what is seen; attributes with the value True stand alone."""
        more = "".join(
            f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
            for name, value in attributes.items()
            if value not in (False, None)
        )
        style = "max-width:100%;height:auto" + (";image-rendering:pixelated" if self.squares else "")
        return (
            f'<img class="dark-light" src="{self.uri}" width="{self.width}" height="{self.height}" '
            f'alt="{html.escape(alt)}" style="{style}"{more}>'
        )


def encode(drawing: Drawing) -> Encoded:
    """Encode a figure (and close it) or a picture as WebP: lossless, unless that is much larger.

    Raises:
        TypeError: neither a matplotlib Figure nor an array (H, W, 3) of uint8.
    """
    if isinstance(drawing, Figure):
        return _encode_figure(drawing)
    if isinstance(drawing, np.ndarray) and drawing.dtype == np.uint8 and drawing.ndim == 3 and drawing.shape[2] == 3:
        height, width = drawing.shape[:2]
        factor = max(1, -(-SMALLEST_WIDTH // width))
        return Encoded(_webp(Image.fromarray(drawing)), width * factor, height * factor, squares=factor > 1)
    found = f"{drawing.dtype} array {drawing.shape}" if isinstance(drawing, np.ndarray) else type(drawing).__name__
    raise TypeError(f"expected a matplotlib Figure or an array (H, W, 3) of uint8, got {found}; see figures.to_rgb")


def _encode_figure(figure: Figure) -> Encoded:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor=FACE)
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    plt.close(figure)
    with Image.open(buffer) as picture:
        return Encoded(_webp(picture.convert("RGB")), width, height, squares=False)


def _webp(picture: Image.Image) -> str:
    lossless, lossy = io.BytesIO(), io.BytesIO()
    picture.save(lossless, format="WEBP", lossless=True, quality=50, method=2)
    picture.save(lossy, format="WEBP", quality=88, method=4)
    smallest = lossless if lossless.tell() < 1.3 * lossy.tell() else lossy  # lossy blurs thin coloured lines
    return "data:image/webp;base64," + base64.b64encode(smallest.getvalue()).decode("ascii")
