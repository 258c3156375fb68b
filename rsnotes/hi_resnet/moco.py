"""MoCo v2: two views of an image should look alike to an encoder, and unlike the images it saw before."""

import copy
from dataclasses import dataclass
from typing import cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.hi_resnet.network import Backbone, joined
from rsnotes.hi_resnet.recipe import MoCoRecipe
from rsnotes.losses import at_least_float32
from rsnotes.training import Batch, GradientStep, choose_precision, cosine, ema_update


class Encoder(nn.Module):
    """A backbone, the mean over its joined maps, and two layers to a point on the unit sphere.

    Attributes:
        backbone: what is kept for segmentation.
        head: thrown away afterwards.

    Args:
        backbone: gives maps of several resolutions.
        dimension: of the sphere's space.
    """

    def __init__(self, backbone: Backbone, dimension: int = 128) -> None:
        super().__init__()
        channels = sum(backbone.channels)
        self.backbone = backbone
        self.head = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, dimension))

    def pooled(self, images: Tensor) -> Tensor:
        """What the backbone sees in an image, (B, C): the mean over the joined maps."""
        return at_least_float32(joined(self.backbone(images))).mean(dim=(2, 3))

    def forward(self, images: Tensor, groups: int = 1) -> Tensor:
        """(B, bands, H, W) to (B, dimension) of length 1.

        Args:
            images: a batch.
            groups: parts of the batch that are normalised apart, as they would be on as many devices.
        """
        parts = [self.head(self.pooled(part)) for part in images.chunk(groups)]
        return F.normalize(at_least_float32(torch.cat(parts)), dim=1)


class Queue(nn.Module):
    """The latest keys, the oldest replaced first.

    It starts full of random points, the same in every process.

    Attributes:
        keys: (size, dimension), each of length 1, without gradient.
        position: where the next key goes.
    """

    keys: Tensor
    position: Tensor

    def __init__(self, size: int, dimension: int) -> None:
        super().__init__()
        start = torch.randn(size, dimension, generator=torch.Generator().manual_seed(0))
        self.register_buffer("keys", F.normalize(start, dim=1))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, keys: Tensor) -> None:
        """Replace the oldest keys by ``keys`` (B, dimension), B at most the queue's size; the end wraps around.

        Raises:
            ValueError: there are more keys than places.
        """
        size = len(self.keys)
        if len(keys) > size:
            raise ValueError(f"{len(keys)} keys do not fit into a queue of {size}: make the queue longer than a batch")
        places = (self.position + torch.arange(len(keys), device=self.keys.device)) % size
        self.keys[places] = keys.detach().to(self.keys.dtype)
        self.position.copy_((self.position + len(keys)) % size)


def info_nce(query: Tensor, key: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of finding an image's own key among those of the queue, mean over the images.

    Equation: hi_resnet 10

    Args:
        query: q, (B, D) of length 1.
        key: k⁺, (B, D), of another view of the same images; no gradient flows into it.
        queue: k⁻, (N, D), of other images; no gradient flows into it.
        temperature: τ > 0; the paper states none.

    Returns:
        A scalar; ln(N + 1) when all keys are equally near.

    Raises:
        ValueError: the temperature is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
    positive = (query * key.detach()).sum(dim=1, keepdim=True)  # (B, 1)
    negative = query @ queue.detach().mT  # (B, N)
    logits = torch.cat([positive, negative], dim=1) / temperature
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.int64))


def momentum_update(keys: nn.Module, query: nn.Module, m: float) -> None:
    """Move the key encoder's parameters a step towards the query encoder's: θ_k ← m θ_k + (1 - m) θ_q.

    Equation: hi_resnet 11

    The statistics of batch normalisation are the key encoder's own.

    Args:
        keys: changed in place.
        query: of the same architecture.
        m: momentum, from 0 (a copy) to 1 (stands still).
    """
    ema_update(keys, query, m, buffers=False)


@dataclass(frozen=True)
class Shuffle:
    """A permutation of the images of all processes, and the way back.

    Batch normalisation lets images of one group know of each other. A query and its key that were normalised in the
    same company could be matched by the company alone. So the keys are computed in another order.

    Attributes:
        order: (N,), image ``order[i]`` takes place i.
        rank: number of this process.
    """

    order: Tensor
    rank: int = 0

    @classmethod
    def draw(cls, count: int, seed: int, rank: int = 0) -> "Shuffle":
        """The same permutation of ``count`` images in every process."""
        return cls(torch.randperm(count, generator=torch.Generator().manual_seed(seed)), rank)

    def apply(self, everything: Tensor, mine: int) -> Tensor:
        """This process's ``mine`` images of the shuffled batch, out of those of all processes (N, ...)."""
        return everything[self.order.to(everything.device)[self.rank * mine : (self.rank + 1) * mine]]

    def undo(self, everything: Tensor) -> Tensor:
        """The results (N, ...) of the shuffled batch in the order of the images."""
        return everything[self.order.argsort().to(everything.device)]


def gather(fabric: Fabric, tensor: Tensor) -> Tensor:
    """The tensors (B, ...) of all processes, one behind another; without gradient."""
    with torch.no_grad():
        every = cast(Tensor, fabric.all_gather(tensor))
    return every.reshape(-1, *tensor.shape[1:])


class MoCoStep(GradientStep):
    """A step of the query encoder; before it the key encoder moves, after it the keys enter the queue.

    A batch's images are two views behind each other along the channels, see
    :class:`~rsnotes.hi_resnet.views.TwoViews`.

    On several GPUs the queries' batch normalisation is synchronised, as in every step of gradient descent here, and
    the keys' is not. So that with a device a group, where both would be the whole batch, a query and its key still
    have different company.

    Attributes:
        encoder: the query encoder, whose backbone is kept.
        key_encoder: follows it, and never sees a gradient.
        queue: keys of earlier batches, the same in every process.

    Args:
        fabric: where the run takes place.
        encoder: to train.
        recipe: settings.
    """

    def __init__(self, fabric: Fabric, encoder: Encoder, recipe: MoCoRecipe) -> None:
        self.encoder, self.recipe = encoder, recipe
        self.key_encoder = copy.deepcopy(encoder).requires_grad_(False).train()
        self.queue = Queue(recipe.queue, recipe.dimension)
        optimizer = torch.optim.SGD(
            encoder.parameters(), recipe.learning_rate, momentum=recipe.sgd_momentum, weight_decay=recipe.weight_decay
        )
        super().__init__(fabric, encoder, optimizer, self._terms, {"info_nce": 1.0}, cosine(recipe.steps))
        if choose_precision(fabric.device.type).channels_last:
            self.key_encoder = self.key_encoder.to(memory_format=torch.channels_last)
        fabric.to_device(self.key_encoder)
        fabric.to_device(self.queue)
        self.parts |= {"key_encoder": self.key_encoder, "queue": self.queue}
        self.number, self.groups = 0, max(1, recipe.groups // fabric.world_size)

    def __call__(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """Take step ``number`` (from 0) on ``batch``; InfoNCE before it, without gradient."""
        self.number = number
        momentum_update(self.key_encoder, self.encoder, self.recipe.momentum)
        terms = super().__call__(batch, number)
        self.queue.push(self.latest)
        return terms

    def _terms(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        first, second = batch.image.chunk(2, dim=1)  # (B, bands, H, W) each
        query = network(first, self.groups)
        self.latest = self.keys_of(second)  # (N, D), of all processes
        mine = self.latest.reshape(self.fabric.world_size, *query.shape)[self.fabric.global_rank]
        return {"info_nce": info_nce(query, mine, self.queue.keys, self.recipe.temperature)}

    @torch.no_grad()
    def keys_of(self, images: Tensor) -> Tensor:
        """Keys of the images of all processes, (N, D), computed in another order than the queries."""
        everything = gather(self.fabric, images)
        shuffle = Shuffle.draw(len(everything), self.number, self.fabric.global_rank)
        with self.fabric.autocast():
            keys = self.key_encoder(shuffle.apply(everything, len(images)), self.groups)
        return shuffle.undo(gather(self.fabric, keys))
