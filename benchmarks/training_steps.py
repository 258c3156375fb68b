"""Training steps of ``rsnotes.training`` against the plain fp32 loop: same network, same batch, same threads."""

import copy
from collections.abc import Callable

import torch
from common import interleaved, json_argument, random_batch, report
from torch import nn

from rsnotes.datasets import ISPRS
from rsnotes.experiments.ground import STUDENT_WIDTH
from rsnotes.networks import pspnet
from rsnotes.networks.weights import TEACHER_WIDTH
from rsnotes.training import Batch, GradientStep, choose_precision, make_fabric
from rsnotes.training.supervised import SupervisedRecipe, supervised_objective

ROUNDS = 9
WIDTHS = (STUDENT_WIDTH, TEACHER_WIDTH)
"""The student's and the teacher's share of ResNet-18's channels in the book."""


def plain_step(network: nn.Module, batch: Batch, recipe: SupervisedRecipe, device: str) -> Callable[[], object]:
    """The loop as one writes it first: float32, PyTorch's default memory layout."""
    network = network.to(device).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    image, mask = batch.image.to(device), batch.mask.to(device)

    def step() -> float:
        output = network(image)
        loss = nn.functional.cross_entropy(output.logits, mask)
        loss = loss + recipe.auxiliary * nn.functional.cross_entropy(output.auxiliary[0], mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def our_step(network: nn.Module, batch: Batch, recipe: SupervisedRecipe) -> Callable[[], object]:
    """A step of the book's loop, with the arithmetic it chooses on this machine."""
    fabric = make_fabric()
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    step = GradientStep(fabric, network, optimizer, supervised_objective(), recipe.weights())
    there = Batch(*(fabric.to_device(tensor) for tensor in batch))
    return lambda: {name: term.item() for name, term in step(there, 0).items()}


def main() -> None:
    path = json_argument("training_steps")
    recipe = SupervisedRecipe()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chosen = choose_precision(device)
    batch, rows = random_batch(recipe.batch_size, recipe.crop), []
    for width in WIDTHS:
        torch.manual_seed(0)
        network = pspnet("resnet18", len(ISPRS.names), width=width)
        ways = {
            "plain": plain_step(copy.deepcopy(network), batch, recipe, device),
            "rsnotes": our_step(network, batch, recipe),
        }
        seconds = interleaved(ways, ROUNDS, warm=2)
        rows.append({
            "network": f"PSPNet, ResNet-18 at width {width:.3g}",
            "parameters": sum(p.numel() for p in network.parameters()),
            "plain fp32 loop, ms a step": round(1000 * seconds["plain"], 1),
            f"rsnotes ({chosen.format}), ms a step": round(1000 * seconds["rsnotes"], 1),
            "plain / rsnotes": round(seconds["plain"] / seconds["rsnotes"], 2),
        })  # fmt: skip
    report(path, f"Training steps, batch {recipe.batch_size} of {recipe.crop}² pixels, medians of {ROUNDS}", rows)


if __name__ == "__main__":
    main()
