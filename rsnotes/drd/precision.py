"""Relations and distances are computed in full precision, whatever the networks run in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import torch
from torch import Tensor

from rsnotes.losses import at_least_float32

P = ParamSpec("P")


def in_full_precision(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Run ``function`` with autocast off and its half-precision tensors cast to float32.

    A bf16 number has 8 significant bits. The exponent of a relation map is a sum of hundreds of products, and a
    loss the square of a small difference: both lose all meaning there. Tensors of float32 and float64 pass through.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        with torch.autocast(tensors[0].device.type, enabled=False):
            return function(*map(_widen, args), **{name: _widen(value) for name, value in kwargs.items()})

    return wrapper


def _widen(value: Any) -> Any:
    return at_least_float32(value) if isinstance(value, Tensor) and value.is_floating_point() else value
