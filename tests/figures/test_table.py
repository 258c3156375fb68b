"""A table shows what its frame holds, rounded as asked, in the page and as text."""

import re

import pandas as pd

from rsnotes.figures import table
from rsnotes.figures.table import TEXT

FRAME = pd.DataFrame(
    {"variant": ["none", "<method>"], "mIoU": [66.534, 68.62], "half": [float("nan"), 0.449], "n": [13064908, 5]}
)


def test_numbers_are_rounded_as_asked_and_missing_ones_are_dashes() -> None:
    shown = table(FRAME, "mIoU in per cent", digits={"mIoU": 2, "half": 1}, notes=["Stale: x < y."])
    text = repr(shown)
    assert "66.53" in text
    assert "68.62" in text
    assert "0.4" in text
    assert "–" in text
    assert "13\u202f064\u202f908" in text
    body = shown._repr_mimebundle_()["text/html"]
    assert "&lt;method&gt;" in body
    assert "<li>Stale: x &lt; y.</li>" in body
    assert body.count("<tr>") == 3
    assert 'scope="col">mIoU' in body


def test_no_minus_before_a_zero_and_a_dash_for_what_is_infinite() -> None:
    frame = pd.DataFrame({"row": ["a", "b", "c"], "gain": [-0.04, float("inf"), -0.06]})
    cells = re.findall(r"<td>([^<]*)</td>", table(frame, "Points")._repr_mimebundle_()["text/html"])
    assert cells == ["a", "0.0", "b", "–", "c", "-0.1"]


def test_long_texts_are_set_to_the_left_and_short_ones_are_not() -> None:
    frame = pd.DataFrame({"row": ["a"], "short": ["w" * TEXT], "long": ["w" * (TEXT + 1)]})
    body = table(frame, "Words")._repr_mimebundle_()["text/html"]
    assert re.findall(r'<th scope="col"([^>]*)>(\w+)', body) == [
        ("", "row"),
        ("", "short"),
        (' class="rs-text"', "long"),
    ]
    assert re.findall(r"<td([^>]*)>w", body) == ["", ' class="rs-text"']
