"""Scenes a second on one thread, drawn and read back from the cache, for each named domain."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count

import cv2
from common import interleaved, json_argument, report

from rsnotes import scenes
from rsnotes.scenes.cache import cached_render

ROUNDS = 12
DOMAINS = ("DEFAULT", "TEACHING", "OLD_TOWN", "INDUSTRY", "VILLAGE", "WINTER")
FIRST = scenes.SEEDS["training"][0]


def draw_next(seeds: Iterator[int], config: scenes.SceneConfig) -> scenes.Scene:
    """Another scene at every call: places differ in what there is to draw."""
    return scenes.render(next(seeds), config)


def main() -> None:
    path = json_argument("scenes")
    cv2.setNumThreads(1)
    configs = {name: getattr(scenes, name) for name in DOMAINS}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RSNOTES_CACHE"] = folder
        drawn = {name: partial(draw_next, count(FIRST), config) for name, config in configs.items()}
        read = {f"{name} cached": partial(cached_render, FIRST, config) for name, config in configs.items()}
        seconds = interleaved({**drawn, **read}, ROUNDS)
    rows = [
        {
            "domain": name,
            "drawn, scenes a second": round(1 / seconds[name], 1),
            "read from the cache, scenes a second": round(1 / seconds[f"{name} cached"], 1),
            "cache / drawing": round(seconds[name] / seconds[f"{name} cached"], 1),
        }
        for name in DOMAINS
    ]
    report(path, f"Scenes of {scenes.DEFAULT.size}² pixels, one thread, medians of {ROUNDS}", rows)


if __name__ == "__main__":
    main()
