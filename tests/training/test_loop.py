"""The loop: the same steps however the run was cut up, on one process or two."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from rsnotes.datasets import IGNORE, Sample
from rsnotes.training import Batch, GradientStep, History, batches, poly, train, weighted_sum
from rsnotes.training.batches import draws


class Noise:
    """Eight samples that differ, with some ignored pixels."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Sample:
        generator = torch.Generator().manual_seed(index)
        mask = torch.randint(0, 3, (12, 12), generator=generator)
        mask[: index % 5] = IGNORE
        return Sample(torch.rand(3, 12, 12, generator=generator), mask)


def jitter(sample: Sample, seed: int) -> Sample:
    noise = torch.rand(sample.image.shape, generator=torch.Generator().manual_seed(seed))
    return Sample(sample.image + 0.1 * noise, sample.mask)


def objective(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    logits = network(batch.image)
    return {
        "cross_entropy": nn.functional.cross_entropy(logits, batch.mask, ignore_index=IGNORE),
        "size": logits.abs().mean(1)[batch.mask != IGNORE].mean(),
    }


def make_step(fabric: Fabric, dropout: float = 0.3) -> GradientStep:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Dropout(dropout), nn.ReLU(), nn.Conv2d(8, 3, 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    return GradientStep(fabric, network, optimizer, objective, {"cross_entropy": 1.0, "size": 0.01}, poly(12))


class Killed(Exception):
    pass


@pytest.mark.parametrize("killed_at", [1, 5, 8])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_killed_run_continues_to_the_same_losses_bit_for_bit(tmp_path: Path, killed_at: int, precision: str) -> None:
    def run(folder: Path | None, die: int | None = None) -> tuple[History, GradientStep]:
        fabric = Fabric(accelerator="cpu", devices=1, precision=precision)  # type: ignore[arg-type]
        step = make_step(fabric)

        def after_step(history: History) -> None:
            torch.rand(3)  # whatever is drawn between steps must not matter
            if len(history.seconds) == die:
                raise Killed

        history = train(
            fabric, step, Noise(), jitter, steps=12, batch_size=3, seed=4,
            workers=2, checkpoints=folder, every=2, after_step=after_step,
        )  # fmt: skip
        return history, step

    whole, reference = run(None)
    with pytest.raises(Killed):
        run(tmp_path, die=killed_at)
    resumed, step = run(tmp_path)
    assert resumed.terms == whole.terms
    assert len(resumed.seconds) == 12
    for a, b in zip(step.network.parameters(), reference.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000012"]


def test_a_half_written_checkpoint_is_not_read(tmp_path: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    train(fabric, make_step(fabric), Noise(), None, steps=2, batch_size=2, seed=0, checkpoints=tmp_path)
    (tmp_path / "step-00000099.part").mkdir()
    history = train(fabric, make_step(fabric), Noise(), None, steps=2, batch_size=2, seed=0, checkpoints=tmp_path)
    assert len(history.seconds) == 2


def test_a_checkpoint_of_another_method_is_refused(tmp_path: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    step = make_step(fabric)
    train(fabric, step, Noise(), None, steps=1, batch_size=2, seed=0, checkpoints=tmp_path)
    step.parts["critic"] = nn.Linear(1, 1)
    with pytest.raises(ValueError, match=r"step-00000001 holds \['network', 'optimizer'\] but the run has"):
        train(fabric, step, Noise(), None, steps=2, batch_size=2, seed=0, checkpoints=tmp_path)


def test_every_sample_is_drawn_once_an_epoch_in_an_order_of_its_own() -> None:
    epochs = [[d.sample for n in range(4) for d in draws(12, 3, 7, 4 * e + n)] for e in range(3)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    seeds = [d.seed for n in range(12) for d in draws(12, 3, 7, n)]
    assert len(set(seeds)) == len(seeds)
    assert draws(12, 3, 7, 2) != draws(12, 3, 8, 2)


def test_processes_share_the_batch_of_one() -> None:
    whole = next(iter(batches(Noise(), jitter, batch_size=4, seed=1, first=3, last=4)))
    parts = [
        next(iter(batches(Noise(), jitter, batch_size=4, seed=1, first=3, last=4, rank=r, world=2))) for r in (0, 1)
    ]
    assert torch.equal(torch.stack([p.image for p in parts], 1).flatten(0, 1), whole.image)
    with pytest.raises(ValueError, match="batch_size 5 is not a multiple of the 2 processes"):
        batches(Noise(), None, batch_size=5, seed=1, first=0, last=1, world=2)


def _run_on(devices: int, folder: str) -> None:
    """Train and write the weights; run as a script, because Fabric starts further processes from one."""
    fabric = Fabric(accelerator="cpu", devices=devices, strategy="ddp" if devices > 1 else "auto")
    fabric.launch()
    step = make_step(fabric, dropout=0.0)
    train(fabric, step, Noise(), jitter, steps=6, batch_size=4, seed=2)
    if fabric.is_global_zero:
        values = [p.detach().flatten().tolist() for p in step.network.parameters()]
        Path(folder, f"{devices}.json").write_text(json.dumps(values))


def test_two_processes_equal_one_within_rounding(tmp_path: Path) -> None:
    """Masks with different numbers of ignored pixels: a mean of the processes' means would not be the mean."""
    for devices in (1, 2):
        subprocess.run([sys.executable, __file__, str(devices), str(tmp_path)], check=True, timeout=120)
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(torch.tensor(a), torch.tensor(b), rtol=0, atol=2e-6)


def test_a_term_without_a_weight_is_an_error() -> None:
    terms = {"L_P": torch.tensor(2.0), "L_S": torch.tensor(3.0)}
    assert weighted_sum(terms, {"L_P": 10.0, "L_S": -1.0}).item() == 17.0
    with pytest.raises(KeyError, match="no weight for the loss terms"):
        weighted_sum(terms, {"L_P": 10.0})


def test_an_empty_data_set_is_an_error() -> None:
    class Empty(Noise):
        def __len__(self) -> int:
            return 0

    with pytest.raises(ValueError, match="the data set is empty"):
        batches(Empty(), None, batch_size=1, seed=0, first=0, last=1)


if __name__ == "__main__":
    _run_on(int(sys.argv[1]), sys.argv[2])
