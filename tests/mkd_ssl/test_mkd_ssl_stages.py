"""Stages: heads remade, what is frozen stays to the bit, what is handed over is what was saved."""

import copy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_model
from torch import nn

from rsnotes.datasets import Augment, Classes, Sample
from rsnotes.mkd_ssl import Chain, Domain, Known, MKDRecipe, Stage, freeze_all_but, new_head, only_backbone, same_names
from rsnotes.mkd_ssl.chain import mixed
from rsnotes.mkd_ssl.networks import small_network, table1_network
from rsnotes.mkd_ssl.stages import head_layers
from rsnotes.networks import SegmentationOutput, pspnet
from rsnotes.training import GradientStep, make_fabric

torch.set_num_threads(1)

OLD, NEW = ("tree", "car", "sky"), ("road", "car", "wood", "roof")
RECIPE = MKDRecipe(batch_size=2, ohem_kept=0, learning_rate=0.05, fisher_samples=2, lambda_ewc=1.0)


class Tiny(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.decoder = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
        self.classifier = nn.Conv2d(4, classes, 1)

    def forward(self, x):
        features = self.decoder(self.backbone(x))
        return SegmentationOutput(self.classifier(features), features)


class Few:
    """Six random images with labels that follow from the brightest band."""

    bands = ("red", "green", "blue")

    def __init__(self, names, seed=0):
        self.classes = Classes(tuple(names), ((0, 0, 0),) * len(names), (True,) * len(names))
        generator = torch.Generator().manual_seed(seed)
        images = torch.rand(6, 3, 8, 8, generator=generator)
        self.samples = [Sample(image, image.argmax(0) % len(names)) for image in images]

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return self.samples[index]


DOMAINS = {"bridge": Domain(Few(NEW), Augment(8)), "target": Domain(Few(NEW, 1), Augment(8))}


def start(whole=False, samples=True):
    torch.manual_seed(7)
    network = Tiny(3)
    network(torch.rand(4, 3, 8, 8))  # running statistics of its own
    return Known(network, OLD, Few(OLD).samples[:2] if samples else (), whole)


def chain(folder, **changes):
    return Chain(Tiny, DOMAINS, replace(RECIPE, **changes), 0, lambda number: folder / str(number))


def distilled(domain, teacher="classifier", **more):
    return Stage(domain, NEW, teacher, teacher_steps=2, student_steps=2, **more)


def test_a_new_head_keeps_the_body_and_the_rows_of_classes_that_overlap():
    torch.manual_seed(0)
    old = pspnet("resnet10t", 3, 1 / 16)
    new = new_head(old, lambda k: pspnet("resnet10t", k, 1 / 16), OLD, NEW, (("tree", "wood"), ("car", "car")))
    assert head_layers(new) == {"classifier", "auxiliary_head.3"}
    for key, value in old.state_dict().items():
        after = new.state_dict()[key]
        if key.rpartition(".")[0] in ("classifier", "auxiliary_head.3"):
            assert torch.equal(after[[2, 1]], value[[0, 1]]), key
            assert not any(torch.equal(after[k], row) for k in (0, 3) for row in value)
        else:
            assert torch.equal(after, value), key
    assert same_names(OLD, NEW) == (("car", "car"),)
    with pytest.raises(ValueError, match=r"no classes to match as \('tree', 'forest'\)"):
        new_head(old, lambda k: pspnet("resnet10t", k, 1 / 16), OLD, NEW, (("tree", "forest"),))


def test_a_classifier_gives_its_backbone_only():
    network = start().network
    fresh = only_backbone(network, Tiny, 4)
    assert all(
        torch.equal(value, network.state_dict()[key]) == key.startswith("backbone") or "num_batches" in key
        or "running" in key or ".1." in key
        for key, value in fresh.state_dict().items() if value.shape == network.state_dict()[key].shape
    )  # fmt: skip
    assert torch.equal(fresh.backbone[1].running_mean, network.backbone[1].running_mean)
    assert not torch.equal(fresh.decoder[0].weight, network.decoder[0].weight)


@pytest.mark.parametrize(
    ("part", "moves"), [("all", {"backbone", "decoder", "classifier"}), ("decoder", {"decoder", "classifier"}),
                        ("classifier", {"classifier"})],
)  # fmt: skip
def test_what_is_frozen_does_not_move_to_the_bit(part, moves, tmp_path):
    network = start().network
    before = copy.deepcopy(network.state_dict())
    frozen = freeze_all_but(network, part)
    runner, stage = chain(tmp_path), distilled("bridge")
    from rsnotes.mkd_ssl import StageObjective, Supervision

    few = Few(OLD)
    objective = StageObjective(RECIPE, Supervision(RECIPE, few.classes), frozen=frozen)
    runner._train(network, objective, Domain(few, Augment(8)), stage.teacher_steps, tmp_path / "t")
    changed = {key.split(".")[0] for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == moves


def test_a_teacher_that_teaches_does_not_move_to_the_bit(tmp_path, monkeypatch):
    taught = []
    monkeypatch.setattr(
        "rsnotes.mkd_ssl.chain.mixed", lambda fabric, network: taught.append(network) or mixed(fabric, network)
    )
    last, _ = chain(tmp_path).run([distilled("bridge", "decoder")], start())
    (teacher,) = taught
    saved = load_file(tmp_path / "1" / "teacher.safetensors")
    assert all(torch.equal(value, saved[key]) for key, value in teacher.state_dict().items())
    assert not any(
        torch.equal(value, last.network.state_dict()[key]) for key, value in saved.items() if "weight" in key
    )


def test_the_first_teacher_has_the_sources_backbone_and_the_second_the_first_students_body(tmp_path):
    source = start()
    chain(tmp_path).run([distilled("bridge", "decoder"), distilled("target")], source)
    first, student, second = (
        load_file(tmp_path / name) for name in
        ("1/teacher.safetensors", "1/student.safetensors", "2/teacher.safetensors")
    )  # fmt: skip
    given = source.network.state_dict()
    assert all(torch.equal(value, given[key]) for key, value in first.items() if key.startswith("backbone"))
    assert not torch.equal(first["decoder.0.weight"], given["decoder.0.weight"])
    body = [key for key in second if not key.startswith("classifier")]
    assert all(torch.equal(second[key], student[key]) for key in body)
    assert not torch.equal(second["classifier.weight"], student["classifier.weight"])


def test_a_third_stage_goes_on_from_the_second_and_changes_nothing_before_it(tmp_path):
    stages = [distilled("bridge", "decoder"), distilled("target"), distilled("bridge")]
    chain(tmp_path / "two").run(stages[:2], start())
    known, _ = chain(tmp_path / "three").run(stages, start())
    before, student, third, last = (
        load_file(tmp_path / name) for name in
        ("two/2/student.safetensors", "three/2/student.safetensors", "three/3/teacher.safetensors",
         "three/3/student.safetensors")
    )  # fmt: skip
    assert all(torch.equal(student[key], value) for key, value in before.items())
    assert all(torch.equal(third[key], student[key]) for key in third if not key.startswith("classifier"))
    assert not torch.equal(third["classifier.weight"], student["classifier.weight"])
    assert all(torch.equal(value, last[key]) for key, value in known.network.state_dict().items())


def test_a_stage_stands_on_the_file_that_was_saved(tmp_path):
    stages = [distilled("bridge", "decoder"), distilled("target")]
    chain(tmp_path).run(stages[:1], start())
    path = tmp_path / "1" / "student.safetensors"
    other = Tiny(4)
    with torch.no_grad():
        for value in other.parameters():
            value.fill_(0.5)
    runner, saved = chain(tmp_path), Chain._saved

    def changed(self, network, stage, where):
        if where == path:
            save_model(other, str(where))
            from safetensors.torch import load_model

            fresh = Tiny(4)
            load_model(fresh, where)
            return fresh
        return saved(self, network, stage, where)

    Chain._saved = changed
    try:
        runner.run(stages, start())
    finally:
        Chain._saved = saved
    second = load_file(tmp_path / "2" / "teacher.safetensors")
    assert (second["backbone.0.weight"] == 0.5).all()


def test_a_stopped_chain_ends_where_an_unstopped_one_does(tmp_path, monkeypatch):
    stages = [distilled("bridge", "decoder"), distilled("target")]
    once, _ = chain(tmp_path / "once").run(stages, start())
    step, calls = GradientStep.__call__, []

    def stopped(self, batch, number):
        calls.append(number)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return step(self, batch, number)

    monkeypatch.setattr(GradientStep, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        chain(tmp_path / "twice").run(stages, start())
    monkeypatch.undo()
    before = len(calls)
    twice, _ = chain(tmp_path / "twice").run(stages, start())
    assert before == 6
    assert all(torch.equal(v, twice.network.state_dict()[k]) for k, v in once.network.state_dict().items())


def test_a_student_is_random_or_its_predecessor(tmp_path):
    tuned = Stage("bridge", NEW, None, "previous", ("supervised",), student_steps=0)
    source = start(whole=True)
    network = chain(tmp_path).run([tuned], source)[0].network
    assert torch.equal(network.decoder[0].weight, source.network.decoder[0].weight)
    scratch = replace(tuned, student="random")
    for given in (None, source):
        network = chain(tmp_path / f"scratch{given is None}").run([scratch], given)[0].network
        assert not torch.equal(network.decoder[0].weight, source.network.decoder[0].weight)
    with pytest.raises(ValueError, match=r"stage 1 \(bridge\) goes on from a previous network"):
        chain(tmp_path).run([tuned])


@pytest.mark.parametrize(
    ("mode", "samples", "held"), [("literal", True, "all"), ("principled", True, "backbone"), ("principled", False, ""),
                                  ("off", True, "")],
)  # fmt: skip
def test_what_springs_hold_in_the_first_stage(mode, samples, held, tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr(
        "rsnotes.mkd_ssl.chain.StageObjective",
        lambda *given, **more: found.append(given[3] if len(given) > 3 else None) or _objective(*given, **more),
    )
    chain(tmp_path, ewc=mode).run([distilled("bridge", "decoder")], start(samples=samples))
    springs = found[-1]
    assert found[0] is None  # the teacher's training has none
    if not held:
        assert springs is None
    else:
        parts = {name.split(".")[0] for name in springs[0].anchor}
        assert parts == ({"backbone"} if held == "backbone" else {"backbone", "decoder", "classifier"})


from rsnotes.mkd_ssl.objective import StageObjective as _objective  # noqa: E402


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher": None}, "need a teacher"),
        ({"losses": ("supervised",)}, "a teacher needs one of them"),
        ({"classes": ()}, "needs the names of its classes"),
    ],
)
def test_a_stage_has_to_make_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(Stage("bridge", NEW), **changes)


def test_steps_of_a_stage_count_the_teachers():
    assert Stage("bridge", NEW, teacher_steps=10, student_steps=30).steps == 40
    assert Stage("bridge", NEW, None, "random", ("supervised",), 10, 30).steps == 30


def test_the_small_network_and_the_names_of_table_1():
    with torch.device("meta"):
        plain, gated = small_network(6, None), small_network(6)
        named = table1_network("HRNetV2-W48_PSA", 6)
    names = {name for name, _ in gated.named_parameters()} - {name for name, _ in plain.named_parameters()}
    assert any("pixel_gate" in name for name in names)
    assert {n for n, _ in plain.backbone.named_parameters()} == {n for n, _ in gated.backbone.named_parameters()}
    assert sum(p.numel() for p in named.parameters()) == 79_943_892
    with pytest.raises(ValueError, match="timm does not have its backbone"):
        table1_network("Resnet101_ibn_a", 6)


def test_a_mixed_teacher_is_the_network_without_gradient():
    network = Tiny(3)
    images = torch.rand(2, 3, 8, 8)
    teacher = mixed(make_fabric(), network)
    from rsnotes.training import Batch

    logits = teacher(Batch(images, *(torch.zeros(2, dtype=torch.int64),) * 3)).logits
    assert not logits.requires_grad
    assert not network.training
    torch.testing.assert_close(logits.float(), network(images).logits, atol=0.05, rtol=0.05)
