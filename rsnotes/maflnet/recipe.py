"""What the paper trains with, and what it leaves to the code it follows."""

from dataclasses import dataclass, replace
from typing import Literal

from torch import nn
from torch.optim import AdamW

from rsnotes.maflnet.network import MAFLNet

Data = Literal["vaihingen", "potsdam"]


@dataclass(frozen=True)
class MAFLNetRecipe:
    """Hyper-parameters of SAM2-MAFLNet, the same for teacher and student.

    "GeoSeg" stands for the published training configuration of UNetFormer, whose rates and schedule the paper's
    resemble; "DIST" for the method that the two relation losses come from. They decide what the paper leaves unstated.
    """

    data: Data = "vaihingen"  # section 4.2; the tiles are the reader's split of paper "maflnet"
    crop: int = 512  # unstated; GeoSeg, pixels
    scales: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5)  # unstated; GeoSeg
    mosaic: float = 0.25  # section 4.2 names it, and flips, for Potsdam alone; share of the samples from GeoSeg

    teacher: str = "sam2_hiera_tiny"  # section 3.1: "a lightweight version of SAM2"; "tiny" is the small pair's

    inter_weight: float = 1.0  # unstated; DIST
    intra_weight: float = 1.0  # unstated; DIST

    steps: int = 40_000  # unstated; ours: each pixel of Vaihingen's 15 tiles is seen about 500 times
    batch_size: int = 4  # section 4.1
    learning_rate: float = 6e-4  # section 4.1, what is new
    backbone_rate: float = 6e-5  # section 4.1, the encoder's own parameters
    weight_decay: float = 0.01  # unstated, as is the optimiser; GeoSeg, AdamW

    def teacher_weights(self) -> dict[str, float]:
        """Weight of every term in the teacher's total loss.

        Equation: maflnet 23
        """
        return {"L_ce": 1.0, "L_dice": 1.0, "L_aux": 1.0}

    def student_weights(self) -> dict[str, float]:
        """Weight of every term in the student's total loss, which the paper does not print."""
        return {"L_ce": 1.0, "L_dice": 1.0, "L_inter": self.inter_weight, "L_intra": self.intra_weight}

    def optimizer(self, network: MAFLNet) -> AdamW:
        """AdamW with the lower rate for the encoder's own parameters, the higher one for adapters and decoder.

        What is frozen is left out. Cosine annealing of both is ``rsnotes.training.cosine(steps)``; section 4.1 names it
        for what is not backbone, and does not say how the backbone's rate goes.
        """
        slow = [parameter for parameter in network.encoder.pretrained_parameters() if parameter.requires_grad]
        known = {id(parameter) for parameter in slow}
        fast = [p for p in network.parameters() if p.requires_grad and id(p) not in known]
        groups: list[tuple[list[nn.Parameter], float]] = [(slow, self.backbone_rate), (fast, self.learning_rate)]
        return AdamW(
            [{"params": parameters, "lr": rate} for parameters, rate in groups if parameters],
            weight_decay=self.weight_decay,
        )

    def quick(self) -> "MAFLNetRecipe":
        """The same recipe at the size the book runs live: the tiny pair, crops of 128 pixels, 150 steps.

        Its encoders start from nothing, so they learn at the rate of the rest.
        """
        return replace(
            self,
            teacher="tiny",
            crop=128,
            scales=(1.0,),
            batch_size=16,
            steps=150,
            learning_rate=3e-3,
            backbone_rate=3e-3,
        )


VAIHINGEN = MAFLNetRecipe()
"""Section 4.2: 15 tiles train, 30 validates, 17 test, ``Vaihingen(root, split, paper="maflnet")``."""

POTSDAM = MAFLNetRecipe(data="potsdam")
"""Section 4.2: 22 tiles train, 2_10 validates, the rest test, in RGB, ``Potsdam(root, split, paper="maflnet")``."""
