"""Learning-rate schedules: functions from the step number to a factor in [0, 1]."""

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(number: int) -> float:
    """The factor 1 at every step."""
    return 1.0


def poly(steps: int, power: float = 0.9) -> Schedule:
    """``(1 - number / steps) ** power``: 1 at step 0, falling to 0 at ``steps``."""
    return lambda number: max(0.0, 1 - number / steps) ** power


def cosine(steps: int, warmup: int = 0) -> Schedule:
    """Linear from 1/(warmup + 1) to 1 over ``warmup`` steps, then half a cosine down to 0 at ``steps``."""

    def factor(number: int) -> float:
        if number < warmup:
            return (number + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (number - warmup) / max(1, steps - warmup))))

    return factor
