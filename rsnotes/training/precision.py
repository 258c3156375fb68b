"""Which number format and memory layout this machine trains fastest with."""

import logging
import os
from typing import Literal, NamedTuple

import torch
from lightning_fabric import Fabric

Format = Literal["32-true", "16-mixed", "bf16-mixed"]


class Precision(NamedTuple):
    """A choice of arithmetic.

    Attributes:
        format: Lightning Fabric's name of the number format. Mixed formats keep weights and losses in float32.
        channels_last: whether convolutions read (B, H, W, C) in memory.
    """

    format: Format
    channels_last: bool


def choose_precision(device: str) -> Precision:
    """Arithmetic for ``device``, asked from the processor rather than timed, so that a run repeats.

    A CPU with AMX multiplies bfloat16 tiles in hardware; one with AVX-512 BF16 gains less; an older one is slower with
    it. Channels-last would be faster still, but oneDNN 3.13 takes the gradient of a dilated convolution in that layout
    from memory beyond its own, where the input has more than 16 channels and no multiple of 16, so it is left to GPUs.
    A GPU before compute capability 8 emulates bfloat16, and PyTorch says it is supported all the same, so the
    capability decides; there float16 with loss scaling is used.

    Args:
        device: "cpu", "cuda" or another PyTorch device type.

    The environment variable ``RSNOTES_PRECISION`` ("32-true", "16-mixed", "bf16-mixed") overrides the format.
    """
    choice = _measured_choice(device)
    wanted = os.environ.get("RSNOTES_PRECISION")
    if wanted is None:
        return choice
    if wanted not in ("32-true", "16-mixed", "bf16-mixed"):
        raise ValueError(f"RSNOTES_PRECISION is {wanted!r}: expected 32-true, 16-mixed or bf16-mixed")
    return Precision(wanted, choice.channels_last)  # type: ignore[arg-type]


def _measured_choice(device: str) -> Precision:
    if device == "cuda":
        new = torch.cuda.get_device_capability()[0] >= 8
        return Precision("bf16-mixed" if new else "16-mixed", channels_last=True)
    if device == "cpu" and (_cpu_has("_is_amx_tile_supported") or _cpu_has("_is_avx512_bf16_supported")):
        return Precision("bf16-mixed", channels_last=False)
    return Precision("32-true", channels_last=False)


def _cpu_has(question: str) -> bool:
    ask = getattr(torch.cpu, question, None)
    return bool(ask()) if ask is not None else False


def make_fabric(accelerator: str = "auto", devices: int = 1, strategy: str = "auto") -> Fabric:
    """A Fabric on the best device there is, with :func:`choose_precision`'s format.

    Args:
        accelerator: "auto" takes a GPU when there is one.
        devices: processes; more than one needs ``fabric.launch()`` in a script.
        strategy: Fabric's name of the strategy, "auto" or "ddp".
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it names its arithmetic at every start
    device = "cuda" if accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available() else "cpu"
    return Fabric(accelerator=device, devices=devices, strategy=strategy, precision=choose_precision(device).format)
