"""The paper's settings."""

import pytest

from rsnotes.networks import deeplabv3plus
from rsnotes.prune_quantize import UAVID, VAIHINGEN, PruneQuantizeRecipe


def test_learning_rate_falls_to_three_tenths_every_ten_epochs():
    factor = VAIHINGEN.schedule(steps_an_epoch=7)
    assert [factor(step) for step in (0, 69, 70, 139, 140)] == pytest.approx([1, 1, 0.3, 0.3, 0.09])
    assert factor(7 * 79) == pytest.approx(0.3**7)


def test_the_papers_settings():
    for recipe in (VAIHINGEN, UAVID):
        assert (recipe.epochs, recipe.batch_size, recipe.momentum, recipe.learning_rate) == (80, 8, 0.9, 1e-3)
        assert (recipe.rounds, recipe.retraining_epochs, recipe.weight_decay) == (60, 20, 1e-3)
        assert (recipe.weight_bits, recipe.bias_bits, recipe.activation_bits) == (8, 8, 8)
        assert round(43.9 * recipe.kept, 1) == 37.8
    assert VAIHINGEN.weights() == {"cross_entropy": 1.0}


def test_the_quick_recipe_keeps_the_method_and_shrinks_the_rest():
    quick = PruneQuantizeRecipe().quick()
    assert quick.rounds < 60
    assert quick.crop == 128
    assert (quick.momentum, quick.weight_decay, quick.weight_bits) == (0.9, 1e-3, 8)
    network = deeplabv3plus(quick.backbone, 6, width=quick.width)
    assert sum(p.numel() for p in network.parameters()) < 500_000
