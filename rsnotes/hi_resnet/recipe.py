"""What the paper trains and pretrains with, and what it leaves open."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch

from rsnotes.hi_resnet.chosen import MOCO_MOMENTUM, MOCO_RATE
from rsnotes.hi_resnet.network import Variant
from rsnotes.hi_resnet.refinement import DILATIONS

Term = Literal["gd", "lsce", "cea"]
"""Generalised Dice, label smoothing cross-entropy, class-agnostic edge-aware loss."""

Data = Literal["vaihingen", "potsdam", "loveda", "mapillary"]


@dataclass(frozen=True)
class HiResNetRecipe:
    """Hyper-parameters of training on labels, and of the supervised pretraining, which is the same."""

    data: Data = "vaihingen"  # section IV-A; the tiles are the reader's split of paper "hi_resnet"
    validation: bool = True  # section IV-B1: LoveDA's validation images are trained on too
    crop: int = 512  # section IV-B1, pixels
    keep: int | None = None  # section III-C2, of Mapillary alone: how many squares, those that hold what is rare
    scales: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5)  # section IV-B1
    rotate: bool = False  # section IV-B1 flips in both directions and does not turn

    variant: Variant = "final"  # table VII
    width: float = 1.0  # table II
    depth: float = 1.0  # table II
    dilations: tuple[int, int, int] = DILATIONS  # unstated; those of the ASP-OCR head in the authors' public code

    terms: tuple[Term, ...] = ("gd", "lsce", "cea")  # equation 8
    ratios: tuple[float, float, float] = (1.0, 1.0, 0.4)  # section IV-C3, of gd, lsce and cea
    softmax: bool = True  # section IV-C3, V4: the weights are the softmax of the ratios
    coarse: float = 1.0  # equation 9 and figure 8, which also tries 1 : 0.4 and 0.4 : 1
    refined: float = 1.0  # equation 9 and figure 8

    epsilon: float = 0.1  # equation 4; unstated, the usual value
    beta: float = 2.0  # below equation 7
    threshold: float = 0.5  # below equation 7; unstated
    classes: Literal["one", "all"] = "one"  # figure 2; the text says multi-class
    unit: float = 64.0  # unstated; ours: an eighth of the crop, which brings cea to the scale of the others

    epochs: float = 200.0  # section IV-B1; 400 on LoveDA
    warmup: float = 3.0  # section IV-B1, epochs
    batch_size: int = 16  # section IV-B1
    learning_rate: float = 1e-4  # section IV-B1, AdamW
    weight_decay: float = 1e-8  # section IV-B1

    def term_weights(self) -> dict[Term, float]:
        """α, β and γ: the softmax of the ratios of the terms in use, 0.3923, 0.3923 and 0.2153 for all three.

        Equation: hi_resnet 8
        """
        every: dict[Term, float] = dict(zip(("gd", "lsce", "cea"), self.ratios, strict=True))
        chosen = torch.tensor([every[term] for term in self.terms], dtype=torch.float64)
        return dict(zip(self.terms, (chosen.softmax(0) if self.softmax else chosen).tolist(), strict=True))

    def weights(self) -> dict[str, float]:
        """Weight of every term in the total loss: "coarse_gd", "refined_gd" ..., and "gd" ... where one output is all.

        Equation: hi_resnet 9
        """
        parts = self.term_weights()
        outputs = {"coarse_": self.coarse, "refined_": self.refined, "": 1.0}
        return {output + term: factor * weight for output, factor in outputs.items() for term, weight in parts.items()}

    def steps(self, samples: int) -> int:
        """Steps that the epochs take on so many samples."""
        return math.ceil(round(self.epochs * samples / self.batch_size, 6))

    def warmup_steps(self, samples: int) -> int:
        """Steps of the warm-up."""
        return round(self.warmup * samples / self.batch_size)

    def quick(self) -> "HiResNetRecipe":
        """The same recipe at the size the book runs live: a sixth of the channels, a quarter of the blocks.

        The dilations shrink with the crop. The rate is that of a small network trained briefly. An epoch of 192 squares
        is 24 steps.
        """
        return replace(
            self, crop=128, scales=(1.0,), rotate=True, width=1 / 6, depth=1 / 4, dilations=(6, 12, 18), unit=16.0,
            epochs=5.0, warmup=0.5, batch_size=8, learning_rate=3e-3, weight_decay=1e-2,
        )  # fmt: skip


VAIHINGEN = HiResNetRecipe()
"""Section IV-A3: 16 tiles train, 17 test, ``Vaihingen(root, split, paper="hi_resnet")``."""

POTSDAM = HiResNetRecipe(data="potsdam")
"""Section IV-A2: 23 tiles train (without 7_10), 14 test, ``Potsdam(root, split, paper="hi_resnet")``."""

LOVEDA = HiResNetRecipe(data="loveda", epochs=400.0)
"""Section IV-A1: training and validation images train; the test labels are withheld."""

MAPILLARY = HiResNetRecipe(data="mapillary", crop=256, keep=400_000, batch_size=80, learning_rate=5e-5, epochs=625.0)
"""Table III and sections III-C2 and IV-C4: 3 125 000 steps of 80 squares are 625 epochs of the 400 000 kept."""


@dataclass(frozen=True)
class MoCoRecipe:
    """Hyper-parameters of the pretraining without labels.

    "MoCo" stands for the published code of MoCo v2, which decides what the paper leaves unstated.
    """

    variant: Variant = "final"  # its backbone; the refinement module is trained on labels alone
    width: float = 1.0  # table II
    depth: float = 1.0  # table II

    crop: int = 400  # section III-C2: images cut into squares of 400 pixels, smaller ones dropped
    view: int = 224  # unstated; MoCo, side of a view in pixels
    area: float = 0.25  # unstated; ours, smallest share of the crop that a view shows (MoCo has 0.2)
    colour: float = 0.4  # unstated; MoCo

    queue: int = 65_536  # unstated; MoCo, keys
    dimension: int = 128  # unstated; MoCo
    temperature: float = 0.2  # unstated; MoCo v2 (v1 has 0.07)
    momentum: float = 0.999  # unstated; MoCo, m of equation 11
    groups: int = 8  # unstated; MoCo's devices: parts of the batch that are normalised apart

    steps: int = 3_125_000  # section IV-C4
    batch_size: int = 64  # table III
    learning_rate: float = 0.015  # table III, SGD
    sgd_momentum: float = 0.9  # unstated; MoCo
    weight_decay: float = 1e-4  # unstated; MoCo

    def quick(self) -> "MoCoRecipe":
        """The same recipe at the size the book runs live: the thin network, views of 64 pixels, a short queue.

        The queue is an eighth of the 2048 squares that the book's encoders see. Were it half as long as the data or
        longer, many a query would find its own square among the others. Momentum and rate are those of a sweep.
        """
        return replace(
            self, width=1 / 6, depth=1 / 4, crop=128, view=64, queue=256, dimension=64, groups=2,
            momentum=MOCO_MOMENTUM, steps=300, batch_size=32, learning_rate=MOCO_RATE,
        )  # fmt: skip


MILLION_AID = MoCoRecipe()
"""Section III-C: crops of Million-AID, without its labels."""
