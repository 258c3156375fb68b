"""The student's encoder: SegFormer's mix transformer."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from timm.models import load_state_dict
from torch import Tensor, nn

from rsnotes.maflnet.standardise import standardise

PUBLISHED = "nvidia/mit-b0"
"""The weights of SegFormer's authors on the Hugging Face hub, pretrained on ImageNet."""


class MiTEncoder(nn.Module):
    """A mix transformer of ``transformers``, from an image to four maps.

    Attributes:
        backbone: ``transformers.SegformerModel``.
        channels: of the four maps, at strides 4, 8, 16 and 32.

    Args:
        pretrained: ``True`` for the published weights of B0, or a local file of weights with their names.
        **config: of ``transformers.SegformerConfig``, whose defaults are B0 with 3 319 392 parameters.

    Raises:
        RuntimeError: when the weights cannot be had or do not fit; says what to do.
    """

    def __init__(self, *, pretrained: bool | str | os.PathLike[str] = False, **config: Any) -> None:
        super().__init__()
        from transformers import SegformerConfig, SegformerModel  # 3 s to import, which the teacher does without

        settings = SegformerConfig(**config)
        self.channels: tuple[int, ...] = tuple(settings.hidden_sizes)
        self.backbone: nn.Module = (
            SegformerModel(settings) if pretrained is False else _load(SegformerModel, settings, pretrained)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Four maps (B, C, h, w), from fine to coarse; sides are halved upwards (500 gives 125, 63, 32, 16).

        Args:
            image: (B, 3, H, W) in [0, 1].
        """
        return self.backbone(standardise(image), output_hidden_states=True).hidden_states

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """All parameters."""
        return self.parameters()


def _load(model: Any, settings: Any, pretrained: Literal[True] | str | os.PathLike[str]) -> nn.Module:
    """The model filled from the published weights or from a file; a classifier in it is left out."""
    if pretrained is True:
        source, options = PUBLISHED, {}
    elif Path(pretrained).is_file():
        source, options = None, {"state_dict": load_state_dict(str(pretrained), weights_only=True)}
    else:
        raise RuntimeError(f"pretrained= names {pretrained}, which is no file; expected weights of SegFormer's MiT-B0")
    try:
        network, info = model.from_pretrained(source, config=settings, output_loading_info=True, **options)
    except Exception as error:  # the hub client raises whatever its transport raises
        raise RuntimeError(
            f"the weights {source or pretrained} could not be loaded ({type(error).__name__}: {error}). Use "
            f"pretrained=False, or fetch a weight file of https://huggingface.co/{PUBLISHED} and give its path"
        ) from error
    if info["missing_keys"]:
        missing = sorted(info["missing_keys"])
        raise RuntimeError(
            f"the weights {source or pretrained} do not fit: {len(missing)} tensors are missing, the first "
            f"{missing[0]}. Expected SegFormer's MiT-B0 with the names published with it"
        )
    return network.train()
