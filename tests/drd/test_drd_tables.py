"""The paper's tables as transcribed: what can be derived from them is what is printed, but for the named rows."""

import csv
from itertools import pairwise

import pytest

from rsnotes import data_path

CLASSES = ("impervious_f1", "building_f1", "low_vegetation_f1", "tree_f1", "car_f1")


def rows(number: int) -> list[dict[str, str]]:
    with open(data_path("papers", f"drd_table{number}.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def row(number: int, method: str) -> dict[str, str]:
    (found,) = [entry for entry in rows(number) if entry["method"] == method]
    return found


def gain(number: int, method: str, over: str, figures: tuple[str, ...]) -> list[float]:
    new, old = row(number, method), row(number, over)
    return [round(float(new[name]) - float(old[name]), 2) for name in figures]


@pytest.mark.parametrize(("number", "odd"), [(2, {"SCNN"}), (3, set())])
def test_mean_f1_is_the_mean_of_the_five_classes(number, odd):
    # printed to two digits: the mean of five rounded figures is within 0.005 of theirs, and is rounded again
    off = {
        entry["method"]
        for entry in rows(number)
        if abs(sum(float(entry[name]) for name in CLASSES) / 5 - float(entry["mean_f1"])) > 0.01001
    }
    assert off == odd
    assert all(row(number, method)["note"] for method in odd)


@pytest.mark.parametrize("number", [2, 3])
def test_miou_follows_from_the_class_f1(number):
    # IoU = F1 / (2 - F1) holds for each class, when both come from one confusion matrix
    for entry in rows(number):
        if entry["miou"]:
            ious = [100 * f1 / (200 - f1) for f1 in (float(entry[name]) for name in CLASSES)]
            assert sum(ious) / 5 == pytest.approx(float(entry["miou"]), abs=0.02), entry["method"]


def test_the_gains_that_the_text_prints():
    scores = ("mean_f1", "miou", "oa")
    assert gain(2, "ResNet18 + DRD", "ResNet18", scores) == [2.90, 4.01, 1.72]
    assert gain(2, "ResNet18 + DRD", "ResNet18 + SKD*", scores) == [0.44, 0.62, 0.20]
    assert gain(2, "ResNet18(0.5) + DRD", "ResNet18(0.5)", scores) == [2.93, 3.58, 1.22]
    assert gain(2, "ResNet18(0.5) + DRD", "ResNet18(0.5) + SKD*", scores) == [0.79, 0.93, 0.09]
    assert gain(3, "ResNet18 + DRD", "ResNet18", scores) == [2.16, 3.30, 2.13]
    assert gain(3, "ResNet18 + DRD", "ResNet18 + SKD*", scores) == [0.55, 0.83, 0.46]
    assert gain(3, "ResNet18(0.5) + DRD", "ResNet18(0.5)", scores) == [3.73, 5.60, 3.36]
    assert gain(3, "ResNet18(0.5) + DRD", "ResNet18(0.5) + SKD*", scores) == [0.63, 0.98, 0.54]
    assert gain(4, "ResNet18(0.5) + DRD", "ResNet18(0.5)", ("val_miou", "test_miou")) == [7.52, 8.77]
    # the text says 4.37 and 4.49
    assert gain(4, "ResNet18 + DRD", "ResNet18", ("val_miou", "test_miou")) == [4.37, 5.15]
    assert "4.49" in row(4, "ResNet18 + DRD")["note"]


def test_the_ablation():
    table = rows(1)
    terms = [[entry[name] == "yes" for name in ("L_P", "L_Adv", "L_S", "L_C")] for entry in table]
    steps = [[column < count for column in range(4)] for count in range(5)]
    assert terms == [[False] * 4, *steps, *steps]
    for start, block in (("random", table[1:6]), ("ImageNet", table[6:])):
        assert {entry["initialisation"] for entry in block} == {start}
        for figure in ("mean_f1", "miou"):
            values = [float(entry[figure]) for entry in block]
            assert values == sorted(values), "each term raises F1 and mIoU"
    gains = [[round(float(last[f]) - float(first[f]), 2) for f in ("mean_f1", "miou")] for first, last in
             ((table[1], table[5]), (table[6], table[10]))]  # fmt: skip
    assert gains == [[1.68, 2.09], [2.90, 4.01]]  # the text says 2.10
    assert "2.10" in table[5]["note"]


def test_overall_accuracy_falls_twice():
    table = rows(1)
    falls = [
        after["note"]
        for before, after in pairwise(table[1:])
        if before["initialisation"] == after["initialisation"] and float(after["oa"]) < float(before["oa"])
    ]
    assert len(falls) == 2
    assert all("OA is lower" in note for note in falls)


def test_rows_that_tables_1_and_2_share():
    scores = ("mean_f1", "miou", "oa")

    def figures(entry):
        return [entry[name] for name in scores]

    table = rows(1)
    assert figures(table[0]) == figures(row(2, "Teacher: PSPNet(ResNet101)"))
    assert figures(table[6]) == figures(row(2, "ResNet18"))
    assert figures(table[10]) == figures(row(2, "ResNet18 + DRD"))
    assert figures(table[9]) == figures(row(2, "ResNet18 + SKD*")), "L_P, L_Adv and L_S is not SKD, yet equals it"
    assert "equal" in table[9]["note"]


def test_ifvd_is_ahead_on_cityscapes_validation():
    for student in ("ResNet18", "ResNet18(0.5)"):
        assert gain(4, f"{student} + IFVD", f"{student} + DRD", ("val_miou",))[0] > 0
        assert "IFVD is better" in row(4, f"{student} + DRD")["note"]


@pytest.mark.parametrize(("number", "count"), [(1, 11), (2, 15), (3, 15), (4, 15)])
def test_every_row_is_there(number, count):
    assert len(rows(number)) == count
