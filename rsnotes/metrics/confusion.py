"""The confusion matrix, from which every pixel score is computed."""

from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix

from rsnotes.datasets import IGNORE


def confusion_matrix(prediction: Tensor, mask: Tensor, classes: int) -> Tensor:
    """Pixels by true class (row) and predicted class (column); where the mask is ``IGNORE`` nothing is counted.

    Args:
        prediction: (..., H, W) integer ids from 0 to ``classes - 1``; anything where the mask is ``IGNORE``.
        mask: the same shape, ids or ``IGNORE``.
        classes: number of classes K.

    Returns:
        (K, K) int64.

    Raises:
        ValueError: when the shapes differ or an id is out of range.
    """
    if prediction.shape != mask.shape:
        raise ValueError(f"prediction {tuple(prediction.shape)} and mask {tuple(mask.shape)} must have one shape")
    valid = mask != IGNORE
    for name, ids in (("prediction", prediction[valid]), ("mask", mask[valid])):
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < classes:
            raise ValueError(
                f"the {name} holds ids {int(ids.min())} to {int(ids.max())}; expected 0 to {classes - 1}, "
                f"or {IGNORE} in the mask where a pixel does not count"
            )
    return multiclass_confusion_matrix(prediction[valid].long(), mask[valid].long(), classes, validate_args=False)


def without_pixels(matrix: Tensor, counted: tuple[bool, ...]) -> Tensor:
    """The matrix without the pixels whose *true* class is not counted, as if the mask had ``IGNORE`` there.

    A counted pixel that is predicted as such a class stays an error. This is not the same as leaving the class out of
    a mean, where its pixels still are false positives of the others.

    Args:
        matrix: (..., K, K), rows true, columns predicted.
        counted: one flag a class.

    Returns:
        (..., K, K); rows of classes that are not counted are zero.
    """
    return matrix * matrix.new_tensor(counted).unsqueeze(-1)
