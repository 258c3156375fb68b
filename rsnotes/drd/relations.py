"""Relation maps between pixels and between channels, and the losses that align them (equations 1 to 4)."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from rsnotes.drd.precision import in_full_precision

PLAIN_LIMIT = 2**22
"""Entries of a relation map up to which the plain form is the faster one."""

BLOCK_ENTRIES = 2**20
"""Entries of one block of rows: 4 MB in float32, so that a block stays in the processor's cache."""


@in_full_precision
def spatial_relation(features: Tensor, normalise: bool = False, temperature: float = 1.0) -> Tensor:
    """How much pixel i attends to pixel j, for every pair.

    With the defaults the literal equation: a softmax of raw dot products.

    Equation: drd 1

    Args:
        features: (B, C, H, W) or (B, C, N), N = H W pixels.
        normalise: divide each pixel's feature by its length, so that products are cosines. Not in the paper.
        temperature: divides the products before the softmax; ``C**0.5`` gives the scaling of attention.

    Returns:
        (B, N, N), row i is a distribution over the pixels j.
    """
    pixels = features.flatten(2).mT  # (B, N, C)
    return _relation(*_nodes(pixels, normalise, temperature))


@in_full_precision
def channel_relation(features: Tensor, normalise: bool = False, temperature: float = 1.0) -> Tensor:
    """How much channel i attends to channel j, for every pair.

    Equation: drd 4

    Args:
        features: (B, C, H, W) or (B, C, N).
        normalise: divide each channel's map by its length over the pixels. Not in the paper.
        temperature: divides the products before the softmax.

    Returns:
        (B, C, C), row i is a distribution over the channels j.
    """
    channels = features.flatten(2)  # (B, C, N)
    return _relation(*_nodes(channels, normalise, temperature))


@in_full_precision
def spatial_relation_loss(
    student: Tensor,
    teacher: Tensor,
    normalise: bool = False,
    temperature: float = 1.0,
    block: int | Literal["auto"] | None = "auto",
) -> Tensor:
    """Mean squared difference of the two spatial relation maps, averaged over the batch. At most 2 / N.

    Equation: drd 2

    Args:
        student: (B, C, H, W).
        teacher: (B, C', H, W), C' may differ from C. It gets no gradient.
        normalise: as in :func:`spatial_relation`.
        temperature: as in :func:`spatial_relation`.
        block: rows of the maps held at a time. ``None`` holds both maps whole. A number holds that many rows and
            computes them again in the backward pass: the same value and gradient in memory that grows with N, not
            with N². ``"auto"`` takes whichever is faster.

    Raises:
        ValueError: the two have different batches or numbers of pixels.
    """
    _same(student, teacher, "pixels", (0, *range(2, student.ndim)), "resize one feature map to the other's size")
    count = student[0, 0].numel()
    if block == "auto":
        entries = len(student) * count
        block = None if entries * count <= PLAIN_LIMIT else max(1, BLOCK_ENTRIES // entries)
    return _relation_loss(
        _nodes(student.flatten(2).mT, normalise, temperature),  # (B, N, C)
        _nodes(teacher.detach().flatten(2).mT, normalise, temperature),
        block,
    )


@in_full_precision
def channel_relation_loss(
    student: Tensor, teacher: Tensor, normalise: bool = False, temperature: float = 1.0
) -> Tensor:
    """Mean squared difference of the two channel relation maps, averaged over the batch. At most 2 / C.

    Equation: drd 3

    Args:
        student: (B, C, H, W), from :class:`ChannelProjection` where the networks' channels differ.
        teacher: (B, C, H', W'). It gets no gradient.
        normalise: as in :func:`channel_relation`.
        temperature: as in :func:`channel_relation`.

    Raises:
        ValueError: the two have different batches or numbers of channels.
    """
    _same(student, teacher, "channels", (0, 1), "project the student with ChannelProjection")
    return _relation_loss(
        _nodes(student.flatten(2), normalise, temperature),  # (B, C, N)
        _nodes(teacher.detach().flatten(2), normalise, temperature),
        block=None,
    )


class ChannelProjection(nn.Conv2d):
    """A 1×1 convolution that gives the student's features the teacher's number of channels.

    For the channel relation only, whose maps are C × C. The paper does not say how it compares maps of different
    size; this layer trains with the student and is thrown away with the teacher.
    """

    def __init__(self, student_channels: int, teacher_channels: int) -> None:
        super().__init__(student_channels, teacher_channels, kernel_size=1, bias=False)


def _nodes(nodes: Tensor, normalise: bool, temperature: float) -> tuple[Tensor, Tensor]:
    """Left and right factor, (B, M, D) each, of the (B, M, M) products that go into the softmax."""
    if temperature <= 0:
        raise ValueError(f"a relation map needs a temperature above 0, got {temperature}")
    if normalise:
        nodes = F.normalize(nodes, dim=-1)
    return nodes / temperature, nodes


def _relation(left: Tensor, right: Tensor) -> Tensor:
    """Softmax over j of the products of node i and node j."""
    return (left @ right.mT).softmax(dim=-1)  # (B, M, D) @ (B, D, M) -> (B, M, M)


def _relation_loss(student: tuple[Tensor, Tensor], teacher: tuple[Tensor, Tensor], block: int | None) -> Tensor:
    batch, count, _ = student[0].shape
    if block is None:
        return (_relation(*student) - _relation(*teacher)).square().mean()
    total = student[0].new_zeros(())
    for start in range(0, count, block):
        rows = slice(start, start + block)
        total = total + checkpoint(
            _squared_error, student, teacher, rows, use_reentrant=False, preserve_rng_state=False
        )
    return total / (batch * count * count)


def _squared_error(student: tuple[Tensor, Tensor], teacher: tuple[Tensor, Tensor], rows: slice) -> Tensor:
    """Sum of the squared differences in some rows of the two maps."""
    (left, right), (left_teacher, right_teacher) = student, teacher
    difference = _relation(left[:, rows], right) - _relation(left_teacher[:, rows], right_teacher)  # (B, rows, N)
    return difference.square().sum()


def _same(student: Tensor, teacher: Tensor, what: str, axes: tuple[int, ...], remedy: str) -> None:
    ours, theirs = ([tensor.shape[axis] for axis in axes] for tensor in (student, teacher))
    if student.ndim != teacher.ndim or ours != theirs:
        raise ValueError(
            f"student and teacher need the same batch and {what}, got {tuple(student.shape)} and "
            f"{tuple(teacher.shape)}: {remedy}"
        )
