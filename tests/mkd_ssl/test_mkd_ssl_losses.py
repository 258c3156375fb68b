"""OHEM by hand, springs by hand and by brute force, what stays put, T² and the gradient's size."""

import copy
import math

import pytest
import torch
from torch import nn

from rsnotes.datasets import IGNORE, ISPRS, Sample
from rsnotes.losses import distillation_loss
from rsnotes.mkd_ssl import (
    ElasticWeightConsolidation,
    MKDRecipe,
    StageObjective,
    Supervision,
    fisher_diagonal,
    hard_pixels,
    literal,
    ohem_cross_entropy,
    principled,
)
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch

torch.set_num_threads(1)


def logits_of(*probabilities):
    """(1, 2, 1, N) logits whose first class has these probabilities."""
    p = torch.tensor(probabilities)
    return torch.stack([p.log(), (1 - p).log()])[None, :, None]


MASK = torch.tensor([[[0, 0, 0, 0, IGNORE]]])
GIVEN = (0.9, 0.2, 0.6, 0.75, 0.01)


def test_ohem_by_hand():
    logits = logits_of(*GIVEN).requires_grad_()
    hard = hard_pixels(logits, MASK, 0.7, kept=0)
    assert hard.tolist() == [[[False, True, True, False, False]]]
    loss = ohem_cross_entropy(logits, MASK, 0.7, kept=0)
    assert loss.item() == pytest.approx(-(math.log(0.2) + math.log(0.6)) / 2, rel=1e-5)
    loss.backward()
    # the gradient of -log p is p - 1 for the own class, over two pixels
    torch.testing.assert_close(logits.grad[0, 0, 0], torch.tensor([0, -0.8 / 2, -0.4 / 2, 0, 0]))


@pytest.mark.parametrize(
    ("kept", "expected"),
    [(1, [False, True, True, False]), (3, [False, True, True, True]), (4, [True] * 4), (99, [True] * 4)],
)
def test_at_least_so_many_pixels_are_kept_and_the_hardest_first(kept, expected):
    assert hard_pixels(logits_of(*GIVEN), MASK, 0.7, kept)[0, 0].tolist() == [*expected, False]


def test_class_weights_weigh_the_mean_and_do_not_choose():
    logits, mask = logits_of(0.2, 0.9, 0.4), torch.tensor([[[0, 0, 1]]])
    weight = torch.tensor([1.0, 3.0])
    # the third pixel is of class 1, which has probability 0.6: hard; the second is easy
    expected = -(math.log(0.2) + 3 * math.log(0.6)) / 4
    assert ohem_cross_entropy(logits, mask, 0.7, 0, weight).item() == pytest.approx(expected, rel=1e-5)


def test_a_batch_without_labels_gives_zero():
    logits = torch.randn(1, 2, 2, 2, requires_grad=True)
    loss = ohem_cross_entropy(logits, torch.full((1, 2, 2), IGNORE))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("bad", [{"threshold": 0.0}, {"threshold": 1.1}, {"kept": -1}])
def test_ohem_refuses(bad):
    with pytest.raises(ValueError, match=r"threshold in \(0, 1\] and kept from 0"):
        ohem_cross_entropy(logits_of(*GIVEN), MASK, **bad)


class Tiny(nn.Module):
    """A backbone with batch normalisation and a classifier."""

    def __init__(self, classes=3):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Tanh())
        self.classifier = nn.Conv2d(3, classes, 1)

    def forward(self, x):
        features = self.backbone(x)
        return SegmentationOutput(self.classifier(features), features)


def tiny(seed=0, classes=3):
    torch.manual_seed(seed)
    return Tiny(classes)


def pictures(count=4, classes=3):
    generator = torch.Generator().manual_seed(1)
    return [
        Sample(torch.rand(2, 3, 3, generator=generator), torch.randint(0, classes, (3, 3), generator=generator))
        for _ in range(count)
    ]


def test_springs_by_hand():
    network = nn.Linear(2, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[1.0, 2.0]]))
        network.bias.fill_(5.0)
    ewc = ElasticWeightConsolidation({"weight": torch.tensor([[0.0, 4.0]])}, {"weight": torch.tensor([[3.0, 0.5]])})
    loss = ewc(network)
    loss.backward()
    assert loss.item() == 0.5 * (3 * 1 + 0.5 * 4)
    assert network.weight.grad.tolist() == [[3.0 * (1 - 0), 0.5 * (2 - 4)]]  # F (w - w*)
    assert network.bias.grad is None


def test_springs_are_at_rest_at_the_anchor_and_do_not_follow_the_network():
    network = tiny()
    ewc = literal(network, pictures())
    loss = ewc(network)
    loss.backward()
    assert loss.item() == 0
    assert all(not p.grad.any() for p in network.parameters())
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.1)
    assert ewc(network).item() == pytest.approx(0.5 * 0.01 * sum(f.sum().item() for f in ewc.fisher.values()), rel=1e-4)


def test_fisher_by_finite_differences_image_by_image():
    network, samples, step = tiny().double().eval(), pictures(), 1e-5
    network.backbone[1].running_mean.fill_(0.3)
    samples = [Sample(s.image.double(), s.mask) for s in samples]
    fisher = fisher_diagonal(network, samples)

    def loss(sample):
        logits = network(sample.image[None]).logits
        return nn.functional.cross_entropy(logits, sample.mask[None]).item()

    for name, parameter in network.named_parameters():
        flat = parameter.data.view(-1)
        for place in range(len(flat)):
            squares = []
            for sample in samples:
                flat[place] += step
                up = loss(sample)
                flat[place] -= 2 * step
                down = loss(sample)
                flat[place] += step
                squares.append(((up - down) / (2 * step)) ** 2)
            assert fisher[name].view(-1)[place].item() == pytest.approx(
                sum(squares) / len(squares), rel=1e-4, abs=1e-12
            )


def test_fisher_leaves_the_network_as_it_was():
    network = tiny().train()
    network.backbone.requires_grad_(False)
    before = copy.deepcopy(network.state_dict())
    fisher = fisher_diagonal(network, pictures(), ("classifier",))
    assert set(fisher) == {name for name, _ in network.named_parameters() if name.startswith("backbone")}
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert network.backbone.training
    assert not any(p.requires_grad for p in network.backbone.parameters())
    assert all(p.grad is None for p in network.parameters())
    with pytest.raises(ValueError, match="mean over images; got none"):
        fisher_diagonal(network, [])


def test_principled_springs_hold_what_the_teacher_kept_of_its_source():
    source, teacher = tiny(0), tiny(1)
    teacher.backbone.load_state_dict(source.backbone.state_dict())
    with torch.no_grad():
        teacher.backbone[1].weight.mul_(2)  # fine-tuned since
    ewc = principled(teacher, source, pictures())
    assert set(ewc.anchor) == {"backbone.0.weight", "backbone.0.bias", "backbone.1.bias"}
    assert torch.equal(ewc.anchor["backbone.0.weight"], teacher.backbone[0].weight)
    assert torch.equal(ewc.fisher["backbone.0.weight"], fisher_diagonal(source, pictures())["backbone.0.weight"])
    assert ewc(teacher).item() == 0
    assert ewc(tiny(2)).item() > 0


def test_literal_springs_hold_the_students_own_start():
    student = tiny(3)
    ewc = literal(student, pictures())
    assert all(torch.equal(ewc.anchor[name], p) for name, p in student.named_parameters())


def test_springs_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="differ in b"):
        ElasticWeightConsolidation({"a": torch.ones(1), "b": torch.ones(1)}, {"a": torch.ones(1)})
    with pytest.raises(ValueError, match="the network has no elsewhere"):
        ElasticWeightConsolidation({"elsewhere": torch.ones(1)}, {"elsewhere": torch.ones(1)})(tiny())


def batch(samples):
    image, mask = (torch.stack(list(part)) for part in zip(*samples, strict=True))
    return Batch(image, mask, torch.arange(len(samples)), torch.arange(len(samples)))


@pytest.mark.equation("mkd_ssl", "2")
def test_the_terms_of_a_stage_are_its_three_losses():
    recipe = MKDRecipe(ohem_kept=0, lambda_distillation=2.0, lambda_ewc=3.0)
    student, teacher, samples = tiny(0, 6).eval(), tiny(1, 6).eval(), pictures(classes=6)
    ewc = ElasticWeightConsolidation(dict(teacher.named_parameters()), fisher_diagonal(teacher, samples))
    supervision = Supervision(recipe, ISPRS)
    objective = StageObjective(recipe, supervision, lambda b: teacher(b.image), (ewc, student))
    given = batch(samples)
    terms = objective(student, given)
    labels = given.mask.clone()
    labels[labels == ISPRS.index("clutter")] = IGNORE  # does not count
    logits = student(given.image).logits
    torch.testing.assert_close(terms["supervised"], ohem_cross_entropy(logits, labels, 0.7, 0))
    soft = (logits / 3).log_softmax(1), (teacher(given.image).logits / 3).softmax(1)
    divergence = (soft[1] * (soft[1].log() - soft[0])).sum(1)[labels != IGNORE]
    torch.testing.assert_close(terms["distillation"], 9 * divergence.mean())
    torch.testing.assert_close(terms["ewc"], ewc(student))
    assert recipe.weights() | {"supervised": 1.0, "distillation": 2.0, "ewc": 3.0} == recipe.weights()


def test_squared_temperature_keeps_the_size_of_the_gradient():
    torch.manual_seed(0)
    teacher = 0.1 * torch.randn(1, 5, 4, 4, dtype=torch.float64)  # small logits: the limit of high temperatures
    sizes = []
    for temperature in (2.0, 8.0):
        student = (0.1 * torch.randn(1, 5, 4, 4, generator=torch.Generator().manual_seed(1))).double().requires_grad_()
        distillation_loss(student, teacher, temperature).backward()
        sizes.append(student.grad.norm().item())
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)


def test_plain_cross_entropy_is_an_option():
    output = SegmentationOutput(logits_of(*GIVEN), torch.zeros(1, 1, 1, 5), (logits_of(*GIVEN),))
    classes = type(ISPRS)(("a", "b"), ((0, 0, 0),) * 2, (True, True))
    terms = Supervision(MKDRecipe(supervised="cross_entropy"), classes)(output, MASK)
    expected = -sum(math.log(p) for p in GIVEN[:4]) / 4
    assert terms["supervised"].item() == pytest.approx(expected, rel=1e-5)
    assert terms["auxiliary"].item() == pytest.approx(expected, rel=1e-5)
