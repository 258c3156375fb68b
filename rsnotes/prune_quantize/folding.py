"""A network as a graph of layers without batch normalisation, and which of its tensors would be stored."""

import copy
import operator

import torch
from torch import fx, nn
from torch.fx.experimental.optimization import fuse
from torch.nn import functional as F

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.Upsample)
FUNCTIONS = {operator.add, operator.iadd, torch.add, torch.cat, F.relu, F.interpolate}


class _Tracer(fx.Tracer):
    """Keeps our own kinds of convolution whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.ConvTranspose2d) or super().is_leaf_module(m, module_qualified_name)


def fold_batch_norm(network: nn.Module) -> fx.GraphModule:
    """The same network in eval mode without batch normalisations: each is folded into the convolution before it.

    Layers that do nothing in eval mode are left out too.

    Args:
        network: left as it is; ``torch.fx`` must be able to trace it.
    """
    twin = copy.deepcopy(network).eval()
    traced = fx.GraphModule(twin, _Tracer().trace(twin))
    folded = fuse(traced, inplace=True, no_trace=True)
    assert isinstance(folded, fx.GraphModule)
    for node in list(folded.graph.nodes):
        if node.op == "call_module" and isinstance(folded.get_submodule(node.target), nn.Identity | nn.Dropout):
            node.replace_all_uses_with(node.args[0])
            folded.graph.erase_node(node)
    folded.delete_all_unused_submodules()
    folded.recompile()
    return folded


def stored_nodes(network: fx.GraphModule) -> dict[str, fx.Node]:
    """Tensors that are computed, and read by a later computation, by the name of their node.

    The image; what convolutions, additions, concatenations and enlargements give, after a ReLU where one follows.
    Not the network's outputs, nor what only passes numbers on.
    """
    nodes = network.graph.nodes
    return {
        node.name: node
        for node in nodes
        if (node.op == "placeholder" or computes(node, network))
        and _read(node, network)
        and not _to_relu(node, network)
    }


def computes(node: fx.Node, network: fx.GraphModule) -> bool:
    """Whether the node gives numbers that its inputs did not have."""
    if node.op == "call_module":
        return isinstance(network.get_submodule(str(node.target)), LAYERS)
    return node.op == "call_function" and node.target in FUNCTIONS


def passes(node: fx.Node, network: fx.GraphModule) -> bool:
    """Whether the node gives some of its input's numbers: a maximum over windows, a crop."""
    if node.op == "call_module":
        return isinstance(network.get_submodule(str(node.target)), nn.MaxPool2d)
    return node.op == "call_function" and node.target is operator.getitem


def is_relu(node: fx.Node, network: fx.GraphModule) -> bool:
    """Whether the node is a ReLU."""
    if node.op == "call_module":
        return isinstance(network.get_submodule(str(node.target)), nn.ReLU)
    return node.op == "call_function" and node.target is F.relu


def _read(node: fx.Node, network: fx.GraphModule) -> bool:
    return any(computes(user, network) or (passes(user, network) and _read(user, network)) for user in node.users)


def _to_relu(node: fx.Node, network: fx.GraphModule) -> bool:
    return all(is_relu(user, network) for user in node.users)
