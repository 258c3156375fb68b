"""The encoders that fine-tuning starts from: pretrained once, measured by a linear probe, and shipped."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes import scenes
from rsnotes.datasets import Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.experiments import SCORING, Experiment
from rsnotes.experiments.curve import score, score_figures
from rsnotes.hi_resnet.chosen import RATES_OF_VARIANT
from rsnotes.hi_resnet.moco import Encoder, MoCoStep
from rsnotes.hi_resnet.neighbours import agreement, class_shares, describe, nearest
from rsnotes.hi_resnet.network import Backbone, hi_resnet, joined
from rsnotes.hi_resnet.objective import make_step
from rsnotes.hi_resnet.recipe import MILLION_AID, VAIHINGEN, HiResNetRecipe, MoCoRecipe
from rsnotes.hi_resnet.views import TwoViews
from rsnotes.networks import SegmentationOutput
from rsnotes.networks.weights import save_weights, weights_path
from rsnotes.training import History, Step, make_fabric, train
from rsnotes.training.supervised import SupervisedRecipe, fit

OTHER_SCENES = 200_000
"""How far the scenes of pretraining lie from those of fine-tuning, in scenes of the split."""

POINTS = 40
"""Points of the stored loss curve."""


@dataclass(frozen=True)
class EncoderSettings:
    """One pretraining.

    Attributes:
        recipe: MoCo's for scenes without labels, or that of training on labels for those of another sensor.
        steps: length, whatever the recipe's.
        tiles: scenes of 256², cut into squares of the recipe's crop.
    """

    recipe: MoCoRecipe | HiResNetRecipe
    steps: int
    tiles: int = 512

    @property
    def supervised(self) -> bool:
        """Whether labels are used."""
        return isinstance(self.recipe, HiResNetRecipe)


class Probe(nn.Module):
    """A frozen backbone and a linear classifier of its pixels.

    The features are normalised channel by channel on the way, over the probe's own training data. Without it a backbone
    with small features would score low at the probe's one rate, however well a line might separate them.

    Args:
        backbone: its parameters and statistics stay as they are.
        classes: number of classes.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.norm = nn.BatchNorm2d(sum(backbone.channels), momentum=None, affine=False)  # the mean over all batches
        self.classifier = nn.Conv2d(sum(backbone.channels), classes, 1)

    def train(self, mode: bool = True) -> "Probe":
        """Training mode for normalisation and classifier; the backbone never has it."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, bands, H, W)
        features = joined(self.backbone(images))
        logits = F.interpolate(self.classifier(self.norm(features)), images.shape[-2:], mode="bilinear")
        return SegmentationOutput(logits, features)


def pretrain(settings: EncoderSettings, seed: int, folder: Path) -> tuple[Encoder, History]:
    """An encoder pretrained by one of the two methods, and the record of its training."""
    torch.manual_seed(seed)
    recipe, fabric, dilations = settings.recipe, make_fabric(), VAIHINGEN.quick().dilations
    network = hi_resnet(recipe.variant, 6, width=recipe.width, depth=recipe.depth, dilations=dilations)
    encoder = Encoder(network.backbone, MILLION_AID.quick().dimension)
    config = scenes.OTHER_SENSOR if settings.supervised else scenes.TEACHING
    tiles = scenes.SceneDataset("experiments-training", settings.tiles, config, start=OTHER_SCENES)
    squares = Squares(InMemory(tiles), recipe.crop)
    step: Step
    augment: TwoViews | Augment
    if isinstance(recipe, MoCoRecipe):
        step = MoCoStep(fabric, encoder, replace(recipe, steps=settings.steps))
        augment = TwoViews(recipe.view, recipe.area, recipe.colour)
    else:
        whole = replace(recipe, epochs=settings.steps * recipe.batch_size / len(squares))
        step, augment = make_step(fabric, network, whole, squares.classes, len(squares)), Augment(recipe.crop)
    return encoder, train(
        fabric, step, squares, augment, steps=settings.steps, batch_size=recipe.batch_size, seed=seed,
        checkpoints=folder,
    )  # fmt: skip


def measure(encoder: Encoder, tiles: int = 32, steps: int = 200) -> dict[str, Any]:
    """Scores of a linear probe on the frozen backbone, and how much of the ground nearest squares have in common.

    Args:
        encoder: is left frozen.
        tiles: scenes to train the probe on, and as many to score it on.
        steps: of the probe's training.
    """
    labelled = InMemory(scenes.SceneDataset("experiments-training", tiles))
    validation = InMemory(scenes.SceneDataset("experiments-validation", tiles))
    squares = Squares(validation, 128)
    shares = class_shares(squares, len(squares.classes))
    found = agreement(shares, nearest(describe(encoder, squares), 5))
    torch.manual_seed(0)
    probe = Probe(encoder.backbone, len(labelled.classes))
    fit(make_fabric(), probe, labelled, SupervisedRecipe(steps=steps, rate=1e-2), 0)
    return score_figures(score(probe, validation)) | {"agreement": found}


def run_encoder(settings: EncoderSettings, seed: int, folder: Path) -> dict[str, Any]:
    """Pretrain, ship the weights as ``data/weights/hi_resnet_*.safetensors``, and measure."""
    encoder, history = pretrain(settings, seed, folder)
    path = weights_path(shipped_name(settings))
    method = "supervised" if settings.supervised else "moco"
    save_weights(encoder, path, {"scenes": scenes.VERSION, "method": method, "steps": str(settings.steps)})
    every = max(1, settings.steps // POINTS)
    curve = [
        {"step": k + 1, "seconds": round(history.seconds[k], 1)}
        | {name: sum(v[k + 1 - every : k + 1]) / every for name, v in history.terms.items()}
        for k in range(every - 1, len(history.seconds), every)
    ]
    return {
        "scores": measure(encoder),
        "curve": curve,
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "weights": path.name,
        "bytes": os.path.getsize(path),
    }


def shipped_name(settings: EncoderSettings) -> str:
    """Name of the weights that a pretraining leaves: the MoCo of :data:`ENCODER` is the short one."""
    if settings.supervised:
        return "hi_resnet_supervised"
    return "hi_resnet_moco_short" if settings.steps <= SHORT else "hi_resnet_moco_long"


SHORT, LONG = 1500, 12_000

SOURCES = (
    *(f"hi_resnet/{name}.py" for name in ("pretraining", "moco", "views", "neighbours", "recipe", "objective")),
    *(f"hi_resnet/{name}.py" for name in ("network", "branches", "blocks", "refinement", "losses", "distance")),
    *(f"training/{name}.py" for name in ("loop", "steps", "batches", "schedules", "supervised", "moving_average")),
    *("datasets/squares.py", "losses/cross_entropy.py", "scenes/dataset.py", "experiments/curve.py"),
    *SCORING,  # the augmentation, the data set in memory, and the scores
)
"""What a pretrained encoder and its probe depend on."""

ENCODER = Experiment(
    name="hi_resnet_encoder",
    title="What does a few minutes of MoCo give the thin backbone?",
    variants={"MoCo short": EncoderSettings(MILLION_AID.quick(), SHORT)},
    seeds=(0,),
    run=run_encoder,
    sources=SOURCES,
)

ENCODERS = Experiment(
    name="hi_resnet_encoders",
    title="What do labels of another sensor's scenes, and eight times as many steps of MoCo, give it?",
    variants={
        "supervised": EncoderSettings(replace(VAIHINGEN.quick(), learning_rate=RATES_OF_VARIANT["final"]), SHORT, 256),
        "MoCo long": EncoderSettings(MILLION_AID.quick(), LONG),
    },
    seeds=(0,),
    run=run_encoder,
    sources=SOURCES,
)
