"""What a network costs: parameters, MACs, bytes on disk, memory and time of a forward pass."""

import copy
import statistics
import time
import weakref
from collections.abc import Callable
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from rsnotes.networks import evaluating


def parameters(network: nn.Module) -> int:
    """Number of parameters, each shared one once; batch statistics are no parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def macs(network: nn.Module, image: tuple[int, int, int]) -> int:
    """Multiply-accumulates of one image's forward pass in eval mode, heads included.

    Those of convolutions and matrix products, by PyTorch's counter, whose operations are two for each; nothing is
    computed. Papers print MACs and call them FLOPs.

    Args:
        network: any module that takes (B, bands, H, W); left as it is.
        image: (bands, H, W).
    """
    twin = copy.deepcopy(network).to("meta")
    with evaluating(twin), FlopCounterMode(display=False) as counter:
        twin(torch.empty(1, *image, device="meta"))
    return counter.get_total_flops() // 2


def disk_bytes(network: nn.Module) -> int:
    """Bytes of the network's weights and buffers as a safetensors file."""
    state = {key: value.detach().cpu().clone().contiguous() for key, value in network.state_dict().items()}
    return len(safetensors.torch.save(state))


def latency(network: nn.Module, images: Tensor, *, runs: int = 20, warm_up: int = 3) -> float:
    """Median seconds of a forward pass in eval mode, after some that are not counted.

    Args:
        network: a network on the device of the images.
        images: (B, bands, H, W).
        runs: passes that are timed.
        warm_up: passes before them.
    """
    with evaluating(network):
        for _ in range(warm_up):
            network(images)
        return statistics.median(_seconds(network, images) for _ in range(runs))


def speed_up(network: nn.Module, reference: nn.Module, images: Tensor, *, runs: int = 20, warm_up: int = 3) -> float:
    """How many times faster ``network`` is than ``reference``: above 1 when it is.

    The two run in turn and the median of the ratios is taken, so that what else the machine does slows both. Seconds
    differ between machines; ratios do less.

    Args:
        network: the light network.
        reference: what it is compared with, on the same device.
        images: (B, bands, H, W), given to both.
        runs: pairs that are timed.
        warm_up: pairs before them.
    """
    with evaluating(network), evaluating(reference):
        for _ in range(warm_up):
            network(images)
            reference(images)
        pairs = [(_seconds(reference, images), _seconds(network, images)) for _ in range(runs)]
    return statistics.median(slow / fast for slow, fast in pairs)


def peak_memory(network: nn.Module, images: Tensor) -> int:
    """Most bytes a forward pass in eval mode holds at once, beyond weights and images.

    On CUDA it is what the allocator reports. Elsewhere it is the sum of the tensors that live at once, seen after each
    operation, the same on every machine; what an operation uses inside itself is not seen.

    Args:
        network: a network on the device of the images.
        images: (B, bands, H, W).
    """
    with evaluating(network):
        if images.is_cuda:
            torch.cuda.synchronize(images.device)
            torch.cuda.reset_peak_memory_stats(images.device)
            before = torch.cuda.memory_allocated(images.device)
            network(images)
            return torch.cuda.max_memory_allocated(images.device) - before
        with _LiveTensors() as live:
            network(images)
        return live.peak


def _seconds(network: nn.Module, images: Tensor) -> float:
    """Wall time of one forward pass, the device's queue empty before and after."""
    if images.is_cuda:
        torch.cuda.synchronize(images.device)
    start = time.perf_counter()
    network(images)
    if images.is_cuda:
        torch.cuda.synchronize(images.device)
    return time.perf_counter() - start


class _LiveTensors(TorchDispatchMode):
    """Adds up the storages that operations make, and takes them off as they are freed."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[int] = set()
        self.now = self.peak = 0

    def __torch_dispatch__(self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self._note((args, kwargs), count=False)  # weights and images, when first seen
        result = function(*args, **(kwargs or {}))
        self._note(result, count=True)
        return result

    def _note(self, values: Any, *, count: bool) -> None:
        for leaf in tree_leaves(values):
            if isinstance(leaf, Tensor) and (key := id(storage := leaf.untyped_storage())) not in self.known:
                size = storage.nbytes() if count else 0
                self.known.add(key)
                self.now += size
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.now -= size
