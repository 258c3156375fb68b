"""Pretrained backbones: loaded whole or not at all, and a plain word when they cannot be had."""

import pytest
import safetensors.torch
import timm
import torch

from rsnotes.networks import pspnet

torch.set_num_threads(1)
WIDTH = 1 / 16


@pytest.fixture
def deep_stem():
    """A whole timm classifier, as a weight file of timm's holds it, with a classifier that must be left out."""
    torch.manual_seed(1)
    return timm.create_model("resnet18", stem_type="deep", stem_width=4, channels=(4, 8, 16, 32), num_classes=5)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_local_file_fills_every_tensor_of_the_backbone(tmp_path, deep_stem, suffix):
    path = tmp_path / f"weights{suffix}"
    state = deep_stem.state_dict()
    if suffix == ".pth":
        torch.save(state, path)
    else:
        safetensors.torch.save_file(state, path)
    backbone = pspnet("resnet18", 6, WIDTH, pretrained=path).backbone
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_four_bands_answer_a_grey_image_as_three_do(tmp_path, deep_stem):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(deep_stem.state_dict(), path)
    three = pspnet("resnet18", 6, WIDTH, pretrained=path).backbone.eval()
    one = pspnet("resnet18", 6, WIDTH, bands=1, pretrained=path).backbone.eval()
    grey = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(one(grey)[1], three(grey.expand(-1, 3, -1, -1))[1])


@pytest.mark.parametrize("fault", ["missing", "shape", "other names"])
def test_weights_that_do_not_fit_are_refused_whole(tmp_path, deep_stem, fault):
    state = deep_stem.state_dict()
    if fault == "missing":
        del state["layer4.1.conv2.weight"]
    elif fault == "shape":
        state["layer4.1.conv2.weight"] = torch.zeros(32, 32, 1, 1)
    else:
        state = {f"module.encoder.{key}": value for key, value in state.items()}
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(state, path)
    with pytest.raises(RuntimeError, match=r"weights\.safetensors do not fit.*same ResNet"):
        pspnet("resnet18", 6, WIDTH, pretrained=path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RuntimeError, match=r"absent\.pth, which is no file"):
        pspnet("resnet18", 6, WIDTH, pretrained=tmp_path / "absent.pth")


@pytest.mark.parametrize(("backbone", "width"), [("resnet18", 1.0), ("resnet18", 0.5), ("resnet101s", 0.5)])
def test_where_timm_has_no_weights_it_says_so(backbone, width):
    with pytest.raises(ValueError, match=r"timm has no pretrained weights for .* deep stem"):
        pspnet(backbone, 6, width, pretrained=True)


def test_a_failed_download_names_the_remedy(monkeypatch):
    def offline(*_args, **_options):
        raise ConnectionError("no route")

    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", offline)
    with pytest.raises(RuntimeError, match=r"could not be downloaded \(ConnectionError\).*give its path as pretrained"):
        pspnet("resnet50s", 6, pretrained=True)


def test_timms_weights_end_up_in_the_backbone(monkeypatch):
    torch.manual_seed(2)
    served = timm.create_model("resnet50s").state_dict()
    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", lambda *_args, **_options: dict(served))
    backbone = pspnet("resnet50s", 6, pretrained=True).backbone
    assert all(torch.equal(value, served[key]) for key, value in backbone.state_dict().items())
