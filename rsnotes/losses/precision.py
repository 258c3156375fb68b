"""Losses are computed in float32 at least."""

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """``x`` in float32 when it comes in half precision, as it is when wider (float64 for gradient checks)."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
