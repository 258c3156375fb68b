"""Recipe, objectives, mosaic, and a distillation through the book's own loop."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from scipy.stats import pearsonr
from torch import Tensor, nn

from rsnotes.datasets import ISPRS, Augment, Sample
from rsnotes.losses import cross_entropy, soft_dice_loss
from rsnotes.maflnet import (
    POTSDAM,
    VAIHINGEN,
    MAFLNetRecipe,
    Mosaic,
    auxiliary_loss,
    student_objective,
    teacher_objective,
    tiny_student,
    tiny_teacher,
)
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, GradientStep, cosine, train, weighted_sum

torch.set_num_threads(1)
CLUTTER = ISPRS.index("clutter")


def batch(seed: int = 0, classes: int = 6) -> Batch:
    draw = torch.Generator().manual_seed(seed)
    mask = torch.randint(classes, (2, 8, 8), generator=draw)
    mask[torch.rand(2, 8, 8, generator=draw) < 0.2] = 255
    return Batch(torch.rand(2, 3, 8, 8, generator=draw), mask, torch.arange(2), torch.arange(2))


class Pixelwise(nn.Module):
    """A network of one 1×1 convolution, with or without auxiliary logits."""

    def __init__(self, seed: int, auxiliary: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Conv2d(3, 6, 1)
        self.others = nn.ModuleList(nn.Conv2d(3, 6, 1) for _ in range(auxiliary))

    def forward(self, image: Tensor) -> SegmentationOutput:
        logits = 5 * self.layer(image)
        return SegmentationOutput(logits, logits, tuple(5 * other(image) for other in self.others))


@pytest.mark.equation("maflnet", "23")
def test_the_teachers_total_is_the_plain_sum_of_three():
    network, seen = Pixelwise(0, auxiliary=2), batch()
    terms = teacher_objective(ISPRS)(network, seen)
    labels = seen.mask.where(seen.mask != CLUTTER, 255)
    output = network(seen.image)
    expected = (
        cross_entropy(output.logits, labels)
        + soft_dice_loss(output.logits, labels)
        + cross_entropy((output.auxiliary[0] + output.auxiliary[1]) / 2, labels)
    )
    torch.testing.assert_close(weighted_sum(terms, VAIHINGEN.teacher_weights()), expected)
    assert set(teacher_objective(ISPRS)(Pixelwise(0), seen)) == {"L_ce", "L_dice"}


@pytest.mark.equation("maflnet", "24")
@pytest.mark.equation("maflnet", "25")
@pytest.mark.equation("maflnet", "26")
def test_the_students_terms_from_probabilities():
    student, teacher, seen = Pixelwise(0), Pixelwise(1), batch()
    terms = student_objective(ISPRS, lambda b: teacher(b.image))(student, seen)
    labels = seen.mask.where(seen.mask != CLUTTER, 255)
    ours, theirs = (
        network(seen.image).logits.softmax(1).movedim(1, -1)[labels != 255].detach().numpy()
        for network in (student, teacher)
    )
    inter = np.mean([pearsonr(x, y).statistic for x, y in zip(ours, theirs, strict=True)])
    intra = np.mean([pearsonr(x, y).statistic for x, y in zip(ours.T, theirs.T, strict=True)])
    assert terms["L_inter"].item() == pytest.approx(1 - inter, abs=1e-5)
    assert terms["L_intra"].item() == pytest.approx(1 - intra, abs=1e-5)
    logits = student(seen.image).logits
    expected = cross_entropy(logits, labels) + soft_dice_loss(logits, labels) + 2 - inter - intra
    torch.testing.assert_close(weighted_sum(terms, VAIHINGEN.student_weights()), expected, rtol=1e-5, atol=1e-5)
    torch.stack(list(terms.values())).sum().backward()
    assert teacher.layer.weight.grad is None
    assert student.layer.weight.grad.abs().max() > 0


def test_weights_reach_the_terms_they_name():
    recipe = MAFLNetRecipe(inter_weight=3, intra_weight=7)
    assert recipe.student_weights() == {"L_ce": 1, "L_dice": 1, "L_inter": 3, "L_intra": 7}


@pytest.mark.parametrize("which", ["teacher", "student"])
def test_clutter_and_ignored_pixels_change_no_term(which):
    teacher, seen = Pixelwise(1), batch()
    objective = teacher_objective(ISPRS) if which == "teacher" else student_objective(ISPRS, lambda b: teacher(b.image))
    network = Pixelwise(0, auxiliary=1 if which == "teacher" else 0)
    without = (seen.mask == CLUTTER) | (seen.mask == 255)
    assert without.any()
    noise = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(9))
    other = seen._replace(
        image=seen.image.where(~without[:, None], noise), mask=seen.mask.where(seen.mask != CLUTTER, 255)
    )
    expected, got = objective(network, seen), objective(network, other)
    assert set(got) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, msg=name)


def test_class_weights_reach_both_cross_entropies():
    seen, weight = batch(), torch.tensor([1.0, 2, 3, 4, 5, 0])
    network = Pixelwise(0, auxiliary=1)
    terms = teacher_objective(ISPRS, weight)(network, seen)
    labels = seen.mask.where(seen.mask != CLUTTER, 255)
    output = network(seen.image)
    torch.testing.assert_close(terms["L_ce"], cross_entropy(output.logits, labels, weight))
    torch.testing.assert_close(terms["L_aux"], auxiliary_loss(output.auxiliary, labels, weight))
    student = student_objective(ISPRS, lambda b: Pixelwise(1)(b.image), weight)(network, seen)
    torch.testing.assert_close(student["L_ce"], terms["L_ce"])


@pytest.mark.parametrize("frozen", [False, True])
def test_pretrained_parameters_learn_slowly_and_new_ones_fast(frozen):
    network = tiny_teacher(6, frozen=frozen)
    names = {parameter: name for name, parameter in network.named_parameters()}
    optimizer = VAIHINGEN.optimizer(network)
    rates = {names[p]: group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(rates)
    for name, parameter in network.named_parameters():
        own = name.startswith("encoder.trunk.") and ".adapter." not in name
        expected = None if own and frozen else 6e-5 if own else 6e-4
        assert rates.get(name) == expected, name
        assert parameter.requires_grad == (name in rates)
    assert VAIHINGEN.batch_size == 4
    assert POTSDAM.data == "potsdam"


def test_the_students_encoder_learns_slowly():
    network = tiny_student(6)
    slow, fast = VAIHINGEN.optimizer(network).param_groups
    assert {id(p) for p in slow["params"]} == {id(p) for p in network.encoder.parameters()}
    assert (slow["lr"], fast["lr"]) == (6e-5, 6e-4)


class Squares:
    """Twelve samples, each of one brightness and one class, its number."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Sample:
        return Sample(torch.full((3, 40, 48), index / 20), torch.full((40, 48), index))


def test_a_mosaic_is_four_rectangles_that_meet_in_the_middle():
    samples = Squares()
    mosaic = Mosaic(samples, Augment(32), share=1.0)
    corners, others = set(), set()
    for seed in range(60):
        image, mask = mosaic(samples[5], seed)
        assert image.shape == (3, 32, 32)
        torch.testing.assert_close(image, (mask / 20).expand(3, -1, -1))
        first = [int(mask[r, c]) for r, c in ((0, 0), (0, -1), (-1, 0), (-1, -1))]
        assert first[0] == 5
        others |= set(first[1:])
        if len(set(first)) < 4:
            continue
        across, down = int((mask[0] == first[0]).sum()), int((mask[:, 0] == first[0]).sum())
        expected = torch.empty_like(mask)
        expected[:down, :across], expected[:down, across:] = first[0], first[1]
        expected[down:, :across], expected[down:, across:] = first[2], first[3]
        assert torch.equal(mask, expected)
        corners.add((down, across))
    assert len(corners) > 20
    assert min(min(corner) for corner in corners) >= 8
    assert max(max(corner) for corner in corners) <= 24
    assert len(others) == 12


def test_a_mosaic_is_as_frequent_as_asked_and_repeats():
    samples = Squares()
    view = Augment(32, scale=(0.5, 1.0))
    never, sometimes = Mosaic(samples, view, share=0.0), Mosaic(samples, view, share=0.25)
    mixed = 0
    for seed in range(400):
        once, again = sometimes(samples[5], seed), sometimes(samples[5], seed)
        assert torch.equal(once.image, again.image)
        assert torch.equal(never(samples[5], seed).mask, view(samples[5], seed).mask)
        mixed += bool(((once.mask != 5) & (once.mask != 255)).any())
    assert 60 < mixed < 140  # 100 expected; all four from one sample happens once in 1728


class Scenes:
    """Four random samples of 32 pixels."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Sample:
        draw = torch.Generator().manual_seed(index)
        return Sample(torch.rand(3, 32, 32, generator=draw), torch.randint(6, (32, 32), generator=draw))


def test_distillation_through_the_loop():
    torch.manual_seed(0)
    teacher, student = tiny_teacher(6).eval().requires_grad_(False), tiny_student(6)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    recipe = MAFLNetRecipe(steps=10, batch_size=4, learning_rate=3e-3, backbone_rate=3e-3)
    objective = student_objective(ISPRS, lambda b: teacher(b.image))
    fabric = Fabric(accelerator="cpu", precision="32-true")
    step = GradientStep(
        fabric, student, recipe.optimizer(student), objective, recipe.student_weights(), cosine(recipe.steps)
    )
    history = train(fabric, step, Scenes(), None, steps=recipe.steps, batch_size=recipe.batch_size, seed=0)
    assert set(history.terms) == {"L_ce", "L_dice", "L_inter", "L_intra"}
    for name in ("L_inter", "L_intra"):  # of a teacher that nobody trained, on labels drawn at random
        assert history.terms[name][-1] < history.terms[name][0] / 2, name
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name]), name
