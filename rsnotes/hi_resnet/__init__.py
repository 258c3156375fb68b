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
from rsnotes.hi_resnet.network import LAYOUTS, Backbone, HiResNet, hi_resnet, joined
from rsnotes.hi_resnet.refinement import ObjectAttention, Refinement, region_features

__all__ = [
    "LAYOUTS",
    "Backbone",
    "Fusion",
    "HiResNet",
    "InformationAggregation",
    "InvertedBottleneck",
    "ObjectAttention",
    "Refinement",
    "SqueezeExcitation",
    "WindowAttention",
    "cascaded_distance",
    "dice_class_weights",
    "edge_aware_loss",
    "edge_distance",
    "generalised_dice_loss",
    "hi_resnet",
    "joined",
    "label_smoothing_cross_entropy",
    "manhattan_distance",
    "region_features",
    "regions",
    "smooth_labels",
]
