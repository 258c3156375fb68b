"""Filters taken out of a network for good, with everything that reads or normalises what they gave."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch_pruning
from torch import Tensor, nn

from rsnotes.networks.deeplabv3plus import BilinearUpsampling
from rsnotes.prune_quantize.scores import Scores, convolutions

Filters = dict[str, list[int]]
"""Filters by the name of their convolution. What must go together is named once, under one of its convolutions."""


@dataclass(frozen=True)
class Member:
    """A module that a set of coupled filters reaches.

    Attributes:
        name: of the module.
        output: whether its outputs go, or its inputs (both, where each output has its own input).
        indices: for each filter of the set the channels of this module.
    """

    name: str
    output: bool
    indices: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Coupling:
    """Filters that go together: one of ``root``'s, and those added to its map in every residual block.

    Attributes:
        root: name of the convolution that the set is known by; its filter i gives the i-th channel.
        members: every module reached, the root first.
    """

    root: str
    members: tuple[Member, ...]

    def __len__(self) -> int:
        return len(self.members[0].indices)


class Surgeon:
    """What hangs on what in a network, as torch-pruning's dependency graph finds it, and the three things to do.

    A filter can go when some convolution reads its channel: the classifier's cannot. Channels pass through additions,
    concatenations, batch normalisations, depthwise convolutions and frozen interpolations.

    Attributes:
        couplings: every set of filters that can go.

    Args:
        network: from (B, bands, H, W) to tensors; traced in eval mode and left in the modes it was in.

    Raises:
        ValueError: the network has grouped convolutions that are not depthwise.
    """

    def __init__(self, network: nn.Module) -> None:
        for name, layer in convolutions(network):
            if layer.groups != 1 and not layer.groups == layer.in_channels == layer.out_channels:
                raise ValueError(f"{name} has {layer.groups} groups: only plain and depthwise convolutions are pruned")
        self.network = network
        self.modules = dict(network.named_modules())
        self.names = {module: name for name, module in self.modules.items()}
        self.graph = _dependencies(network)
        groups = self.graph.get_all_groups(root_module_types=(nn.Conv2d,))
        self.couplings = [coupling for group in groups if (coupling := self._coupling(group)) is not None]

    def choose(self, scores: Scores, count: int | None = None, parameters: int | None = None) -> Filters:
        """The filters of least score, all layers ranked together; every layer keeps one filter at least.

        A set of coupled filters has the mean of its filters' scores and counts as one.

        Args:
            scores: for every convolution.
            count: how many to take.
            parameters: take as few as leave at most this many parameters.

        Raises:
            ValueError: neither or both limits are given, or they cannot be kept.
        """
        if (count is None) == (parameters is None):
            raise ValueError("choose needs a count of filters to take or a number of parameters to leave, one of them")
        ranked = self._ranked(scores)
        if parameters is not None:
            count = self._fewest(ranked, parameters)
        if count is not None and not 0 <= count <= len(ranked):
            raise ValueError(f"cannot take {count} filters: {len(ranked)} can go, one of each layer staying")
        chosen: Filters = {}
        for place, channel in ranked[:count]:
            chosen.setdefault(self.couplings[place].root, []).append(channel)
        return chosen

    def remove(self, filters: Mapping[str, Sequence[int]]) -> None:
        """Take filters out of the network, and all that is coupled to them. The surgeon is of no use afterwards."""
        for root, channels in filters.items():
            self._group(root, channels).prune(record_history=False)
        for module in self.modules.values():
            if isinstance(module, BilinearUpsampling):
                module.requires_grad_(False)  # torch-pruning makes new parameters

    def mask(self, filters: Mapping[str, Sequence[int]]) -> None:
        """Set to zero what :meth:`remove` would take out: the same network in the old size."""
        with torch.no_grad():
            for root, channels in filters.items():
                for dependency, indices in self._group(root, channels):
                    module = dependency.target.module
                    if module in self.names and self.graph.is_out_channel_pruning_fn(dependency.handler):
                        for parameter in module.parameters(recurse=False):
                            outputs_first = parameter.ndim == 1 or not isinstance(module, nn.ConvTranspose2d)
                            (parameter if outputs_first else parameter.transpose(0, 1))[indices] = 0

    def _group(self, root: str, channels: Sequence[int]) -> torch_pruning.Group:
        module = self.modules[root]
        remove = self.graph.get_pruner_of_module(module).prune_out_channels
        return self.graph.get_pruning_group(module, remove, sorted(channels))

    def _coupling(self, group: torch_pruning.Group) -> Coupling | None:
        """The group by names; None for filters whose channels no convolution reads."""
        members, read = [], False
        for item in group:
            module, handler = item.dep.target.module, item.dep.handler
            if module not in self.names:
                continue  # an operation without weights
            output = self.graph.is_out_channel_pruning_fn(handler)
            read = read or (isinstance(module, nn.Conv2d) and not output)
            indices: list[list[int]] = [[] for _ in range(self.graph.get_out_channels(group[0].dep.target.module))]
            for index, origin in zip(item.idxs, item.root_idxs, strict=True):
                indices[origin].append(index)
            members.append(Member(self.names[module], output, tuple(map(tuple, indices))))
        return Coupling(members[0].name, tuple(members)) if read else None

    def _ranked(self, scores: Scores) -> list[tuple[int, int]]:
        """Coupling and channel of all that can go, least score first; the best of every coupling is left out."""
        values = [self._values(coupling, scores) for coupling in self.couplings]
        free = [
            (float(score), place, channel)
            for place, layer in enumerate(values)
            for channel, score in enumerate(layer)
            if channel != int(layer.argmax())
        ]
        return [(place, channel) for _, place, channel in sorted(free)]

    def _values(self, coupling: Coupling, scores: Scores) -> Tensor:
        """(filters,) mean score of each set of coupled filters."""
        layers = [m for m in coupling.members if m.output and isinstance(self.modules[m.name], nn.Conv2d)]
        return torch.stack(
            [torch.cat([scores[m.name][list(m.indices[i])] for m in layers]).mean() for i in range(len(coupling))]
        )

    def _fewest(self, ranked: list[tuple[int, int]], parameters: int) -> int:
        """By bisection, how many of the ranked to take to leave at most so many parameters."""
        low, high = 0, len(ranked)
        if (least := self._left(ranked)) > parameters:
            raise ValueError(
                f"cannot get down to {parameters} parameters: {least} are left when all that can go is gone"
            )
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._left(ranked[:middle]) <= parameters else (middle + 1, high)
        return low

    def _left(self, chosen: list[tuple[int, int]]) -> int:
        """Parameters left without the chosen; nothing is removed."""
        gone: dict[tuple[str, bool], int] = {}
        for place, channel in chosen:
            for member in self.couplings[place].members:
                key = member.name, member.output
                gone[key] = gone.get(key, 0) + len(member.indices[channel])
        return sum(_parameters(m, gone.get((n, True), 0), gone.get((n, False), 0)) for n, m in self.modules.items())


def prune_filters(
    network: nn.Module, scores: Scores, count: int | None = None, *, parameters: int | None = None
) -> Filters:
    """Remove the ``count`` filters of least score from a network, or as few as leave so many ``parameters``.

    Returns:
        What was removed, see :meth:`Surgeon.choose`, which also says what is raised.
    """
    surgeon = Surgeon(network)
    filters = surgeon.choose(scores, count, parameters)
    surgeon.remove(filters)
    return filters


def mask_filters(network: nn.Module, filters: Mapping[str, Sequence[int]]) -> None:
    """Set filters, and what is coupled to them, to zero: the function that :func:`prune_filters` gives, unpruned."""
    Surgeon(network).mask(filters)


class _InterpolationPruner(torch_pruning.BasePruningFunc):
    """A frozen interpolation loses the output with the input: every channel goes to itself alone."""

    def prune_out_channels(self, layer: nn.ConvTranspose2d, idxs: Sequence[int]) -> nn.Module:
        kept = torch.tensor([i for i in range(layer.in_channels) if i not in set(idxs)], device=layer.weight.device)
        layer.weight = nn.Parameter(layer.weight.detach()[kept][:, kept])
        if layer.bias is not None:
            layer.bias = nn.Parameter(layer.bias.detach()[kept])
        layer.in_channels = layer.out_channels = len(kept)
        return layer

    prune_in_channels = prune_out_channels

    def get_out_channels(self, layer: nn.ConvTranspose2d) -> int:
        return layer.out_channels

    get_in_channels = get_out_channels


def _dependencies(network: nn.Module) -> torch_pruning.DependencyGraph:
    """Trace the network on an image of 32 × 32."""
    modes = {module: module.training for module in network.modules()}
    first = convolutions(network)[0][1]
    image = first.weight.new_zeros(1, first.in_channels, 32, 32).requires_grad_()
    pruners = {BilinearUpsampling: _InterpolationPruner()}
    with torch.enable_grad():
        graph = torch_pruning.DependencyGraph().build_dependency(network, (image,), customized_pruners=pruners)
    for module, training in modes.items():
        module.training = training
    return graph


def _parameters(module: nn.Module, outputs: int, inputs: int) -> int:
    """A module's own parameters without some of its outputs and inputs."""
    if isinstance(module, BilinearUpsampling):
        inputs = outputs
    first, second = (inputs, outputs) if isinstance(module, nn.ConvTranspose2d) else (outputs, inputs)
    total = 0
    for p in module.parameters(recurse=False):
        if p.ndim == 1:
            total += len(p) - outputs
        else:
            total += (p.shape[0] - first) * (p.shape[1] - second) * math.prod(p.shape[2:])
    return total
