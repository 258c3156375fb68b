"""A run's folder: what it began with, what it leaves, and what is missing from it."""

import json

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from rsnotes.datasets import DataError
from rsnotes.training.kept import keep_weights, present, same_run


def test_a_run_goes_on_with_its_own_settings_only(tmp_path):
    path = tmp_path / "run" / "recipe.json"
    same_run(path, {"rate": 0.1, "terms": ("a", "b")})
    assert json.loads(path.read_text("utf-8")) == {"rate": 0.1, "terms": ["a", "b"]}
    same_run(path, {"rate": 0.1, "terms": ("a", "b")})  # a tuple is the list it was stored as
    with pytest.raises(ValueError, match=r"\(rate is 0\.2, was 0\.1\): choose another folder"):
        same_run(path, {"rate": 0.2, "terms": ("a", "b")})
    assert json.loads(path.read_text("utf-8"))["rate"] == 0.1
    assert [p.name for p in path.parent.iterdir()] == ["recipe.json"]


def test_weights_replace_older_ones_and_leave_nothing_aside(tmp_path):
    network, path = nn.Linear(2, 1), tmp_path / "network.safetensors"
    for value in (1.0, 2.0):
        nn.init.constant_(network.weight, value)
        keep_weights(network, path)
    assert torch.equal(load_file(path)["weight"], torch.full((1, 2), 2.0))
    assert [p.name for p in tmp_path.iterdir()] == ["network.safetensors"]


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    (tmp_path / "here").write_text("")
    assert present(tmp_path / "here", "none") == tmp_path / "here"
    with pytest.raises(DataError, match=r"gone.*no such file.*Give the folder"):
        present(tmp_path / "gone", "Give the folder")
