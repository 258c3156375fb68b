"""Training: one loop a student can read, on top of Lightning Fabric."""

from rsnotes.training.batches import Batch, Samples, batches
from rsnotes.training.checkpoint import load_checkpoint, save_checkpoint
from rsnotes.training.loop import History, Step, train
from rsnotes.training.precision import Precision, choose_precision, make_fabric
from rsnotes.training.schedules import constant, cosine, poly
from rsnotes.training.steps import GradientStep, Objective, weighted_sum

__all__ = [
    "Batch",
    "GradientStep",
    "History",
    "Objective",
    "Precision",
    "Samples",
    "Step",
    "batches",
    "choose_precision",
    "constant",
    "cosine",
    "load_checkpoint",
    "make_fabric",
    "poly",
    "save_checkpoint",
    "train",
    "weighted_sum",
]
