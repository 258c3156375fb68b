"""A training step of every row of the experiment on Hi-ResNet's parts: what a row pays for each of its steps.

Rows of the experiment run beside other work, on whatever is free. Their own seconds would compare that. Here all rows
take turns, on one thread, as in the experiment.
"""

from collections.abc import Callable

import torch
from common import interleaved, json_argument, random_batch, report

from rsnotes.datasets import ISPRS
from rsnotes.hi_resnet import hi_resnet
from rsnotes.hi_resnet.experiment import LONG_BASE, MODULES, SMALL
from rsnotes.hi_resnet.objective import make_step
from rsnotes.hi_resnet.recipe import HiResNetRecipe
from rsnotes.training import Batch, make_fabric

ROUNDS = 15
SQUARES = 512
"""Of the experiment's 128 scenes; sets the length of the schedule, which costs nothing."""


def one_step(recipe: HiResNetRecipe, batch: Batch) -> Callable[[], object]:
    """A step of the row's training, on a network of its own."""
    torch.manual_seed(0)
    network = hi_resnet(recipe.variant, len(ISPRS.names), width=recipe.width, depth=recipe.depth,
                        dilations=recipe.dilations)  # fmt: skip
    fabric = make_fabric()
    step = make_step(fabric, network, recipe, ISPRS, SQUARES)
    there = Batch(*(fabric.to_device(tensor) for tensor in batch))
    return lambda: {name: term.item() for name, term in step(there, 0).items()}


def main() -> None:
    path = json_argument("hi_resnet_steps")
    torch.set_num_threads(1)
    batch = random_batch(SMALL.batch_size, SMALL.crop)
    recipes = {name: settings.recipe for name, settings in MODULES.variants.items() if name != LONG_BASE}
    seconds = interleaved({name: one_step(recipe, batch) for name, recipe in recipes.items()}, ROUNDS, warm=2)
    first = seconds[MODULES.baseline]
    rows = [
        {"row": name, "seconds a step": round(each, 4), "times the base's": round(each / first, 3)}
        for name, each in seconds.items()
    ]
    title = f"Training steps of the thin rows of table VII, batch {SMALL.batch_size} of {SMALL.crop}² pixels"
    report(path, f"{title}, medians of {ROUNDS}", rows)


if __name__ == "__main__":
    main()
