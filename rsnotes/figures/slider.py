"""A slider over precomputed frames that needs no kernel, and its twin for a live one."""

import html
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import ipywidgets as widgets

from rsnotes.figures.display import Output, checked_alt
from rsnotes.figures.encode import Drawing, Encoded, encode

Value = TypeVar("Value")

STYLE = """<style>
.rs-slider{margin:.5em 0}
.rs-slider img[hidden]{display:none!important}
.rs-slider label{display:flex;flex-wrap:wrap;gap:.3em .8em;align-items:center;margin-bottom:.4em}
.rs-slider input{flex:1 1 12em;max-width:28em;min-height:24px;accent-color:#0854cf}
.rs-slider output{min-width:5em;font-variant-numeric:tabular-nums}
@media print{.rs-slider input{display:none}}
</style>"""

_MOVE = (
    "const f=this.closest('figure'),l=JSON.parse(this.dataset.labels),i=+this.value;"
    "f.querySelectorAll('img').forEach((m,j)=>{m.hidden=j!==i});"
    "f.querySelector('output').textContent=l[i];this.setAttribute('aria-valuetext',l[i])"
)


class LiveSlider(Output):
    """A slider's output that a live kernel shows as an ipywidget, drawing each value when it is asked for."""

    def __init__(self, body: str, text: str, widget: widgets.Widget) -> None:
        super().__init__(body, text)
        self.widget = widget

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {**self.widget._repr_mimebundle_(), **super()._repr_mimebundle_(include, exclude)}


def slider(
    draw: Callable[[Value], Drawing],
    values: Sequence[Value],
    *,
    name: str,
    alt: Callable[[Value], str] | Sequence[str],
    label: Callable[[Value], str] = str,
    start: int = 0,
    live: Sequence[Value] | None = None,
) -> Output:
    """A picture that a reader moves through with a slider.

    The output is one HTML figure with a frame per value: it works in the built page, from a file, in JupyterLab and
    in Colab, by mouse, touch and keyboard, and prints the frame it stands at. With ``live``, a live kernel shows an
    ipywidget over these finer values instead and calls ``draw`` for each; the built page keeps ``values``.

    Args:
        draw: gives the figure, or the picture (H, W, 3) of uint8, of one value.
        values: the values of the static frames, in order; 3 to 12 keep a page small.
        name: what the slider sets, shown beside it and read out.
        alt: what is seen at each value: a function of the value, or one text a value.
        label: how a value is written beside the slider.
        start: index of the frame shown at first, and where there is no script.
        live: values for a live kernel.

    Raises:
        ValueError: fewer than two values, a start that is no index, or alternative texts that are too short, too few
            or equal for two frames.
    """
    texts = frame_alts(alt, values, name)
    if len(values) < 2 or not 0 <= start < len(values):
        raise ValueError(f"slider {name!r} needs two values or more and a start among them, got {len(values)}, {start}")
    labels = [label(value) for value in values]
    body = slider_html([encode(draw(value)) for value in values], labels, texts, name, start)
    text = f"Slider: {name}, {labels[0]} to {labels[-1]}, {len(values)} frames"
    if live is None or os.environ.get("RSNOTES_STATIC"):
        return Output(body, text)
    return LiveSlider(body, text, _live_widget(draw, live, name, label))


def frame_alts(alt: Callable[[Any], str] | Sequence[str], values: Sequence[Any], name: str) -> list[str]:
    """One alternative text a frame, each long enough and different from the others."""
    texts = [checked_alt(text, f"frame of {name!r}") for text in (map(alt, values) if callable(alt) else alt)]
    if len(texts) != len(values) or len(set(texts)) != len(texts):
        raise ValueError(
            f"{name!r} has {len(values)} frames and needs as many different alt texts, got {len(set(texts))}"
        )
    return texts


def slider_html(frames: list[Encoded], labels: list[str], texts: list[str], name: str, start: int) -> str:
    """The slider's figure. No id, no script element: any number of them on a page do not meet."""
    listed = html.escape(json.dumps(labels))
    control = (
        f"<label><span>{html.escape(name)}</span>"
        f'<input type="range" min="0" max="{len(frames) - 1}" step="1" value="{start}" autocomplete="off" '
        f'aria-valuetext="{html.escape(labels[start])}" data-labels="{listed}" oninput="{html.escape(_MOVE)}">'
        f"<output>{html.escape(labels[start])}</output></label>"
    )
    images = "".join(
        frame.img(text, hidden=number != start) for number, (frame, text) in enumerate(zip(frames, texts, strict=True))
    )
    return f'{STYLE}<figure class="rs-slider">{control}{images}</figure>'


def _live_widget(
    draw: Callable[[Value], Drawing], values: Sequence[Value], name: str, label: Callable[[Value], str]
) -> widgets.Widget:
    control = widgets.SelectionSlider(
        options=[(label(value), value) for value in values],
        description=name,
        continuous_update=False,
        style={"description_width": "initial"},
    )
    picture = widgets.HTML()

    def redraw(change: Any = None) -> None:
        picture.value = encode(draw(control.value)).img(f"{name} {label(control.value)}")

    control.observe(redraw, names="value")
    redraw()
    return widgets.VBox([control, picture])
