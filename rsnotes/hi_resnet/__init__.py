"""Hi-ResNet: a network that keeps its resolution, a loss that minds edges, pretraining without labels."""

from rsnotes.hi_resnet.blocks import InformationAggregation, InvertedBottleneck, SqueezeExcitation, WindowAttention
from rsnotes.hi_resnet.branches import Fusion
from rsnotes.hi_resnet.distance import cascaded_distance, manhattan_distance
from rsnotes.hi_resnet.losses import (
    dice_class_weights,
    edge_aware_loss,
    edge_distance,
    generalised_dice_loss,
    label_smoothing_cross_entropy,
    regions,
    smooth_labels,
)
from rsnotes.hi_resnet.moco import Encoder, MoCoStep, Queue, Shuffle, info_nce, momentum_update
from rsnotes.hi_resnet.neighbours import agreement, class_shares, describe, nearest
from rsnotes.hi_resnet.network import LAYOUTS, Backbone, HiResNet, hi_resnet, joined
from rsnotes.hi_resnet.objective import HiResNetObjective, make_step
from rsnotes.hi_resnet.recipe import LOVEDA, MAPILLARY, MILLION_AID, POTSDAM, VAIHINGEN, HiResNetRecipe, MoCoRecipe
from rsnotes.hi_resnet.refinement import ObjectAttention, Refinement, region_features
from rsnotes.hi_resnet.views import TwoViews

__all__ = [
    "LAYOUTS",
    "LOVEDA",
    "MAPILLARY",
    "MILLION_AID",
    "POTSDAM",
    "VAIHINGEN",
    "Backbone",
    "Encoder",
    "Fusion",
    "HiResNet",
    "HiResNetObjective",
    "HiResNetRecipe",
    "InformationAggregation",
    "InvertedBottleneck",
    "MoCoRecipe",
    "MoCoStep",
    "ObjectAttention",
    "Queue",
    "Refinement",
    "Shuffle",
    "SqueezeExcitation",
    "TwoViews",
    "WindowAttention",
    "agreement",
    "cascaded_distance",
    "class_shares",
    "describe",
    "dice_class_weights",
    "edge_aware_loss",
    "edge_distance",
    "generalised_dice_loss",
    "hi_resnet",
    "info_nce",
    "joined",
    "label_smoothing_cross_entropy",
    "make_step",
    "manhattan_distance",
    "momentum_update",
    "nearest",
    "region_features",
    "regions",
    "smooth_labels",
]
