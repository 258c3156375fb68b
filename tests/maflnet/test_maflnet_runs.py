"""The teacher that ships, and the runs behind the experiments: what trains, what is copied, what is scored."""

import re
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from rsnotes import scenes
from rsnotes.datasets import ISPRS, Sample
from rsnotes.datasets.memory import InMemory
from rsnotes.datasets.squares import Squares
from rsnotes.maflnet import Adapter, around, load_tiny_teacher, pretraining, runs, tiny_student, tiny_teacher
from rsnotes.maflnet.experiment import ABLATION, AROUND, CONTROLS, DISTILLATION, ROWS, SMALL, TEACHER, TUNING
from rsnotes.maflnet.runs import boundary_score
from rsnotes.maflnet.weights import copy_trunk, trunk_state, without_adapters
from rsnotes.metrics import evaluate
from rsnotes.networks import SegmentationOutput
from rsnotes.networks.weights import load_weights

torch.set_num_threads(1)
SHORT = replace(SMALL, steps=2, crop=64, batch_size=2)


def adapters(network):
    return [module for module in network.modules() if isinstance(module, Adapter)]


def test_the_shipped_teacher_is_frozen_in_its_trunk_and_knows_the_scenes():
    teacher = load_tiny_teacher()
    assert not teacher.training
    trains = {name for name, parameter in teacher.named_parameters() if parameter.requires_grad}
    assert not {name for name in trains if name.startswith("encoder.trunk.") and ".adapter." not in name}
    assert {name for name in trains if ".adapter." in name}
    unseen = Squares(InMemory(scenes.SceneDataset("validation", 4)), SMALL.crop)
    assert evaluate(teacher, unseen).miou > 0.55


def test_a_trunk_is_copied_without_its_adapters():
    torch.manual_seed(0)
    source, target = tiny_teacher(6), tiny_teacher(6, frozen=True)
    before = [parameter.clone() for module in adapters(target) for parameter in module.parameters()]
    copy_trunk(source, target)
    after = [parameter for module in adapters(target) for parameter in module.parameters()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    image = torch.rand(1, 3, 64, 64)
    first, second = (without_adapters(network.eval()).encoder(image) for network in (source, target))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    fresh = without_adapters(tiny_teacher(6).eval()).encoder(image)
    assert not torch.equal(fresh[0], first[0])


def test_the_small_trunk_takes_four_adapters_too():
    widths = [module.layers[0].in_features for module in adapters(tiny_teacher(6, adapters="level"))]
    assert widths == [32, 64, 128, 128]  # its last level is one block, which takes in the width of the level before


def test_adapters_that_are_taken_out_pass_on_what_they_get():
    torch.manual_seed(0)
    network = without_adapters(tiny_teacher(6))
    for module in adapters(network):
        tokens = torch.randn(2, 4, 4, module.layers[0].in_features)
        assert torch.equal(module(tokens), tokens)
        assert not any(parameter.requires_grad for parameter in module.parameters())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two phases of two steps each: figures, the file they left, and the checkpoints' folder."""
    folder = tmp_path_factory.mktemp("teacher")
    settings = replace(TEACHER.variants["teacher"], trunk=SHORT, recipe=replace(SHORT, steps=3), tiles=2, test_tiles=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretraining, "weights_path", lambda name: folder / f"{name}.safetensors")
        figures = pretraining.run_teacher(settings, 0, folder)
    return figures, folder / "maflnet_teacher.safetensors", folder


def test_only_what_is_new_trains_in_the_second_phase(trained):
    figures, path, folder = trained
    teacher = load_weights(tiny_teacher(6, frozen=True), path)
    first = load_file(next((folder / "trunk").glob("step-*")) / "tensors.safetensors")
    own = trunk_state(teacher)
    for name, value in own.items():
        [found] = [
            tensor for key, tensor in first.items() if key.startswith("network") and key.endswith(f"encoder.{name}")
        ]
        assert torch.equal(value, found.half().float()), name
    torch.manual_seed(0)
    drawn = tiny_teacher(6, frozen=True)
    moved = [
        not torch.equal(one.layers[0].weight, other.layers[0].weight.half().float())
        for one, other in zip(adapters(teacher), adapters(drawn), strict=True)
    ]
    assert all(moved)
    assert figures["parameters"] - figures["trained"] == sum(value.numel() for value in own.values())
    assert [point["step"] for point in figures["curve"]][-1] == 3
    assert figures["bytes"] == path.stat().st_size < 6e6


class Constant(torch.nn.Module):
    """Predicts one map for every image."""

    def __init__(self, prediction):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.nn.functional.one_hot(prediction, 6).permute(2, 0, 1).float())

    def forward(self, image):
        return SegmentationOutput(self.weight.expand(len(image), -1, -1, -1), image)


def test_outlines_are_pooled_over_the_images():
    mask = torch.zeros(64, 64, dtype=torch.int64)
    mask[:, 32:] = 1
    moved = torch.zeros_like(mask)
    moved[:, 40:] = 1  # 8 pixels off; the tolerance is 0.0075 · 64 · √2 = 0.68 pixels
    samples = [Sample(torch.zeros(3, 64, 64), one) for one in (mask, moved)]
    held = Squares.__new__(Squares)
    held.classes, held.bands, held.samples = ISPRS, ("red", "green", "blue"), samples
    found = boundary_score(Constant(mask), held)
    assert found[ISPRS.names[0]] == pytest.approx(0.5)  # one image all met, the other none
    assert found[ISPRS.names[1]] == pytest.approx(0.5)
    assert found[ISPRS.names[2]] != found[ISPRS.names[2]]


def test_controls_have_the_parameters_of_what_they_stand_for():
    def size(row):
        with torch.device("meta"):
            network = tiny_teacher(6, frozen=True, context=row[0], edges=row[1])
        return sum(parameter.numel() for parameter in network.parameters())

    sizes = {name: size(row) for name, row in (ROWS | CONTROLS).items()}
    for control, row in (
        ("plain for MACA", "+ MACA"),
        ("plain for LHFEM", "+ LHFEM"),
        ("plain for both", "MACA and LHFEM"),
    ):
        added = sizes[row] - sizes["baseline"]
        assert abs(sizes[control] - sizes[row]) < 0.02 * added, control


@pytest.mark.parametrize("norm", [False, True])
def test_a_residual_goes_around_the_block_and_the_norm_inside(norm):
    torch.manual_seed(0)
    network = tiny_teacher(6, frozen=True, context="maca")
    blocks = list(network.context)
    around.surround(network, norm)
    x = torch.randn(2, 64, 8, 8)
    for block, own in zip(blocks, network.context, strict=True):
        inside = torch.nn.functional.batch_norm(x, None, None, training=True) if norm else x
        assert torch.allclose(own(x), x + block(inside), atol=1e-5)


def test_a_run_with_residuals_begins_with_the_weights_of_the_row_without(tmp_path, monkeypatch):
    seen = {}
    for module in (runs, around):
        monkeypatch.setattr(module, "fit", lambda network, *rest, module=module, **more: seen.update({module: network}))
        monkeypatch.setattr(module, "_figures", lambda network, *rest: {})
    settings = replace(AROUND.variants["+ MACA, norm and residual"], tiles=1, test_tiles=1)
    around.run_around(settings, 3, tmp_path)
    runs.run_ablation(replace(ABLATION.variants["+ MACA"], tiles=1, test_tiles=1), 3, tmp_path)
    mine, plain = (seen[module].state_dict() for module in (around, runs))
    context = re.compile(r"(context\.\d\.)block\.")
    kept = {context.sub(r"\1", name): value for name, value in mine.items() if not re.match(r"context\.\d\.norm", name)}
    assert kept.keys() == plain.keys()
    assert all(torch.equal(value, plain[name]) for name, value in kept.items())
    assert len(mine) == len(plain) + 4 * len(torch.nn.BatchNorm2d(1).state_dict())


def test_the_experiments_are_the_ones_described():
    assert ABLATION.baseline == "baseline"
    assert list(ABLATION.variants)[:4] == list(ROWS)
    assert len(ABLATION.seeds) == len(DISTILLATION.seeds) == 5
    alone, both = DISTILLATION.variants["labels alone"].recipe, DISTILLATION.variants["both"].recipe
    assert (alone.inter_weight, alone.intra_weight, both.inter_weight, both.intra_weight) == (0, 0, 1, 1)
    assert {one.test_split for one in TUNING.variants.values()} == {"experiments-validation"}
    assert {one.test_split for one in (*ABLATION.variants.values(), *DISTILLATION.variants.values())} == {
        "experiments-test"
    }
    assert not set(TUNING.seeds) & set(ABLATION.seeds)
    bare = ABLATION.variants["+ MACA"]
    for one in AROUND.variants.values():  # rows of the same table: the same seeds, scenes, steps and scores
        assert {**vars(one), "norm": None} == {**vars(bare), "norm": None}
    assert AROUND.seeds == ABLATION.seeds
    for name, one in TUNING.variants.items():
        assert f"{one.recipe.learning_rate:g}" == name.split("rate ")[1]


def test_an_ablation_keeps_the_shipped_trunk_and_a_student_alone_asks_no_teacher(tmp_path, monkeypatch):
    torch.manual_seed(1)
    shipped, seen = tiny_teacher(6, frozen=True), {}
    monkeypatch.setattr(runs, "load_tiny_teacher", lambda classes: shipped)
    figures = runs._figures
    monkeypatch.setattr(
        runs, "_figures", lambda network, *rest: seen.update(network=network) or figures(network, *rest)
    )
    settings = replace(ABLATION.variants["+ LHFEM"], recipe=SHORT, tiles=2, test_tiles=1)
    result = runs.run(settings, 0, tmp_path / "ablation")
    own, theirs = trunk_state(seen["network"]), trunk_state(shipped)
    assert all(torch.equal(own[name].cpu(), theirs[name]) for name in theirs)
    assert 0 <= result["scores"]["boundary_f1"] <= 1
    assert result["trained"] < result["parameters"]

    def never(classes):
        raise AssertionError("a student that learns from labels alone asked for the teacher")

    alone, both = (
        replace(one, recipe=replace(one.recipe, steps=2, crop=64, batch_size=2), tiles=1, test_tiles=1)
        for one in (DISTILLATION.variants["labels alone"], DISTILLATION.variants["both"])
    )
    result = runs.run(both, 0, tmp_path / "both")
    assert result["parameters"] == sum(p.numel() for p in tiny_student(6).parameters())
    monkeypatch.setattr(runs, "load_tiny_teacher", never)
    assert runs.run(alone, 0, tmp_path / "alone")["scores"]["matrix"] != result["scores"]["matrix"]
