"""UAVid's eight classes as a second legend of the scenes: the same pixels, other labels.

Road is asphalt that streets are made of; pavements, gravel and car parks are clutter, as in UAVid. A car is moving when
traffic put it on the street, in a lane, and static when it was parked: at a kerb, in a bay, in a drive. Nothing but
its place shows which, the pixels are those of the six-class scenes. Nobody walks here: the class "human" stays empty.
"""

import numpy as np
import torch

from rsnotes.datasets import Classes, Sample
from rsnotes.datasets.uavid import CLASSES
from rsnotes.scenes.cache import cached_render
from rsnotes.scenes.canvas import Canvas
from rsnotes.scenes.cars import traffic
from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.dataset import SceneDataset, to_sample
from rsnotes.scenes.domains import TEACHING
from rsnotes.scenes.objects import _BODY, _part
from rsnotes.scenes.plan import Car, Plan
from rsnotes.scenes.render import MARGIN, _Drawing
from rsnotes.scenes.streets import street_network
from rsnotes.scenes.surfaces import ISPRS_LEGEND, Surface

OF_SIX = np.array([CLASSES.index(name) for name in (
    "clutter", "building", "low vegetation", "tree", "static car", "clutter"
)], np.int64)  # fmt: skip
"""(6,) int64: class of UAVid for each class of ISPRS, before roads and moving cars are found."""

ROAD, MOVING = 1, 2


class UAVidScenes:
    """Scenes as :class:`~rsnotes.scenes.SceneDataset` has them, labelled with UAVid's classes.

    Attributes:
        classes: the eight classes; all count, and means leave out those that do not occur.
        bands: names of the image's channels.

    Args:
        split, count, config, bands, start: as there.

    Raises:
        ValueError: as there, or ``config`` asks for label noise, which only the six classes have.
    """

    classes: Classes = CLASSES

    def __init__(
        self,
        split: str,
        count: int,
        config: SceneConfig = TEACHING,
        bands: tuple[str, ...] = ("red", "green", "blue"),
        start: int = 0,
    ) -> None:
        _refuse_noise(config)
        self.six = SceneDataset(split, count, config, bands, start)
        self.bands = self.six.bands

    def __len__(self) -> int:
        return len(self.six)

    def __getitem__(self, index: int) -> Sample:
        seed, config = self.six.seeds[index], self.six.config
        image = to_sample(cached_render(seed, config), self.bands).image
        return Sample(image, torch.from_numpy(uavid_mask(seed, config)))


def uavid_mask(seed: int, config: SceneConfig) -> np.ndarray:
    """(H, W) int64 ids of :data:`rsnotes.datasets.uavid.CLASSES` for the scene of a seed.

    Raises:
        ValueError: ``config`` asks for label noise.
    """
    _refuse_noise(config)
    drawing = _Drawing(seed, config)
    plan = drawing.plan()
    surface = drawing.crop(drawing.grow(plan, drawing.paint(plan)).surface)  # (H, W)
    marks = drawing.crop(_marks(drawing, plan))
    mask = OF_SIX[ISPRS_LEGEND[surface]]
    mask[(surface == Surface.ASPHALT) & (marks == ROAD)] = CLASSES.index("road")
    mask[(surface == Surface.CAR) & (marks == MOVING)] = CLASSES.index("moving car")
    return mask


def moving_cars(seed: int, config: SceneConfig, plan: Plan) -> list[Car]:
    """The cars of a plan that are on their way: those that traffic alone would place."""
    alone = Plan(seed, config, plan.frame, plan.materials, plan.reach)
    for street in street_network(seed, config, plan.frame, plan.reach).streets:
        traffic(alone, street)
    return alone.cars


def _marks(drawing: _Drawing, plan: Plan) -> np.ndarray:
    """Streets and cars drawn again in their order: :data:`ROAD`, :data:`MOVING`, 0 for all else."""
    canvas = Canvas(drawing.pixels, MARGIN, drawing.gsd, drawing.lean, drawing.sun, (0.0, 0.0, 0.0, 0.0))
    canvas.surface[:] = 0
    for patch in plan.patches["roads"]:
        if patch.surface is not None:
            kind = ROAD if patch.surface == Surface.ASPHALT else 0
            canvas.flat(patch.outline, patch.colour, kind)  # type: ignore[arg-type]
    moving = set(moving_cars(drawing.seed, drawing.config, plan))
    for car in plan.cars:
        kind = MOVING if car in moving else 0
        canvas.decal(_part(car, _BODY, 0.0), car.colour, kind)  # type: ignore[arg-type]
        canvas.face(_part(car, _BODY, 0.75), car.colour, kind)  # type: ignore[arg-type]
    return canvas.coarse(canvas.surface)


def _refuse_noise(config: SceneConfig) -> None:
    if config.label_noise != "off":
        raise ValueError(
            f"label noise is drawn for the six classes of ISPRS only, got {config.label_noise!r}: "
            'pass dataclasses.replace(config, label_noise="off")'
        )
