"""Scores of a set of images: one confusion matrix an image, read in every usual way."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from rsnotes.datasets import Classes
from rsnotes.metrics import measures
from rsnotes.metrics.confusion import confusion_matrix, without_pixels


class Scores:
    """Confusion matrices of images, and the means that papers report.

    The usual figures (:attr:`oa`, :attr:`miou`, :attr:`mf1`) are *global*, from the sum of all matrices, over the
    *counted* classes; pixels of the others still are false positives. :meth:`mean` gives the other ways.

    Args:
        classes: the class table.
        matrices: (N, K, K) int64, one an image, rows true; none yet by default.
    """

    def __init__(self, classes: Classes, matrices: Tensor | None = None) -> None:
        self.classes = classes
        size = len(classes)
        self.matrices = torch.zeros(0, size, size, dtype=torch.int64) if matrices is None else matrices

    def add(self, prediction: Tensor, mask: Tensor) -> None:
        """Count a batch: ids (B, H, W) and mask (B, H, W), see :func:`~rsnotes.metrics.confusion_matrix`."""
        pairs = zip(prediction, mask, strict=True)
        new = [confusion_matrix(p, m, len(self.classes)).cpu() for p, m in pairs]
        self.matrices = torch.cat([self.matrices, torch.stack(new)])

    @property
    def matrix(self) -> Tensor:
        """(K, K) int64, all images together."""
        return self.matrices.sum(0)

    def without_pixels(self) -> "Scores":
        """The same without the pixels whose true class is not counted, see :func:`without_pixels`."""
        return Scores(self.classes, without_pixels(self.matrices, self.classes.counted))

    def mean(
        self,
        measure: Callable[[Tensor], Tensor],
        *,
        over: Literal["counted", "all"] = "counted",
        images: Literal["global", "each"] = "global",
    ) -> float:
        """Mean of a score over classes, in [0, 1].

        Args:
            measure: one of :mod:`rsnotes.metrics.measures` that gives a score a class: ``iou``, ``f_score``,
                ``precision``, ``recall``.
            over: the counted classes, or all.
            images: ``"global"`` takes the score of the summed matrix; ``"each"`` the mean over classes in each image,
                then the mean over the images that have any.

        Raises:
            ValueError: another word for either.
        """
        if over not in ("counted", "all") or images not in ("global", "each"):
            raise ValueError(
                f"a mean is over counted or all classes, of global scores or those of each image; "
                f"got {over!r} and {images!r}"
            )
        counted = self.classes.counted if over == "counted" else None
        values = measure(self.matrix if images == "global" else self.matrices)
        return float(measures.mean_over(values, counted).nanmean())

    @property
    def oa(self) -> float:
        """Overall accuracy over all labelled pixels, those of classes that are not counted too."""
        return float(measures.overall_accuracy(self.matrix))

    @property
    def miou(self) -> float:
        """Mean IoU, global, over the counted classes."""
        return self.mean(measures.iou)

    @property
    def mf1(self) -> float:
        """Mean F1, global, over the counted classes."""
        return self.mean(measures.f_score)

    def per_class(self) -> dict[str, dict[str, float]]:
        """IoU, F1, precision and recall by class name; NaN for a class that does not occur."""
        columns = {
            "iou": measures.iou(self.matrix),
            "f1": measures.f_score(self.matrix),
            "precision": measures.precision(self.matrix),
            "recall": measures.recall(self.matrix),
        }
        names = enumerate(self.classes.names)
        return {name: {key: float(values[k]) for key, values in columns.items()} for k, name in names}

    def __repr__(self) -> str:
        return f"Scores({len(self.matrices)} images, OA {self.oa:.4f}, mIoU {self.miou:.4f}, mF1 {self.mf1:.4f})"
