"""Springs over images whose sides are no multiples of 32."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from rsnotes.datasets import Augment, Classes, Sample
from rsnotes.mkd_ssl import Chain, Domain, Known, MKDRecipe, Stage, command, fisher_diagonal
from rsnotes.mkd_ssl.trimmed import Trimmed, TrimmingChain, trimmed
from rsnotes.networks import SegmentationOutput, deeplab_hrnet

torch.set_num_threads(1)

NAMES = ("road", "car", "wood")
RECIPE = MKDRecipe(batch_size=2, ohem_kept=0, learning_rate=0.05, fisher_samples=2, lambda_ewc=1.0)


class Demanding(nn.Module):
    """A network that takes multiples of 32 only, as HRNet does."""

    def __init__(self, classes):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.classifier = nn.Conv2d(4, classes, 1)

    def forward(self, x):
        if x.shape[2] % 32 or x.shape[3] % 32:
            raise ValueError(f"no multiples: {tuple(x.shape)}")
        features = self.backbone(x)
        return SegmentationOutput(self.classifier(features), features)


class Odd:
    """Three images of 45 × 70 pixels."""

    bands = ("red", "green", "blue")
    classes = Classes(NAMES, ((0, 0, 0),) * 3, (True,) * 3)

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.samples = [Sample(i, i.argmax(0)) for i in torch.rand(3, 3, 45, 70, generator=generator)]

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return self.samples[index]


def test_what_is_left_over_is_cut_off_on_the_right_and_below():
    sample = Odd()[0]
    image, mask = trimmed(sample)
    assert torch.equal(image, sample.image[:, :32, :64])
    assert torch.equal(mask, sample.mask[:32, :64])
    whole = Sample(torch.rand(3, 64, 32), torch.zeros(64, 32, dtype=torch.int64))
    assert torch.equal(trimmed(whole).image, whole.image)
    every = Trimmed(Odd())
    assert (len(every), every.classes.names) == (3, NAMES)
    assert torch.equal(every[1].image, Odd()[1].image[:, :32, :64])


def test_the_papers_network_takes_trimmed_images_and_no_odd_ones():
    network = deeplab_hrnet(3, None, "hrnet_w18_small", 0.0625)
    with pytest.raises((ValueError, RuntimeError)):
        fisher_diagonal(network, [Odd()[0]])
    assert any(value.any() for value in fisher_diagonal(network, [trimmed(Odd()[0])]).values())


@pytest.mark.parametrize("mode", ["principled", "literal"])
def test_a_second_stage_is_reached_over_odd_images(mode, tmp_path):
    torch.manual_seed(0)
    domains = {"bridge": Domain(Odd(), Augment(32)), "target": Domain(Odd(), Augment(32))}
    stages = [Stage(name, NAMES, "classifier", teacher_steps=1, student_steps=1) for name in ("bridge", "target")]
    source = Known(Demanding(3), NAMES)

    def run(kind):
        recipe = replace(RECIPE, ewc=mode)
        chain = kind(Demanding, domains, recipe, 0, lambda number: tmp_path / kind.__name__ / str(number))
        return chain.run(stages, source)

    with pytest.raises(ValueError, match="no multiples"):
        run(Chain)
    last, _ = run(TrimmingChain)
    assert last.samples[0].image.shape == (3, 45, 70)


def test_the_command_trains_by_it(monkeypatch, capsys):
    monkeypatch.setattr(command, "TrimmingChain", lambda *given: (_ for _ in ()).throw(ValueError("asked")))
    monkeypatch.setattr(command, "open_data", lambda *given: {"bridge": None, "target": None})
    monkeypatch.setattr(command, "same_run", lambda *given: None)
    assert command.train(None, None, command.Path("nowhere"), RECIPE) == 1
    assert capsys.readouterr().out == "asked\n"
