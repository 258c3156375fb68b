"""Mean teacher and pseudo-labels: closed forms, masks at 0 and log K, who labels, who moves."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from rsnotes.datasets import IGNORE, Classes, Sample
from rsnotes.losses import cross_entropy
from rsnotes.mkd_ssl import (
    Domain,
    MeanTeacherStep,
    MKDRecipe,
    Supervision,
    Unlabelled,
    brightness,
    confidence_mask,
    cut_mix,
    distort,
    entropy_mask,
    keep_mask,
    learn_from_both,
    make_views,
    ohem_cross_entropy,
    pseudo_labels,
    quality,
    relative_entropy,
    sample_mask,
    semi_supervised,
    update_teacher,
    warmed_decay,
)
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, make_fabric, weighted_sum

torch.set_num_threads(1)

CLASSES = Classes(("a", "b", "c"), ((0, 0, 0),) * 3, (True, True, True))


@pytest.fixture(autouse=True)
def _full_precision(monkeypatch):
    monkeypatch.setenv("RSNOTES_PRECISION", "32-true")


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(2)
        self.classifier = nn.Conv2d(2, 3, 1)

    def forward(self, x):
        features = self.norm(x)
        return SegmentationOutput(self.classifier(features), features)


def tiny(seed=0):
    torch.manual_seed(seed)
    return Tiny()


@pytest.mark.equation("mkd_ssl", "1")
def test_the_moving_average_has_its_closed_form():
    teacher, student = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        teacher.weight.fill_(2.0)
    values, decay = [1.0, -1.0, 4.0, 0.5], 0.9
    for number, value in enumerate(values):
        with torch.no_grad():
            student.weight.fill_(value)
        update_teacher(teacher, student, number, decay, warm_up=False)
    steps = len(values)
    expected = decay**steps * 2 + sum((1 - decay) * decay ** (steps - 1 - k) * v for k, v in enumerate(values))
    assert teacher.weight.item() == pytest.approx(expected, rel=1e-6)
    assert student.weight.item() == values[-1]


@pytest.mark.equation("mkd_ssl", "1")
def test_with_the_warm_up_the_teacher_is_at_first_the_mean_of_all_students():
    teacher, student = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    values = [3.0, 5.0, -2.0, 8.0]
    for number, value in enumerate(values):
        with torch.no_grad():
            student.weight.fill_(value)
        update_teacher(teacher, student, number, 0.999)
    assert teacher.weight.item() == pytest.approx(sum(values) / 4, rel=1e-6)
    assert [warmed_decay(t, 0.9) for t in (0, 1, 3, 9, 10)] == [0.0, 0.5, 0.75, 0.9, 0.9]


@pytest.mark.parametrize(("buffers", "mean"), [("copied", 4.0), ("averaged", 0.25 * 4)])
def test_running_statistics_are_copied_or_averaged(buffers, mean):
    teacher, student = tiny(0), tiny(1)
    student.norm.running_mean.fill_(4.0)
    student.norm.num_batches_tracked.fill_(9)
    update_teacher(teacher, student, 0, 0.75, warm_up=False, buffers=buffers)
    assert teacher.norm.running_mean.tolist() == [mean, mean]
    assert teacher.norm.num_batches_tracked == 9


def one_pixel(*probabilities):
    return torch.tensor(probabilities).log()[None, :, None, None]


def test_entropy_is_0_where_sure_and_log_k_where_not():
    torch.testing.assert_close(relative_entropy(torch.zeros(1, 5, 2, 2)), torch.ones(1, 2, 2))
    assert relative_entropy(torch.tensor([60.0, 0, 0])[None, :, None, None]).item() == pytest.approx(0, abs=1e-6)
    expected = -(0.7 * math.log(0.7) + 0.2 * math.log(0.2) + 0.1 * math.log(0.1)) / math.log(3)
    assert relative_entropy(one_pixel(0.7, 0.2, 0.1)).item() == pytest.approx(expected, rel=1e-5)


def test_the_entropy_mask_keeps_what_is_below_the_fraction():
    logits = torch.cat([one_pixel(0.98, 0.01, 0.01), one_pixel(0.5, 0.3, 0.2), torch.zeros(1, 3, 1, 1)], dim=3)
    h = relative_entropy(logits)[0, 0].tolist()
    assert h[0] < 0.2 < h[1] < 0.97 < h[2]
    assert entropy_mask(logits, 0.2).tolist() == [[[True, False, False]]]
    assert entropy_mask(logits, 0.97).tolist() == [[[True, True, False]]]
    assert entropy_mask(logits, 1.0).all()
    assert not entropy_mask(logits, 0.0).any()


def test_the_sample_mask_keeps_images_by_their_mean():
    sure, unsure = one_pixel(0.98, 0.01, 0.01), torch.zeros(1, 3, 1, 1)
    logits = torch.cat([torch.cat([sure, sure, unsure], 3), torch.cat([unsure, unsure, sure], 3)])
    assert sample_mask(logits, 0.5).tolist() == [[[True] * 3], [[False] * 3]]


def test_the_confidence_mask_asks_for_the_largest_probability():
    logits = torch.cat([one_pixel(0.96, 0.03, 0.01), one_pixel(0.94, 0.03, 0.03)], dim=3)
    assert confidence_mask(logits).tolist() == [[[True, False]]]
    assert torch.equal(keep_mask(logits, "confidence", 0.0, 0.95), confidence_mask(logits, 0.95))
    assert keep_mask(logits, "none", 0.0, 1.0).all()
    assert torch.equal(keep_mask(logits, "entropy", 0.2, 0.95), entropy_mask(logits, 0.2))
    assert torch.equal(keep_mask(logits, "sample", 0.2, 0.95), sample_mask(logits, 0.2))
    with pytest.raises(ValueError, match="no filter 'most'"):
        keep_mask(logits, "most", 0.1, 0.1)
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got 95"):
        confidence_mask(logits, 95)


def test_quality_by_hand():
    labels = torch.tensor([[[0, 1, 2, IGNORE, 1, 0]]])
    truth = torch.tensor([[[0, 2, 2, 0, IGNORE, IGNORE]]])
    coverage, correctness = quality(labels, truth)
    assert coverage.item() == pytest.approx(5 / 6)
    assert correctness.item() == pytest.approx(2 / 3)
    assert quality(torch.full((1, 2, 2), IGNORE), torch.zeros(1, 2, 2, dtype=torch.int64)).correctness == 0


def test_views_show_each_its_own():
    torch.manual_seed(0)
    images = torch.rand(4, 3, 8, 8)
    paper, pair = make_views(images, "paper", 0.3), make_views(images, "weak-strong", 0.3)
    assert torch.equal(paper.student, images)
    assert not torch.equal(paper.teacher, images)
    assert torch.equal(pair.teacher, images)
    assert not torch.equal(pair.student, images)
    with pytest.raises(ValueError, match="no views 'strong'"):
        make_views(images, "strong", 0.3)


def test_brightness_is_one_factor_an_image_within_bounds():
    torch.manual_seed(0)
    images = torch.full((200, 3, 2, 2), 0.5)
    changed = brightness(images, 0.4)
    assert torch.equal(changed.amin(dim=(1, 2, 3)), changed.amax(dim=(1, 2, 3)))
    assert 0.3 <= changed.min() < 0.32
    assert 0.68 < changed.max() <= 0.7


def test_no_distortion_at_strength_0_and_unit_range_at_1():
    torch.manual_seed(0)
    images = torch.rand(3, 3, 9, 9)
    torch.testing.assert_close(distort(images, 0.0), images)
    changed = distort(images, 0.9)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_cut_mix_moves_images_and_labels_together():
    torch.manual_seed(0)
    labels = torch.arange(3)[:, None, None].expand(3, 8, 8)
    images = labels[:, None].float().clone()
    mixed, moved = cut_mix(images, labels, 0.25)
    assert torch.equal(mixed[:, 0].long(), moved)
    assert [(moved[k] == (k - 1) % 3).sum().item() for k in range(3)] == [16, 16, 16]  # a quarter of 64
    assert [(moved[k] == k).sum().item() for k in range(3)] == [48, 48, 48]
    assert torch.equal(images[:, 0].long(), labels)  # in place nothing has changed


class Few:
    classes = CLASSES

    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        images = torch.rand(count, 2, 6, 6, generator=generator)
        self.samples = [Sample(image, (3 * image[0]).long().clamp(max=2)) for image in images]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


RECIPE = MKDRecipe(batch_size=2, ohem_kept=0, entropy=0.95, cut_mix=0.0, views="weak-strong", view_strength=0.0,
                   learning_rate=0.1, ema_decay=0.9)  # fmt: skip


TEACHER = 6
"""Seed of a teacher that is sometimes right."""


def batch(samples):
    image, mask = (torch.stack(list(part)) for part in zip(*samples, strict=True))
    return Batch(image, mask, torch.arange(len(samples)), torch.arange(len(samples)))


def make(recipe=RECIPE, pool=True, weight=None):
    student, teacher = tiny(0), tiny(TEACHER)
    unlabelled = Unlabelled(Few(5, 9), None, 2, 0) if pool else None
    step = MeanTeacherStep(
        make_fabric("cpu"), student, teacher, recipe, 10, Supervision(recipe, CLASSES), unlabelled, weight
    )
    return step, student, teacher


@pytest.mark.equation("mkd_ssl", "3")
@pytest.mark.parametrize("together", [True, False])
def test_one_step_is_sgd_on_labels_and_the_teachers_labels_then_the_average(together):
    recipe, weight = replace(RECIPE, together=together, lambda_consistency=0.7), torch.tensor([1.0, 2.0, 0.5])
    step, student, teacher = make(recipe, weight=weight)
    labelled, more = batch(Few(2, 4).samples), Unlabelled(Few(5, 9), None, 2, 0)(0)
    reference, old_teacher = copy.deepcopy(student).train(), copy.deepcopy(teacher).eval()
    terms = step(labelled, 0)

    guess = old_teacher(more.image).logits.detach()
    pseudo = pseudo_labels(guess, entropy_mask(guess, 0.95))
    if together:
        logits = reference(torch.cat([labelled.image, more.image])).logits
        mine, theirs = logits[:2], logits[2:]
    else:
        mine, theirs = reference(labelled.image).logits, reference(more.image).logits
    expected = {
        "supervised": ohem_cross_entropy(mine, labelled.mask, 0.7, 0),
        "consistency": cross_entropy(theirs, pseudo, weight),
    }
    torch.testing.assert_close(terms["supervised"], expected["supervised"].detach())
    torch.testing.assert_close(terms["consistency"], expected["consistency"].detach())
    judged = quality(pseudo, more.mask)
    assert terms["coverage"] == judged.coverage
    assert terms["correctness"] == judged.correctness > 0
    optimizer = torch.optim.SGD(reference.parameters(), 0.1, momentum=0.9, weight_decay=1e-3)
    (expected["supervised"] + 0.7 * expected["consistency"]).backward()
    optimizer.step()
    for name, value in student.named_parameters():
        torch.testing.assert_close(value, dict(reference.named_parameters())[name])
    for name, value in teacher.state_dict().items():  # at t = 0 the warm-up copies the student
        torch.testing.assert_close(value, student.state_dict()[name])


def test_statistics_can_follow_labelled_images_alone():
    step, student, _ = make()
    step.labelled_statistics = True
    labelled, more = batch(Few(2, 4).samples), Unlabelled(Few(5, 9), None, 2, 0)(0)
    reference = copy.deepcopy(student).train()
    expected = reference(labelled.image).logits, reference(more.image).logits
    alone = copy.deepcopy(student).train()
    alone(labelled.image)
    mine, theirs = step._forward(student.train(), labelled.image, more.image)
    torch.testing.assert_close((mine.logits, theirs.logits), expected)
    torch.testing.assert_close(student.norm.running_mean, alone.norm.running_mean)
    torch.testing.assert_close(student.norm.running_var, alone.norm.running_var)
    assert not torch.allclose(reference.norm.running_mean, alone.norm.running_mean)
    assert student.norm.momentum == 0.1
    theirs.logits.sum().backward()
    assert student.classifier.weight.grad is not None


@pytest.mark.parametrize("weigh", [True, False])
def test_the_stage_weighs_guesses_and_holds_statistics_as_it_is_told(monkeypatch, weigh):
    seen = []

    class Watched(MeanTeacherStep):
        def __init__(self, *given, **options):
            seen.append((options["class_weight"], options["labelled_statistics"], options["divide"]))
            super().__init__(*given, **options)

    monkeypatch.setattr(semi_supervised, "MeanTeacherStep", Watched)
    weight = torch.tensor([1.0, 2.0, 0.5])
    domain = Domain(Few(4, 1), None, weight)
    divide = "kept" if weigh else "all"
    found = learn_from_both(
        tiny(5), domain, Few(5, 9), RECIPE, 1, 0, weigh_guesses=weigh, labelled_statistics=not weigh, divide=divide
    )
    assert seen[0][0] is (weight if weigh else None)
    assert seen[0][1] is not weigh
    assert seen[0][2] == divide
    assert "consistency" in found.history.terms


def test_divided_by_all_pixels_a_believed_pixel_weighs_the_same_however_many_there_are():
    step, student, _ = make(replace(RECIPE, together=False))
    student.train()
    labelled, more = batch(Few(2, 4).samples), Unlabelled(Few(5, 9), None, 2, 0)(0)
    _, pseudo, judged = step.guess(more)
    believed = int((pseudo != IGNORE).sum())
    assert 0 < believed < pseudo.numel() == 72
    found = {}
    for divide in ("kept", "all"):
        step.divide = divide
        value = step._terms(copy.deepcopy(student), labelled)["consistency"]
        network = copy.deepcopy(student)
        (slope,) = torch.autograd.grad(step._terms(network, labelled)["consistency"], network.classifier.weight)
        found[divide] = value.item(), slope

    network = copy.deepcopy(student)
    network(labelled.image)
    output = network(more.image)
    right = torch.nn.functional.one_hot(pseudo.where(pseudo != IGNORE, 0), 3).movedim(-1, 1)
    own = (output.logits.softmax(1) * right).sum(1)[pseudo != IGNORE]
    for divide, count in (("kept", believed), ("all", 72)):
        assert found[divide][0] == pytest.approx(-own.log().sum().item() / count, rel=1e-5)
        # the gradient of a pixel's cross-entropy by its logits is its probabilities less the label's
        away = (output.logits.softmax(1) - right) * (pseudo != IGNORE)[:, None] / count
        expected = torch.einsum("bkhw,bchw->kc", away, output.features)[:, :, None, None]
        torch.testing.assert_close(found[divide][1], expected)
    assert judged[0].item() == pytest.approx(believed / 72)


def test_later_the_teacher_moves_by_a_tenth_and_takes_no_gradient():
    step, student, teacher = make(replace(RECIPE, warm_up=False))
    before = copy.deepcopy(dict(teacher.named_parameters()))
    step(batch(Few(2, 4).samples), 3)
    for name, value in teacher.named_parameters():
        torch.testing.assert_close(value, 0.9 * before[name] + 0.1 * dict(student.named_parameters())[name])
        assert value.grad is None
    assert not teacher.training
    assert torch.equal(teacher.norm.running_mean, student.norm.running_mean)


def test_labels_alone_leave_the_pool_out():
    step, *_ = make(pool=False)
    assert set(step(batch(Few(2, 4).samples), 0)) == {"supervised"}


def test_what_is_not_believed_teaches_nothing():
    step, *_ = make(replace(RECIPE, entropy=0.0))
    terms = step(batch(Few(2, 4).samples), 0)
    assert terms["coverage"] == 0
    assert terms["consistency"] == 0


def test_recorded_terms_have_no_weight():
    terms = {name: torch.ones(()) for name in ("supervised", "consistency", "coverage", "correctness")}
    assert weighted_sum(terms, RECIPE.weights()) == 2


def test_unlabelled_batches_are_a_function_of_the_step_in_another_order_than_the_labelled():
    source = Unlabelled(Few(5, 9), None, 2, 0)
    first = source(1)
    assert torch.equal(source(1).image, first.image)
    assert sorted(torch.cat([source(k).indices for k in range(5)]).tolist()) == sorted([*range(5), *range(5)])
    other = Unlabelled(Few(5, 9), None, 2, 1)
    assert any(not torch.equal(other(k).indices, source(k).indices) for k in range(3))
    with pytest.raises(ValueError, match="pool of unlabelled images is empty"):
        Unlabelled([], None, 2, 0)


def test_the_stage_starts_student_and_teacher_from_the_network_and_leaves_it(tmp_path):
    network = tiny(5)
    before = copy.deepcopy(network.state_dict())
    learnt = learn_from_both(network, Domain(Few(4, 1)), Few(5, 9), RECIPE, 0, 0)
    for each in (learnt.student, learnt.teacher):
        assert all(torch.equal(value, before[key]) for key, value in each.state_dict().items())
    learnt = learn_from_both(network, Domain(Few(4, 1)), Few(5, 9), RECIPE, 3, 0, folder=tmp_path)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert not torch.equal(learnt.student.classifier.weight, before["classifier.weight"])
    again = learn_from_both(network, Domain(Few(4, 1)), Few(5, 9), RECIPE, 3, 0, folder=tmp_path)  # from the checkpoint
    assert all(
        torch.equal(value, again.teacher.state_dict()[key]) for key, value in learnt.teacher.state_dict().items()
    )
    assert again.history.terms == learnt.history.terms
