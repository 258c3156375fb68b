"""The paper's tables as transcribed: what can be derived from them is what is printed, but for the named rows."""

import csv
from itertools import pairwise

import pytest

from rsnotes import data_path
from rsnotes.hi_resnet import LAYOUTS, VAIHINGEN

ISPRS = ("impervious_f1", "building_f1", "low_vegetation_f1", "tree_f1", "car_f1")
IOUS = tuple(name.replace("_f1", "_iou") for name in ISPRS)
LAND = ("background", "building", "road", "water", "barren", "forest", "agriculture")


def rows(number: int) -> list[dict[str, str]]:
    with open(data_path("papers", f"hi_resnet_table{number}.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def row(number: int, method: str) -> dict[str, str]:
    (found,) = [entry for entry in rows(number) if entry["method"] == method]
    return found


def mean(entry: dict[str, str], names: tuple[str, ...]) -> float:
    return sum(float(entry[name]) for name in names) / len(names)


def off_by_mean(number: int, names: tuple[str, ...], figure: str) -> set[str]:
    """Methods whose figure is not the mean of the classes; one decimal, and some papers cut instead of rounding."""
    complete = [entry for entry in rows(number) if entry[figure] and all(entry[name] for name in names)]
    return {entry.get("method", "") for entry in complete if abs(mean(entry, names) - float(entry[figure])) > 0.1001}


@pytest.mark.parametrize(
    ("number", "count"), [(5, 4), (6, 4), (7, 5), (8, 4), (9, 3), (10, 6), (11, 5), (12, 17), (13, 17), (14, 17)]
)
def test_every_row_is_there(number, count):
    assert len(rows(number)) == count
    assert all(None not in entry and None not in entry.values() for entry in rows(number))


@pytest.mark.parametrize(
    ("number", "names", "figure", "odd"),
    [
        (11, IOUS, "miou", set()),
        (12, LAND, "miou", {"HRNet(Baseline)"}),
        (13, ISPRS, "mean_f1", set()),
        (14, ISPRS, "mean_f1", {"EfficientUNets", "Hi-ResNet"}),
    ],
)
def test_means_are_those_of_the_classes(number, names, figure, odd):
    assert off_by_mean(number, names, figure) == odd
    assert all(row(number, method)["note"] for method in odd)


def test_hi_resnets_classes_average_what_its_text_says():
    ours = row(12, "Hi-ResNet")
    assert (round(mean(ours, LAND), 1), ours["miou"]) == (52.5, "52.6")
    baseline = row(12, "HRNet(Baseline)")
    assert round(mean(baseline, LAND), 1) == 50.4
    assert round(mean(baseline | {"water": "74.0"}, LAND), 1) == float(baseline["miou"])


@pytest.mark.parametrize(("number", "odd"), [(13, {"BSNet", "Hi-ResNet"}), (14, {"Hi-ResNet"})])
def test_miou_follows_from_the_class_f1(number, odd):
    # IoU = F1 / (2 - F1) holds for each class when both come from one confusion matrix; figures have one decimal
    off = {}
    for entry in rows(number):
        if entry["miou"] and all(entry[name] for name in ISPRS):
            ious = [100 * f / (200 - f) for f in (float(entry[name]) for name in ISPRS)]
            off[entry["method"]] = sum(ious) / 5 - float(entry["miou"])
    assert {method for method in odd if "does not follow" in row(number, method)["note"]} == odd
    assert all(abs(off[method]) > 0.5 for method in odd)
    if number == 13:
        assert off["Hi-ResNet"] == pytest.approx(86.2 - 87.6, abs=0.06)


def test_table_vi_and_vii():
    parts = ("funnel", "multi_branch", "feature_refinement", "cea")
    assert [[entry[part] == "yes" for part in parts] for entry in rows(7)] == [
        [column < count for column in range(4)] for count in range(5)
    ]
    scores = [float(entry["miou"]) for entry in rows(7)]
    assert [round(b - a, 1) for a, b in pairwise(scores)] == [1.2, 2.5, 0.5, 1.0]
    base, same = row(6, "Hi-ResNet base"), row(7, "Hi-ResNet base")
    assert (base["parameters_m"], same["parameters_m"]) == ("46.5", "46.5")
    assert (base["miou"], same["miou"]) == ("70.8", "71.0")
    assert base["note"]
    assert base["memory_mb"] == row(10, "Hi-ResNet")["memory_mb"]
    shrunk = float(base["parameters_m"]) / float(row(6, "HRNet")["parameters_m"])
    assert 1 - shrunk == pytest.approx(0.32, abs=0.01)  # the text says 30 %


def test_table_v_is_what_the_variants_are():
    names = {"HRNet": "hrnet", "V1": "hrnet_v1", "V2": "hrnet_v2", "Hi-ResNet base": "base"}
    first = rows(5)[0]
    for entry in rows(5):
        blocks = [int(entry[f"stage{k}_blocks"] or first[f"stage{k}_blocks"]) for k in (2, 3, 4)]
        stages = LAYOUTS[names[entry["method"]]].stages
        assert [count for _, count in stages] == [count for count in blocks if count]


def test_tables_viii_and_ix():
    weights = [float(part) for part in row(8, "V4 (Ours)")["weights"].split(" : ")]
    assert weights == pytest.approx(list(VAIHINGEN.term_weights().values()), abs=5e-5)
    for data in ("loveda", "potsdam", "vaihingen"):
        values = {entry["method"]: float(entry[f"{data}_miou"]) for entry in rows(8)}
        assert max(values, key=lambda method: values[method]) == "V4 (Ours)"
        assert min(values, key=lambda method: values[method]) == "V1"
        pretrained = [float(entry[f"{data}_miou"]) for entry in rows(9)]
        assert pretrained == sorted(pretrained)
    gains = [round(float(row(9, name)["vaihingen_miou"]) - float(row(9, "NP")["vaihingen_miou"]), 1) for name in
             ("SP", "MoCo")]  # fmt: skip
    assert gains == [2.4, 3.6]  # as the text says
    assert row(9, "NP")["vaihingen_miou"] == row(7, "ours")["miou"]
    assert row(9, "MoCo")["vaihingen_miou"] == row(14, "Hi-ResNet")["miou"] == rows(11)[2]["miou"]
    assert row(9, "MoCo")["potsdam_miou"] == row(13, "Hi-ResNet")["miou"]


def test_operations_and_speed():
    small, large = float(row(13, "Hi-ResNet")["flops_g"]), float(row(12, "Hi-ResNet")["flops_g"])
    assert large == float(row(10, "Hi-ResNet")["flops_g"])
    assert large / small == pytest.approx(7.05, abs=0.01)  # of four times as many pixels
    assert row(14, "Hi-ResNet")["flops_g"] == row(13, "Hi-ResNet")["flops_g"]
    speeds = [float(row(number, "Hi-ResNet")["fps"]) for number in (12, 13, 14)]
    assert max(speeds) / min(speeds) < 4  # at 512 and at 1024 pixels; the text says nearly sixfold
