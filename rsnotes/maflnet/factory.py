"""The paper's two networks, and a small pair for pages that train live."""

import os
from typing import Unpack

import timm

from rsnotes.maflnet.hiera import HieraEncoder, Place, sam2_trunk
from rsnotes.maflnet.mit import MiTEncoder
from rsnotes.maflnet.network import MAFLNet, Options


def maflnet_teacher(
    trunk: str,
    classes: int,
    *,
    adapters: Place = "block",
    pretrained: bool | str | os.PathLike[str] = False,
    **options: Unpack[Options],
) -> MAFLNet:
    """MAFLNet-T: a frozen SAM2 trunk with adapters. The adapters and everything after the trunk train.

    Args:
        trunk: timm's name, ``sam2_hiera_tiny`` to ``sam2_hiera_large``; the paper says "a lightweight version".
        classes: number of classes.
        adapters: where they stand, see :class:`~rsnotes.maflnet.hiera.HieraEncoder`.
        pretrained: ``True`` for timm's weights of the trunk, or a local file of them.
        **options: see :class:`~rsnotes.maflnet.network.MAFLNet`.

    Returns:
        A module from (B, 3, H, W), H and W multiples of 32, to :class:`~rsnotes.networks.SegmentationOutput` with
        three auxiliary tensors.
    """
    encoder = HieraEncoder(sam2_trunk(trunk, pretrained), adapters)
    encoder.freeze()
    return MAFLNet(encoder, classes, **options)


def maflnet_student(
    classes: int, *, pretrained: bool | str | os.PathLike[str] = False, **options: Unpack[Options]
) -> MAFLNet:
    """MAFLNet-S: MiT-B0 with the same pipeline, 12.48 million parameters where the paper prints 12.52.

    It has no auxiliary classifiers unless asked for: equation 24 does not train them.

    Args:
        classes: number of classes.
        pretrained: ``True`` for SegFormer's published weights of the encoder, or a local file of them.
        **options: see :class:`~rsnotes.maflnet.network.MAFLNet`.

    Returns:
        A module from (B, 3, H, W) to :class:`~rsnotes.networks.SegmentationOutput`.
    """
    return MAFLNet(MiTEncoder(pretrained=pretrained), classes, **Options(auxiliary=False) | options)


def tiny_teacher(
    classes: int, *, frozen: bool = False, adapters: Place = "block", **options: Unpack[Options]
) -> MAFLNet:
    """A teacher of 2 million parameters with the paper's parts, which two cores can train.

    Args:
        classes: number of classes.
        frozen: whether the trunk is, once it has weights worth keeping; the names are the same either way.
        adapters: as in :func:`maflnet_teacher`.
        **options: see :class:`~rsnotes.maflnet.network.MAFLNet`; the width is 64.
    """
    trunk = timm.create_model(
        "sam2_hiera_tiny",
        features_only=True,
        embed_dim=32,
        stages=(1, 2, 3, 1),
        global_att_blocks=(4,),
        window_spec=(8, 4, 8, 4),  # whole windows on the maps of a 128-pixel crop
    )
    encoder = HieraEncoder(trunk, adapters)
    if frozen:
        encoder.freeze()
    return MAFLNet(encoder, classes, **Options(width=64) | options)


def tiny_student(classes: int, **options: Unpack[Options]) -> MAFLNet:
    """A student of 0.5 million parameters with the paper's parts.

    Args:
        classes: number of classes.
        **options: see :class:`~rsnotes.maflnet.network.MAFLNet`; the width is 32, and there are no auxiliary
            classifiers.
    """
    encoder = MiTEncoder(hidden_sizes=[16, 32, 64, 96], num_attention_heads=[1, 2, 4, 6], depths=[1, 1, 1, 1])
    return MAFLNet(encoder, classes, **Options(width=32, auxiliary=False) | options)
