"""Scenes as a data set, and the cache beneath it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rsnotes.datasets import ISPRS, Sample
from rsnotes.scenes import SEEDS, TEACHING, SceneDataset, cache, render
from rsnotes.scenes.cache import cache_folder, cached_render, scene_key

SMALL = replace(TEACHING, size=64)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RSNOTES_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    drawn: list[int] = []

    def counting(seed, config):
        drawn.append(seed)
        return render(seed, config)

    monkeypatch.setattr(cache, "render", counting)
    return drawn


def test_a_sample_keeps_the_contract():
    data = SceneDataset("validation", 3, SMALL)
    sample = data[1]
    scene = render(SEEDS["validation"][0] + 1, SMALL)
    assert isinstance(sample, Sample)
    assert len(data) == 3
    assert data.classes == ISPRS
    assert data.bands == ("red", "green", "blue")
    assert sample.image.dtype == torch.float32
    assert sample.mask.dtype == torch.int64
    np.testing.assert_allclose(sample.image.numpy(), scene.rgb.transpose(2, 0, 1) / 255.0, atol=1e-6)
    np.testing.assert_array_equal(sample.mask.numpy(), scene.mask)


def test_bands_come_in_the_order_asked_for_and_height_over_25_metres():
    image = SceneDataset("test", 1, SMALL, bands=("height", "nir", "green"))[0].image.numpy()
    scene = render(SEEDS["test"][0], SMALL)
    np.testing.assert_allclose(image[0], np.clip(scene.height / 25.0, 0.0, 1.0), atol=1e-6)
    np.testing.assert_allclose(image[1], scene.nir / 255.0, atol=1e-6)
    np.testing.assert_allclose(image[2], scene.rgb[..., 1] / 255.0, atol=1e-6)


def test_start_passes_scenes_over():
    later = SceneDataset("training", 2, SMALL, start=5)
    assert list(later.seeds) == [5, 6]
    assert torch.equal(later[0].mask, SceneDataset("training", 6, SMALL)[5].mask)


def test_iterating_ends():
    assert len(list(SceneDataset("training", 2, SMALL))) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", 1), "no split 'train' of scenes"),
        (("validation", 10_001), "holds 10000 scenes; asked for 10001 from number 0 on"),
        (("validation", -1), "asked for -1"),
        (("validation", 1, SMALL, ("red", "swir")), "bands must be one or more of red, green, blue, nir, height"),
        (("validation", 1, SMALL, ()), "bands must be one or more"),
        (("validation", 10, SMALL, ("red",), 9_991), "from number 9991 on"),
    ],
)
def test_bad_requests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SceneDataset(*arguments)


def test_the_cache_gives_back_every_bit_and_draws_once(counted):
    first, second = cached_render(9, SMALL), cached_render(9, SMALL)
    assert counted == [9]
    for a, b, c in zip(first, second, render(9, SMALL), strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, c)
        assert b.dtype == c.dtype


def test_another_configuration_or_seed_or_version_is_drawn_anew(counted, monkeypatch):
    keys = {scene_key(1, SMALL), scene_key(2, SMALL), scene_key(1, SMALL.without("blur"))}
    keys.add(scene_key(1, replace(SMALL, haze=SMALL.haze + 1e-9)))
    monkeypatch.setattr(cache, "VERSION", "another")
    keys.add(scene_key(1, SMALL))
    assert len(keys) == 5


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a scene", "cut", "flip"])
def test_a_damaged_file_is_drawn_again_and_mended(folder, counted, damage):
    scene = cached_render(9, SMALL)
    (path,) = folder.rglob("*.npz")
    whole = path.read_bytes()
    if damage == "cut":
        damage = whole[: len(whole) // 2]
    elif damage == "flip":
        damage = whole[:500] + bytes(255 - b for b in whole[500:520]) + whole[520:]
    path.write_bytes(damage)
    np.testing.assert_array_equal(cached_render(9, SMALL).rgb, scene.rgb)
    assert counted == [9, 9]
    np.testing.assert_array_equal(cached_render(9, SMALL).rgb, scene.rgb)
    assert counted == [9, 9]


def test_nothing_half_written_is_left(folder, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("disk gone")

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(RuntimeError, match="disk gone"):
        cached_render(9, SMALL)
    assert not [p for p in folder.rglob("*") if p.is_file()]


def test_a_folder_that_cannot_be_written_costs_no_scene(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("RSNOTES_CACHE", str(blocked))
    assert cached_render(9, SMALL).mask.shape == (64, 64)


def test_the_cache_lies_where_the_environment_says(folder):
    assert cache_folder() == folder / "scenes"
