"""A training step of every row of SAM2-MAFLNet's ablation, on one thread: what modules and controls cost in time."""

from collections.abc import Callable

import torch
from common import interleaved, json_argument, random_batch, report

from rsnotes.datasets import ISPRS
from rsnotes.maflnet import teacher_objective, tiny_teacher
from rsnotes.maflnet.experiment import ABLATION, CONTROLS, ROWS
from rsnotes.maflnet.runs import AblationSettings
from rsnotes.training import Batch, GradientStep, make_fabric

ROUNDS = 15


def step_of(settings: AblationSettings) -> Callable[[], object]:
    """Forward, backward and update of a row's network around its frozen trunk, as the experiment takes them.

    The trunk's weights are random: time does not depend on them.
    """
    torch.manual_seed(0)
    recipe, fabric = settings.recipe, make_fabric()
    network = tiny_teacher(
        len(ISPRS), frozen=True, context=settings.context, edges=settings.edges, normalise=settings.normalise
    )
    objective = teacher_objective(ISPRS, torch.ones(len(ISPRS)))
    step = GradientStep(fabric, network, recipe.optimizer(network), objective, recipe.teacher_weights())
    batch = Batch(*(fabric.to_device(tensor) for tensor in random_batch(recipe.batch_size, recipe.crop)))
    return lambda: {name: term.item() for name, term in step(batch, 0).items()}


def main() -> None:
    torch.set_num_threads(1)
    path = json_argument("maflnet_steps")
    rows = {name: ABLATION.variants[name] for name in (*ROWS, *CONTROLS)}
    seconds = interleaved({name: step_of(settings) for name, settings in rows.items()}, ROUNDS, warm=2)
    recipe = rows["baseline"].recipe
    report(
        path,
        f"A training step of each row, batch {recipe.batch_size} of {recipe.crop}² pixels, medians of {ROUNDS}",
        [
            {
                "row": name,
                "seconds a step": round(value, 4),
                "times the baseline's": round(value / seconds["baseline"], 3),
            }
            for name, value in seconds.items()
        ],
    )


if __name__ == "__main__":
    main()
