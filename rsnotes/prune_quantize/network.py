"""A whole network in fixed point: values logged, formats chosen, layers replaced."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from rsnotes.prune_quantize.fixed_point import FixedPoint, quantize
from rsnotes.prune_quantize.folding import is_relu, passes, stored_nodes
from rsnotes.prune_quantize.layers import FixedPointConv, Stored
from rsnotes.prune_quantize.ranges import Histogram, choose_range, msb_histogram

Plan = dict[str, FixedPoint]
"""A format for a parameter ("layer.weight", "layer.bias") or an activation, by name; what is not named stays float."""

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def parameter_histograms(network: nn.Module) -> dict[str, Histogram]:
    """Leading bits of every convolution's weight and bias, by the parameter's name."""
    return {name: msb_histogram(values) for name, values in _parameters(network).items()}


def log_activations(network: fx.GraphModule, images: Iterable[Tensor]) -> dict[str, Histogram]:
    """Leading bits of every activation that would be stored, over calibration images.

    Args:
        network: from :func:`~rsnotes.prune_quantize.fold_batch_norm`; see
            :func:`~rsnotes.prune_quantize.folding.stored_nodes` for which activations.
        images: batches (B, bands, H, W).
    """
    logger = _Logger(network)
    with torch.inference_mode():
        for image in images:
            logger.run(image)
    return logger.histograms


def choose_formats(
    network: fx.GraphModule,
    images: Iterable[Tensor] = (),
    *,
    weights: int | None = 8,
    biases: int | None = 8,
    activations: int | None = 8,
    overflow: bool = True,
) -> Plan:
    """A format for every parameter and activation, each from its own histogram.

    Args:
        network: from :func:`~rsnotes.prune_quantize.fold_batch_norm`.
        images: calibration batches (B, bands, H, W), needed for activations.
        weights: bits of weights, None to leave them. For int8 kernels take
            :func:`~rsnotes.prune_quantize.kernel_bits`.
        biases: bits of biases, None to leave them.
        activations: bits of activations, None to leave them.
        overflow: see :func:`~rsnotes.prune_quantize.choose_range`.

    Raises:
        ValueError: formats of activations are wanted and there are no images.
    """
    bits = {"weight": weights, "bias": biases}
    plan: Plan = {}
    for name, histogram in parameter_histograms(network).items():
        if (wanted := bits[name.rpartition(".")[2]]) is not None:
            plan[name] = choose_range(histogram, wanted, overflow=overflow)
    if activations is not None:
        logged = log_activations(network, images)
        if not logged:
            raise ValueError("formats of activations need calibration images, got none; or pass activations=None")
        plan |= {name: choose_range(each, activations, overflow=overflow) for name, each in logged.items()}
    return plan


def negligible_only(network: nn.Module, plan: Mapping[str, FixedPoint], tolerance: float) -> Plan:
    """The plan without the parameters that it would change by more than ``tolerance`` of their own length.

    The paper's option to quantize only weights "where the difference before and after quantization is negligible".
    """
    parameters = _parameters(network)
    return {name: form for name, form in plan.items() if _change(parameters.get(name), form) <= tolerance}


def quantize_network(network: fx.GraphModule, plan: Mapping[str, FixedPoint]) -> fx.GraphModule:
    """A network that computes with the plan's numbers; its sums and products are those of float32.

    Args:
        network: from :func:`~rsnotes.prune_quantize.fold_batch_norm`; left as it is.
        plan: from :func:`choose_formats`, changed at will.

    Returns:
        A network of the same outputs, whose parameters are stored as integers where the plan has a format.

    Raises:
        ValueError: the plan names what the network does not have.
    """
    twin = copy.deepcopy(network)
    stored = stored_nodes(twin)
    if unknown := sorted(set(plan) - set(stored) - set(_parameters(twin))):
        raise ValueError(f"the plan has formats for {', '.join(unknown)}, which the network does not have")
    forms: dict[fx.Node, FixedPoint] = {}  # of the tensors that nodes give
    for node in list(twin.graph.nodes):
        if node.op == "call_module" and isinstance(layer := twin.get_submodule(node.target), CONVOLUTIONS):
            formats = plan.get(f"{node.target}.weight"), plan.get(f"{node.target}.bias")
            twin.set_submodule(node.target, FixedPointConv(layer, *formats, forms.get(node.args[0])))
        form = plan.get(node.name) if node.name in stored else None
        if passes(node, twin):
            form = forms.get(node.args[0])
        if form is not None:
            forms[_store(twin, node, form)] = form
    twin.delete_all_unused_submodules()
    twin.recompile()
    return twin


def memory_bytes(network: nn.Module, plan: Mapping[str, FixedPoint] | None = None) -> int:
    """Parameters times their bytes: 4 for a float, an eighth of its format's bits for what the plan names."""
    plan = plan or {}
    bits = sum(p.numel() * (plan[name].bits if name in plan else 32) for name, p in network.named_parameters())
    return -(-bits // 8)


class _Logger(fx.Interpreter):
    """Runs a network and counts the leading bits of what would be stored."""

    def __init__(self, network: fx.GraphModule) -> None:
        super().__init__(network)
        self.stored = stored_nodes(network)
        self.histograms: dict[str, Histogram] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if n.name in self.stored:
            self.histograms[n.name] = self.histograms.get(n.name, Histogram()) + msb_histogram(result)
        return result


def _parameters(network: nn.Module) -> dict[str, Tensor]:
    """Weights and biases of convolutions by name."""
    return {
        f"{name}.{kind}": parameter.detach()
        for name, module in network.named_modules()
        if isinstance(module, CONVOLUTIONS)
        for kind, parameter in module.named_parameters()
    }


def _change(values: Tensor | None, form: FixedPoint) -> float:
    """Length of the change over the length of the values; 0 for what is no parameter."""
    if values is None:
        return 0.0
    return float((quantize(values, form) - values).norm() / values.norm().clamp(min=torch.finfo(values.dtype).tiny))


def _store(network: fx.GraphModule, node: fx.Node, form: FixedPoint) -> fx.Node:
    """Round what a node gives, the node's ReLU included where it is one; the node that gives the rounded tensor."""
    relu = is_relu(node, network)
    name = f"stored_{node.name}"
    network.add_submodule(name, Stored(form, relu))
    with network.graph.inserting_after(node):
        rounded = network.graph.call_module(name, (node.args[0] if relu else node,))
    node.replace_all_uses_with(rounded, delete_user_cb=lambda user: user is not rounded)
    if relu:
        network.graph.erase_node(node)
    return rounded
