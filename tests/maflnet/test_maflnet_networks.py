"""Both networks: their sizes, what trains, how the parts are wired, and weights from files."""

import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor, nn
from torchvision.transforms.functional import normalize

from rsnotes.maflnet import Adapter, MAFLNet, maflnet_student, maflnet_teacher, tiny_student, tiny_teacher
from rsnotes.maflnet.hiera import HieraEncoder, sam2_trunk
from rsnotes.maflnet.mit import MiTEncoder
from rsnotes.metrics.cost import macs

torch.set_num_threads(1)
TRUNKS = {
    "sam2_hiera_tiny": 26_849_472,
    "sam2_hiera_small": 33_947_328,
    "sam2_hiera_base_plus": 68_675_712,
    "sam2_hiera_large": 212_149_296,
}
STUDENT = 12.52e6  # as printed


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def adapters(network: MAFLNet) -> list[Adapter]:
    return [module for module in network.modules() if isinstance(module, Adapter)]


def on_meta(build, *arguments, **options) -> MAFLNet:
    with torch.device("meta"):
        return build(*arguments, **options)


@pytest.fixture(scope="module")
def student() -> MAFLNet:
    torch.manual_seed(0)
    return maflnet_student(6)


@pytest.fixture(scope="module")
def teacher() -> MAFLNet:
    torch.manual_seed(0)
    return maflnet_teacher("sam2_hiera_tiny", 6)


@pytest.mark.parametrize("name", TRUNKS)
def test_teachers_have_the_sizes_of_their_trunks(name):
    network = on_meta(maflnet_teacher, name, 6)
    assert sum(p.numel() for p in network.encoder.pretrained_parameters()) == TRUNKS[name]
    assert count(network.encoder) == TRUNKS[name] + sum(map(count, adapters(network)))
    output = network(torch.empty(2, 3, 64, 96, device="meta"))
    assert output.logits.shape == (2, 6, 64, 96)


def test_adapters_of_the_tiny_trunk():
    every = on_meta(maflnet_teacher, "sam2_hiera_tiny", 6)
    assert len(adapters(every)) == 12
    assert sum(map(count, adapters(every))) == 262_464
    four = on_meta(maflnet_teacher, "sam2_hiera_tiny", 6, adapters="level")
    assert [adapter.layers[0].in_features for adapter in adapters(four)] == [96, 192, 384, 768]
    assert sum(map(count, adapters(four))) == 93_728


def test_the_student_has_the_printed_size(student):
    assert count(student.encoder) == 3_319_392
    assert abs(count(student) / STUDENT - 1) < 0.006
    assert macs(student, (3, 128, 128)) > 1e9


def test_what_trains_in_the_teacher(teacher):
    trained = {name for name, parameter in teacher.named_parameters() if parameter.requires_grad}
    for name, _ in teacher.named_parameters():
        new = ".adapter." in name or not name.startswith("encoder.trunk.")
        assert (name in trained) == new, name
    heads = {name.split(".")[0] for name in trained}
    assert heads == {"encoder", "project", "context", "edges", "decode", "classifier", "auxiliary_heads"}
    assert sum(".adapter." in name for name in trained) == 4 * 12


@pytest.mark.parametrize("which", ["teacher", "student"])
def test_the_full_networks_run_forward_and_backward(which, request):
    network = request.getfixturevalue(which)
    output = network(torch.rand(2, 3, 64, 64))
    assert output.logits.shape == (2, 6, 64, 64)
    assert output.features.shape == (2, 256, 16, 16)
    assert [a.shape for a in output.auxiliary] == ([(2, 6, 64, 64)] * 3 if which == "teacher" else [])
    network.zero_grad()
    torch.stack([output.logits, *output.auxiliary]).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
        if parameter.requires_grad:
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().max() > 0, name


def test_any_size_of_image_for_the_student():
    network = on_meta(maflnet_student, 5)
    image = torch.empty(2, 3, 500, 500, device="meta")
    assert [m.shape[-1] for m in network.encoder(image)] == [125, 63, 32, 16]
    assert network(image).logits.shape == (2, 5, 500, 500)


def test_images_are_standardised_as_the_encoders_were_trained():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 64)
    network = tiny_teacher(6).eval()
    for adapter in adapters(network):
        nn.init.zeros_(adapter.layers[2].weight)
        nn.init.zeros_(adapter.layers[2].bias)
    plain = tiny_teacher(6).encoder.trunk
    blocks = plain.model.blocks
    for index in range(len(blocks)):
        blocks[index] = blocks[index].block  # timm's own trunk again
    names = {name.replace(".block.", "."): value for name, value in network.encoder.trunk.state_dict().items()}
    plain.load_state_dict({name: value for name, value in names.items() if ".adapter." not in name})
    expected = plain.eval()(normalize(image, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    for ours, theirs in zip(
        network.encoder(image), expected, strict=True
    ):  # GELU(0) = 0: an empty adapter adds nothing
        torch.testing.assert_close(ours, theirs)
    student = tiny_student(6).eval()
    raw = student.encoder.backbone(
        normalize(image, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), output_hidden_states=True
    ).hidden_states
    for ours, theirs in zip(student.encoder(image), raw, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_an_adapter_adds_to_its_tokens():
    adapter, x = Adapter(5), torch.randn(1, 2, 3, 5)
    inner = nn.functional.gelu(x @ adapter.layers[0].weight.T + adapter.layers[0].bias)
    torch.testing.assert_close(
        adapter(x), x + nn.functional.gelu(inner @ adapter.layers[2].weight.T + adapter.layers[2].bias)
    )


def test_skips_meet_the_stage_below_them():
    network, seen = tiny_student(4).eval(), {}
    for level, module in enumerate(network.edges):
        module.register_forward_hook(lambda _m, inputs, output, level=level: seen.__setitem__(level, (*inputs, output)))
    skips = network.skips(torch.rand(1, 3, 72, 100))
    stages = network.stages(skips)
    assert [tuple(stage.shape[2:]) for stage in stages] == [(3, 4), (5, 7), (9, 13), (18, 25)]
    assert seen[3][1] is skips[3]  # the coarsest has nothing below
    assert stages[0] is seen[3][2]
    for level, below in ((2, stages[0]), (1, stages[1]), (0, stages[2])):
        features, deeper, skip = seen[level]
        assert features is skips[level]
        assert deeper is below
        enlarged = nn.functional.interpolate(below, skip.shape[2:], mode="bilinear", align_corners=False)
        torch.testing.assert_close(network.decode[level](torch.cat([enlarged, skip], 1)), stages[3 - level])


def test_auxiliary_classifiers_read_the_three_coarser_stages():
    network = tiny_teacher(4).eval()
    image = torch.rand(1, 3, 64, 64)
    output, stages = network(image), network.stages(network.skips(image))
    torch.testing.assert_close(output.features, stages[3])
    for logits, head, stage in zip(output.auxiliary, network.auxiliary_heads, stages[:3], strict=True):
        torch.testing.assert_close(logits, nn.functional.interpolate(head(stage), (64, 64), mode="bilinear"))
    torch.testing.assert_close(
        output.logits, nn.functional.interpolate(network.classifier(stages[3]), (64, 64), mode="bilinear")
    )


@pytest.mark.parametrize("build", [maflnet_student, tiny_student, tiny_teacher])
def test_controls_have_as_many_parameters_as_what_they_stand_for(build):
    full, bare = on_meta(build, 6), on_meta(build, 6, context="none", edges="none")
    for option in ({"context": "plain"}, {"edges": "plain"}, {"context": "plain", "edges": "plain"}):
        assert abs(count(on_meta(build, 6, **option)) / count(full) - 1) < 0.005
    context = count(full) - count(on_meta(build, 6, context="none"))
    plain = count(on_meta(build, 6, context="plain")) - count(on_meta(build, 6, context="none"))
    assert abs(plain / context - 1) < 0.02
    assert count(bare) < count(full) - 0.98 * context
    assert not list(bare.context.parameters())
    assert not list(bare.edges.parameters())
    masked = count(on_meta(build, 6, edges="masked")) - count(full)
    assert masked == 4 * (9 * full.classifier.in_channels + 1)


def test_options_reach_the_attention():
    assert all(block.laa.normalise for block in tiny_student(6, normalise=True).context)
    assert not any(block.laa.normalise for block in tiny_student(6).context)
    assert [block.laa.heads for block in on_meta(maflnet_student, 6).context] == [8] * 4


def test_a_tiny_teacher_can_be_frozen_after_it_was_trained():
    whole, frozen = tiny_teacher(6), tiny_teacher(6, frozen=True)
    frozen.load_state_dict(whole.state_dict())
    assert all(parameter.requires_grad for parameter in whole.parameters())
    assert {n for n, p in frozen.named_parameters() if not p.requires_grad} == {
        n for n, _ in whole.named_parameters() if n.startswith("encoder.trunk.") and ".adapter." not in n
    }
    assert 1e6 < count(whole) < 5e6
    assert count(tiny_student(6)) < count(whole) / 4


def trunk_file(path, name="sam2_hiera_tiny", drop=(), prefix=""):
    """A weight file with the names and shapes of timm's own model, all values different from those of a new one."""
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in timm.create_model(name).state_dict().items()}
    state = {
        prefix + key: torch.full(shape, i / 1000) for i, (key, shape) in enumerate(shapes.items()) if key not in drop
    }
    safetensors.torch.save_file(state, path)
    return state


def test_a_file_of_timms_fills_every_tensor_of_the_trunk(tmp_path):
    path = tmp_path / "trunk.safetensors"
    state = trunk_file(path)
    assert any(key.startswith("head.") for key in state)
    network = maflnet_teacher("sam2_hiera_tiny", 6, pretrained=path)
    found = {key.replace(".block.", "."): value for key, value in network.encoder.trunk.model.state_dict().items()}
    for key, value in state.items():
        assert key.startswith("head.") or torch.equal(found.pop(key), value), key
    assert all(".adapter." in key for key in found)


@pytest.mark.parametrize("fault", ["missing", "other trunk", "other names"])
def test_weights_that_do_not_fit_the_trunk_are_refused(tmp_path, fault):
    path = tmp_path / "trunk.safetensors"
    trunk_file(
        path,
        "sam2_hiera_small" if fault == "other trunk" else "sam2_hiera_tiny",
        drop={"blocks.3.attn.qkv.weight"} if fault == "missing" else (),
        prefix="image_encoder.trunk." if fault == "other names" else "",
    )
    with pytest.raises(RuntimeError, match=r"trunk\.safetensors do not fit timm's sam2_hiera_tiny"):
        sam2_trunk("sam2_hiera_tiny", path)


def test_timms_weights_end_up_in_the_trunk(monkeypatch):
    served = timm.create_model("sam2_hiera_tiny").state_dict()
    served = {key: torch.full_like(value, 0.25) for key, value in served.items()}
    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", lambda *_, **__: dict(served))
    trunk = sam2_trunk("sam2_hiera_tiny", pretrained=True)
    assert all((value == 0.25).all() for value in trunk.state_dict().values())


def test_a_failed_download_names_the_remedy(monkeypatch):
    def offline(*_arguments, **_options):
        raise ConnectionError("no route")

    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", offline)
    with pytest.raises(RuntimeError, match=r"\(ConnectionError\).*huggingface.co/timm/sam2_hiera_tiny.*pretrained="):
        sam2_trunk("sam2_hiera_tiny", pretrained=True)
    with pytest.raises(RuntimeError, match=r"absent\.safetensors, which is no file"):
        sam2_trunk("sam2_hiera_tiny", "absent.safetensors")


SMALL_MIT = {"hidden_sizes": [8, 8, 8, 8], "num_attention_heads": [1, 1, 1, 1], "depths": [1, 1, 1, 1]}


def published(encoder: MiTEncoder, folder) -> dict[str, Tensor]:
    """The encoder's weights under the names SegFormer was published with, inside a classifier."""
    encoder.backbone.save_pretrained(folder)
    state = safetensors.torch.load_file(folder / "model.safetensors")
    assert "encoder.block.0.0.attention.self.query.weight" in state
    return {f"segformer.{key}": value for key, value in state.items()} | {"classifier.bias": torch.zeros(1000)}


def test_published_names_fill_every_tensor_of_the_student(tmp_path):
    source = MiTEncoder(**SMALL_MIT)
    for parameter in source.parameters():
        nn.init.uniform_(parameter)
    safetensors.torch.save_file(published(source, tmp_path), tmp_path / "mit.safetensors")
    loaded = MiTEncoder(pretrained=tmp_path / "mit.safetensors", **SMALL_MIT)
    assert loaded.backbone.training
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, source.state_dict()[key]), key


@pytest.mark.parametrize("fault", ["missing", "shape"])
def test_weights_that_do_not_fit_the_student_are_refused(tmp_path, fault):
    state = published(MiTEncoder(**SMALL_MIT), tmp_path)
    key = "segformer.encoder.block.1.0.mlp.dense1.weight"
    state[key] = torch.zeros(3, 8)
    if fault == "missing":
        del state[key]
    safetensors.torch.save_file(state, tmp_path / "mit.safetensors")
    with pytest.raises(RuntimeError, match=r"the weights .*mit\.safetensors"):
        MiTEncoder(pretrained=tmp_path / "mit.safetensors", **SMALL_MIT)
    with pytest.raises(RuntimeError, match=r"absent\.bin, which is no file"):
        maflnet_student(6, pretrained=tmp_path / "absent.bin")


def test_what_cannot_be_built_or_run_is_refused():
    with pytest.raises(ValueError, match=r"no SAM2 trunk of timm; choose from sam2_hiera_base_plus, sam2_hiera_large"):
        maflnet_teacher("hiera_tiny", 6)
    with pytest.raises(ValueError, match="at least one class, got 0"):
        tiny_student(0)
    with pytest.raises(ValueError, match=r"multiples of 32, got \(1, 3, 48, 64\)"):
        tiny_teacher(6)(torch.rand(1, 3, 48, 64))
    with pytest.raises(ValueError, match=r"images of 3 bands, got \(1, 4, 32, 32\)"):
        tiny_student(6)(torch.rand(1, 4, 32, 32))


def test_the_level_adapters_stand_before_the_first_block_of_full_width():
    trunk = timm.create_model("sam2_hiera_tiny", features_only=True, embed_dim=16)
    encoder = HieraEncoder(trunk, "level")
    where = [i for i, block in enumerate(encoder.trunk.model.blocks) if hasattr(block, "adapter")]
    assert where == [0, 2, 4, 11]
    assert encoder.channels == (16, 32, 64, 128)
