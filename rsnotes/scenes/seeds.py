"""The version of the scenes, the table of seed ranges, and one random generator a stage."""

from zlib import crc32

import numpy as np

VERSION = "1"
"""Changes whenever any pixel of any scene changes; every weight and result file carries it."""

SEEDS: dict[str, tuple[int, int]] = {
    "training": (0, 1_000_000),
    "validation": (1_000_000, 1_010_000),
    "test": (1_010_000, 1_020_000),
    "calibration": (1_020_000, 1_030_000),
    "experiments-training": (2_000_000, 3_000_000),
    "experiments-validation": (3_000_000, 3_010_000),
    "experiments-test": (3_010_000, 3_020_000),
}
"""Half-open ranges of scene seeds, one a purpose; no two overlap."""

_SHIFT = 1 << 20  # keys may be negative (cells left of the origin); a SeedSequence wants them positive


def split_range(split: str) -> range:
    """Seeds of a split.

    Raises:
        ValueError: there is no such split; the message names those there are.
    """
    if split not in SEEDS:
        raise ValueError(f"no split {split!r} of scenes; the splits are {', '.join(SEEDS)}")
    return range(*SEEDS[split])


def generator(seed: int, stage: str, *key: int) -> np.random.Generator:
    """Random numbers of one stage of one scene; switching a stage off leaves the others' numbers alone.

    Args:
        seed: the scene's seed, 0 or more.
        stage: name of the stage, for example ``"hedges"``.
        key: integers from -2**20 that say which part of the stage, for example a block's place.
    """
    entropy = [crc32(VERSION.encode()), seed, crc32(stage.encode()), *(k + _SHIFT for k in key)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
