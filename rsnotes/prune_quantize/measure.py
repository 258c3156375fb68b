"""What table II prints for a network: accuracy, mean IoU, mean boundary F1, and how much faster it is."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from rsnotes.datasets.memory import Readable
from rsnotes.experiments.curve import score_figures
from rsnotes.metrics import Scores, boundary_counts, boundary_f1, diagonal_tolerance
from rsnotes.metrics.cost import speed_up
from rsnotes.networks import evaluating
from rsnotes.prune_quantize.export import OnnxNetwork, export_onnx, open_session


def measure(network: nn.Module, test: Readable, share: float = 0.0075) -> dict[str, Any]:
    """The usual figures of a network in float32, its boundary F1, and its mean IoU on simple and complex images.

    Boundary F1 is the mean over classes that count in each image, then over images. An image is complex when its
    labels have more boundary pixels than the median image's.

    Args:
        network: from (B, bands, H, W) to :class:`~rsnotes.networks.SegmentationOutput`.
        test: labelled images, of any sizes.
        share: tolerance of the boundary F1 as a share of the diagonal; the paper does not say which it has.
    """
    scores, counts = Scores(test.classes), []
    device = next((tensor.device for tensor in network.state_dict().values()), torch.device("cpu"))
    with evaluating(network):
        for image, mask in (test[index] for index in range(len(test))):
            prediction = network(image[None].to(device)).logits.argmax(1).cpu()  # (1, H, W)
            scores.add(prediction, mask[None])
            tolerance = diagonal_tolerance(mask.shape[0], mask.shape[1], share)
            counts.append(boundary_counts(prediction[0], mask, len(test.classes), tolerance))
    each = torch.stack(counts)  # (N, K, 4)
    counted = torch.tensor(test.classes.counted)
    simple = boundary_halves(each[..., 3].sum(1))
    return score_figures(scores) | {
        "boundary_f1": float(boundary_f1(each)[:, counted].nanmean(1).nanmean()),
        "miou_simple": Scores(test.classes, scores.matrices[simple]).miou,
        "miou_complex": Scores(test.classes, scores.matrices[~simple]).miou,
    }


def boundary_halves(lengths: Tensor) -> Tensor:
    """(N,) bool: True for the half of the images with the shorter boundaries, the first of equals."""
    simple = torch.zeros(len(lengths), dtype=torch.bool)
    simple[lengths.argsort(stable=True)[: (len(lengths) + 1) // 2]] = True
    return simple


def times_faster(network: nn.Module, reference: nn.Module, image: tuple[int, int, int], runs: int = 100) -> float:
    """How many times faster ONNX Runtime runs a network than the reference, one image and one thread: the median
    ratio of passes in turn, see :func:`~rsnotes.metrics.cost.speed_up`.

    Beside other work on two cores, a network against itself was within 2 % of 1 in 200 runs, and off by up to 10 %
    in 20 or 60.

    Args:
        network: from :func:`~rsnotes.prune_quantize.fold_batch_norm` or
            :func:`~rsnotes.prune_quantize.quantize_network`, with activations of 8 bits or none.
        reference: the same.
        image: (bands, H, W).
        runs: pairs of passes.
    """
    with TemporaryDirectory() as folder:

        def running(name: str, each: nn.Module) -> OnnxNetwork:
            path = Path(folder) / f"{name}.onnx"
            export_onnx(each, path, image)
            return OnnxNetwork(open_session(path, threads=1))

        pair = running("network", network), running("reference", reference)
        return speed_up(*pair, torch.rand(1, *image), runs=runs)
