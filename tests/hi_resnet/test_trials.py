"""Finding a view again among many, by hand and in the limits."""

import torch
from torch import nn

from rsnotes.datasets import Sample
from rsnotes.hi_resnet.trials import found_again, two_views_of
from rsnotes.hi_resnet.views import TwoViews


def test_a_view_is_found_where_its_own_key_is_the_nearest() -> None:
    keys = torch.eye(3)
    queries = torch.tensor([[1.0, 0, 0], [0, 0.6, 0.8], [0, 0, 1.0]])  # the second is nearer to the third's key
    assert found_again(queries, keys) == torch.tensor(2 / 3)
    assert found_again(keys, keys.roll(1, 0)) == 0
    assert found_again(keys, -keys) == 0  # as unlike as can be
    assert found_again(queries.roll(1, 0), keys.roll(1, 0)) == torch.tensor(2 / 3)


def test_the_views_are_paired_and_the_encoder_is_back_in_training() -> None:
    """A square of one colour is known by its colour, whatever part of it a view shows; batch norm would mix them."""
    colours = torch.tensor([[0.2, 0.4, 0.6], [0.9, 0.1, 0.5], [0.3, 0.3, 0.8]])
    samples = [
        Sample(colour[:, None, None].expand(3, 16, 16), torch.zeros(16, 16, dtype=torch.int64)) for colour in colours
    ]
    encoder = nn.Sequential(nn.BatchNorm2d(3, eps=0.0), nn.AdaptiveAvgPool2d(1), nn.Flatten()).train()
    first, second = two_views_of(encoder, samples, TwoViews(8, colour=0.0, grey=0.0))
    assert torch.allclose(first, colours, atol=1e-5)
    assert torch.allclose(second, colours, atol=1e-5)
    assert encoder.training

    brighter, _ = two_views_of(encoder, samples, TwoViews(8, colour=0.5, grey=0.0, blur=0.0), seed=1)
    again, other = two_views_of(encoder, samples, TwoViews(8, colour=0.5, grey=0.0, blur=0.0), seed=1)
    assert torch.equal(brighter, again)
    assert not torch.allclose(again, other, atol=0.01)


class Elsewhere(nn.Module):
    """Its weights lie on a device that cannot compute, as a GPU would be elsewhere; it notes where images come from."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, device="meta"))
        self.images: list[torch.device] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.images.append(images.device)
        return torch.ones(len(images), 2)


def test_views_go_where_the_encoder_lies() -> None:
    samples = [Sample(torch.rand(3, 16, 16), torch.zeros(16, 16, dtype=torch.int64)) for _ in range(3)]
    encoder = Elsewhere()
    first, second = two_views_of(encoder, samples, TwoViews(8))
    assert encoder.images == [torch.device("meta")] * 2
    assert first.shape == second.shape == (3, 2)
