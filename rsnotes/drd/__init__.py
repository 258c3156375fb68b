"""Dual relation distillation: relations between pixels and between channels, from a large network to a small one."""

from rsnotes.drd.adversarial import Critic, adversarial_loss, critic_loss, gradient_penalty
from rsnotes.drd.comparators import intra_class_variation_loss, pairwise_loss
from rsnotes.drd.objective import DRDObjective, Student
from rsnotes.drd.pixelwise import pixelwise_loss
from rsnotes.drd.recipe import CITYSCAPES, POTSDAM, VAIHINGEN, DRDRecipe
from rsnotes.drd.relations import (
    ChannelProjection,
    channel_relation,
    channel_relation_loss,
    spatial_relation,
    spatial_relation_loss,
)
from rsnotes.drd.step import DRDStep

__all__ = [
    "CITYSCAPES",
    "POTSDAM",
    "VAIHINGEN",
    "ChannelProjection",
    "Critic",
    "DRDObjective",
    "DRDRecipe",
    "DRDStep",
    "Student",
    "adversarial_loss",
    "channel_relation",
    "channel_relation_loss",
    "critic_loss",
    "gradient_penalty",
    "intra_class_variation_loss",
    "pairwise_loss",
    "pixelwise_loss",
    "spatial_relation",
    "spatial_relation_loss",
]
