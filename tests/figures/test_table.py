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
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", table(frame, "Points")._repr_mimebundle_()["text/html"])
    assert cells == ["a", "0.0", "b", "–", "c", "-0.1"]


def test_words_are_set_to_the_left_and_figures_are_not() -> None:
    frame = pd.DataFrame(
        {"row": [1], "figure": ["+0.3 ± 0.1"], "none": [None], "short": ["w" * TEXT], "long": ["w" * (TEXT + 1)]}
    )
    body = table(frame, "Words")._repr_mimebundle_()["text/html"]
    left = {"short": ' class="rs-word"', "long": ' class="rs-text"'}
    assert re.findall(r'<th scope="col"([^>]*)>(\w+)', body) == [(left.get(name, ""), name) for name in frame.columns]
    assert re.findall(r"<td([^>]*)>", body) == [left.get(name, "") for name in frame.columns]
    assert re.search(r"\.rs-word\{text-align:left", body)
