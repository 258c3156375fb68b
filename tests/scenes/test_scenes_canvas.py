"""The drawing surface: scale, heights of planes, relief displacement."""

import numpy as np
import pytest

from rsnotes.scenes.canvas import FINE, Canvas, sun_vector
from rsnotes.scenes.plan import box
from rsnotes.scenes.surfaces import Surface

GREY = (100.0, 100.0, 100.0, 100.0)


def canvas(lean: tuple[float, float] = (0.0, 0.0)) -> Canvas:
    return Canvas(200, 4.0, 0.5, lean, sun_vector(0.6, 0.4), (10.0, 20.0, 30.0, 40.0))


def test_areas_come_out_in_square_metres():
    c = canvas()
    c.flat(box(3.0, -2.0, 0.7, 30.0, 20.0), GREY, Surface.COURT)
    area = (c.surface == Surface.COURT).sum() * (c.gsd / FINE) ** 2
    assert area == pytest.approx(600.0, rel=0.03)


def test_positions_x_right_y_down():
    c = canvas()
    c.flat(box(20.0, -10.0, 0.0, 2.0, 2.0), GREY, Surface.COURT)
    rows, columns = np.nonzero(c.coarse(c.surface) == Surface.COURT)
    assert columns.mean() * 0.5 - 49.75 == pytest.approx(20.0, abs=0.3)
    assert rows.mean() * 0.5 - 49.75 == pytest.approx(-10.0, abs=0.3)


@pytest.mark.parametrize("lean", [(0.0, 0.0), (0.3, -0.2)])
def test_heights_of_a_tilted_plane(lean):
    c = canvas(lean)
    slope = 0.4  # z = 5 + 0.4 x over the ground
    corners = np.array([(x, y, 5.0 + slope * x) for x, y in ((-10, -8), (10, -8), (10, 8), (-10, 8))])
    size = np.sqrt(1.0 + slope**2)
    c.face(corners, GREY, Surface.ROOF, (-slope / size, 0.0, 1.0 / size))
    for x, y in ((-6.0, 3.0), (0.0, 0.0), (7.0, -5.0)):
        z = 5.0 + slope * x
        for layer, seen in ((c.true_height, (x, y)), (c.height, (x + lean[0] * z, y + lean[1] * z))):
            column, row = (round(v * FINE / 0.5 + 199.5) for v in seen)
            assert layer[row, column] == pytest.approx(z, abs=0.2)


def test_what_is_high_leans_and_what_is_flat_does_not():
    c = canvas((0.4, 0.0))
    c.flat(box(0.0, 0.0, 0.0, 4.0, 4.0), GREY, Surface.COURT)
    top = np.concatenate([box(0.0, 20.0, 0.0, 4.0, 4.0), np.full((4, 1), 10.0)], axis=1)
    c.face(top, GREY, Surface.ROOF)
    ground, roof = (np.nonzero(c.surface == s)[1].mean() for s in (Surface.COURT, Surface.ROOF))
    assert (roof - ground) * 0.5 / FINE == pytest.approx(4.0, abs=0.1)


def test_faces_away_from_the_sun_get_none():
    c = canvas()
    x, y, _ = c.sun
    wall = np.array([(-5.0, 0.0, 0.0), (5.0, 0.0, 0.0), (5.0, 3.0, 5.0), (-5.0, 3.0, 5.0)])
    flat = np.hypot(x, y)
    c.face(wall, GREY, Surface.WALL, (-x / flat, -y / flat, 0.0))
    assert (c.facing[c.surface == Surface.WALL] == 0).all()


def test_decals_leave_heights_alone():
    c = canvas()
    square = np.concatenate([box(0.0, 0.0, 0.0, 6.0, 6.0), np.full((4, 1), 3.0)], axis=1)
    c.decal(square, GREY)
    assert not c.height.any()
    assert (c.albedo == 100).all(axis=2).any()
