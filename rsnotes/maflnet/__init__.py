"""SAM2-MAFLNet: two attentions fused, edges from a pyramid, and a student that learns a frozen giant's relations."""

from rsnotes.maflnet.attention import CrossCovarianceAttention, DotProductAttention, LinearAngularAttention
from rsnotes.maflnet.edges import LHFEM, reverse_attention
from rsnotes.maflnet.factory import maflnet_student, maflnet_teacher, tiny_student, tiny_teacher
from rsnotes.maflnet.fusion import MACA, FusionModule
from rsnotes.maflnet.hiera import Adapter
from rsnotes.maflnet.losses import auxiliary_loss, hard_terms, inter_class_loss, intra_class_loss, printed_dice_loss
from rsnotes.maflnet.mosaic import Mosaic
from rsnotes.maflnet.network import MAFLNet
from rsnotes.maflnet.objective import student_objective, teacher_objective
from rsnotes.maflnet.pyramid import laplacian, laplacian_pyramid
from rsnotes.maflnet.recipe import POTSDAM, VAIHINGEN, MAFLNetRecipe
from rsnotes.maflnet.weights import load_tiny_teacher

__all__ = [
    "LHFEM",
    "MACA",
    "POTSDAM",
    "VAIHINGEN",
    "Adapter",
    "CrossCovarianceAttention",
    "DotProductAttention",
    "FusionModule",
    "LinearAngularAttention",
    "MAFLNet",
    "MAFLNetRecipe",
    "Mosaic",
    "auxiliary_loss",
    "hard_terms",
    "inter_class_loss",
    "intra_class_loss",
    "laplacian",
    "laplacian_pyramid",
    "load_tiny_teacher",
    "maflnet_student",
    "maflnet_teacher",
    "printed_dice_loss",
    "reverse_attention",
    "student_objective",
    "teacher_objective",
    "tiny_student",
    "tiny_teacher",
]
