"""The three losses: values by hand, gradients, absent classes, images of one class, masks that are all ignored."""

import itertools

import pytest
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from rsnotes.datasets import IGNORE
from rsnotes.hi_resnet import (
    dice_class_weights,
    edge_aware_loss,
    generalised_dice_loss,
    label_smoothing_cross_entropy,
    regions,
    smooth_labels,
)

torch.set_num_threads(1)


def draw(shape: tuple[int, ...] = (2, 3, 5, 6), seed: int = 0, ignored: bool = True) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    mask = torch.randint(0, shape[1], (shape[0], *shape[2:]), generator=generator)
    if ignored:
        mask[0, 0, :2] = IGNORE
    return logits, mask


def log_probabilities(*rows: list[float]) -> Tensor:
    """Logits (1, K, 1, pixels) whose softmax is given, a row a pixel."""
    return torch.tensor(rows, dtype=torch.float64).log().mT[None, :, None]


@pytest.mark.equation("hi_resnet", "5")
@pytest.mark.equation("hi_resnet", "6")
def test_regions_by_hand() -> None:
    logits = log_probabilities([0.7, 0.2, 0.1], [0.25, 0.5, 0.25], [0.1, 0.1, 0.8])
    mask = torch.tensor([[[0, IGNORE, 1]]])
    probability, label, valid = regions(logits, mask)
    expected = torch.tensor([[0.7, 0, 0.1], [0.2, 0, 0.1], [0.1, 0, 0.8]], dtype=torch.float64)
    torch.testing.assert_close(probability[0, :, 0], expected)
    assert label[0, :, 0].tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert valid.flatten().tolist() == [True, False, True]


@pytest.mark.equation("hi_resnet", "1")
@pytest.mark.equation("hi_resnet", "2")
def test_generalised_dice_by_hand() -> None:
    logits = log_probabilities([0.7, 0.3], [0.6, 0.4], [0.2, 0.8])
    mask = torch.tensor([[[0, 0, 1]]])
    # weights 1/4 and 1: overlap 1/4 · 1.3 + 0.8, sums 1/4 · (1.5 + 2) + (1.5 + 1)
    assert dice_class_weights(regions(logits, mask).label).tolist() == [0.25, 1]
    assert generalised_dice_loss(logits, mask).item() == pytest.approx(1 - 2 * (0.325 + 0.8) / (0.875 + 2.5))
    assert generalised_dice_loss(logits, mask, power=1).item() == pytest.approx(1 - 2 * (0.65 + 0.8) / (1.75 + 2.5))
    assert generalised_dice_loss(1000 * F.one_hot(mask, 2).movedim(-1, 1).double(), mask).item() == pytest.approx(0)
    assert generalised_dice_loss(-1000 * F.one_hot(mask, 2).movedim(-1, 1).double(), mask).item() == pytest.approx(1)


def test_generalised_dice_leaves_absent_classes_out() -> None:
    logits = log_probabilities([0.7, 0.2, 0.1], [0.6, 0.3, 0.1])
    one_class = torch.tensor([[[0, 0]]])
    assert generalised_dice_loss(logits, one_class).item() == pytest.approx(1 - 2 * 1.3 / 3.3)
    ignored = torch.tensor([[[0, 0, IGNORE]]])
    wider = torch.cat([logits, log_probabilities([0.1, 0.1, 0.8])], dim=-1)
    assert generalised_dice_loss(wider, ignored).item() == pytest.approx(1 - 2 * 1.3 / 3.3)


@pytest.mark.equation("hi_resnet", "4")
def test_smoothed_labels_by_hand() -> None:
    labels = smooth_labels(torch.tensor([[[2, 0]]]), 3, 0.1)
    torch.testing.assert_close(labels[0, :, 0].mT, torch.tensor([[0.05, 0.05, 0.9], [0.9, 0.05, 0.05]]))


@pytest.mark.equation("hi_resnet", "3")
def test_smoothed_cross_entropy_is_pytorchs_with_more_smoothing() -> None:
    logits, mask = draw()
    for epsilon in (0.0, 0.1, 0.3):
        expected = F.cross_entropy(logits, mask, ignore_index=IGNORE, label_smoothing=epsilon * 3 / 2)
        torch.testing.assert_close(label_smoothing_cross_entropy(logits, mask, epsilon), expected)
    torch.testing.assert_close(
        label_smoothing_cross_entropy(logits, mask), label_smoothing_cross_entropy(logits, mask, 0.1)
    )
    half = log_probabilities([0.5, 0.25, 0.25])
    value = label_smoothing_cross_entropy(half, torch.tensor([[[0]]]), 0.1).item()
    assert value == pytest.approx(0.9 * 0.693147 + 0.1 * 1.386294, abs=1e-6)


@pytest.mark.equation("hi_resnet", "7")
def test_edge_aware_loss_by_hand() -> None:
    # truth 1 1 0 0: distances 2 1 1 2; prediction above 0.5: 1 0 0 0: distances 1 1 2 3
    foreground = [0.9, 0.4, 0.2, 0.1]
    logits = log_probabilities(*([1 - p, p] for p in foreground))
    mask = torch.tensor([[[1, 1, 0, 0]]])
    squares = [0.1**2, 0.6**2, 0.2**2, 0.1**2]
    weights = [4 + 1, 1 + 1, 1 + 4, 4 + 9]
    expected = sum(s * w for s, w in zip(squares, weights, strict=True)) / 4
    # with two classes the other one has the same edges and errors
    assert edge_aware_loss(logits, mask, "all").item() == pytest.approx(expected)
    assert edge_aware_loss(logits, mask, "one").item() == pytest.approx(expected)
    assert edge_aware_loss(logits, mask, "all", unit=2).item() == pytest.approx(expected / 4)
    first_powers = sum(s * w for s, w in zip(squares, [2 + 1, 1 + 1, 1 + 2, 2 + 3], strict=True)) / 4
    assert edge_aware_loss(logits, mask, "all", beta=1).item() == pytest.approx(first_powers)
    # above 0.3 the prediction has the true edge; both classes are thresholded, 0.6 and 0.4 both lie above
    lower = edge_aware_loss(logits, mask, "all", threshold=0.3).item()
    drawn = {1: [2, 1, 1, 2], 0: [1, 1, 2, 3]}
    both = [sum(s * (g**2 + d**2) for s, g, d in zip(squares, [2, 1, 1, 2], drawn[k], strict=True)) / 4 for k in (0, 1)]
    assert lower == pytest.approx(sum(both) / 2)


def written_out(logits: Tensor, mask: Tensor, beta: float = 2.0) -> Tensor:
    """Equation 7 for all classes that occur, with SciPy's distances, image by image."""
    valid = mask != IGNORE
    total = []
    for k in mask[valid].unique().tolist():
        parts = []
        for image in range(len(mask)):
            probability = logits[image].softmax(0)[k] * valid[image]
            truth = (mask[image] == k).double()
            weight = torch.zeros_like(truth)
            for region in (truth > 0, probability > 0.5):
                for side in (region, ~region):
                    if not side.all():
                        weight += torch.from_numpy(ndimage.distance_transform_cdt(side.numpy(), "taxicab")) ** beta
            parts.append(((truth - probability) ** 2 * weight)[valid[image]])
        total.append(torch.cat(parts).mean())
    return torch.stack(total).mean()


def test_edge_aware_loss_is_the_equation_with_scipys_distances() -> None:
    logits, mask = draw((2, 4, 9, 7), seed=3)
    mask[mask == 2] = 1  # a class that does not occur
    torch.testing.assert_close(edge_aware_loss(3 * logits, mask, "all"), written_out(3 * logits, mask))
    with_third = written_out(3 * logits, mask, 3.0)
    torch.testing.assert_close(edge_aware_loss(3 * logits, mask, "all", beta=3), with_third)


def test_one_class_is_drawn_among_those_there_by_the_random_state() -> None:
    logits, mask = draw((1, 4, 8, 8), seed=4, ignored=False)
    mask[mask == 2] = 3
    each = []
    for k in (0, 1, 3):
        binary = torch.stack([1 - (p := logits.softmax(1)[:, k]), p], 1).log()
        each.append(round(edge_aware_loss(binary, (mask == k).long(), "all").item(), 8))
    drawn = []
    for seed in range(30):
        torch.manual_seed(seed)
        drawn.append(round(edge_aware_loss(logits, mask).item(), 8))
    assert set(drawn) == set(each)
    torch.manual_seed(0)
    assert round(edge_aware_loss(logits, mask).item(), 8) == drawn[0]
    assert edge_aware_loss(logits, mask, "all").item() == pytest.approx(sum(each) / 3)


LOSSES = {
    "dice": generalised_dice_loss,
    "smoothed": label_smoothing_cross_entropy,
    "edge": lambda logits, mask: edge_aware_loss(logits, mask, "all"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    logits, mask = draw((2, 3, 3, 4), seed=5)
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, mask), logits.requires_grad_())


@pytest.mark.parametrize("name", LOSSES)
def test_ignored_pixels_change_nothing(name: str) -> None:
    logits, mask = draw(seed=6)
    mask[1] = IGNORE
    logits.requires_grad_()
    value = LOSSES[name](logits, mask)
    (gradient,) = torch.autograd.grad(value, logits)
    assert value > 0
    assert bool((gradient.movedim(1, -1)[mask == IGNORE] == 0).all())
    other = logits.detach().clone()
    other[1] = torch.randn(3, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(LOSSES[name](other, mask), value.detach())


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_labels_gives_zero_with_zero_gradient(name: str) -> None:
    logits, mask = draw(seed=7)
    value = LOSSES[name](logits.requires_grad_(), torch.full_like(mask, IGNORE))
    value.backward()
    assert value == 0
    assert logits.grad is not None
    assert bool((logits.grad == 0).all())


@pytest.mark.parametrize("name", LOSSES)
def test_one_class_only_and_one_pixel(name: str) -> None:
    for shape in ((1, 3, 4, 4), (1, 2, 1, 1)):
        logits = torch.zeros(shape).requires_grad_()
        value = LOSSES[name](logits, torch.zeros(1, *shape[2:], dtype=torch.int64))
        value.backward()
        assert bool(torch.isfinite(value))
        assert bool(torch.isfinite(logits.grad).all())  # type: ignore[arg-type]
        if name != "edge":  # which has nothing to say without an edge
            assert bool((logits.grad[:, 0] < 0).all())  # type: ignore[index]


def test_an_image_of_one_class_with_a_predicted_hole_is_corrected() -> None:
    logits = torch.zeros(1, 2, 5, 5)
    logits[:, 0] = 2
    logits[0, :, 2, 2] = torch.tensor([-2.0, 2.0])
    value = edge_aware_loss(logits.requires_grad_(), torch.zeros(1, 5, 5, dtype=torch.int64))
    (gradient,) = torch.autograd.grad(value, logits)
    assert gradient[0, 0, 2, 2] < 0 < gradient[0, 1, 2, 2]


def test_the_loss_grows_with_the_distance_of_a_mistake() -> None:
    mask = torch.zeros(1, 9, 30, dtype=torch.int64)
    mask[:, :, :5] = 1
    values = []
    for column in (6, 12, 24):
        logits = torch.stack([5.0 - 10 * mask, 10.0 * mask - 5], 1)
        logits[0, :, 4, column] = torch.tensor([-5.0, 5.0])
        values.append(edge_aware_loss(logits, mask, "all").item())
    assert all(near < far for near, far in itertools.pairwise(values))


def test_half_precision_is_computed_in_single() -> None:
    logits, mask = draw(seed=8)
    for loss in LOSSES.values():
        found = loss(logits.bfloat16(), mask)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, loss(logits.bfloat16().float(), mask))
