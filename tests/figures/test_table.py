"""A table shows what its frame holds, rounded as asked, in the page and as text."""

import pandas as pd

from rsnotes.figures import table

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
