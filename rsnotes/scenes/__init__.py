"""The synthetic world: geometry, materials, sensor, labels."""

from rsnotes.scenes.config import AXES, IMAGE_ONLY, LAYOUTS, SceneConfig, Switches, interpolate
from rsnotes.scenes.dataset import SceneDataset
from rsnotes.scenes.domains import DEFAULT, OLD_TOWN, TEACHING
from rsnotes.scenes.render import Scene, layers, render
from rsnotes.scenes.seeds import SEEDS, VERSION

__all__ = [
    "AXES",
    "DEFAULT",
    "IMAGE_ONLY",
    "LAYOUTS",
    "OLD_TOWN",
    "SEEDS",
    "TEACHING",
    "VERSION",
    "Scene",
    "SceneConfig",
    "SceneDataset",
    "Switches",
    "interpolate",
    "layers",
    "render",
]
