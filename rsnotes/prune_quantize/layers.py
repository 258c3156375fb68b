"""Layers of a network in fixed point, which leave PyTorch as ONNX's quantizing operators."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsnotes.prune_quantize.fixed_point import FixedPoint, quantize, to_integers

ZERO = 128
"""What a stored activation of 0 is as an unsigned byte: the signed byte plus 128, on which int8 kernels are fastest."""


class Scale(nn.Module):
    """Scale and zero point of ONNX's two operators, as tensors that are not saved.

    Args:
        step: the scale.
        zero: the zero point, in the integers' type.
    """

    scale: Tensor
    zero: Tensor

    def __init__(self, step: float, zero: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(step), persistent=False)
        self.register_buffer("zero", zero, persistent=False)

    def quantized(self, x: Tensor) -> Tensor:
        """QuantizeLinear: to the nearest integer, halves to even, saturated."""
        arguments = x, self.scale, self.zero
        return torch.onnx.ops.symbolic("QuantizeLinear", arguments, dtype=self.zero.dtype, shape=x.shape)

    def dequantized(self, integers: Tensor) -> Tensor:
        """DequantizeLinear: integers minus zero point, times scale."""
        arguments = integers, self.scale, self.zero
        return torch.onnx.ops.symbolic("DequantizeLinear", arguments, dtype=torch.float32, shape=integers.shape)


class Stored(nn.Module):
    """An activation as it is stored: rounded to a format, after a ReLU or not.

    Args:
        form: the format.
        relu: whether negative numbers become 0 first.
    """

    def __init__(self, form: FixedPoint, relu: bool = False) -> None:
        super().__init__()
        self.form, self.relu = form, relu
        self.onnx = Scale(form.step, torch.tensor(ZERO, dtype=torch.uint8))

    def forward(self, x: Tensor) -> Tensor:
        if not torch.onnx.is_in_onnx_export():
            return quantize(x.relu() if self.relu else x, self.form)
        if self.form.bits != 8:
            raise ValueError(f"ONNX Runtime's kernels take activations of 8 bits, this one has {self.form.bits}")
        integers = self.onnx.quantized(x)
        return self.onnx.dequantized(integers.clamp(min=ZERO) if self.relu else integers)

    def extra_repr(self) -> str:
        return f"{self.form}, relu={self.relu}"


class FixedPointConv(nn.Module):
    """A convolution, transposed or not, whose weight or bias or both are integers times a power of two.

    Attributes:
        weight: integers, or floats where there is no format.
        bias: the same, None where the layer has none.

    Args:
        layer: a trained ``nn.Conv2d`` or ``nn.ConvTranspose2d``.
        weight_form: format of the weight, None to leave it.
        bias_form: format of the bias, None to leave it.
        input_form: format in which the input was stored, None if it was not.
    """

    weight: Tensor
    bias: Tensor | None
    wide_bias: Tensor

    def __init__(
        self,
        layer: nn.Conv2d | nn.ConvTranspose2d,
        weight_form: FixedPoint | None,
        bias_form: FixedPoint | None,
        input_form: FixedPoint | None,
    ) -> None:
        super().__init__()
        self.weight_form, self.bias_form = weight_form, bias_form
        self.register_buffer("weight", _integers(layer.weight, weight_form))
        self.register_buffer("bias", None if layer.bias is None else _integers(layer.bias, bias_form))
        geometry: dict[str, Any] = {
            "stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation, "groups": layer.groups
        }  # fmt: skip
        self.function = partial(F.conv_transpose2d if layer.transposed else F.conv2d, **geometry)
        self.onnx_bias: Scale | None = None
        if weight_form is not None:
            self.onnx_weight = Scale(weight_form.step, torch.zeros((), dtype=self.weight.dtype))
            if input_form is not None and not layer.transposed:  # there is no integer kernel for transposed ones
                self._prepare_bias(weight_form.step * input_form.step)

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else _values(self.bias, self.bias_form)
        if not torch.onnx.is_in_onnx_export() or self.weight_form is None:
            return self.function(x, _values(self.weight, self.weight_form), bias)
        if self.onnx_bias is not None:
            bias = self.onnx_bias.dequantized(self.wide_bias)
        return self.function(x, self.onnx_weight.dequantized(self.weight), bias)

    def _prepare_bias(self, step: float) -> None:
        """The bias in 32 bits, in steps of input times weight, as integer kernels add it."""
        if self.bias is not None:
            wide = (_values(self.bias, self.bias_form) / step).round().to(torch.int32)
            self.register_buffer("wide_bias", wide, persistent=False)
            self.onnx_bias = Scale(step, torch.zeros((), dtype=torch.int32))


def _integers(values: Tensor, form: FixedPoint | None) -> Tensor:
    return values.detach().clone() if form is None else to_integers(values.detach(), form)


def _values(stored: Tensor, form: FixedPoint | None) -> Tensor:
    return stored if form is None else stored.float() * form.step
