"""The paper's tables as files: complete, and the notes name what contradicts itself."""

import pandas as pd
import pytest

from rsnotes import data_path

CLASSES = ["impervious", "building", "low_vegetation", "tree", "car"]
HALF = 0.005
"""Half a unit of the last printed decimal, in points."""


def printed(number: int) -> pd.DataFrame:
    return pd.read_csv(data_path("papers", f"maflnet_table{number}.csv")).fillna({"note": ""})


def can_be(f1, iou):
    """Whether one count of pixels can give both figures before they are rounded."""
    low, high = (100 * f / (200 - f) for f in (f1 - HALF, f1 + HALF))
    return low - HALF <= iou <= high + HALF


def is_mean(mean, values):
    """The mean of five rounded figures is known to half a unit, and rounded once more."""
    return abs(sum(values) / len(values) - mean) < 2 * HALF + 1e-4


@pytest.mark.parametrize("number", [1, 2])
def test_notes_name_the_rows_that_cannot_be(number):
    rows = printed(number)
    assert len(rows) == 16
    for _, row in rows.iterrows():
        f1, iou = ([row[f"{name}_{score}"] for name in CLASSES] for score in ("f1", "iou"))
        apart = [name.replace("_", " ") for name, *pair in zip(CLASSES, f1, iou, strict=True) if not can_be(*pair)]
        said = (
            row.note.split("IoU is not F1 / (2 - F1): ")[1].split("; ")[0].split(", ")
            if "IoU is not" in row.note
            else []
        )
        assert said == apart, row.method
        named = row.note.partition("not the mean of the classes: ")[2].split("; ")[0]
        wrong = {"mean F1": not is_mean(row.mean_f1, f1), "mean IoU": not is_mean(row.mean_iou, iou)}
        assert named == ", ".join(name for name, apart in wrong.items() if apart), row.method


def test_numbers_that_the_text_repeats():
    vaihingen, potsdam, ablation = (printed(number).set_index("method") for number in (1, 2, 3))
    gains = ["mean_f1", "mean_iou", "oa"]
    best = vaihingen.loc["MAFLNet-T", gains] - vaihingen.loc["MIFNet", gains]
    assert [round(gain, 2) for gain in best] == [0.68, 0.94, 0.69]  # section 4.4.1
    gain = potsdam.loc["MAFLNet-T", gains] - potsdam.loc["MIFNet", gains]
    assert [round(gain[name], 2) for name in ("mean_f1", "mean_iou")] == [0.79, 1.31]  # section 4.4.2
    maca = ablation.loc["Baseline+MACA"][gains] - ablation.loc["Baseline"][gains]
    assert [round(maca[name], 2) for name in ("mean_f1", "mean_iou")] == [1.50, 2.42]  # section 4.5
    both = ablation.loc["SAM2-MAFLNet"][gains] - ablation.loc["Baseline"][gains]
    assert [round(both[name], 2) for name in ("mean_f1", "mean_iou")] == [1.97, 3.52]
    assert "85.06" in ablation.loc["SAM2-MAFLNet", "note"]
    assert vaihingen.loc["MAFLNet-T", "mean_iou"] == 85.06
