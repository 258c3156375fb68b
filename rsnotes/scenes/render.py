"""From a seed and a configuration to a scene: geometry, materials, light, sensor, labels."""

from typing import NamedTuple

import cv2
import numpy as np

from rsnotes.scenes import industry, old_town, shading, suburb, texture, village
from rsnotes.scenes.canvas import Canvas, sun_vector
from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.frame import Frame
from rsnotes.scenes.label_noise import annotate
from rsnotes.scenes.materials import Materials
from rsnotes.scenes.objects import draw_cars, draw_stores, draw_walls
from rsnotes.scenes.plan import GROUND_STAGES, Plan
from rsnotes.scenes.roads import lay_streets
from rsnotes.scenes.roofs import draw_buildings
from rsnotes.scenes.seeds import generator
from rsnotes.scenes.sensor import expose
from rsnotes.scenes.streets import street_network
from rsnotes.scenes.surfaces import ISPRS_LEGEND, Surface
from rsnotes.scenes.vegetation import crown_colours, draw_crowns

FILLS = {"suburb": suburb.fill, "old_town": old_town.fill, "industry": industry.fill, "village": village.fill}
STRAYING = ("season", "sun_elevation", "sun_azimuth", "haze", "cast", "contrast", "softness", "grain")
MARGIN = 18.0  # metres drawn around the tile: what leans and casts shadows into it
EDGE = 4  # pixels around the tile that the sensor's blur may look at


class Scene(NamedTuple):
    """A rendered tile.

    Attributes:
        rgb: (H, W, 3) uint8.
        nir: (H, W) uint8.
        height: (H, W) float32 metres above ground, in whole centimetres.
        mask: (H, W) uint8 ids of :data:`rsnotes.datasets.ISPRS`.
    """

    rgb: np.ndarray
    nir: np.ndarray
    height: np.ndarray
    mask: np.ndarray


class _World(NamedTuple):
    """Tile and margin at the tile's resolution, before light and sensor; see :class:`Canvas` for the layers."""

    albedo: np.ndarray
    surface: np.ndarray
    facing: np.ndarray
    height: np.ndarray
    true_height: np.ndarray


def render(seed: int, config: SceneConfig) -> Scene:
    """Draw the scene of a seed in a domain.

    The same arguments give the same bytes each time on one machine, and grey values within one elsewhere.

    Args:
        seed: 0 or more.
        config: the domain.

    Raises:
        ValueError: a negative seed.
    """
    return _Drawing(seed, config).scene()


def layers(seed: int, config: SceneConfig) -> dict[str, np.ndarray]:
    """How :func:`render` makes a scene: one picture a step, in order.

    Returns:
        Name to (H, W, 3) uint8 for the steps "ground", "parcels", "gardens", "roads", "markings",
        "objects" (hedges, fences, containers), "cars",
        "buildings", "trees", "texture", "light" and "sensor"; (H, W) float32 for "sunlit" in [0, 1] and "height"
        in metres; (H, W) uint8 for "surface" (see :class:`~rsnotes.scenes.surfaces.Surface`), "nir" and "mask".
    """
    drawing = _Drawing(seed, config, keep=True)
    scene = drawing.scene()
    return drawing.steps | {"sensor": scene.rgb, "nir": scene.nir, "height": scene.height, "mask": scene.mask}


class _Drawing:
    """One scene in the making.

    Args:
        seed, config: of the scene.
        keep: whether the pictures of the steps are kept in ``steps``.
    """

    def __init__(self, seed: int, config: SceneConfig, keep: bool = False) -> None:
        if seed < 0:
            raise ValueError(f"a scene's seed must be 0 or more, got {seed!r}")
        self.seed, self.config, self.on, self.keep = seed, config, config.switches, keep
        self.steps: dict[str, np.ndarray] = {}
        self.stages: dict[str, np.ndarray] = {}  # surfaces as drawn up to each stage, for the annotator
        stray = (generator(seed, "stray").uniform(-0.22, 0.22, len(STRAYING)) * config.variety).tolist()
        self.axes = {k: min(max(getattr(config, k) + d, 0.0), 1.0) for k, d in zip(STRAYING, stray, strict=True)}
        self.gsd = config.gsd
        self.margin = int(np.ceil(MARGIN / self.gsd))
        self.pixels = config.size + 2 * self.margin
        self.reach = 0.5 * self.pixels * self.gsd
        self.sun = sun_vector(self.axes["sun_elevation"], self.axes["sun_azimuth"])
        turn, tilt = generator(seed, "camera").random(2).tolist()
        tilt = 0.4 * config.lean * (0.3 + 0.7 * tilt) if self.on.lean else 0.0
        self.lean = (tilt * float(np.cos(2.0 * np.pi * turn)), tilt * float(np.sin(2.0 * np.pi * turn)))
        self.materials = Materials(config, self.axes["season"])
        self.fields = texture.octaves(generator(seed, "texture"), self.pixels)

    def scene(self) -> Scene:
        """All steps."""
        plan = self.plan()
        world = self.grow(plan, self.paint(plan))
        rgbn = self.expose(self.light(world, self.texture(world)))
        return Scene(
            np.ascontiguousarray(rgbn[..., :3]),
            np.ascontiguousarray(rgbn[..., 3]),
            np.rint(self.crop(world.height) * np.float32(100.0)) / np.float32(100.0),
            self.mask(),
        )

    def crop(self, layer: np.ndarray, extra: int = 0) -> np.ndarray:
        """The tile without the margin, or with ``extra`` pixels of it."""
        m = self.margin - extra
        return np.ascontiguousarray(layer[m : self.pixels - m, m : self.pixels - m])

    def show(self, name: str, picture: np.ndarray) -> None:
        """Keep a step's picture, given as (H, W, 4) display values 0..255, if pictures are to be kept."""
        if self.keep:
            self.steps[name] = np.rint(np.clip(self.crop(picture)[..., :3], 0, 255)).astype(np.uint8)

    def plan(self) -> Plan:
        """What lies where."""
        frame = Frame(self.seed, self.config)
        plan = Plan(self.seed, self.config, frame, self.materials, self.reach)
        network = street_network(self.seed, self.config, frame, self.reach)
        for block in network.blocks:
            FILLS[block.kind](plan, block)
        lay_streets(plan, network.streets)
        return plan

    def paint(self, plan: Plan) -> _World:
        """Everything but trees, from the ground up."""
        ground = self.materials.pick(generator(self.seed, "ground"), "meadow")
        canvas = Canvas(self.pixels, MARGIN, self.gsd, self.lean, self.sun, ground)
        for stage in GROUND_STAGES:
            for patch in plan.patches[stage]:
                canvas.flat(patch.outline, patch.colour, patch.surface)
            if self.keep:
                self.show(stage, canvas.coarse(canvas.albedo))
        draw_walls(canvas, plan.walls)
        draw_stores(canvas, plan.stores)
        if self.keep:
            self.show("objects", canvas.coarse(canvas.albedo))
        self.stages["ground"] = canvas.coarse(canvas.surface)
        draw_cars(canvas, plan.cars)
        self.stages["cars"] = canvas.coarse(canvas.surface)
        if self.keep:
            self.show("cars", canvas.coarse(canvas.albedo))
        draw_buildings(canvas, plan.buildings, self.on)
        self.stages["buildings"] = canvas.coarse(canvas.surface)
        world = _World(*(canvas.coarse(getattr(canvas, name)) for name in _World._fields))
        self.show("buildings", world.albedo)
        return world._replace(facing=world.facing * np.float32(1.0 / 255.0))

    def grow(self, plan: Plan, world: _World) -> _World:
        """Tree crowns over what was painted; bare ones let through what is below."""
        trees = [tree for tree in plan.trees if not plan.beyond(tree.x, tree.y, 4.0)]
        lumps = np.rint(self.fields[2] * 4096.0).astype(np.float32) / np.float32(4096.0)
        crowns = draw_crowns(trees, self.pixels, self.gsd, self.lean, lumps)
        covered = (crowns.tree >= 0) & (crowns.height > world.height)
        self.stages["trees"] = np.where(covered, np.uint8(Surface.CROWN), world.surface)
        leafless = min(max(2.0 * self.axes["season"] - 1.0, 0.0), 1.0)
        albedo = world.albedo.astype(np.float32)
        if trees:
            colours, opacity = crown_colours(trees, self.materials, leafless)
            alpha = opacity[crowns.tree]
            alpha = np.where(covered, np.clip(alpha + (1.0 - alpha) * 0.45 * self.fields[1], 0.0, 1.0), 0.0)
            albedo += alpha[..., None] * (colours[crowns.tree] - albedo)
        self.show("trees", albedo)
        light = shading.crown_light(crowns.height, self.gsd, self.sun)
        shade = crowns.true_height * np.float32(1.0 - 0.5 * leafless)
        return _World(
            albedo,
            self.stages["trees"],
            np.where(covered, light, world.facing),
            np.where(covered, crowns.height, world.height),
            np.maximum(world.true_height, shade),
        )

    def texture(self, world: _World) -> np.ndarray:
        """(H, W, 4) float32 linear albedo with texture."""
        linear = np.square(world.albedo * np.float32(1.0 / 255.0))
        if self.on.texture:
            dryness = texture.noise(generator(self.seed, "dryness"), self.pixels, 16)
            linear *= texture.modulation(world.surface, self.fields, dryness)
        if self.keep:
            self.show("texture", 255.0 * np.sqrt(linear))
        return linear

    def light(self, world: _World, albedo: np.ndarray) -> np.ndarray:
        """(H, W, 4) float32 radiance under sun and sky."""
        direct = np.ones_like(world.height)
        if self.on.shadows:
            direct = shading.sunlit(world.true_height, world.height, self.gsd, self.lean, self.sun)
        sky = shading.openness(world.height, self.gsd)
        radiance = shading.radiance(albedo, world.facing, direct, sky, self.sun)
        if self.keep:
            self.steps["surface"], self.steps["sunlit"] = self.crop(world.surface), self.crop(direct)
            self.show("light", 255.0 * np.sqrt(radiance))
        return radiance

    def expose(self, radiance: np.ndarray) -> np.ndarray:
        """(H, W, 4) uint8 of the tile alone."""
        rngs = {name: generator(self.seed, name) for name in ("seam", "grain")}
        return expose(self.crop(radiance, EDGE), self.axes, self.on, rngs)[EDGE:-EDGE, EDGE:-EDGE]

    def mask(self) -> np.ndarray:
        """(H, W) uint8 class ids, with the annotator's errors if there are to be any."""
        stages = {name: self.crop(layer) for name, layer in self.stages.items()}
        surface = stages["trees"]
        if self.config.label_noise != "off":
            surface = annotate(generator(self.seed, "labels"), stages, self.config.label_noise, self.gsd)
        return cv2.LUT(surface, ISPRS_LEGEND)
