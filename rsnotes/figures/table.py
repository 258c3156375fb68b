"""Tables of numbers that come from files."""

import html
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from rsnotes.figures.display import Output

TEXT = 28
"""Characters from which on a cell wraps."""

STYLE = """<style>
.rs-table{overflow-x:auto;margin:.5em 0;container-type:inline-size}
.rs-table table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:0}
.rs-table th,.rs-table td{padding:.25em .7em;text-align:right;border-bottom:1px solid #8886}
.rs-table th:first-child,.rs-table td:first-child,.rs-table .rs-text,.rs-table .rs-word{text-align:left}
.rs-table td{white-space:nowrap}
.rs-table td:first-child,.rs-table td.rs-text{white-space:normal}
.rs-table td.rs-text{min-width:14em}
.rs-table caption{caption-side:top;text-align:left;padding:.3em 0;position:sticky;left:0;width:min(100%,100cqw)}
.rs-table ul{margin:.4em 0 0 1.2em}
</style>"""


def table(
    frame: pd.DataFrame, caption: str, *, digits: Mapping[str, int] | int = 1, notes: Sequence[str] = ()
) -> Output:
    """A data frame as a table with a caption, and what speaks against its numbers below.

    Args:
        frame: one row a row; the index is not shown. Missing and infinite values are shown as a dash; a column
            with words is set to the left, and wraps where there are more than a few.
        caption: what the numbers are, with their unit.
        digits: decimals of the numbers, for all columns or by column (1 where a column is not named).
        notes: sentences shown under the table, for example :meth:`rsnotes.experiments.Results.caveats`.
    """
    places = {name: digits if isinstance(digits, int) else digits.get(name, 1) for name in map(str, frame.columns)}
    written = pd.DataFrame({name: [_cell(value, places[str(name)]) for value in frame[name]] for name in frame.columns})
    marks = [_mark(written[name]) for name in frame.columns]
    head = "".join(
        f'<th scope="col"{mark}>{html.escape(str(name))}</th>' for name, mark in zip(frame.columns, marks, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{mark}>{html.escape(value)}</td>" for value, mark in zip(row, marks, strict=True))
        + "</tr>"
        for row in written.to_numpy()
    )
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    body = (
        f'{STYLE}<div class="rs-table" role="region" aria-label="{html.escape(caption)}" tabindex="0"><table>'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        + (f"<ul>{listed}</ul>" if listed else "")
        + "</div>"
    )
    return Output(body, "\n".join([caption, written.to_string(index=False), *notes]))


def _mark(cells: pd.Series) -> str:
    """The class of a column's cells: text that wraps, words, or none for figures."""
    if cells.str.len().max() > TEXT:
        return ' class="rs-text"'
    return ' class="rs-word"' if cells.str.match("[^\\W\\d]").any() else ""


def _cell(value: object, digits: int) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, float):
        return f"{round(value, digits) + 0.0:.{digits}f}"  # no minus before a zero
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", "\u202f")
    return str(value)
