"""What the paper trains with, and what it leaves to others."""

from dataclasses import dataclass, replace
from typing import Literal

from rsnotes.mkd_ssl.pseudo_labels import Filter
from rsnotes.mkd_ssl.views import Views

Data = Literal["erhai", "cityscapes"]
EWCMode = Literal["literal", "principled", "off"]


@dataclass(frozen=True)
class MKDRecipe:
    """Hyper-parameters of multi-stage distillation and semi-supervised learning.

    "Code" stands for the public repository that the paper names; it decides some of what the paper leaves unstated.
    Sections have no numbers in the paper; their titles are given.
    """

    data: Data = "erhai"  # "Results"; the other is the Cityscapes benchmark of table 4
    labelled: float = 0.1  # "Experimental results of semi-supervised learning": 880 of 8800 labelled images
    unlabelled: float = 1.0  # table 3, share of the unlabelled images
    crop: int = 512  # "Model training and hyperparameters", pixels

    backbone: str = "hrnet_w48"  # table 1
    attention: Literal["psa"] | None = "psa"  # table 1
    width: float = 1.0  # table 1

    supervised: Literal["ohem", "cross_entropy"] = "ohem"  # both are named, see the page of gaps
    ohem_threshold: float = 0.7  # unstated; usual in published code
    ohem_kept: int = 100_000  # unstated; usual in published code, pixels a batch
    temperature: float = 3.0  # "Multi-stage knowledge distillation strategy"; code: 1
    lambda_supervised: float = 1.0  # unstated; code
    lambda_distillation: float = 1.0  # unstated; code
    lambda_ewc: float = 1e-4  # unstated; code
    ewc: EWCMode = "principled"  # unstated; code is the literal mode
    fisher_samples: int = 32  # unstated; images the Fisher information is taken from
    auxiliary_weight: float = 0.4  # for networks with a second classifier; the paper's has none

    lambda_consistency: float = 1.0  # unstated; code
    ema_decay: float = 0.999  # "Semi-supervised learning strategy"; code: 0.99
    warm_up: bool = True  # code: the decay is min(1 - 1 / (t + 1), alpha)
    ema_buffers: Literal["copied", "averaged"] = "copied"  # unstated; code leaves them alone
    filter: Filter = "entropy"  # "Semi-supervised learning strategy"; per pixel or per sample is open
    entropy: float = 0.3  # unstated; fraction of log K
    confidence: float = 0.95  # "Model training and hyperparameters"
    views: Views = "weak-strong"  # code; the paper's own sentence is "paper"
    view_strength: float = 0.5  # unstated
    cut_mix: float = 0.25  # code uses CutMix; share of the area, 0 without
    together: bool = True  # labelled and unlabelled images in one batch, so in one batch normalisation; unstated

    epochs: int = 100  # "Model training and hyperparameters", of each training
    teacher_epochs: int = 10  # unstated; of each fine-tuning of a teacher
    batch_size: int = 8  # "Model training and hyperparameters"
    learning_rate: float = 1e-3  # "Model training and hyperparameters", SGD
    momentum: float = 0.9  # "Model training and hyperparameters"
    weight_decay: float = 1e-3  # "Model training and hyperparameters"
    power: float = 0.9  # unstated; polynomial decay

    def weights(self) -> dict[str, float]:
        """Weight of every loss term; those with weight 0 are recorded only."""
        return {
            "supervised": self.lambda_supervised,
            "auxiliary": self.auxiliary_weight,
            "distillation": self.lambda_distillation,
            "ewc": self.lambda_ewc,
            "consistency": self.lambda_consistency,
            "coverage": 0.0,
            "correctness": 0.0,
        }

    def quick(self) -> "MKDRecipe":
        """The same recipe at the size the book runs live: crops of 128 pixels, as large a share of pixels kept."""
        return replace(self, crop=128, batch_size=16, ohem_kept=12_500, learning_rate=0.05, fisher_samples=16)


ERHAI = MKDRecipe()
"""ImageNet, then HW, then Erhai with a tenth of its labels."""

CITYSCAPES = MKDRecipe(data="cityscapes", labelled=1 / 16)
"""ImageNet, then GTA5, then Cityscapes with a sixteenth of its labels: table 4."""
