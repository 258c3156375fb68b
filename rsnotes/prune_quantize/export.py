"""Networks as ONNX files: in floats, or in eight bits that ONNX Runtime's integer kernels run."""

import os
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from rsnotes.networks import LogitsOnly
from rsnotes.paths import written_aside

LOGITS, IMAGES = "logits", "images"

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux says what a processor can."""


def has_vnni(cpuinfo: Path | None = None) -> bool:
    """Whether this processor adds up products of bytes in 32 bits (VNNI); False where the system does not say.

    Args:
        cpuinfo: another file than :data:`CPUINFO`.
    """
    try:
        lines = (cpuinfo or CPUINFO).read_text("utf-8").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return not {"avx512_vnni", "avx_vnni"}.isdisjoint(flags)


def kernel_bits() -> int:
    """Bits of weights with which integer kernels compute exactly on this processor: 8 with VNNI, 7 without.

    Without it two products of an unsigned byte and a signed one are added in 16 bits, and 2 × 255 × 127 is too large
    for those: the sum saturates, without a word. 2 × 255 × 64 is not.
    """
    return 8 if has_vnni() else 7


def export_onnx(network: nn.Module, path: str | os.PathLike[str], image: tuple[int, int, int]) -> None:
    """Write a network that gives its logits alone, for one image of a size.

    A network of :func:`~rsnotes.prune_quantize.quantize_network` becomes integers, QuantizeLinear and
    DequantizeLinear in the same steps, activations as unsigned bytes with zero point 128. What differs from the
    simulation is rounding: ONNX rounds halves to even, and biases have the steps of input times weight. Over the layers
    of the shipped network halves away from zero cost one to two points of mIoU that halves to even do not.

    Args:
        network: in eval mode, on the CPU.
        path: written aside first, then renamed.
        image: (bands, H, W).

    Raises:
        ValueError: activations are not of 8 bits, which is what the kernels take.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        program = torch.onnx.export(
            LogitsOnly(network).eval(), (torch.zeros(1, *image),), input_names=[IMAGES], output_names=[LOGITS],
            dynamo=True, verbose=False,
        )  # fmt: skip
    assert program is not None
    for node in program.model.graph:
        node.metadata_props.clear()  # a stack trace each
    with written_aside(Path(path)) as aside:
        program.save(aside)


def open_session(path: str | os.PathLike[str], threads: int = 0) -> onnxruntime.InferenceSession:
    """An ONNX file ready to run on the CPU.

    Args:
        path: the file.
        threads: 0 for as many as there are cores.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])


class OnnxNetwork(nn.Module):
    """An ONNX file as a network from (B, bands, H, W) to logits (B, classes, H, W), one image at a time.

    Args:
        session: from :func:`open_session`.
    """

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        super().__init__()
        self.session = session

    def forward(self, images: Tensor) -> Tensor:
        runs = (self.session.run([LOGITS], {IMAGES: image[None].numpy()})[0] for image in images)
        return torch.from_numpy(np.concatenate(list(runs)))
