"""Pick a point of a picture, see what belongs to it."""

import hashlib
import html
from collections.abc import Callable, Sequence

from rsnotes.figures.display import Output
from rsnotes.figures.encode import Drawing, encode
from rsnotes.figures.slider import frame_alts

STYLE = """<style>
.rs-picker{margin:.5em 0}
.rs-picker fieldset{border:0;margin:0;padding:0;min-width:0}
.rs-picker legend{font-size:1em;margin-bottom:.3em}
.rs-picker .rs-panels{display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start}
.rs-picker .rs-panels>*{flex:0 1 auto;max-width:100%}
.rs-picker .rs-field{position:relative;line-height:0}
.rs-picker input{position:absolute;width:24px;height:24px;margin:0;transform:translate(-50%,-50%);cursor:pointer;
appearance:none;-webkit-appearance:none;border:3px solid #fff;border-radius:50%;outline:2px solid #000;background:#0003}
.rs-picker input:checked{background:#e57800}
.rs-picker input:focus-visible{outline:4px solid #0854cf}
.rs-picker img[hidden]{display:none!important}
@media print{.rs-picker input:not(:checked){display:none}}
</style>"""

_PICK = "this.closest('figure').querySelectorAll('.rs-frames img').forEach((m,j)=>{m.hidden=j!==+this.value})"


def picker(
    picture: Drawing,
    points: Sequence[tuple[float, float]],
    draw: Callable[[int], Drawing],
    *,
    name: str,
    alt: str,
    frame_alt: Callable[[int], str] | Sequence[str],
    labels: Sequence[str],
    start: int = 0,
) -> Output:
    """A picture with points to choose from, and beside it the frame of the chosen one.

    The points are radio buttons laid over the picture: a reader clicks one, or goes from one to the next with the
    arrow keys. Like the slider it needs no kernel and prints the frame it stands at.

    Args:
        picture: the picture (H, W, 3) of uint8 that carries the points; a figure would put margins around it.
        points: (row, column) of each point as fractions of height and width, in 0..1.
        draw: gives the frame of a point from its index.
        name: what is chosen, shown above the picture, for example "Pick a pixel".
        alt: what is seen on ``picture``.
        frame_alt: what is seen on each frame: a function of the index, or one text a point.
        labels: what is under each point, read out, for example "car park, row 12, column 40".
        start: index of the point chosen at first.

    Raises:
        ValueError: counts that differ, a point outside the picture, or alternative texts that are too short or equal.
    """
    if not len(points) == len(labels) >= 2 or len(set(labels)) != len(labels) or not 0 <= start < len(points):
        raise ValueError(
            f"{name!r} needs two points or more, each with its own label, got {len(points)}, {len(labels)}"
        )
    outside = [point for point in points if not all(0 <= part <= 1 for part in point)]
    if outside:
        raise ValueError(f"points are (row, column) as fractions of the picture in 0..1, got {outside[0]}")
    indices = range(len(points))
    alts = frame_alts([alt, *(map(frame_alt, indices) if callable(frame_alt) else frame_alt)], [None, *indices], name)
    field = encode(picture)
    group = "rs-" + hashlib.sha256((name + "".join(alts) + field.uri).encode()).hexdigest()[:12]
    radios = "".join(
        f'<input type="radio" name="{group}" value="{index}" autocomplete="off" aria-label="{html.escape(label)}" '
        f'title="{html.escape(label)}" style="top:{100 * row:.2f}%;left:{100 * column:.2f}%" '
        f'onchange="{html.escape(_PICK)}"{" checked" if index == start else ""}>'
        for index, ((row, column), label) in enumerate(zip(points, labels, strict=True))
    )
    frames = "".join(encode(draw(index)).img(alts[index + 1], hidden=index != start) for index in indices)
    body = (
        f'{STYLE}<figure class="rs-picker"><fieldset><legend>{html.escape(name)}</legend><div class="rs-panels">'
        f'<div class="rs-field">{field.img(alts[0])}{radios}</div>'
        f'<div class="rs-frames">{frames}</div></div></fieldset></figure>'
    )
    return Output(body, f"Picker: {name}, {len(points)} points")
