"""Curves that outlive a killed run, and weights that know their scenes."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from rsnotes.datasets import ISPRS, Sample
from rsnotes.experiments.curve import Curve
from rsnotes.networks import SegmentationOutput, pspnet, weights
from rsnotes.training import History


class Always(nn.Module):
    """Predicts one class everywhere."""

    def __init__(self, answer: int) -> None:
        super().__init__()
        self.answer = nn.Parameter(torch.eye(6)[answer])

    def forward(self, image: Tensor) -> SegmentationOutput:
        logits = self.answer[None, :, None, None].expand(len(image), 6, *image.shape[-2:])
        return SegmentationOutput(logits, logits)


class HalfRoof:
    """One image whose left half is building and whose right half is tree."""

    classes = ISPRS

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Sample:
        mask = torch.full((4, 4), ISPRS.index("tree"))
        mask[:, :2] = ISPRS.index("building")
        return Sample(torch.zeros(3, 4, 4), mask)


def history(steps: int) -> History:
    return History({}, [0.5 * (n + 1) for n in range(steps)])


def test_a_curve_holds_the_score_at_each_step_asked_for(tmp_path: Path) -> None:
    curve = Curve(Always(ISPRS.index("building")), HalfRoof(), at=(2, 4), folder=tmp_path)
    for taken in range(1, 5):
        curve(history(taken))
    assert [p["step"] for p in curve.points] == [2, 4]
    assert [p["seconds"] for p in curve.points] == [1.0, 2.0]
    # building: 8 of 16 pixels right, union 16; tree: none right, union 8; other classes do not occur
    assert curve.points[0]["miou"] == pytest.approx((0.5 + 0.0) / 2)
    assert curve.points[0]["oa"] == pytest.approx(0.5)


def test_a_resumed_run_keeps_the_points_before_and_replaces_those_after(tmp_path: Path) -> None:
    before = Curve(Always(1), HalfRoof(), at=(2, 4), folder=tmp_path)
    before(history(2))
    before(history(4))
    again = Curve(Always(3), HalfRoof(), at=(2, 4, 6), folder=tmp_path)
    assert again.points == before.points
    again(history(4))
    again(history(6))
    assert [p["step"] for p in again.points] == [2, 4, 6]


def test_weights_come_back_within_half_precision_and_know_their_scenes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = pspnet("resnet18", 6, width=1 / 16)
    path = tmp_path / "w.safetensors"
    weights.save_weights(network, path, {"scenes": weights.VERSION})
    other = weights.load_weights(pspnet("resnet18", 6, width=1 / 16), path)
    for a, b in zip(network.state_dict().values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-6)
    weights.save_weights(network, path, {"scenes": "0"})
    with pytest.raises(ValueError, match="was trained on scenes version 0, this package draws version"):
        weights.load_weights(other, path)
    with pytest.raises(FileNotFoundError, match="expected weights shipped with rsnotes"):
        weights.load_weights(other, tmp_path / "none.safetensors")
    assert not list(tmp_path.glob("*.part"))
