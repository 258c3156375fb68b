"""Cached outputs follow the samples: with a network that commutes with flips they equal the live ones."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsnotes.datasets import Augment, Sample
from rsnotes.networks import SegmentationOutput
from rsnotes.training import Batch, LiveTeacher, TeacherCache, batches

torch.set_num_threads(1)


class Pointwise(nn.Module):
    """Looks at one pixel at a time, so that a flip of the image is a flip of the output."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.classifier, self.features, self.drop = nn.Conv2d(3, 5, 1), nn.Conv2d(3, 7, 1), nn.Dropout(0.5)

    def forward(self, image: Tensor) -> SegmentationOutput:
        return SegmentationOutput(self.classifier(image), F.avg_pool2d(self.features(self.drop(image)), 4))


class Noise:
    def __init__(self, height: int = 16, width: int = 16) -> None:
        self.size = height, width

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Sample:
        generator = torch.Generator().manual_seed(index)
        return Sample(torch.rand(3, *self.size, generator=generator), torch.zeros(self.size, dtype=torch.int64))


def all_batches(augment: Augment | None) -> list[Batch]:
    return list(batches(Noise(), augment, batch_size=4, seed=3, first=0, last=6))


@pytest.mark.parametrize("augment", [None, Augment(16), Augment(16, flip=False), Augment(16, rotate=False)])
def test_cache_equals_live_teacher(augment):
    network = Pointwise()
    cache = TeacherCache(network, Noise(), augment, batch_size=2)
    assert network.training, "the cache leaves the network's mode as it was"
    live = LiveTeacher(network)
    for batch in all_batches(augment):
        cached, expected = cache(batch), live(batch)
        assert cached.features.shape == (4, 7, 4, 4)
        for ours, theirs in zip(cached[:2], expected[:2], strict=True):
            assert ours.dtype == torch.float32
            assert not ours.requires_grad
            torch.testing.assert_close(ours, theirs, rtol=2**-10, atol=1e-4)


def test_the_cached_teacher_sees_unchanged_colours():
    cache = TeacherCache(Pointwise(), Noise(), Augment(16, colour=0.5))
    for coloured, plain in zip(all_batches(Augment(16, colour=0.5)), all_batches(Augment(16)), strict=True):
        assert not torch.allclose(coloured.image, plain.image, atol=0.01)
        torch.testing.assert_close(cache(coloured).logits, cache(plain).logits, rtol=0, atol=0)


def test_half_precision_is_what_is_kept():
    cache = TeacherCache(Pointwise(), Noise())
    assert cache.logits.dtype == cache.features.dtype == torch.float16
    assert cache.logits.shape == (5, 5, 16, 16)


@pytest.mark.parametrize(
    ("samples", "augment"),
    [
        (Noise(), Augment(8)),
        (Noise(), Augment(16, scale=(1.0, 1.5))),
        (Noise(16, 24), Augment(16)),
        (Noise(16, 24), Augment(24)),
    ],
)
def test_crops_and_zooms_are_refused(samples, augment):
    with pytest.raises(ValueError, match="cached outputs can be flipped and turned only"):
        TeacherCache(Pointwise(), samples, augment)


def test_a_live_teacher_gives_no_gradient_and_does_not_drop_out():
    network = Pointwise()
    live = LiveTeacher(network)
    batch = all_batches(None)[0]
    first, second = live(batch), live(batch)
    assert not first.logits.requires_grad
    torch.testing.assert_close(first.features, second.features, rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in network.parameters())
