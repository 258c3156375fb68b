"""ONNX files: nodes, size, and the same numbers as the simulation within one step.

Weights have 7 bits where results are compared, so that processors without VNNI compute them exactly too.
"""

from collections import Counter

import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import fx

from rsnotes import scenes
from rsnotes.datasets import Classes, Sample
from rsnotes.datasets.memory import InMemory
from rsnotes.metrics import evaluate
from rsnotes.networks import deeplabv3plus
from rsnotes.prune_quantize import (
    OnnxNetwork,
    choose_formats,
    export,
    export_onnx,
    fold_batch_norm,
    has_vnni,
    kernel_bits,
    layers,
    open_session,
    prune_filters,
    quantize_network,
    random_scores,
)
from rsnotes.prune_quantize.layers import Stored
from rsnotes.prune_quantize.weights import load_deeplab

SIZE = (3, 32, 32)


def images(count=2):
    return torch.rand(count, *SIZE, generator=torch.Generator().manual_seed(3))


def run(path, x):
    return OnnxNetwork(open_session(path, threads=1))(x)


class SideBySide(fx.Interpreter):
    """Runs the simulation, comparing each stored activation with the file's and going on with the file's.

    Attributes:
        steps: largest difference of each activation, in its steps.
        shares: share of its numbers that differ.
    """

    def __init__(self, network, path, image):
        super().__init__(network)
        self.steps, self.shares = [], []
        model = onnx.load(path)
        quantizing = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]
        after = {node.input[0]: node.output[0] for node in model.graph.node if node.op_type == "Max"}
        names = [after.get(name, name) for name in quantizing]
        model.graph.output.extend(onnx.helper.make_tensor_value_info(n, onnx.TensorProto.UINT8, None) for n in names)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        logits, *stored = session.run(["logits", *names], {"images": image.numpy()})
        self.logits, self.stored = torch.from_numpy(logits), iter(stored)

    def run_node(self, n):
        ours = super().run_node(n)
        if n.op != "call_module" or not isinstance(stored := self.module.get_submodule(n.target), Stored):
            return ours
        theirs = (torch.from_numpy(next(self.stored)).float() - 128) * stored.form.step
        difference = (ours - theirs).abs() / stored.form.step
        self.steps.append(float(difference.max()))
        self.shares.append(float((difference > 0).double().mean()))
        return theirs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of a thin, pruned DeepLabV3+ in floats and in eight bits, and of both networks."""
    torch.manual_seed(0)
    network = deeplabv3plus("resnet18", 6, width=1 / 4).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # timm starts some at 0, whose biases would all be the same
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    prune_filters(network, random_scores(network, 0), 100)
    for _ in range(3):
        network(torch.rand(4, *SIZE))
    folded = fold_batch_norm(network)
    plan = choose_formats(folded, [images()], weights=7, overflow=False)
    quantized = quantize_network(folded, plan)
    path = tmp_path_factory.mktemp("onnx")
    export_onnx(folded, path / "float.onnx", SIZE)
    export_onnx(quantized, path / "int8.onnx", SIZE)
    return path, folded, quantized, plan


def test_every_convolution_sum_and_concatenation_stands_between_quantizing_nodes(folder):
    path, _folded, _, plan = folder
    model = onnx.load(path / "int8.onnx")
    made = {output: node for node in model.graph.node for output in node.output}
    counts = Counter(node.op_type for node in model.graph.node)
    assert (counts["Conv"], counts["ConvTranspose"], counts["Add"], counts["Concat"]) == (29, 2, 8, 2)
    assert (counts["MaxPool"], counts["Max"], counts["Relu"]) == (1, 25, 0)
    activations = sum("." not in name for name in plan)
    assert counts["QuantizeLinear"] == activations + 2  # those of the maximum and the crop once more
    # activations, 31 weights, and the biases of all but the two transposed convolutions
    assert counts["DequantizeLinear"] == activations + 2 + 31 + 29
    for node in model.graph.node:
        if node.op_type in ("Conv", "Add", "Concat", "MaxPool"):
            assert {made[name].op_type for name in node.input} == {"DequantizeLinear"}, node.name
    assert [value.name for value in model.graph.output] == ["logits"]
    assert not any(node.metadata_props for node in model.graph.node)


def test_scales_are_the_formats_steps_and_zero_is_128(folder):
    path, _folded, quantized, plan = folder
    model = onnx.load(path / "int8.onnx")
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert {int(values[node.input[2]]) for node in nodes} == {128}
    steps = Counter(float(values[node.input[1]]) for node in nodes)
    expected = Counter(form.step for name, form in plan.items() if "." not in name)
    assert sum((steps - expected).values()) == 2  # the maximum's and the crop's
    assert not expected - steps
    made = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type == "Conv":  # integer kernels add the bias to sums of products
            image, weight, bias = (float(values[made[name].input[1]]) for name in node.input)
            assert bias == image * weight
    weights = {name: array for name, array in values.items() if array.dtype == "int8" and array.ndim == 4}
    assert len(weights) == 31
    for name, array in weights.items():
        stored = quantized.get_buffer(name.removeprefix("network."))
        assert torch.equal(torch.from_numpy(array.copy()), stored), name


def test_the_file_is_a_quarter(folder):
    path = folder[0]
    ratio = (path / "int8.onnx").stat().st_size / (path / "float.onnx").stat().st_size
    assert 0.25 < ratio < 0.29  # of 1 million parameters; of 20.6 million it is 0.251


def test_floats_are_the_networks(folder):
    path, folded = folder[:2]
    torch.testing.assert_close(run(path / "float.onnx", images()), folded(images()).logits, rtol=1e-4, atol=1e-5)


def test_every_layer_is_the_simulations_within_a_step(folder):
    path, _, quantized, _ = folder
    comparison = SideBySide(quantized, path / "int8.onnx", images(1))
    logits = comparison.run(images(1)).logits
    assert len(comparison.steps) == 43
    assert max(comparison.steps) <= 1  # halves go to even there, away from zero here
    # halves are rare in products, and common where two activations of a finer step are added
    assert sum(comparison.shares) / len(comparison.shares) < 0.1
    torch.testing.assert_close(comparison.logits, logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni\n", 8),
        ("flags\t\t: fpu avx2 avx_vnni hypervisor\n", 8),
        ("model name\t: avx_vnni\nflags\t\t: fpu avx2 avx512_vnnix\n", 7),
        ("Features\t: fp asimd\n", 7),
        (None, 7),
    ],
)
def test_weights_have_the_bits_that_the_processors_kernels_compute_exactly(tmp_path, monkeypatch, text, bits):
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(export, "CPUINFO", path)
    assert kernel_bits() == bits
    assert has_vnni(path) == (bits == 8)
    assert 2 * 255 * 2 ** (kernel_bits() - 1) < 2**15 or bits == 8


class Brightest:
    """Patches of colour; the class of a pixel is its brightest band before noise."""

    classes = Classes(("red", "green", "blue"), ((255, 0, 0), (0, 255, 0), (0, 0, 255)), (True,) * 3)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError
        generator = torch.Generator().manual_seed(index)
        coarse = torch.rand(1, 3, 6, 6, generator=generator)
        clean = torch.nn.functional.interpolate(coarse, SIZE[1:], mode="bilinear")[0]
        noisy = clean + 0.2 * torch.randn(SIZE, generator=generator)
        return Sample(noisy.clamp(0, 1), clean.argmax(0))


def test_miou_is_the_simulations_within_a_fifth_of_a_point(tmp_path, network_of):
    network, data = network_of("residual").train(), Brightest()
    images, masks = (torch.stack(part) for part in zip(*data, strict=True))
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images).logits, masks).backward()
        optimizer.step()
    folded = fold_batch_norm(network)
    quantized = quantize_network(folded, choose_formats(folded, [images], weights=7))
    export_onnx(quantized, tmp_path / "int8.onnx", SIZE)
    runs = folded, quantized, OnnxNetwork(open_session(tmp_path / "int8.onnx", 1))
    exact, simulated, ours = (evaluate(run, data, device="cpu").miou for run in runs)
    assert exact > 0.75
    assert exact - simulated < 0.03
    assert abs(ours - simulated) < 0.002


def halves_to_even(x, form):
    steps = (x.double() / form.step).clamp(form.lowest / form.step, form.highest / form.step)
    return steps.round().to(x.dtype) * form.step


def test_the_shipped_deeplab_is_the_simulation_with_halves_to_even(tmp_path, monkeypatch):
    folded = fold_batch_norm(load_deeplab())
    calibration = [sample.image[None] for sample in InMemory(scenes.SceneDataset("calibration", 2)).samples]
    quantized = quantize_network(folded, choose_formats(folded, calibration, weights=7, overflow=False))
    export_onnx(quantized, tmp_path / "int8.onnx", (3, 256, 256))
    ours = OnnxNetwork(open_session(tmp_path / "int8.onnx", 1))
    test = InMemory(scenes.SceneDataset("test", 4))
    exact, ran, away = (evaluate(run, test, device="cpu").miou for run in (folded, ours, quantized))
    monkeypatch.setattr(layers, "quantize", halves_to_even)
    simulated = evaluate(quantized, test, device="cpu").miou
    assert abs(ran - simulated) < 0.002
    assert exact > 0.65
    assert exact - ran < 0.04
    assert away < ran < away + 0.03  # halves away from zero, as MATLAB, add up over the layers


@pytest.mark.parametrize("name", ["plain", "residual", "concatenating", "depthwise"])
def test_one_step_a_layer_on_small_networks(tmp_path, network_of, name):
    folded = fold_batch_norm(network_of(name))
    plan = choose_formats(folded, [images()], weights=7)
    quantized = quantize_network(folded, plan)
    export_onnx(quantized, tmp_path / "int8.onnx", SIZE)
    comparison = SideBySide(quantized, tmp_path / "int8.onnx", images(1))
    logits = comparison.run(images(1)).logits
    assert len(comparison.steps) == sum("." not in name for name in plan)
    assert max(comparison.steps) <= 1
    torch.testing.assert_close(comparison.logits, logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(run(tmp_path / "int8.onnx", images(1)), comparison.logits)
    assert [path.name for path in tmp_path.iterdir()] == ["int8.onnx"]


def test_other_bits_are_refused(tmp_path, network_of):
    folded = fold_batch_norm(network_of("plain"))
    quantized = quantize_network(folded, choose_formats(folded, [images()], activations=6))
    with pytest.raises(Exception, match="activations of 8 bits, this one has 6"):
        export_onnx(quantized, tmp_path / "six.onnx", SIZE)
    assert not list(tmp_path.iterdir())
