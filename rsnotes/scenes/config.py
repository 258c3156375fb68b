"""What a scene is made with: domain axes between 0 and 1, and one switch a detail."""

from dataclasses import dataclass, fields, replace

LABEL_NOISE = ("off", "mild", "strong")
LAYOUTS = ("suburb", "old_town", "industry", "village")


@dataclass(frozen=True)
class Switches:
    """One switch a detail; every one changes pixels, none changes the random numbers of another."""

    curved_roads: bool = True
    road_hierarchy: bool = True
    pavements: bool = True
    markings: bool = True
    hedges: bool = True
    paths: bool = True
    beds: bool = True
    fences: bool = True
    ridges: bool = True
    eaves: bool = True
    dormers: bool = True
    solar_panels: bool = True
    lean: bool = True
    facades: bool = True
    tree_clumps: bool = True
    overhanging_trees: bool = True
    parked_cars: bool = True
    car_rows: bool = True
    shadows: bool = True
    texture: bool = True
    mosaic_seams: bool = True
    sensor_noise: bool = True
    blur: bool = True
    colour_overlap: bool = True


IMAGE_ONLY = (
    "markings",
    "fences",
    "solar_panels",
    "shadows",
    "texture",
    "mosaic_seams",
    "sensor_noise",
    "blur",
    "colour_overlap",
)
"""Switches that change the image and leave the mask alone."""


@dataclass(frozen=True)
class SceneConfig:
    """A domain. Every float lies in [0, 1], so that one can walk from a domain to another.

    Attributes:
        suburb, old_town, industry, village: weights of the four layouts; only their ratios count.
        season: 0 high summer, 0.5 autumn, 1 winter.
        sun_elevation: 0 is 20 degrees above the horizon, 1 is 65.
        sun_azimuth: fraction of a turn from north, clockwise.
        haze: path radiance and loss of contrast of the air.
        cast: colour balance, 0 blue, 0.5 neutral, 1 yellow.
        contrast: tone curve, 0 flat, 0.5 neutral, 1 hard.
        softness: width of the point spread function.
        grain: sensor noise.
        sampling: ground sampling distance, 0 is 0.2 m, 0.5 is 0.4 m, 1 is 0.8 m.
        lean: relief displacement, 0 a true orthophoto, 1 is 0.4 m outwards a metre of height.
        trees, cars, clutter: how many there are.
        variety: how far the sensor, season and sun of single scenes stray from the domain's.
        size: height and width of a tile in pixels, 32 or more.
        label_noise: "off", "mild" or "strong"; touches the mask only.
        switches: details that can be left out.

    Raises:
        ValueError: a number outside [0, 1], no layout with a weight, a size below 32, or an unknown label noise.
    """

    suburb: float = 0.55
    old_town: float = 0.22
    industry: float = 0.11
    village: float = 0.12
    season: float = 0.08
    sun_elevation: float = 0.6
    sun_azimuth: float = 0.42
    haze: float = 0.15
    cast: float = 0.5
    contrast: float = 0.5
    softness: float = 0.2
    grain: float = 0.2
    sampling: float = 0.5
    lean: float = 0.4
    trees: float = 0.7
    cars: float = 0.1
    clutter: float = 0.25
    variety: float = 0.5
    size: int = 256
    label_noise: str = "off"
    switches: Switches = Switches()

    def __post_init__(self) -> None:
        for name in AXES:
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
        if sum(self.weights) <= 0.0:
            raise ValueError(f"one of the layouts {', '.join(LAYOUTS)} needs a weight above 0")
        if self.size < 32:
            raise ValueError(f"size must be 32 pixels or more, got {self.size!r}")
        if self.label_noise not in LABEL_NOISE:
            raise ValueError(f"label_noise must be one of {', '.join(LABEL_NOISE)}, got {self.label_noise!r}")

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """Weights of the layouts, in the order of :data:`LAYOUTS`, as given."""
        return self.suburb, self.old_town, self.industry, self.village

    def mixed(self, *values: float) -> float:
        """Mean of one value a layout under the layouts' weights."""
        return sum(w * v for w, v in zip(self.weights, values, strict=True)) / sum(self.weights)

    @property
    def gsd(self) -> float:
        """Ground sampling distance in metres a pixel."""
        return 0.2 * 4.0**self.sampling

    def without(self, *names: str) -> "SceneConfig":
        """The same domain with these switches off."""
        return replace(self, switches=replace(self.switches, **dict.fromkeys(names, False)))


AXES = tuple(f.name for f in fields(SceneConfig) if f.type in (float, "float"))
"""Names of the domain axes, all numbers in [0, 1]."""


def interpolate(a: SceneConfig, b: SceneConfig, t: float) -> SceneConfig:
    """The domain a fraction ``t`` of the way from ``a`` to ``b``.

    Args:
        a, b: domains that differ in their axes only.
        t: 0 gives ``a``, 1 gives ``b``.

    Raises:
        ValueError: ``t`` outside [0, 1], or another size, label noise or switches in ``b`` than in ``a``.
    """
    if not 0.0 <= t <= 1.0:
        raise ValueError(f"t must lie in [0, 1], got {t!r}")
    values = {name: (1.0 - t) * getattr(a, name) + t * getattr(b, name) for name in AXES}
    for name in ("size", "label_noise", "switches"):
        if getattr(a, name) != getattr(b, name):
            raise ValueError(f"only the axes are interpolated; {name} must be the same in both configurations")
    return replace(a, **values)
