"""A student's training step alone and beside its teacher, on one thread: what the relation losses cost in time."""

from collections.abc import Callable

import torch
from common import interleaved, json_argument, report

from rsnotes import scenes
from rsnotes.datasets import ISPRS, Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.maflnet import load_tiny_teacher, student_objective, teacher_objective, tiny_student
from rsnotes.maflnet.experiment import DISTILLATION
from rsnotes.training import Batch, GradientStep, LiveTeacher, TeacherCache, make_fabric
from rsnotes.training.batches import batches

ROUNDS = 15
ALONE, KEPT, LIVE = "labels alone", "both relations, answers kept", "both relations, live teacher"


def one_batch(squares: Squares, augment: Augment, size: int) -> Batch:
    """The first batch of a run, turned as the run turns it."""
    return next(iter(batches(squares, augment, batch_size=size, seed=0, first=0, last=1)))


def step_of(way: str, squares: Squares, augment: Augment) -> Callable[[], object]:
    """Forward, backward and update of a student, as the experiment takes them, the look-up of answers included."""
    torch.manual_seed(0)
    recipe, weight, fabric = DISTILLATION.variants["both"].recipe, torch.ones(len(ISPRS)), make_fabric()
    teacher, objective = load_tiny_teacher(), teacher_objective(ISPRS, weight)
    if way == KEPT:
        objective = student_objective(ISPRS, TeacherCache(teacher, squares, augment), weight)
    if way == LIVE:
        objective = student_objective(ISPRS, LiveTeacher(fabric.to_device(teacher)), weight)
    network = tiny_student(len(ISPRS))
    step = GradientStep(fabric, network, recipe.optimizer(network), objective, recipe.student_weights())
    found = one_batch(squares, augment, recipe.batch_size)
    batch = Batch(*(fabric.to_device(tensor) for tensor in found))
    return lambda: {name: term.item() for name, term in step(batch, 0).items()}


def main() -> None:
    torch.set_num_threads(1)
    path, recipe = json_argument("maflnet_students"), DISTILLATION.variants["both"].recipe
    squares = Squares(InMemory(scenes.SceneDataset("experiments-training", 4)), recipe.crop)
    augment = Augment(recipe.crop)
    ways = (ALONE, KEPT, LIVE)
    seconds = interleaved({way: step_of(way, squares, augment) for way in ways}, ROUNDS, warm=2)
    report(
        path,
        f"A student's training step, batch {recipe.batch_size} of {recipe.crop}² pixels, medians of {ROUNDS}",
        [
            {"way": way, "seconds a step": round(value, 4), "times that alone": round(value / seconds[ALONE], 3)}
            for way, value in seconds.items()
        ],
    )


if __name__ == "__main__":
    main()
