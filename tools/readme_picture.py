"""Draw the README's picture, ``book/_static/readme.webp``: places of the synthetic world above their labels.

python tools/readme_picture.py
"""

import os
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("agg")

from rsnotes import scenes
from rsnotes.datasets import ISPRS
from rsnotes.figures import paint, set_style, tiles

PICTURE = Path(__file__).resolve().parents[1] / "book" / "_static" / "readme.webp"
SUBURB = replace(scenes.TEACHING, suburb=1.0, old_town=0.0, industry=0.0, village=0.0)
PLACES = {
    "suburb": (4, SUBURB),
    "old town": (7, scenes.OLD_TOWN),
    "industry, another sensor": (11, scenes.interpolate(scenes.INDUSTRY, scenes.OTHER_SENSOR, 0.3)),
    "village in autumn": (2, scenes.interpolate(scenes.VILLAGE, scenes.AUTUMN, 0.5)),
}
"""Seed and domain of each place."""


def main() -> None:
    set_style()
    drawn = [scenes.render(seed, config) for seed, config in PLACES.values()]
    pictures = [scene.rgb for scene in drawn] + [paint(scene.mask, ISPRS) for scene in drawn]
    figure = tiles(pictures, [*PLACES, *("its labels" for _ in drawn)], columns=len(PLACES), classes=ISPRS)
    figure.set_facecolor("white")
    aside = PICTURE.with_suffix(".part")
    figure.savefig(aside, format="webp", dpi=120, pil_kwargs={"quality": 82, "method": 6})
    os.replace(aside, PICTURE)


if __name__ == "__main__":
    main()
