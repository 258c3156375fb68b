"""What the paper trains with, and what it leaves to the code it builds on."""

from dataclasses import dataclass, replace
from typing import Literal

Term = Literal["L_P", "L_Adv", "L_S", "L_C", "L_pair", "L_IFV"]
"""Names of the distillation terms: the paper's four, and those of SKD and IFVD."""

Data = Literal["vaihingen", "potsdam", "cityscapes"]


@dataclass(frozen=True)
class DRDRecipe:
    """Hyper-parameters of dual relation distillation.

    "SKD" stands for the published training script of structured knowledge distillation, whose networks and losses
    the paper builds on; it decides what the paper leaves unstated.
    """

    data: Data = "vaihingen"  # section 4.1; the tiles are the reader's split of paper "drd"
    crop: int | None = 645  # section 4.3.2, pixels; None: the whole image

    teacher: str = "resnet101s"  # section 4.3.1: PSPNet with ResNet-101; the deep stem is SKD's
    student: str = "resnet18"  # section 4.3.1
    student_width: float = 1.0  # section 4.3.1; 0.5 is the paper's ResNet18 (0.5)

    terms: tuple[Term, ...] = ("L_P", "L_Adv", "L_S", "L_C")  # equation 9; table 1 adds them in this order
    lambda_1: float = 10.0  # below equation 9, weight of L_P
    lambda_2: float = 0.1  # below equation 9, weight of L_Adv
    lambda_3: float = 25.0  # below equation 9, weight of L_S and of L_C
    lambda_pair: float = 0.5  # SKD, --lambda-pa of its script, weight of SKD's pair-wise loss
    lambda_ifv: float = 200.0  # IFVD's published options, weight of its loss
    auxiliary_weight: float = 0.4  # unstated; SKD, weight of the second classifier's cross-entropy

    temperature: float = 1.0  # equation 6 has none
    normalise: bool = False  # equations 1 and 4 have raw products
    relation_temperature: float = 1.0  # equations 1 and 4 have none

    steps: int = 40_000  # unstated; SKD
    batch_size: int = 8  # unstated; SKD
    learning_rate: float = 1e-2  # unstated; SKD, SGD
    momentum: float = 0.9  # unstated; SKD
    weight_decay: float = 5e-4  # unstated; SKD
    power: float = 0.9  # unstated; SKD, polynomial decay
    critic_rate: float = 4e-4  # unstated; SKD, SGD with the same momentum, weight decay and schedule
    critic_width: int = 64  # unstated; SKD, channels of the critic's first layer
    gradient_penalty: float = 10.0  # unstated; SKD, weight in the critic's loss

    def weights(self) -> dict[str, float]:
        """Weight of every term in the total loss, signs as printed: the student raises the critic's value.

        Equation: drd 9
        """
        return {
            "cross_entropy": 1.0,
            "auxiliary": self.auxiliary_weight,
            "L_P": self.lambda_1,
            "L_Adv": -self.lambda_2,
            "L_S": self.lambda_3,
            "L_C": self.lambda_3,
            "L_pair": self.lambda_pair,
            "L_IFV": self.lambda_ifv,
        }

    def quick(self) -> "DRDRecipe":
        """The same recipe at the size the book runs live: small networks, crops of 128 pixels, 150 steps."""
        return replace(
            self, teacher="resnet18", student_width=1 / 8, crop=128, batch_size=16, steps=150, critic_width=16
        )


VAIHINGEN = DRDRecipe()
"""Section 4.1.1: 11 tiles train, 5 test, ``Vaihingen(root, split, paper="drd")``."""

POTSDAM = DRDRecipe(data="potsdam", crop=600)
"""Section 4.1.2: 17 tiles train, 7 test, ``Potsdam(root, split, paper="drd")``."""

CITYSCAPES = DRDRecipe(data="cityscapes", crop=None)
"""Section 4.1.3: the official split, images of 2048 × 1024 uncropped, ``Cityscapes(root, split)``."""
