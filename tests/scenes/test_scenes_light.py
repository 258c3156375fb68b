"""Light: the direction of the sun and cast shadows, against geometry worked by hand and brute force."""

import math

import numpy as np
import pytest

from rsnotes.scenes.canvas import sun_vector
from rsnotes.scenes.shading import SKY, SUN, crown_light, openness, radiance, shadow_depth, sunlit


@pytest.mark.parametrize(
    ("azimuth", "x", "y"), [(0.0, 0.0, -1.0), (0.25, 1.0, 0.0), (0.5, 0.0, 1.0), (0.75, -1.0, 0.0)]
)
def test_the_sun_goes_north_east_south_west(azimuth, x, y):
    sun = sun_vector(0.0, azimuth)
    flat = math.cos(math.radians(20.0))
    assert sun == pytest.approx((flat * x, flat * y, math.sin(math.radians(20.0))), abs=1e-12)


def test_elevation_runs_from_20_to_65_degrees():
    assert sun_vector(1.0, 0.3)[2] == pytest.approx(math.sin(math.radians(65.0)))


def test_a_shadow_is_as_long_as_height_over_tangent():
    height = np.zeros((9, 80), np.float32)
    height[4, 60] = 10.0
    sun = (math.cos(math.radians(45.0)), 0.0, math.sin(math.radians(45.0)))  # from the right
    depth = shadow_depth(height, 0.5, sun)
    shaded = np.flatnonzero(depth[4] > 1e-4)
    assert shaded.min() == 60 - 19  # 10 m at 45 degrees, 0.5 m a pixel; the tip itself has depth 0
    assert shaded.max() == 59
    assert not (np.delete(depth, 4, axis=0) > 0.0).any()
    assert depth[4, 50] == pytest.approx(10.0 - 10 * 0.5)


def test_shadow_depth_equals_marching_each_pixel():
    rng = np.random.default_rng(1)
    height = (rng.random((24, 26)) < 0.06).astype(np.float32) * rng.uniform(1.0, 5.0, (24, 26)).astype(np.float32)
    sun, gsd = sun_vector(0.4, 0.37), 0.5
    flat = math.hypot(sun[0], sun[1])
    want = np.zeros_like(height)
    for i in range(24):
        for j in range(26):
            for k in range(1, 60):
                y, x = i + math.floor(k * sun[1] / flat + 0.5), j + math.floor(k * sun[0] / flat + 0.5)
                if 0 <= y < 24 and 0 <= x < 26:
                    want[i, j] = max(want[i, j], height[y, x] - k * gsd * sun[2] / flat)
    np.testing.assert_allclose(shadow_depth(height, gsd, sun), want, atol=1e-5)


def test_roofs_are_lit_where_their_own_ground_is_shaded():
    true_height = np.zeros((60, 60), np.float32)
    true_height[20:40, 30:45] = 6.0
    sun = sun_vector(0.5, 0.25)  # from the right: the shadow falls to the left
    seen = sunlit(true_height, true_height, 0.5, (0.0, 0.0), sun)
    assert seen[30, 22:28].max() < 0.1
    assert seen[30, 32:43].min() > 0.9
    assert seen[30, 48:].min() > 0.9


def test_a_leaning_roof_takes_its_light_from_where_it_stands():
    true_height = np.zeros((60, 60), np.float32)
    true_height[20:40, 20:40] = 5.0
    height = np.roll(true_height, 4, axis=1)  # seen 4 pixels to the right: 0.4 m a metre at 0.5 m a pixel
    sun = sun_vector(0.5, 0.25)
    moved = sunlit(true_height, height, 0.5, (0.4, 0.0), sun)
    still = sunlit(true_height, true_height, 0.5, (0.0, 0.0), sun)
    np.testing.assert_allclose(moved[20:40, 24:44], still[20:40, 20:40], atol=1e-5)
    np.testing.assert_allclose(moved[:, :20], still[:, :20], atol=1e-5)


def test_slopes_towards_the_sun_are_brighter():
    sun = sun_vector(0.5, 0.25)  # from the right
    ramp = np.tile(np.arange(32, dtype=np.float32) * -0.2, (32, 1))  # falls to the right: faces the sun
    towards, away = crown_light(ramp, 0.5, sun), crown_light(-ramp, 0.5, sun)
    level = crown_light(np.zeros_like(ramp), 0.5, sun)
    assert towards[16, 16] > level[16, 16] > away[16, 16]
    assert level[16, 16] == pytest.approx(1.12 * sun[2], rel=1e-5)


def test_level_sunlit_ground_shows_its_albedo_and_shade_keeps_the_sky():
    albedo = np.full((4, 4, 4), 0.5, np.float32)
    sun = sun_vector(0.6, 0.4)
    facing, one = np.full((4, 4), sun[2], np.float32), np.ones((4, 4), np.float32)
    np.testing.assert_allclose(radiance(albedo, facing, one, one, sun), albedo, rtol=1e-5)
    shade = radiance(albedo, facing, 0.0 * one, one, sun)[0, 0]
    np.testing.assert_allclose(shade, 0.5 * SKY / (SUN + SKY), rtol=1e-5)
    assert shade[2] > shade[1] > shade[0], "shade is bluish"


def test_ground_beside_a_wall_sees_less_sky():
    height = np.zeros((40, 40), np.float32)
    height[:, 20:] = 8.0
    sky = openness(height, 0.4)
    assert sky[20, 18] < sky[20, 5] == 1.0
    assert sky[20, 30] == 1.0
