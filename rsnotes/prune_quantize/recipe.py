"""What the paper trains, prunes and quantizes with."""

from dataclasses import dataclass, replace
from typing import Literal

from rsnotes.training.schedules import Schedule


@dataclass(frozen=True)
class PruneQuantizeRecipe:
    """Hyper-parameters of training, pruning, retraining and quantization."""

    data: Literal["uavid", "vaihingen"] = "vaihingen"  # section 3.1
    crop: int = 512  # section 3.1 resizes to 512 × 512; cut out here, not resized. UAVid: the height frames shrink to
    shift: int = 10  # section 3.2, pixels: reflection "within [-10, 10] pixels" is read as reflection and translation

    backbone: str = "resnet50"  # section 3.4; table II has resnet18 too
    width: float = 1.0  # section 2.1
    pretrained: bool = True  # section 3.2, ImageNet

    epochs: int = 80  # section 3.2
    batch_size: int = 8  # section 3.2
    learning_rate: float = 1e-3  # section 3.2, printed as 1^-3; SGD
    momentum: float = 0.9  # section 3.2
    weight_decay: float = 1e-3  # section 3.2, "L2 regularization"
    decay: float = 0.3  # section 3.2, factor on the learning rate
    decay_every: int = 10  # section 3.2, epochs

    rounds: int = 60  # section 3.2, "iterations"
    kept: float = 37.8 / 43.9  # table II, share of the parameters left; 9.2 / 20.6 for resnet18
    normalise: bool = False  # unstated; equation 8 is ranked across layers as printed
    recalibrate: Literal["statistics", "parameters"] = "statistics"  # section 2.2, "recalibrated", not said how
    retraining_epochs: int = 20  # section 3.2

    weight_bits: int = 8  # section 2.3
    bias_bits: int = 8  # figure 1 logs biases; the text says weights
    activation_bits: int | None = 8  # figure 1 logs activations; the text says weights
    calibration: int = 16  # unstated, tiles whose activations are logged
    tolerance: float | None = None  # section 2.3 quantizes all weights; a number leaves out those that change more

    def weights(self) -> dict[str, float]:
        """Weight of the loss terms: cross-entropy alone."""
        return {"cross_entropy": 1.0}

    def schedule(self, steps_an_epoch: int) -> Schedule:
        """Factor on the learning rate by step: :attr:`decay` to the number of :attr:`decay_every` epochs gone by."""
        return lambda number: self.decay ** (number // (steps_an_epoch * self.decay_every))

    def quick(self) -> "PruneQuantizeRecipe":
        """The same recipe for a thin network and crops of 128 pixels: a trial of the command in minutes."""
        return replace(
            self, backbone="resnet18", width=1 / 8, pretrained=False, crop=128, kept=9.2 / 20.6, batch_size=16,
            epochs=8, decay_every=4, learning_rate=0.1, retraining_epochs=2, rounds=6, calibration=4,
        )  # fmt: skip


VAIHINGEN = PruneQuantizeRecipe()
"""Section 3.4: ResNet-50; ``Vaihingen(root, split, paper="prune_quantize")``."""

UAVID = PruneQuantizeRecipe(data="uavid", crop=540)
"""Section 3.4: ResNet-50, scores on the validation sequences; ``UAVid(root, split)``."""
