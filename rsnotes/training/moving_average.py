"""A network that follows another one slowly: MoCo's momentum encoder, mean teacher's teacher."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def ema_update(average: nn.Module, network: nn.Module, decay: float, buffers: bool = True) -> None:
    """Move the average a step towards the network: ``average = decay * average + (1 - decay) * network``.

    Args:
        average: changed in place; no gradient flows.
        network: of the same architecture.
        decay: 0 copies, 1 leaves the average as it is.
        buffers: what becomes of batch norm's running statistics: averaged like the parameters (whole numbers are
            copied), or left alone.

    Raises:
        ValueError: ``decay`` is outside 0 to 1, or the two have different parameters.
    """
    if not 0 <= decay <= 1:
        raise ValueError(f"decay is {decay}; a moving average needs a number from 0 to 1")
    ours, theirs = _tensors(average, buffers), _tensors(network, buffers)
    if ours.keys() != theirs.keys():
        odd = sorted(ours.keys() ^ theirs.keys())
        raise ValueError(f"average and network differ in {', '.join(odd[:3])}: build the average as a copy of it")
    for name, mine in ours.items():
        if mine.is_floating_point():
            mine.lerp_(theirs[name].to(mine.dtype), 1 - decay)
        else:
            mine.copy_(theirs[name])


def _tensors(network: nn.Module, buffers: bool) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = dict(network.named_parameters())
    return tensors | dict(network.named_buffers()) if buffers else tensors
