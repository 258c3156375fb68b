"""Equations 8 and 9: weights, which outputs and terms there are, what the step trains, the paper's numbers."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, ISPRS
from rsnotes.hi_resnet import (
    LOVEDA,
    MAPILLARY,
    MILLION_AID,
    POTSDAM,
    VAIHINGEN,
    HiResNetObjective,
    edge_aware_loss,
    generalised_dice_loss,
    label_smoothing_cross_entropy,
    make_step,
)
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, weighted_sum

torch.set_num_threads(1)

ALL = replace(VAIHINGEN, classes="all")
CLUTTER = ISPRS.index("clutter")


class Two(nn.Module):
    """Two outputs, or one."""

    def __init__(self, both: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.coarse, self.refined, self.both = nn.Conv2d(3, 6, 1), nn.Conv2d(3, 6, 3, padding=1), both

    def forward(self, x: Tensor) -> SegmentationOutput:
        coarse, refined = self.coarse(x), self.refined(x)
        if not self.both:
            return SegmentationOutput(refined, x)
        return SegmentationOutput(coarse + refined, x, (coarse, refined))


def make_batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    mask = torch.randint(0, 6, (2, 16, 16), generator=generator)
    mask[0, :2] = IGNORE
    return Batch(torch.rand(2, 3, 16, 16, generator=generator), mask, torch.arange(2), torch.arange(2))


@pytest.mark.equation("hi_resnet", "8")
def test_the_weights_are_the_printed_softmax() -> None:
    found = VAIHINGEN.term_weights()
    printed = {"gd": 0.3923, "lsce": 0.3923, "cea": 0.2153}
    assert {term: round(weight, 4) for term, weight in found.items()} == printed
    assert replace(VAIHINGEN, softmax=False).term_weights() == {"gd": 1, "lsce": 1, "cea": 0.4}
    assert replace(VAIHINGEN, terms=("gd", "lsce")).term_weights() == {"gd": 0.5, "lsce": 0.5}
    assert replace(VAIHINGEN, ratios=(1, 1, 1)).term_weights()["cea"] == pytest.approx(1 / 3)


@pytest.mark.equation("hi_resnet", "9")
def test_the_total_is_coarse_plus_refined() -> None:
    batch, network = make_batch(), Two()
    labels = batch.mask.masked_fill(batch.mask == CLUTTER, IGNORE)
    output = network(batch.image)
    parts = []
    for logits in output.auxiliary:
        parts.append(
            0.3923 * generalised_dice_loss(logits, labels)
            + 0.3923 * label_smoothing_cross_entropy(logits, labels, 0.1)
            + 0.2153 * edge_aware_loss(logits, labels, "all", unit=64)
        )
    terms = HiResNetObjective(ALL, ISPRS)(network, batch)
    assert list(terms) == ["coarse_gd", "coarse_lsce", "coarse_cea", "refined_gd", "refined_lsce", "refined_cea"]
    torch.testing.assert_close(weighted_sum(terms, ALL.weights()), parts[0] + parts[1], rtol=2e-4, atol=0)
    for coarse, refined in ((1.0, 0.4), (0.4, 1.0)):  # figure 8
        total = weighted_sum(terms, replace(ALL, coarse=coarse, refined=refined).weights())
        torch.testing.assert_close(total, coarse * parts[0] + refined * parts[1], rtol=2e-4, atol=0)


def test_a_plain_head_has_one_output() -> None:
    batch, network = make_batch(), Two(both=False)
    labels = batch.mask.masked_fill(batch.mask == CLUTTER, IGNORE)
    recipe = replace(ALL, terms=("gd", "cea"), unit=2.0, beta=1.0, threshold=0.2)
    terms = HiResNetObjective(recipe, ISPRS)(network, batch)
    logits = network(batch.image).logits
    expected = {
        "gd": generalised_dice_loss(logits, labels),
        "cea": edge_aware_loss(logits, labels, "all", beta=1.0, threshold=0.2, unit=2.0),
    }
    torch.testing.assert_close(terms, expected)
    assert set(terms) <= set(recipe.weights())


def test_one_class_is_drawn_by_default() -> None:
    batch, network, values = make_batch(), Two(both=False), set()
    for seed in range(12):
        torch.manual_seed(seed)
        values.add(round(HiResNetObjective(VAIHINGEN, ISPRS)(network, batch)["cea"].item(), 6))
    assert len(values) == 5  # the counted classes


def test_a_step_is_adamw_with_warm_up() -> None:
    recipe = replace(ALL, epochs=4, warmup=1, batch_size=2, learning_rate=0.01, weight_decay=0.1)
    assert recipe.steps(10) == 20
    assert recipe.warmup_steps(10) == 5
    network, same = Two(), Two()
    step = make_step(Fabric(accelerator="cpu", precision="32-true"), network, recipe, ISPRS, samples=10)
    batch = make_batch()
    step(batch, 2)
    optimizer = torch.optim.AdamW(same.parameters(), lr=0.01 * 3 / 6, weight_decay=0.1)
    weighted_sum(HiResNetObjective(recipe, ISPRS)(same, batch), recipe.weights()).backward()
    optimizer.step()
    for ours, theirs in zip(network.parameters(), same.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert step.schedule(5) == 1
    assert step.schedule(20) == pytest.approx(0)


def test_the_papers_hyper_parameters() -> None:
    for recipe in (VAIHINGEN, POTSDAM, LOVEDA):
        assert (recipe.learning_rate, recipe.weight_decay, recipe.batch_size, recipe.crop) == (1e-4, 1e-8, 16, 512)
        assert (recipe.warmup, recipe.scales, recipe.rotate) == (3, (0.5, 0.75, 1.0, 1.25, 1.5), False)
    assert [recipe.epochs for recipe in (VAIHINGEN, POTSDAM, LOVEDA)] == [200, 200, 400]
    assert (MAPILLARY.learning_rate, MAPILLARY.crop, MAPILLARY.batch_size) == (5e-5, 256, 80)
    assert MAPILLARY.steps(400_000) == 3_125_000
    moco = MILLION_AID
    assert (moco.learning_rate, moco.crop, moco.batch_size, moco.steps) == (0.015, 400, 64, 3_125_000)
    assert (moco.queue, moco.dimension, moco.momentum) == (65_536, 128, 0.999)
    assert moco.steps * moco.batch_size / 1_000_000 == 200  # the paper says 150 epochs


def test_the_quick_recipes_are_the_same_at_another_size() -> None:
    quick = VAIHINGEN.quick()
    same = ("variant", "terms", "ratios", "softmax", "coarse", "refined", "epsilon", "beta", "threshold", "classes")
    assert all(getattr(quick, name) == getattr(VAIHINGEN, name) for name in same)
    assert quick.steps(192) == 120
    assert quick.unit / quick.crop == VAIHINGEN.unit / VAIHINGEN.crop
    assert MILLION_AID.quick().temperature == MILLION_AID.temperature
    assert MILLION_AID.quick().queue % MILLION_AID.quick().batch_size == 0
