"""Showing one picture with its alternative text."""

import html

from rsnotes.figures.encode import Drawing, encode

SHORTEST_ALT = 30


class Output:
    """What a cell shows: self-contained HTML, and a short text where HTML is not shown or compared.

    The text must not depend on the machine: it is what the committed notebooks keep and nbval compares.
    """

    def __init__(self, body: str, text: str) -> None:
        self.body = body
        self.text = text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return {"text/html": self.body, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def checked_alt(alt: str, drawing: str = "figure") -> str:
    """``alt`` stripped.

    Raises:
        ValueError: it is too short to say what is seen.
    """
    alt = " ".join(alt.split())
    if len(alt) < SHORTEST_ALT:
        raise ValueError(
            f"the alt text of this {drawing}, {alt!r}, must say what is seen: {SHORTEST_ALT} letters or more"
        )
    return alt


def show(drawing: Drawing, *, alt: str, caption: str = "") -> Output:
    """A figure or picture as a cell's output, with its alternative text beside the code that draws it.

    End a cell with ``show(figure, alt="...")``; the figure is closed. The alternative text says what is seen, the
    finding included, to someone who does not see it.

    Args:
        drawing: a matplotlib figure, or a picture (H, W, 3) of uint8.
        alt: what is seen, 30 letters or more, its own for every figure of a page.
        caption: a line under the picture, if the text around does not say it all.

    Raises:
        ValueError: the alternative text is too short.
        TypeError: ``drawing`` is neither a figure nor a picture.
    """
    alt = checked_alt(alt)
    under = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    body = f'<figure class="rs-figure" style="margin:0.5em 0">{encode(drawing).img(alt)}{under}</figure>'
    return Output(body, f"Figure: {alt}")
