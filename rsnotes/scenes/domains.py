"""Named domains."""

from dataclasses import replace

from rsnotes.scenes.config import SceneConfig

DEFAULT = SceneConfig()
TEACHING = replace(DEFAULT, cars=0.5, clutter=1.0)
OLD_TOWN = replace(TEACHING, suburb=0.0, old_town=1.0, industry=0.0, village=0.0)
