"""Named domains. All but ``DEFAULT`` have the cars, the clutter and the sampling distance of ``TEACHING``."""

from dataclasses import replace

from rsnotes.scenes.config import SceneConfig

DEFAULT = SceneConfig()
"""Class shares near Vaihingen's."""

TEACHING = replace(DEFAULT, cars=0.5, clutter=1.0, sampling=0.0)
"""More cars and clutter, seen at 0.2 m, so that short trainings see enough of them; pages train on this.

A network that works at an eighth of the image's size cannot outline a car of 11 × 4 pixels, which is what one is at
``DEFAULT``'s 0.4 m; here it is 22 × 9."""

OLD_TOWN = replace(TEACHING, suburb=0.0, old_town=1.0, industry=0.0, village=0.0)
INDUSTRY = replace(TEACHING, suburb=0.0, old_town=0.0, industry=1.0, village=0.0)
VILLAGE = replace(TEACHING, suburb=0.15, old_town=0.0, industry=0.0, village=0.85)

AUTUMN = replace(TEACHING, season=0.5, sun_elevation=0.3, sun_azimuth=0.55, cast=0.65)
"""The same places months later: coloured leaves, long shadows, warm light."""

WINTER = replace(TEACHING, season=0.95, sun_elevation=0.12, sun_azimuth=0.5, cast=0.35, contrast=0.35)
"""Bare trees, pale grass, low sun."""

OTHER_SENSOR = replace(TEACHING, haze=0.6, cast=0.2, contrast=0.3, softness=0.55, grain=0.5)
"""The same places through hazier air and a softer, noisier, bluer camera."""
