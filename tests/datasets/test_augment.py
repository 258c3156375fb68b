"""Augmentations: pure functions of the seed that move image and mask together."""

import pytest
import torch

from rsnotes.datasets import IGNORE, Sample
from rsnotes.datasets.augment import Augment

FULL = Augment(crop=16, scale=(0.5, 0.75, 1.0, 1.25, 1.5), colour=0.3)


def coordinates(height: int, width: int) -> Sample:
    """A sample whose image holds row and column (divided by 64) and whose mask holds an id made of both."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return Sample(torch.stack([rows, columns]) / 64, rows * 64 + columns)


def noise(channels: int = 3, side: int = 40) -> Sample:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(channels, side, side, generator=generator)
    return Sample(image, torch.randint(0, 6, (side, side), generator=generator))


def test_same_seed_same_view_whatever_the_global_state():
    torch.manual_seed(1)
    first = FULL(noise(), 7)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = FULL(noise(), 7)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.image, second.image)
    assert torch.equal(first.mask, second.mask)
    assert not torch.equal(first.image, FULL(noise(), 8).image)


def test_the_sample_is_left_as_it_was():
    sample = noise()
    image, mask = sample.image.clone(), sample.mask.clone()
    view = FULL(sample, 3)
    view.image.zero_()
    view.mask.zero_()
    assert torch.equal(sample.image, image)
    assert torch.equal(sample.mask, mask)


@pytest.mark.parametrize("seed", range(40))
def test_image_and_mask_move_together_pixel_by_pixel(seed):
    view = Augment(crop=16)(coordinates(30, 50), seed)
    rows, columns = (view.image * 64).round().long()
    assert torch.equal(view.mask, rows * 64 + columns)


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.25, 2.0])
def test_a_scaled_mask_stays_within_half_a_source_pixel_of_the_image(factor):
    view = Augment(crop=16, scale=(factor,))(coordinates(60, 60), 5)
    inside = slice(2, -2)  # at the rim, bilinear interpolation repeats the border
    rows, columns = view.image[:, inside, inside] * 64
    mask = view.mask[inside, inside]
    assert (rows - mask // 64).abs().max() <= 0.5 + 1e-3
    assert (columns - mask % 64).abs().max() <= 0.5 + 1e-3
    if factor != 0.5:  # at one half, every view pixel's centre lies between two source pixels
        assert (rows - mask // 64).mean().abs() < 0.13  # "nearest" is off to the top left by more


def test_scale_shows_less_or_more_ground():
    spans = []
    for factor in (0.5, 1.0, 2.0):
        mask = Augment(crop=16, scale=(factor,), flip=False, rotate=False)(coordinates(60, 60), 5).mask
        spans.append(int(mask.max() // 64 - mask.min() // 64) + 1)
    assert spans[1] == 16
    assert spans[2] == 8
    assert spans[0] in (31, 32)


def test_all_eight_orientations_and_every_position_are_drawn():
    sample = coordinates(4, 4)
    whole = {tuple(Augment(crop=4)(sample, seed).mask.flatten().tolist()) for seed in range(200)}
    assert len(whole) == 8
    plain = Augment(crop=2, flip=False, rotate=False)
    corners = {int(plain(sample, seed).mask[0, 0]) for seed in range(200)}
    assert corners == {row * 64 + column for row in range(3) for column in range(3)}


def test_without_options_the_view_is_a_window_of_the_sample():
    sample = noise()
    view = Augment(crop=40, flip=False, rotate=False)(sample, 11)
    assert torch.equal(view.image, sample.image)
    assert torch.equal(view.mask, sample.mask)


def test_padding_is_ignored_and_black():
    sample = Sample(torch.ones(3, 10, 12), torch.full((10, 12), 4))
    view = Augment(crop=16, flip=False, rotate=False)(sample, 0)
    assert torch.equal(view.mask[:10, :12], sample.mask)
    assert (view.mask[10:] == IGNORE).all()
    assert (view.mask[:, 12:] == IGNORE).all()
    assert (view.image[:, 10:] == 0).all()
    turned = Augment(crop=16)(sample, 4)
    assert (turned.mask == IGNORE).sum() == 16 * 16 - 10 * 12
    assert torch.equal(turned.mask == IGNORE, turned.image[0] == 0)


def test_colour_changes_the_image_alone_by_the_stated_amount():
    sample = Sample(torch.full((4, 16, 16), 0.4), torch.zeros(16, 16, dtype=torch.long))
    plain, jitter = Augment(crop=16), Augment(crop=16, colour=0.25)
    factors = []
    for seed in range(60):
        view = jitter(sample, seed)
        assert torch.equal(view.mask, plain(sample, seed).mask)
        factors.append(float(view.image.mean() / 0.4))  # contrast leaves a flat picture as it is
    assert 0.75 <= min(factors) < 0.8
    assert 1.2 < max(factors) <= 1.25


def test_contrast_is_taken_about_the_mean_of_each_band():
    bands = torch.stack([torch.tensor([[0.1, 0.3]]), torch.tensor([[0.5, 0.7]])])  # (2, 1, 2), means 0.2 and 0.6
    sample = Sample(bands.repeat(1, 2, 1), torch.zeros(2, 2, dtype=torch.long))
    image = Augment(crop=2, flip=False, rotate=False, colour=0.3)(sample, 3).image
    brightness = image[0].mean() / 0.2
    assert float(image[1].mean() / 0.6) == pytest.approx(float(brightness), abs=1e-5)
    contrast = (image[0, 0, 1] - image[0, 0, 0]) / (0.2 * brightness)
    assert float((image[1, 0, 1] - image[1, 0, 0]) / (0.2 * brightness)) == pytest.approx(float(contrast), abs=1e-5)
    assert abs(float(contrast) - 1) > 0.01


def test_colour_keeps_the_range_and_the_types():
    view = Augment(crop=16, colour=0.9)(noise(4), 1)
    assert view.image.dtype == torch.float32
    assert view.mask.dtype == torch.int64
    assert type(view.image) is torch.Tensor
    assert type(view.mask) is torch.Tensor
    assert 0 <= float(view.image.min()) <= float(view.image.max()) <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"crop": 0}, "crop"), ({"crop": 8, "scale": ()}, "scale"), ({"crop": 8, "colour": 1.0}, "colour")],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Augment(**arguments)


def test_an_image_that_does_not_fit_its_mask_is_refused():
    with pytest.raises(ValueError, match=r"\(8, 8\) and mask \(8, 9\)"):
        FULL(Sample(torch.zeros(3, 8, 8), torch.zeros(8, 9, dtype=torch.long)), 0)
