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
from rsnotes.scenes.vegetation import draw_crowns

LAYOUT_FILLS = {"suburb": suburb.fill, "old_town": old_town.fill, "industry": industry.fill, "village": village.fill}
SENSOR_AXES = ("season", "sun_elevation", "sun_azimuth", "haze", "cast", "contrast", "softness", "grain")
MARGIN = 18.0  # metres drawn around the tile: what leans and casts shadows into it


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


def render(seed: int, config: SceneConfig) -> Scene:
    """Draw the scene of a seed in a domain; the same bytes each time on one machine.

    Args:
        seed: 0 or more.
        config: the domain.
    """
    return _Drawing(seed, config).scene()


def layers(seed: int, config: SceneConfig) -> dict[str, np.ndarray]:
    """How :func:`render` makes a scene: one picture a step, in order.

    Returns:
        Name to (H, W, 3) uint8 for the painted steps "ground", "parcels", "gardens", "roads", "markings",
        "cars", "buildings", "trees", "texture", "light" and "sensor", (H, W) float32 for "height" in metres
        and "sunlit" in [0, 1], (H, W) uint8 for "nir", "surface" and "mask".
    """
    drawing = _Drawing(seed, config, keep=True)
    scene = drawing.scene()
    final = {"sensor": scene.rgb, "nir": scene.nir, "height": scene.height, "mask": scene.mask}
    return drawing.steps | final


class _Drawing:
    """One scene in the making."""

    def __init__(self, seed: int, config: SceneConfig, keep: bool = False) -> None:
        if seed < 0:
            raise ValueError(f"a scene's seed must be 0 or more, got {seed!r}")
        self.seed, self.config, self.on, self.keep = seed, config, config.switches, keep
        self.steps: dict[str, np.ndarray] = {}
        self.surfaces: dict[str, np.ndarray] = {}
        stray = generator(seed, "stray").uniform(-0.22, 0.22, len(SENSOR_AXES)) * config.variety
        self.axes = {
            name: min(max(getattr(config, name) + float(d), 0.0), 1.0)
            for name, d in zip(SENSOR_AXES, stray, strict=True)
        }
        self.gsd = config.gsd
        self.margin = int(np.ceil(MARGIN / self.gsd))
        self.pixels = config.size + 2 * self.margin
        self.sun = sun_vector(self.axes["sun_elevation"], self.axes["sun_azimuth"])
        turn = generator(seed, "camera").uniform(0.0, 2.0 * np.pi)
        tilt = generator(seed, "camera", 1).uniform(0.3, 1.0) * 0.4 * config.lean * self.on.lean
        self.lean = (float(tilt * np.cos(turn)), float(tilt * np.sin(turn)))
        self.materials = Materials(config, self.axes["season"])

    def crop(self, layer: np.ndarray, extra: int = 0) -> np.ndarray:
        """The tile without the margin, or with ``extra`` pixels of it."""
        m = self.margin - extra
        return layer[m : self.pixels - m, m : self.pixels - m]

    def show(self, name: str, albedo: np.ndarray) -> None:
        if self.keep:
            self.steps[name] = np.ascontiguousarray(self.crop(albedo)[..., :3])

    def plan(self) -> Plan:
        """What lies where."""
        frame = Frame(self.seed, self.config)
        reach = 0.5 * self.pixels * self.gsd
        plan = Plan(self.seed, self.config, frame, self.materials, reach)
        network = street_network(self.seed, self.config, frame, reach)
        for block in network.blocks:
            LAYOUT_FILLS[block.kind](plan, block)
        lay_streets(plan, network.streets)
        return plan

    def paint(self, plan: Plan) -> Canvas:
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
        self.surfaces["ground"] = canvas.coarse(canvas.surface)
        draw_cars(canvas, plan.cars)
        self.surfaces["cars"] = canvas.coarse(canvas.surface)
        if self.keep:
            self.show("cars", canvas.coarse(canvas.albedo))
        draw_buildings(canvas, plan.buildings, self.on)
        self.surfaces["buildings"] = canvas.coarse(canvas.surface)
        return canvas

    def scene(self) -> Scene:
        plan = self.plan()
        canvas = self.paint(plan)
        albedo, facing = canvas.coarse(canvas.albedo), canvas.coarse(canvas.facing).astype(np.float32) / 255.0
        height, true_height = canvas.coarse(canvas.height), canvas.coarse(canvas.true_height)
        self.show("buildings", albedo)
        fields = texture.octaves(generator(self.seed, "texture"), self.pixels)
        reach = 0.5 * self.pixels * self.gsd + 4.0
        trees = [t for t in plan.trees if abs(t.x) < reach and abs(t.y) < reach]
        crowns = draw_crowns(trees, self.pixels, self.gsd, self.lean, fields[2], generator(self.seed, "crowns"))
        covered = (crowns.index >= 0) & (crowns.height > height)
        surface = np.where(covered, np.uint8(Surface.CROWN), self.surfaces["buildings"])
        self.surfaces["trees"] = surface
        albedo = self.leaves(albedo, trees, crowns.index, covered, fields)
        self.show("trees", np.rint(albedo).astype(np.uint8))
        light = shading.crown_light(crowns.height, covered, self.gsd, self.sun)
        facing = np.where(covered, light, facing)
        height = np.where(covered, crowns.height, height)
        true_height = np.maximum(true_height, crowns.true_height * np.float32(self.opacity()))
        rgbn = self.shoot(albedo, surface, facing, height, true_height, fields)
        return Scene(
            np.ascontiguousarray(rgbn[..., :3]),
            np.ascontiguousarray(rgbn[..., 3]),
            np.ascontiguousarray(np.rint(self.crop(height) * 100.0).astype(np.float32) / np.float32(100.0)),
            self.mask(),
        )

    def opacity(self) -> float:
        """How much of the ground broadleaf crowns hide: all in summer, less when leaves have fallen."""
        return 1.0 - 0.5 * min(max(2.0 * self.axes["season"] - 1.0, 0.0), 1.0)

    def leaves(self, albedo, trees, index, covered, fields) -> np.ndarray:
        """(H, W, 4) float32 albedo with the crowns; bare ones let through what is below."""
        if not trees:
            return albedo.astype(np.float32)
        conifer = np.array([t.conifer for t in trees])
        colours = self.materials.crowns(generator(self.seed, "leaves"), conifer).astype(np.float32)
        opacity = np.where(conifer, 1.0, self.opacity()).astype(np.float32)[index]
        alpha = np.where(covered, np.clip(opacity + (1.0 - opacity) * 0.45 * fields[1], 0.0, 1.0), 0.0)[..., None]
        return albedo + alpha * (colours[index] - albedo)

    def shoot(self, albedo, surface, facing, height, true_height, fields) -> np.ndarray:
        """(H, W, 4) uint8: texture, light and sensor."""
        linear = np.square(albedo * np.float32(1.0 / 255.0))
        if self.on.texture:
            dryness = texture.noise(generator(self.seed, "dryness"), self.pixels, 16)
            linear = linear * texture.modulation(surface, fields, dryness)
        if self.keep:
            self.show("texture", np.rint(np.sqrt(np.clip(linear, 0.0, 1.0)) * 255.0).astype(np.uint8))
        direct = np.ones_like(height)
        if self.on.shadows:
            direct = shading.sunlit(true_height, height, self.gsd, self.lean, self.sun)
        light = shading.radiance(linear, facing, direct, shading.openness(height, self.gsd), self.sun)
        if self.keep:
            self.show("light", np.rint(np.sqrt(np.clip(light, 0.0, 1.0)) * 255.0).astype(np.uint8))
            self.steps["sunlit"] = np.ascontiguousarray(self.crop(direct))
            self.steps["surface"] = np.ascontiguousarray(self.crop(surface))
        rngs = {"seam": generator(self.seed, "seam"), "grain": generator(self.seed, "grain")}
        rgbn = expose(np.ascontiguousarray(self.crop(light, 4)), self.axes, self.on, rngs)
        return rgbn[4:-4, 4:-4]

    def mask(self) -> np.ndarray:
        """(H, W) uint8 class ids, with the annotator's errors if there are to be any."""
        seen = {name: np.ascontiguousarray(self.crop(layer)) for name, layer in self.surfaces.items()}
        surface = seen["trees"]
        if self.config.label_noise != "off":
            surface = annotate(generator(self.seed, "labels"), seen, self.config.label_noise, self.gsd)
        return cv2.LUT(surface, ISPRS_LEGEND)
