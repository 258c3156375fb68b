"""A word that nobody knows is refused where it is first read, and never taken for the other one.

What is silently taken for "none" or "all" trains, scores, and answers another question.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from rsnotes.datasets import ISPRS
from rsnotes.drd import DRDRecipe
from rsnotes.drd import command as drd
from rsnotes.hi_resnet import HiResNetRecipe, edge_aware_loss
from rsnotes.hi_resnet import command as hi_resnet
from rsnotes.maflnet import MAFLNetRecipe, tiny_teacher
from rsnotes.maflnet import command as maflnet
from rsnotes.metrics import Scores, iou
from rsnotes.mkd_ssl import Chain, MKDRecipe, Stage, Supervision, update_teacher
from rsnotes.mkd_ssl import command as mkd_ssl
from rsnotes.mkd_ssl.mean_teacher import MeanTeacherStep
from rsnotes.prune_quantize import PruneQuantizeRecipe, products_at_zero
from rsnotes.prune_quantize import command as prune_quantize

X: Any = "x"  # no type checker ran, as in a notebook
NORM = nn.BatchNorm2d(2)
SCORES = Scores(ISPRS, torch.ones(1, 6, 6, dtype=torch.int64))
LOGITS, MASK = torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64)


def mean_teacher_step(divide: Any) -> MeanTeacherStep:
    anything: Any = None
    return MeanTeacherStep(anything, NORM, NORM, MKDRecipe(), 1, anything, None, divide=divide)


WORDS = {
    "context": (lambda: tiny_teacher(6, context=X), "no context 'x'; there are maca, plain and none"),
    "edges": (lambda: tiny_teacher(6, edges=X), "no edges 'x'; there are lhfem, masked, plain and none"),
    "adapters": (lambda: tiny_teacher(6, adapters=X), "no adapters before every 'x'; there are block and level"),
    "classes of CEA": (lambda: edge_aware_loss(LOGITS, MASK, X), "no choice of classes 'x'; there are one and all"),
    "buffers": (lambda: update_teacher(NORM, NORM, 0, 0.9, buffers=X), "no buffers 'x'; they are copied or averaged"),
    "divide": (lambda: mean_teacher_step(X), "no division by 'x' pixels; there are kept and all"),
    "supervised": (
        lambda: Supervision(replace(MKDRecipe(), supervised=X), ISPRS),
        "no supervised loss 'x'; there are ohem and cross_entropy",
    ),
    "ewc": (
        lambda: Chain(X, X, replace(MKDRecipe(), ewc=X), 0, X)._springs(Stage("bridge", ("a",)), X, NORM, NORM, X),
        "no EWC 'x'; there are literal, principled and off",
    ),
    "teacher": (
        lambda: Stage("bridge", ("a",), X),
        "a teacher is decoder, classifier, all or None.* got 'x', 'random'",
    ),
    "student": (lambda: Stage("bridge", ("a",), "all", X), "a student random or previous.* got 'all', 'x'"),
    "losses": (lambda: Stage("bridge", ("a",), "all", losses=("ewc", X)), r"losses are .* and \('ewc', 'x'\)"),
    "zero": (lambda: products_at_zero(NORM, "", [], zero=X), "no 'x' to set to zero; there are weight and filter"),
    "over": (lambda: SCORES.mean(iou, over=X), "counted or all classes, .* got 'x' and 'global'"),
    "images": (lambda: SCORES.mean(iou, images=X), "global scores or those of each image; got 'counted' and 'x'"),
    "drd": (lambda: drd.open_split(DRDRecipe(data=X), Path(), "test"), "no recipe for 'x'; there are vaihingen, potsd"),
    "maflnet": (
        lambda: maflnet.open_split(MAFLNetRecipe(data=X), Path(), "test"),
        "no recipe for 'x'; there are vaihi",
    ),
    "hi_resnet": (lambda: hi_resnet.open_split(HiResNetRecipe(data=X), Path(), "test"), "'x'; .* loveda and mapillary"),
    "mkd_ssl": (lambda: mkd_ssl.held_out(MKDRecipe(data=X), Path()), "no recipe for 'x'; there are erhai and citysc"),
    "prune_quantize": (
        lambda: prune_quantize.open_split(PruneQuantizeRecipe(data=X), Path(), "test"),
        "no recipe for 'x'; there are uavid and vaihingen",
    ),
}


@pytest.mark.parametrize("word", WORDS)
def test_an_unknown_word_is_refused_and_the_known_ones_named(word: str) -> None:
    call, message = WORDS[word]
    with pytest.raises(ValueError, match=message):
        call()
