"""SKD's pair-wise loss and IFVD, against scikit-learn and loops."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics.pairwise import cosine_similarity
from torch import Tensor

from rsnotes.drd import intra_class_variation_loss, pairwise_loss

torch.set_num_threads(1)


def features(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_pairwise_by_hand():
    # two nodes a map (window 1 × 1): student parallel, teacher orthogonal, so two of four cosines differ by 1
    student = torch.tensor([[1.0, 5.0], [0.0, 0.0]]).reshape(1, 2, 1, 2)
    teacher = torch.tensor([[2.0, 0.0], [0.0, 3.0]]).reshape(1, 2, 1, 2)
    assert pairwise_loss(student, teacher).item() == pytest.approx(0.5)


@pytest.mark.parametrize(("side", "nodes"), [(8, 2), (9, 3)])
def test_pairwise_against_sklearn(side, nodes):
    student, teacher = features(2, 3, side, side), features(2, 5, side, side, seed=1)
    window = side // 2

    def cosines(maps):
        corners = [slice(k * window, (k + 1) * window) for k in range(nodes)]
        pooled = [maps[:, rows, columns].amax(dim=(1, 2)).numpy() for rows in corners for columns in corners]
        return cosine_similarity(np.stack(pooled))

    expected = np.mean([np.square(cosines(student[b]) - cosines(teacher[b])).mean() for b in range(2)])
    np.testing.assert_allclose(pairwise_loss(student, teacher).item(), expected, rtol=1e-12)


def variation_by_loops(student, teacher, mask):
    errors = []
    for b in range(len(mask)):
        cosines = []
        for maps in (student[b], teacher[b]):
            pixels = maps.flatten(1).T.numpy()
            labels = mask[b].flatten().numpy()
            means = {k: pixels[labels == k].mean(axis=0) for k in set(labels) - {255}}
            cosines.append(
                [cosine_similarity(pixels[n : n + 1], means[k][None])[0, 0] for n, k in enumerate(labels) if k != 255]
            )
        errors += list(np.square(np.subtract(*cosines)))
    return np.mean(errors)


def test_variation_against_loops():
    student, teacher = features(2, 3, 4, 5), features(2, 6, 4, 5, seed=1)
    mask = torch.randint(0, 4, (2, 4, 5), generator=torch.Generator().manual_seed(2))
    mask[0, 0] = 255
    expected = variation_by_loops(student, teacher, mask)
    np.testing.assert_allclose(intra_class_variation_loss(student, teacher, mask).item(), expected, rtol=1e-12)
    large = F.interpolate(mask[:, None].double(), scale_factor=8, mode="nearest")[:, 0].long()
    np.testing.assert_allclose(intra_class_variation_loss(student, teacher, large).item(), expected, rtol=1e-12)


def test_variation_without_labels_is_zero():
    nothing = torch.full((1, 4, 5), 255)
    assert intra_class_variation_loss(features(1, 3, 4, 5), features(1, 3, 4, 5, seed=1), nothing).item() == 0


MASK = torch.arange(12).reshape(1, 3, 4) % 3
LOSSES = [
    pytest.param(pairwise_loss, id="SKD"),
    pytest.param(lambda s, t: intra_class_variation_loss(s, t, MASK), id="IFVD"),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_reaches_the_student_only(loss):
    student = features(1, 3, 3, 4).requires_grad_()
    teacher = features(1, 5, 3, 4, seed=1).requires_grad_()
    loss(student, teacher).backward()
    assert student.grad is not None
    assert student.grad.abs().max() > 1e-3
    assert teacher.grad is None
    assert torch.autograd.gradcheck(lambda x: loss(x, teacher.detach()), (student,))


@pytest.mark.parametrize("loss", LOSSES)
def test_scale_does_not_matter_and_equals_give_zero(loss):
    student, teacher = features(1, 3, 3, 4), features(1, 3, 3, 4, seed=1)
    torch.testing.assert_close(loss(9 * student, teacher), loss(student, teacher))
    assert loss(student, 9 * student).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_full_precision_under_autocast(loss):
    student, teacher = features(1, 64, 3, 4).float(), features(1, 64, 3, 4, seed=1).float()
    expected = loss(student, teacher)
    with torch.autocast("cpu", torch.bfloat16):
        got = loss(student, teacher)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, expected, rtol=0, atol=0)


def test_pairs_need_maps_of_one_size():
    with pytest.raises(ValueError, match=r"maps of one size, got \(1, 3, 2, 2\) and \(1, 3, 2, 3\)"):
        pairwise_loss(torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 3))
