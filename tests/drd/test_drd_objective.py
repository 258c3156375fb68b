"""The objective's terms and weights, and the step, against the same written out."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, ISPRS, Sample
from rsnotes.datasets.cityscapes import CLASSES
from rsnotes.drd import (
    VAIHINGEN,
    ChannelProjection,
    Critic,
    DRDObjective,
    DRDStep,
    Student,
    channel_relation_loss,
    gradient_penalty,
    intra_class_variation_loss,
    pairwise_loss,
    pixelwise_loss,
    spatial_relation_loss,
)
from rsnotes.networks import SegmentationOutput, pspnet
from rsnotes.training import Batch, LiveTeacher, train, weighted_sum

torch.set_num_threads(1)

RECIPE = replace(VAIHINGEN, critic_width=2, steps=10)
CLUTTER = ISPRS.index("clutter")


class Tiny(nn.Module):
    """Features of a quarter of the image's side, and two classifiers."""

    def __init__(self, channels: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.features = nn.Conv2d(3, channels, 4, stride=4)
        self.classifier, self.second = nn.Conv2d(channels, 6, 1), nn.Conv2d(channels, 6, 1)

    def forward(self, image: Tensor) -> SegmentationOutput:
        features = self.features(image).relu()
        logits, second = (F.interpolate(f(features), scale_factor=4.0) for f in (self.classifier, self.second))
        return SegmentationOutput(logits, features, (second,))


def make_batch(seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.randint(0, 6, (2, 16, 16), generator=generator)
    mask[0, :3] = IGNORE
    return Batch(torch.rand(2, 3, 16, 16, generator=generator), mask, torch.arange(2), torch.arange(2))


def make_parts(recipe=RECIPE) -> tuple[Student, Tiny, DRDObjective]:
    teacher = Tiny(6, seed=1)
    student = Student(Tiny(4, seed=2), ChannelProjection(4, 6))
    critic = Critic(6, width=recipe.critic_width) if "L_Adv" in recipe.terms else None
    return student, teacher, DRDObjective(recipe, ISPRS, LiveTeacher(teacher), critic)


def test_every_term_is_its_own_loss():
    student, teacher, objective = make_parts(replace(RECIPE, terms=("L_P", "L_Adv", "L_S", "L_C", "L_pair", "L_IFV")))
    batch = make_batch()
    terms = objective(student, batch)
    output, target = student.network(batch.image), teacher(batch.image)
    labels = torch.where(batch.mask == CLUTTER, IGNORE, batch.mask)
    expected = {
        "cross_entropy": F.cross_entropy(output.logits, labels, ignore_index=IGNORE),
        "auxiliary": F.cross_entropy(output.auxiliary[0], labels, ignore_index=IGNORE),
        "L_P": pixelwise_loss(output.logits, target.logits, valid=(batch.mask != CLUTTER) & (batch.mask != IGNORE)),
        "L_Adv": objective.critic(output.logits.softmax(1), batch.image).mean(),
        "L_S": spatial_relation_loss(output.features, target.features),
        "L_C": channel_relation_loss(student.projection(output.features), target.features),
        "L_pair": pairwise_loss(output.features, target.features),
        "L_IFV": intra_class_variation_loss(output.features, target.features, labels),
    }
    assert list(terms) == list(expected)
    for name, value in expected.items():
        assert value.item() != 0
        torch.testing.assert_close(terms[name], value, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("name", ["L_P", "L_S", "L_C", "L_pair", "L_IFV"])
def test_every_term_moves_the_student_as_its_own_loss_does(name):
    """Most of these losses are symmetric: with student and teacher swapped the value stays, the gradient goes."""
    student, teacher, objective = make_parts(replace(RECIPE, terms=(name,)))
    batch = make_batch()
    output, projected = student(batch.image)
    target = teacher(batch.image)
    labels = torch.where(batch.mask == CLUTTER, IGNORE, batch.mask)
    expected = {
        "L_P": lambda: pixelwise_loss(output.logits, target.logits, valid=labels != IGNORE),
        "L_S": lambda: spatial_relation_loss(output.features, target.features),
        "L_C": lambda: channel_relation_loss(projected, target.features),
        "L_pair": lambda: pairwise_loss(output.features, target.features),
        "L_IFV": lambda: intra_class_variation_loss(output.features, target.features, labels),
    }[name]()
    kernel = student.network.features.weight
    (wanted,) = torch.autograd.grad(expected, kernel)
    (found,) = torch.autograd.grad(objective(student, batch)[name], kernel)
    assert wanted.abs().max() > 0
    torch.testing.assert_close(found, wanted)


@pytest.mark.equation("drd", "9")
def test_total_is_equation_9_with_its_signs():
    names = ("cross_entropy", "L_P", "L_Adv", "L_S", "L_C")
    terms = {name: torch.tensor(float(10**k)) for k, name in enumerate(names)}
    assert weighted_sum(terms, VAIHINGEN.weights()).item() == pytest.approx(1 + 10 * 10 - 0.1 * 100 + 25 * (1e3 + 1e4))
    assert weighted_sum({"auxiliary": torch.tensor(1.0)}, VAIHINGEN.weights()).item() == pytest.approx(0.4)


def test_what_is_painted_as_clutter_does_not_matter():
    student, _, objective = make_parts(replace(RECIPE, terms=("L_P", "L_IFV")))
    batch = make_batch()
    terms = objective(student, batch)
    unlabelled = batch._replace(mask=torch.where(batch.mask == CLUTTER, IGNORE, batch.mask))
    for name, value in objective(student, unlabelled).items():
        torch.testing.assert_close(value, terms[name], rtol=0, atol=0)
    assert (batch.mask == CLUTTER).any(), "the batch's own mask must stay as it is"


def test_only_the_student_gets_a_gradient():
    student, teacher, objective = make_parts()
    weighted_sum(objective(student, make_batch()), RECIPE.weights()).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in student.parameters())
    assert all(p.grad is None for p in (*teacher.parameters(), *objective.critic.parameters()))
    assert all(p.requires_grad for p in objective.critic.parameters())


def test_the_adversarial_term_raises_the_critics_value():
    student, _, objective = make_parts(replace(RECIPE, terms=("L_Adv",)))
    batch = make_batch()

    def value():
        return objective(student, batch)["L_Adv"]

    before = value()
    (RECIPE.weights()["L_Adv"] * before).backward()
    with torch.no_grad():
        for parameter in student.network.parameters():
            if parameter.grad is not None:
                parameter -= parameter.grad * 10
    assert value() > before


def test_a_critic_belongs_to_its_term():
    with pytest.raises(ValueError, match="a critic belongs to the term L_Adv"):
        DRDObjective(RECIPE, ISPRS, LiveTeacher(Tiny(6, 1)))
    with pytest.raises(ValueError, match="a critic belongs to the term L_Adv"):
        DRDObjective(replace(RECIPE, terms=("L_P",)), ISPRS, LiveTeacher(Tiny(6, 1)), Critic(6, width=2))


def test_one_step_is_sgd_on_the_student_and_then_on_the_critic():
    batch, number = make_batch(), 4
    recipe = replace(RECIPE, critic_rate=1.0)  # far above rounding
    student, teacher, objective = make_parts(recipe)
    for parameter in objective.critic.parameters():
        parameter.grad = torch.ones_like(parameter)  # left over from somewhere
    step = DRDStep(Fabric(accelerator="cpu", precision="32-true"), student, objective)
    torch.manual_seed(5)
    recorded = step(batch, number)

    twin, _, reference = make_parts(recipe)
    critic = reference.critic
    scores = twin.network(batch.image).logits.softmax(1).detach()
    terms = reference(twin, batch)
    weighted_sum(terms, RECIPE.weights()).backward()
    decay = (1 - number / 10) ** 0.9
    with torch.no_grad():
        for parameter in twin.parameters():  # momentum starts with the gradient itself
            parameter -= 1e-2 * decay * (parameter.grad + 5e-4 * parameter)
    target = teacher(batch.image).logits.softmax(1)
    torch.manual_seed(5)
    loss = critic(scores, batch.image).mean() - critic(target, batch.image).mean()
    penalty = gradient_penalty(critic, scores, target, batch.image)
    (loss + 10 * penalty).backward()
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter -= 1.0 * decay * (parameter.grad + 5e-4 * parameter)

    for ours, theirs in zip(student.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    for ours, theirs in zip(objective.critic.parameters(), critic.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(recorded, terms | {"L_d": loss, "gradient_penalty": penalty})


class Few:
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Sample:
        batch = make_batch(index)
        return Sample(batch.image[0], batch.mask[0])


def _critic_after_three_steps(processes: int, folder: str) -> None:
    """Train, and let every process write the critic it ends with."""
    fabric = Fabric(accelerator="cpu", devices=processes, strategy="ddp" if processes > 1 else "auto")
    fabric.launch()
    student, _, objective = make_parts(replace(RECIPE, gradient_penalty=0.0, critic_rate=20.0))
    train(fabric, DRDStep(fabric, student, objective), Few(), None, steps=3, batch_size=4, seed=0)
    save_file(dict(objective.critic.state_dict()), f"{folder}/{processes}-{fabric.global_rank}.safetensors")


def test_two_processes_train_one_critic(tmp_path):
    # without the penalty, whose mixtures are random, the critic's loss is a mean over samples
    for processes in (1, 2):
        command = [sys.executable, __file__, str(processes), str(tmp_path)]
        subprocess.run(command, check=True, timeout=300, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    alone, first, second = (load_file(tmp_path / f"{name}.safetensors") for name in ("1-0", "2-0", "2-1"))
    start = make_parts()[2].critic.state_dict()
    for name, tensor in alone.items():
        torch.testing.assert_close(first[name], second[name], rtol=0, atol=0)
        torch.testing.assert_close(first[name], tensor, rtol=1e-4, atol=1e-5)
    assert any((alone[name] - start[name]).abs().max() > 1e-3 for name in start)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_run_resumes_with_its_critic(tmp_path, precision):
    def run(steps, folder=None):
        fabric = Fabric(accelerator="cpu", precision=precision)
        student, _, objective = make_parts()
        step = DRDStep(fabric, student, objective)
        history = train(fabric, step, Few(), None, steps=steps, batch_size=2, seed=0, checkpoints=folder)
        return history.terms, student

    whole, student = run(5)
    assert set(whole) == {
        "cross_entropy", "auxiliary", "L_P", "L_Adv", "L_S", "L_C", "L_d", "gradient_penalty",
    }  # fmt: skip
    assert all(abs(value) < 1e3 for values in whole.values() for value in values)
    run(2, tmp_path)
    resumed, same = run(5, tmp_path)
    assert resumed == whole
    for ours, theirs in zip(same.parameters(), student.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_without_the_adversarial_term_there_is_no_critic():
    student, _, objective = make_parts(replace(RECIPE, terms=("L_P", "L_S")))
    step = DRDStep(Fabric(accelerator="cpu", precision="32-true"), student, objective)
    assert set(step.parts) == {"network", "optimizer"}
    assert set(step(make_batch(), 0)) == {"cross_entropy", "auxiliary", "L_P", "L_S"}


def test_no_terms_is_supervised_training_without_a_teacher():
    recipe = replace(RECIPE, terms=())
    step = DRDStep(
        Fabric(accelerator="cpu", precision="32-true"), Student(Tiny(4, 2)), DRDObjective(recipe, ISPRS, None)
    )
    assert set(step(make_batch(), 0)) == {"cross_entropy", "auxiliary"}
    with pytest.raises(ValueError, match="terms of distillation need a teacher"):
        DRDObjective(replace(RECIPE, terms=("L_P",)), ISPRS, None)
    with pytest.raises(ValueError, match="and it needs terms"):
        DRDObjective(recipe, ISPRS, LiveTeacher(Tiny(6, 1)))


def test_the_papers_networks_take_a_step():
    """PSPNet ResNet-101 into PSPNet ResNet-18, 19 classes, every term, forward and backward."""
    torch.manual_seed(0)
    teacher, network = pspnet("resnet101s", 19), pspnet("resnet18", 19)
    student = Student(network, ChannelProjection(128, 512))
    objective = DRDObjective(VAIHINGEN, CLASSES, LiveTeacher(teacher), Critic(19))
    batch = Batch(torch.rand(2, 3, 65, 65), torch.randint(0, 19, (2, 65, 65)), torch.arange(2), torch.arange(2))
    terms = objective(student.train(), batch)
    weighted_sum(terms, VAIHINGEN.weights()).backward()
    assert set(terms) == {"cross_entropy", "auxiliary", "L_P", "L_Adv", "L_S", "L_C"}
    assert all(torch.isfinite(term) for term in terms.values())
    assert 0 < terms["L_S"] <= 2 / 81
    assert 0 <= terms["L_C"] <= 2 / 512
    assert all(p.grad is not None for p in network.parameters())
    assert all(p.grad is None for p in teacher.parameters())
    assert not teacher.training


if __name__ == "__main__":
    _critic_after_three_steps(int(sys.argv[1]), sys.argv[2])
