"""Rendered scenes kept on disk under a key of version, configuration and seed."""

import hashlib
import json
import os
import zlib
from dataclasses import asdict
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import platformdirs

from rsnotes.paths import written_aside
from rsnotes.scenes.config import SceneConfig
from rsnotes.scenes.render import Scene, render
from rsnotes.scenes.seeds import VERSION


def cache_folder() -> Path:
    """Where rendered scenes are kept: ``$RSNOTES_CACHE``, or the user's cache folder."""
    given = os.environ.get("RSNOTES_CACHE")
    root = Path(given) if given else Path(platformdirs.user_cache_dir("rsnotes"))
    return root / "scenes"


def scene_key(seed: int, config: SceneConfig) -> str:
    """Hexadecimal key of a scene; another version, seed or any other value in the configuration changes it."""
    text = json.dumps({"version": VERSION, "seed": seed, "config": asdict(config)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(path: Path, size: int) -> Scene | None:
    """The stored scene, or None where there is none or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            rgbn, mask = stored["rgbn"], stored["mask"]
            height = stored["centimetres"].astype(np.float32) / np.float32(100.0)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None
    if rgbn.shape != (size, size, 4) or mask.shape != (size, size) or height.shape != (size, size):
        return None
    return Scene(np.ascontiguousarray(rgbn[..., :3]), np.ascontiguousarray(rgbn[..., 3]), height, mask)


def _write(path: Path, scene: Scene) -> None:
    """Store a scene, aside first, so that no reader sees half a file."""
    centimetres = np.rint(scene.height * np.float32(100.0)).astype(np.uint16)
    rgbn = np.dstack([scene.rgb, scene.nir])
    with written_aside(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, rgbn=rgbn, mask=scene.mask, centimetres=centimetres)


def cached_render(seed: int, config: SceneConfig) -> Scene:
    """The same as :func:`~rsnotes.scenes.render.render`, read from disk where it was drawn before.

    A damaged file is drawn again; a folder that cannot be written to costs time, not the scene.
    """
    key = scene_key(seed, config)
    path = cache_folder() / key[:2] / f"{key}.npz"
    scene = _read(path, config.size)
    if scene is None:
        scene = render(seed, config)
        try:
            _write(path, scene)
        except OSError:
            return scene
    return scene
