"""The encoders that fine-tuning starts from: pretrained once, measured by a linear probe, and shipped."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes import scenes
from rsnotes.datasets import Augment
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.experiments import Experiment
from rsnotes.experiments.curve import score, score_figures
from rsnotes.hi_resnet.moco import Encoder, MoCoStep
from rsnotes.hi_resnet.neighbours import agreement, class_shares, describe, nearest
from rsnotes.hi_resnet.network import Backbone, hi_resnet, joined
from rsnotes.hi_resnet.objective import make_step
from rsnotes.hi_resnet.recipe import MILLION_AID, VAIHINGEN
from rsnotes.hi_resnet.views import TwoViews
from rsnotes.networks import SegmentationOutput
from rsnotes.networks.weights import save_weights, weights_path
from rsnotes.training import History, make_fabric, train
from rsnotes.training.supervised import SupervisedRecipe, fit

OTHER_SCENES = 200_000
"""How far the scenes of pretraining lie from those of fine-tuning, in scenes of the split."""

POINTS = 40
"""Points of the stored loss curve."""


@dataclass(frozen=True)
class EncoderSettings:
    """One pretraining.

    Attributes:
        method: "moco" on scenes without labels, or "supervised" on labelled scenes of another sensor.
        steps: length.
        tiles: scenes of 256², cut into squares of 128.
    """

    method: Literal["moco", "supervised"]
    steps: int
    tiles: int = 512


class Probe(nn.Module):
    """A frozen backbone and a linear classifier of its pixels.

    Args:
        backbone: its parameters and statistics stay as they are.
        classes: number of classes.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.classifier = nn.Conv2d(sum(backbone.channels), classes, 1)

    def train(self, mode: bool = True) -> "Probe":
        """Training mode for the classifier; the backbone never has it."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, images: Tensor) -> SegmentationOutput:  # (B, bands, H, W)
        features = joined(self.backbone(images))
        logits = F.interpolate(self.classifier(features), images.shape[-2:], mode="bilinear")
        return SegmentationOutput(logits, features)


def pretrain(settings: EncoderSettings, seed: int, folder: Path) -> tuple[Encoder, History]:
    """An encoder pretrained by one of the two methods, and the record of its training."""
    torch.manual_seed(seed)
    moco, labelled = replace(MILLION_AID.quick(), steps=settings.steps), VAIHINGEN.quick()
    network = hi_resnet(moco.variant, 6, width=moco.width, depth=moco.depth, dilations=labelled.dilations)
    encoder, fabric = Encoder(network.backbone, moco.dimension), make_fabric()
    config = scenes.TEACHING if settings.method == "moco" else scenes.OTHER_SENSOR
    tiles = scenes.SceneDataset("experiments-training", settings.tiles, config, start=OTHER_SCENES)
    squares = Squares(InMemory(tiles), moco.crop)
    options: dict[str, Any] = {"steps": settings.steps, "seed": seed, "checkpoints": folder}
    if settings.method == "moco":
        views = TwoViews(moco.view, moco.area, moco.colour)
        step = MoCoStep(fabric, encoder, moco)
        return encoder, train(fabric, step, squares, views, batch_size=moco.batch_size, **options)
    recipe = replace(labelled, epochs=settings.steps * labelled.batch_size / len(squares))
    trained = make_step(fabric, network, recipe, squares.classes, len(squares))
    return encoder, train(fabric, trained, squares, Augment(recipe.crop), batch_size=recipe.batch_size, **options)


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
    save_weights(encoder, path, {"scenes": scenes.VERSION, "method": settings.method, "steps": str(settings.steps)})
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
    if settings.method == "supervised":
        return "hi_resnet_supervised"
    return "hi_resnet_moco_short" if settings.steps <= SHORT else "hi_resnet_moco_long"


SHORT, LONG = 1500, 12_000

SOURCES = (
    *(f"hi_resnet/{name}.py" for name in ("pretraining", "moco", "views", "neighbours", "recipe", "objective")),
    *(f"hi_resnet/{name}.py" for name in ("network", "branches", "blocks", "refinement", "losses", "distance")),
    *(f"training/{name}.py" for name in ("loop", "steps", "batches", "schedules", "supervised", "moving_average")),
    *("datasets/squares.py", "losses/cross_entropy.py", "scenes/dataset.py"),
)

ENCODER = Experiment(
    name="hi_resnet_encoder",
    title="What does a few minutes of MoCo give the thin backbone?",
    variants={"MoCo short": EncoderSettings("moco", SHORT)},
    seeds=(0,),
    run=run_encoder,
    sources=SOURCES,
)

ENCODERS = Experiment(
    name="hi_resnet_encoders",
    title="What do labels of another sensor's scenes, and eight times as many steps of MoCo, give it?",
    variants={"supervised": EncoderSettings("supervised", SHORT, 256), "MoCo long": EncoderSettings("moco", LONG)},
    seeds=(0,),
    run=run_encoder,
    sources=SOURCES,
)
