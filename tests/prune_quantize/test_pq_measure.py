"""Table II's figures by brute force, the halves by complexity, the rows of the experiment, the augmentation."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from rsnotes.datasets import IGNORE, Classes, Sample
from rsnotes.networks import SegmentationOutput
from rsnotes.prune_quantize import table2
from rsnotes.prune_quantize.augment import reflect_and_shift
from rsnotes.prune_quantize.experiment import KEPT, LARGE, ROWS, SMALL, TABLE2
from rsnotes.prune_quantize.measure import boundary_halves, measure
from rsnotes.prune_quantize.table2 import shared_folder

torch.set_num_threads(1)


class Painted(nn.Module):
    """Gives the class that is painted into the image's only band."""

    def forward(self, images):
        return SegmentationOutput(nn.functional.one_hot(images[:, 0].long(), 3).movedim(-1, 1).float(), images)


class Two:
    """A plain image and a busy one, and guesses that are off by a column in each."""

    classes = Classes(("a", "b", "c"), ((0, 0, 0),) * 3, (True, True, False))
    bands = ("guess",)

    def __init__(self):
        plain, busy = torch.zeros(2, 12, 16, dtype=torch.int64)
        plain[:, 8:] = 1
        busy[::2, 4:] = 1
        busy[0, 0] = 2
        self.samples = [Sample(mask.roll(1, 1)[None].float(), mask) for mask in (plain, busy)]

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.samples[index]


def outline(mask, k):
    """Pixels of a class with another one beside them."""
    rows, columns = mask.shape
    found = []
    for i in range(rows):
        for j in range(columns):
            beside = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
            inside = [p for p in beside if 0 <= p[0] < rows and 0 <= p[1] < columns]
            if mask[i, j] == k and any(mask[p] != k for p in inside):
                found.append((i, j))
    return found


def f1_of(guess, mask, k, reach):
    one, two = outline(guess, k), outline(mask, k)
    met = [sum(any(math.dist(p, q) <= reach for q in b) for p in a) / len(a) for a, b in ((one, two), (two, one))]
    return 2 * met[0] * met[1] / (met[0] + met[1]) if sum(met) else 0.0


@pytest.mark.parametrize("share", [0.01, 0.0075, 0.06])
def test_boundary_f1_is_the_mean_over_counted_classes_then_images(share):
    data = Two()
    reach = share * math.hypot(12, 16)
    by_hand = [sum(f1_of(sample.image[0].long(), sample.mask, k, reach) for k in (0, 1)) / 2 for sample in data.samples]
    assert measure(Painted(), data, share)["boundary_f1"] == pytest.approx(sum(by_hand) / 2)


def test_a_wider_tolerance_forgives_the_column():
    scores = [measure(Painted(), Two(), share)["boundary_f1"] for share in (0.0075, 0.06)]
    assert scores[0] + 0.1 < scores[1]


def test_halves_are_scored_apart():
    data, figures = Two(), measure(Painted(), Two())

    def miou(samples):
        ious = []
        for k in (0, 1):
            pairs = [(s.image[0].long() == k, s.mask == k) for s in samples]
            ious.append(sum(int((a & b).sum()) for a, b in pairs) / sum(int((a | b).sum()) for a, b in pairs))
        return sum(ious) / 2

    assert figures["miou_simple"] == pytest.approx(miou(data.samples[:1]))
    assert figures["miou_complex"] == pytest.approx(miou(data.samples[1:]))
    assert figures["miou"] == pytest.approx(miou(data.samples))
    assert abs(figures["miou_complex"] - figures["miou_simple"]) > 0.05


def test_half_of_the_images_is_simple():
    assert boundary_halves(torch.tensor([5, 1, 9, 1, 7])).tolist() == [True, True, False, True, False]
    assert boundary_halves(torch.tensor([3, 3, 3, 3])).tolist() == [True, True, False, False]


def test_the_rows_are_the_papers_and_their_controls():
    for name, backbone, kept in ((SMALL, "resnet18", 9.2 / 20.6), (LARGE, "resnet50", 37.8 / 43.9)):
        four = [ROWS[f"{name}{end}"] for end in ("", ", P", ", Q", ", P+Q")]
        assert [row.backbone for row in four] == [backbone] * 4
        assert [(row.score, row.bits) for row in four] == [(None, None), ("taylor", None), (None, 8), ("taylor", 8)]
        assert [row.kept for row in four] == [1, kept, 1, kept]
        assert {ROWS[f"{name}, {end}"].kept for end in ("P by L1 per layer", "P at random")} == {kept}
        pair = [ROWS[f"{name}, Q{end}"] for end in ("", " without overflow")]
        assert [row.overflow for row in pair] == [True, False]
        assert {row.bits for row in pair} == {8}
    assert ROWS[f"{SMALL}, P mildly"].kept == KEPT["resnet50"]
    assert ROWS[f"{LARGE}, P hard"].kept == KEPT["resnet18"]
    assert {row.retraining / row.recipe.steps for row in ROWS.values()} == {20 / 80}


def test_pruned_rows_are_compared_with_as_much_training():
    for name, other in TABLE2.against.items():
        assert ROWS[name].backbone == ROWS[other].backbone
        assert ROWS[other].longer == (ROWS[name].score is not None)
        assert (ROWS[other].score, ROWS[other].bits) == (None, None)


def test_rows_share_a_network_only_where_they_train_alike(monkeypatch):
    def place(name, seed=0, **changes):
        return shared_folder(replace(ROWS[name], **changes), seed, Path("scratch/variant.seed0.key"))

    assert place(f"{SMALL}, P") == place(f"{SMALL}, Q") == place(f"{SMALL}, longer") != place(LARGE)
    assert place(SMALL) != place(SMALL, seed=1)
    assert place(SMALL) != place(SMALL, recipe=replace(ROWS[SMALL].recipe, rate=1.0))
    assert place(SMALL).parent == Path("scratch")
    before = place(SMALL)
    monkeypatch.setattr(table2, "source_hashes", lambda sources: {"other": "code"})
    assert place(SMALL) != before


def test_views_are_reflected_by_half_and_shifted_evenly():
    mask = torch.arange(1, 21).reshape(4, 5)
    sample = Sample(mask[None].float(), mask)
    views = [reflect_and_shift(2)(sample, seed) for seed in range(400)]
    seen = set()
    for image, labels in views:
        kept = labels != IGNORE
        assert torch.equal(image[0].long().where(kept, 0), labels.where(kept, 0))  # pixels move with their labels
        assert (image[0][~kept] == 0).all()
        (i, j), value = kept.nonzero()[0].tolist(), int(labels[kept][0]) - 1
        row, column = divmod(value, 5)
        steps = {int(b) - int(a) for a, b in zip(labels.flatten(), labels.flatten()[1:], strict=False)
                 if IGNORE not in (int(a), int(b))} & {1, -1}  # fmt: skip
        assert len(steps) == 1  # left to right, or mirrored
        mirrored = steps == {-1}
        seen.add((mirrored, i - row, j - (4 - column if mirrored else column)))
    assert seen == {(m, i, j) for m in (False, True) for i in range(-2, 3) for j in range(-2, 3)}


def test_a_view_is_a_function_of_the_seed_alone():
    sample = Sample(torch.rand(3, 6, 8), torch.randint(0, 3, (6, 8)))
    one, two = (reflect_and_shift()(sample, 7) for _ in range(2))
    assert torch.equal(one.image, two.image)
    assert torch.equal(one.mask, two.mask)
    same = [seed for seed in range(20) if torch.equal(reflect_and_shift(0)(sample, seed).image, sample.image)]
    assert 0 < len(same) < 20
