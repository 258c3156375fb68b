"""The synthetic world: geometry, materials, light, sensor, labels.

``render(seed, config)`` draws a scene; ``SceneDataset`` serves them as samples; ``layers`` shows how one is made.
"""

from rsnotes.scenes.config import AXES, IMAGE_ONLY, LABEL_NOISE, LAYOUTS, SceneConfig, Switches, interpolate
from rsnotes.scenes.dataset import SceneDataset, to_sample
from rsnotes.scenes.domains import AUTUMN, DEFAULT, INDUSTRY, OLD_TOWN, OTHER_SENSOR, TEACHING, VILLAGE, WINTER
from rsnotes.scenes.render import Scene, layers, render
from rsnotes.scenes.seeds import SEEDS, VERSION

__all__ = [
    "AUTUMN",
    "AXES",
    "DEFAULT",
    "IMAGE_ONLY",
    "INDUSTRY",
    "LABEL_NOISE",
    "LAYOUTS",
    "OLD_TOWN",
    "OTHER_SENSOR",
    "SEEDS",
    "TEACHING",
    "VERSION",
    "VILLAGE",
    "WINTER",
    "Scene",
    "SceneConfig",
    "SceneDataset",
    "Switches",
    "interpolate",
    "layers",
    "render",
    "to_sample",
]
