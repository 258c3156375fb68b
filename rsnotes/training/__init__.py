"""Training: one loop a student can read, on top of Lightning Fabric."""

from rsnotes.training.batches import Batch, Samples, batches
from rsnotes.training.checkpoint import load_checkpoint, save_checkpoint
from rsnotes.training.loop import History, Step, train
from rsnotes.training.moving_average import ema_update
from rsnotes.training.precision import Precision, choose_precision, make_fabric
from rsnotes.training.schedules import constant, cosine, poly
from rsnotes.training.steps import GradientStep, Objective, weighted_sum
from rsnotes.training.teacher import LiveTeacher, Teacher, TeacherCache

__all__ = [
    "Batch",
    "GradientStep",
    "History",
    "LiveTeacher",
    "Objective",
    "Precision",
    "Samples",
    "Step",
    "Teacher",
    "TeacherCache",
    "batches",
    "choose_precision",
    "constant",
    "cosine",
    "ema_update",
    "load_checkpoint",
    "make_fabric",
    "poly",
    "save_checkpoint",
    "train",
    "weighted_sum",
]
