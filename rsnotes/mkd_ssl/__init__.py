"""Multi-stage distillation and semi-supervision: from a far domain over a bridge to a target with few labels."""

from rsnotes.mkd_ssl.chain import Chain, Domain, Known
from rsnotes.mkd_ssl.distance import (
    frechet_distance,
    image_features,
    maximum_mean_discrepancy,
    proxy_a_distance,
    t_sne,
)
from rsnotes.mkd_ssl.ewc import ElasticWeightConsolidation, fisher_diagonal, literal, principled
from rsnotes.mkd_ssl.mean_teacher import MeanTeacherStep, Unlabelled, update_teacher, warmed_decay
from rsnotes.mkd_ssl.networks import TABLE1, small_network, table1_network
from rsnotes.mkd_ssl.objective import StageObjective, Supervision
from rsnotes.mkd_ssl.ohem import hard_pixels, ohem_cross_entropy
from rsnotes.mkd_ssl.pseudo_labels import (
    confidence_mask,
    entropy_mask,
    keep_mask,
    pseudo_labels,
    quality,
    relative_entropy,
    sample_mask,
)
from rsnotes.mkd_ssl.recipe import CITYSCAPES, ERHAI, MKDRecipe
from rsnotes.mkd_ssl.semi_supervised import Learnt, learn_from_both
from rsnotes.mkd_ssl.stages import Stage, freeze_all_but, new_head, only_backbone, same_names
from rsnotes.mkd_ssl.views import brightness, cut_mix, distort, make_views

__all__ = [
    "CITYSCAPES",
    "ERHAI",
    "TABLE1",
    "Chain",
    "Domain",
    "ElasticWeightConsolidation",
    "Known",
    "Learnt",
    "MKDRecipe",
    "MeanTeacherStep",
    "Stage",
    "StageObjective",
    "Supervision",
    "Unlabelled",
    "brightness",
    "confidence_mask",
    "cut_mix",
    "distort",
    "entropy_mask",
    "fisher_diagonal",
    "frechet_distance",
    "freeze_all_but",
    "hard_pixels",
    "image_features",
    "keep_mask",
    "learn_from_both",
    "literal",
    "make_views",
    "maximum_mean_discrepancy",
    "new_head",
    "ohem_cross_entropy",
    "only_backbone",
    "principled",
    "proxy_a_distance",
    "pseudo_labels",
    "quality",
    "relative_entropy",
    "same_names",
    "sample_mask",
    "small_network",
    "t_sne",
    "table1_network",
    "update_teacher",
    "warmed_decay",
]
