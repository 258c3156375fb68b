"""MoCo: InfoNCE by hand, the queue's end, the momentum's closed form, shuffling undone, two processes in step."""

import copy
import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rsnotes.datasets import Sample
from rsnotes.hi_resnet import (
    MILLION_AID,
    Encoder,
    MoCoStep,
    Queue,
    Shuffle,
    TwoViews,
    agreement,
    class_shares,
    describe,
    hi_resnet,
    info_nce,
    momentum_update,
    nearest,
)
from rsnotes.training import Batch, train

torch.set_num_threads(1)

RECIPE = replace(MILLION_AID, queue=10, dimension=8, groups=2, steps=20, batch_size=4, momentum=0.9, learning_rate=0.1)


class Small(nn.Module):
    """Two branches behind a batch normalisation."""

    channels = (3, 4)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.norm, self.large, self.little = nn.BatchNorm2d(3), nn.Conv2d(3, 3, 4, 4), nn.Conv2d(3, 4, 8, 8)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.norm(x)
        return [self.large(x).relu(), self.little(x).relu()]


def make_encoder(seed: int = 0) -> Encoder:
    return Encoder(Small(seed), 8)  # type: ignore[arg-type]


def make_step(recipe=RECIPE, seed: int = 0) -> MoCoStep:
    return MoCoStep(Fabric(accelerator="cpu", precision="32-true"), make_encoder(seed), recipe)


def make_batch(seed: int = 0, count: int = 4) -> Batch:
    images = torch.rand(count, 6, 16, 16, generator=torch.Generator().manual_seed(seed))
    return Batch(images, torch.zeros(count, 1, 1, dtype=torch.int64), torch.arange(count), torch.arange(count))


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=1)


@pytest.mark.equation("hi_resnet", "10")
def test_info_nce_by_hand() -> None:
    query = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    key = torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    queue = torch.tensor([[-1.0, 0.0], [0.8, 0.6], [0.0, -1.0]])
    rows = [(0.6, [-1, 0.8, 0]), (1.0, [0, 0.6, -1])]
    expected = [
        -math.log(math.exp(p / 0.5) / (math.exp(p / 0.5) + sum(math.exp(n / 0.5) for n in others)))
        for p, others in rows
    ]
    assert info_nce(query, key, queue, 0.5).item() == pytest.approx(sum(expected) / 2)


def test_info_nce_is_the_cross_entropy_of_place_zero_and_has_its_limits() -> None:
    query, key, queue = unit(5, 6), unit(5, 6, seed=1), unit(9, 6, seed=2)
    logits = torch.cat([torch.einsum("bd,bd->b", query, key)[:, None], query @ queue.T], 1) / 0.2
    torch.testing.assert_close(info_nce(query, key, queue, 0.2), F.cross_entropy(logits, torch.zeros(5).long()))
    assert info_nce(query, key, queue, 1e9).item() == pytest.approx(math.log(10))
    assert info_nce(query, query, -query[:1], 0.01) < info_nce(query, key, queue, 0.2)
    with pytest.raises(ValueError, match="temperature must be positive, got 0"):
        info_nce(query, key, queue, 0)


def test_no_gradient_through_keys() -> None:
    query, key, queue = (x.requires_grad_() for x in (unit(3, 4), unit(3, 4, seed=1), unit(5, 4, seed=2)))
    info_nce(query, key, queue, 0.2).backward()
    assert key.grad is None
    assert queue.grad is None
    fixed = key.detach(), queue.detach()
    assert torch.autograd.gradcheck(lambda q: info_nce(q, *fixed, 0.2), query)


def test_the_queue_replaces_the_oldest_and_wraps_around() -> None:
    queue = Queue(5, 2)
    start = queue.keys.clone()
    torch.testing.assert_close(start.norm(dim=1), torch.ones(5))
    rows = [torch.tensor([float(k), -k]) for k in range(9)]
    queue.push(torch.stack(rows[0:3]))
    assert torch.equal(queue.keys, torch.stack([*rows[0:3], *start[3:]]))
    queue.push(torch.stack(rows[3:7]))
    assert torch.equal(queue.keys, torch.stack([rows[5], rows[6], rows[2], rows[3], rows[4]]))
    assert queue.position == 2
    queue.push(torch.stack(rows[7:9]))
    assert torch.equal(queue.keys, torch.stack([rows[5], rows[6], rows[7], rows[8], rows[4]]))
    assert not queue.keys.requires_grad
    with pytest.raises(ValueError, match="6 keys do not fit into a queue of 5"):
        queue.push(torch.zeros(6, 2))


def test_queues_start_alike_whatever_the_random_state() -> None:
    torch.manual_seed(1)
    first = Queue(4, 3)
    torch.manual_seed(2)
    assert torch.equal(first.keys, Queue(4, 3).keys)


@pytest.mark.equation("hi_resnet", "11")
def test_momentum_in_closed_form() -> None:
    m, n = 0.9, 7
    query, keys = make_encoder(0), make_encoder(1)
    start = {name: p.detach().clone() for name, p in keys.named_parameters()}
    keys.backbone.norm.running_mean.fill_(5.0)  # type: ignore[union-attr, operator]
    for _ in range(n):
        momentum_update(keys, query, m)
    for name, target in query.named_parameters():
        expected = m**n * start[name] + (1 - m**n) * target
        torch.testing.assert_close(dict(keys.named_parameters())[name], expected)
    assert bool((keys.backbone.norm.running_mean == 5).all())  # type: ignore[union-attr]


def test_shuffling_is_undone_exactly() -> None:
    images = torch.rand(8, 3)
    shuffles = [Shuffle.draw(8, seed=3, rank=rank) for rank in range(4)]
    pieces = torch.cat([shuffle.apply(images, 2) for shuffle in shuffles])
    assert not torch.equal(pieces, images)
    assert torch.equal(pieces.sort(0).values, images.sort(0).values)
    assert torch.equal(shuffles[0].undo(pieces), images)
    assert not torch.equal(Shuffle.draw(8, seed=4).order, shuffles[0].order)


def test_keys_are_normalised_in_shuffled_groups_and_come_back_in_order() -> None:
    step, images = make_step(), make_batch(1, 6).image[:, :3]
    step.groups, step.number = 3, 5
    order = Shuffle.draw(6, seed=5).order
    expected = torch.zeros(6, 8)
    for place in range(0, 6, 2):
        pair = order[place : place + 2]
        expected[pair] = copy.deepcopy(step.key_encoder)(images[pair])
    found = step.keys_of(images)
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad
    whole = copy.deepcopy(step.key_encoder)(images)
    assert (found - whole).abs().max() > 1e-3


def test_groups_of_the_query_are_normalised_apart() -> None:
    encoder, images = make_encoder(), torch.rand(6, 3, 16, 16)
    parts = torch.cat([encoder(part) for part in images.split(2)])
    torch.testing.assert_close(encoder(images, 3), parts)
    torch.testing.assert_close(parts.norm(dim=1), torch.ones(6))
    assert (encoder(images) - parts).abs().max() > 1e-3


def test_a_step_is_what_the_paper_says() -> None:
    step, batch = make_step(), make_batch()
    with torch.no_grad():
        for parameter in step.key_encoder.parameters():
            parameter.add_(0.1)
    query, before = copy.deepcopy(step.encoder), step.queue.keys.clone()
    key_encoder = copy.deepcopy(step.key_encoder)
    momentum_update(key_encoder, query, 0.9)
    with torch.no_grad():
        order = Shuffle.draw(4, seed=0).order
        shuffled = key_encoder(batch.image[:, 3:][order], 2)
        keys = torch.zeros(4, 8)
        keys[order] = shuffled
    loss = info_nce(query(batch.image[:, :3], 2), keys, before, 0.2)
    loss.backward()
    terms = step(batch, 0)
    torch.testing.assert_close(terms["info_nce"], loss.detach())
    for (name, ours), theirs in zip(step.encoder.named_parameters(), query.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs - 0.1 * (theirs.grad + 1e-4 * theirs), msg=name)
    for ours, theirs in zip(step.key_encoder.parameters(), key_encoder.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
        assert ours.grad is None
    torch.testing.assert_close(step.queue.keys, torch.cat([keys, before[4:]]))


class Few:
    """Eight images, each of two views."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Sample:
        batch = make_batch(index, 1)
        return Sample(batch.image[0], batch.mask[0])


def test_a_run_resumes_with_queue_and_key_encoder(tmp_path) -> None:
    def run(steps, folder=None):
        step = make_step()
        history = train(step.fabric, step, Few(), None, steps=steps, batch_size=4, seed=0, checkpoints=folder)
        return history.terms, step

    whole, there = run(6)
    run(4, tmp_path)
    resumed, here = run(6, tmp_path)
    assert resumed == whole
    assert torch.equal(here.queue.keys, there.queue.keys)
    assert here.queue.position == there.queue.position == 24 % 10
    for ours, theirs in zip(here.key_encoder.parameters(), there.key_encoder.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def _train_in(processes: int, folder: str) -> None:
    """Four steps; every process writes its queue, its encoders and its latest loss."""
    fabric = Fabric(accelerator="cpu", devices=processes, strategy="ddp" if processes > 1 else "auto")
    fabric.launch()
    encoder = make_encoder().eval()
    for module in encoder.modules():  # a network without company, so that one process and two can be compared
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False).forward = lambda x: x  # type: ignore[method-assign]
    step = MoCoStep(fabric, encoder, replace(RECIPE, queue=12))  # whole batches leave it
    history = train(fabric, step, Few(), None, steps=4, batch_size=4, seed=0)
    state = {f"key.{name}": p.detach() for name, p in step.key_encoder.named_parameters() if "norm" not in name}
    state |= {f"query.{name}": p.detach() for name, p in encoder.named_parameters() if "norm" not in name}
    state |= {
        "queue": step.queue.keys,
        "position": step.queue.position,
        "loss": torch.tensor(history.terms["info_nce"]),
    }
    save_file({name: tensor.clone() for name, tensor in state.items()}, f"{folder}/{processes}-{fabric.global_rank}.st")


def test_two_processes_keep_one_queue_and_train_one_encoder(tmp_path) -> None:
    for processes in (1, 2):
        command = [sys.executable, __file__, str(processes), str(tmp_path)]
        subprocess.run(command, check=True, timeout=300, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    alone, first, second = (load_file(tmp_path / f"{name}.st") for name in ("1-0", "2-0", "2-1"))
    for name in alone:
        if name != "loss":
            torch.testing.assert_close(first[name], second[name], rtol=0, atol=0)
    torch.testing.assert_close((first["loss"] + second["loss"]) / 2, alone["loss"], rtol=1e-4, atol=1e-5)
    for name in alone:
        if name.startswith(("key.", "query.")):
            torch.testing.assert_close(first[name], alone[name], rtol=1e-4, atol=1e-5)
    # process 0 takes every second image, so the keys of a batch stand in another order in the queue
    assert torch.equal(first["position"], alone["position"])
    torch.testing.assert_close(first["queue"].sum(0), alone["queue"].sum(0), rtol=1e-4, atol=1e-4)


def test_views_are_a_function_of_the_seed_and_differ() -> None:
    image = torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(0))
    sample, views = Sample(image, torch.full((40, 50), 255)), TwoViews(16)
    first, again, other = views(sample, 3), views(sample, 3), views(sample, 4)
    assert torch.equal(first.image, again.image)
    assert not torch.equal(first.image, other.image)
    assert first.image.shape == (6, 16, 16)
    assert first.mask.tolist() == [[0]]
    assert not torch.equal(first.image[:3], first.image[3:])
    assert first.image.min() >= 0
    assert first.image.max() <= 1
    state = torch.get_rng_state()
    views(sample, 5)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_view_shows_what_its_numbers_say() -> None:
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(12.0), indexing="ij")
    image = torch.stack([rows, columns, rows + columns]) / 24
    plain = TwoViews(4, area=0.25, colour=0.0, grey=0.0, blur=0.0)
    u = [0.0] * 13
    u[4] = 0.9  # not mirrored
    whole = plain.view(image, u)
    torch.testing.assert_close(whole, image[:, :4, :4])  # a quarter of 8 × 8 pixels, at the upper left
    torch.testing.assert_close(plain.view(image, [*u[:1], 0.99, 0.99, *u[3:]]), image[:, 4:, 8:])
    torch.testing.assert_close(plain.view(image, [*u[:3], 0.3, *u[4:]]), torch.rot90(whole, 1, (1, 2)))
    torch.testing.assert_close(plain.view(image, [*u[:4], 0.1, *u[5:]]), whole.flip(2))
    brighter = replace(plain, colour=0.4).view(image, [*u[:5], 1.0, 0.5, 0.5, *u[8:]])
    torch.testing.assert_close(brighter, whole * 1.4)
    grey = replace(plain, grey=0.5).view(image, [*u[:8], 0.4, *u[9:]])
    torch.testing.assert_close(grey[0], grey[2])
    torch.testing.assert_close(grey[0], (0.2989 * whole[0] + 0.587 * whole[1] + 0.114 * whole[2]), atol=2e-4, rtol=0)
    large = replace(plain, size=8)
    sharp, soft = large.view(image, u), replace(large, blur=0.5).view(image, [*u[:10], 0.4, 1.0, 0.0])
    assert sharp.std() > 1.2 * soft.std()


def test_neighbours_and_what_they_share() -> None:
    angles = torch.tensor([0.0, 0.1, 2.0, 2.3])
    features = torch.stack([angles.cos(), angles.sin()], 1)
    assert nearest(features).tolist() == [[1], [0], [3], [2]]
    assert nearest(features, 2).tolist() == [[1, 2], [0, 2], [3, 1], [2, 1]]
    masks = [[0, 0, 1, 1], [0, 1, 1, 1], [2, 2, 2, 255], [2, 2, 0, 0]]
    samples = [Sample(torch.zeros(3, 2, 2), torch.tensor(mask).reshape(2, 2)) for mask in masks]
    shares = class_shares(samples, 3)
    assert shares.tolist() == [[0.5, 0.5, 0], [0.25, 0.75, 0], [0, 0, 1], [0.5, 0, 0.5]]
    assert agreement(shares, torch.tensor([[1], [0], [3], [2]])) == pytest.approx((0.75 + 0.75 + 0.5 + 0.5) / 4)


def test_an_encoder_of_the_thin_network_describes_samples() -> None:
    torch.manual_seed(0)
    network = hi_resnet("ia", 6, width=1 / 12, depth=1 / 12)
    encoder = Encoder(network.backbone, 16)
    samples = [Sample(torch.rand(3, 32, 32), torch.zeros(32, 32).long()) for _ in range(3)]
    found = describe(encoder, samples, batch_size=2)
    maps = network.eval()(torch.stack([sample.image for sample in samples])).features
    torch.testing.assert_close(found, F.normalize(maps.mean((2, 3)), dim=1), atol=1e-5, rtol=1e-4)
    assert not found.requires_grad
    assert encoder.training


if __name__ == "__main__":
    _train_in(int(sys.argv[1]), sys.argv[2])
