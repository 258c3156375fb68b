"""Schedules against their closed forms, and the arithmetic each processor is given."""

import math

import pytest
import torch
from torch import nn

from rsnotes.training import choose_precision, cosine, poly


def test_poly_is_the_published_formula() -> None:
    factor = poly(40_000, 0.9)
    assert factor(0) == 1.0
    assert factor(10_000) == pytest.approx(0.75**0.9)
    assert factor(40_000) == 0.0


def test_cosine_equals_the_library_after_its_warmup() -> None:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    library = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    factor = cosine(25, warmup=5)
    assert [factor(n) for n in range(5)] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
    for number in range(5, 25):
        assert factor(number) == pytest.approx(library.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        library.step()
    assert math.isclose(factor(25), 0.0, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), "16-mixed"), ((8, 0), "bf16-mixed"), ((9, 0), "bf16-mixed")]
)
def test_a_gpu_before_capability_8_gets_float16(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    monkeypatch.delenv("RSNOTES_PRECISION", raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)  # a T4 says so too, by emulation
    assert choose_precision("cuda").format == expected


@pytest.mark.parametrize(("amx", "avx512_bf16"), [(True, True), (False, True), (False, False)])
def test_a_cpu_is_asked_what_it_can_do(monkeypatch: pytest.MonkeyPatch, amx: bool, avx512_bf16: bool) -> None:
    monkeypatch.delenv("RSNOTES_PRECISION", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16, raising=False)
    expected = ("bf16-mixed", False) if avx512_bf16 else ("32-true", False)
    assert tuple(choose_precision("cpu")) == expected


@pytest.mark.parametrize("channels", [16, 17, 33, 44])
def test_gradients_are_right_in_the_format_and_layout_that_are_chosen(channels: int) -> None:
    """oneDNN made the gradients of dilated convolutions out of unwritten memory in a layout that was faster."""
    chosen = choose_precision("cpu")
    layout = torch.channels_last if chosen.channels_last else torch.contiguous_format
    torch.manual_seed(0)
    layer = nn.Conv2d(channels, 8, 3, padding=6, dilation=6, bias=False)
    image, above = torch.randn(2, channels, 32, 32), torch.randn(2, 8, 32, 32)
    (expected,) = torch.autograd.grad((layer(image) * above).sum(), layer.weight)
    layer = layer.to(memory_format=layout)
    for _ in range(3):
        _ = [torch.full((1 << size,), math.nan) for size in range(6, 20)]
        with torch.autocast("cpu", torch.bfloat16, enabled=chosen.format == "bf16-mixed"):
            score = (layer(image.contiguous(memory_format=layout)) * above).sum()
        (found,) = torch.autograd.grad(score, layer.weight)
        torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05 * float(expected.abs().max()))


def test_the_format_can_be_overridden_and_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSNOTES_PRECISION", "32-true")
    assert choose_precision("cpu").format == "32-true"
    monkeypatch.setenv("RSNOTES_PRECISION", "fp8")
    with pytest.raises(ValueError, match="'fp8': expected 32-true, 16-mixed or bf16-mixed"):
        choose_precision("cpu")
