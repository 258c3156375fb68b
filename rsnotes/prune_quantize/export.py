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


def export_onnx(network: nn.Module, path: str | os.PathLike[str], image: tuple[int, int, int]) -> None:
    """Write a network that gives its logits alone, for one image of a size.

    A network of :func:`~rsnotes.prune_quantize.quantize_network` becomes integers, QuantizeLinear and
    DequantizeLinear in the same steps, activations as unsigned bytes with zero point 128. What differs from the
    simulation is rounding: ONNX rounds halves to even, and biases have the steps of input times weight.

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
