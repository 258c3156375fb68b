"""Prune and quantize: filters removed by what they are worth, numbers stored in as many bits as they need."""

from rsnotes.prune_quantize.atrous import atrous_convolution, atrous_pyramid
from rsnotes.prune_quantize.expansion import loss_changes, products_at_zero
from rsnotes.prune_quantize.export import OnnxNetwork, export_onnx, has_vnni, kernel_bits, open_session
from rsnotes.prune_quantize.fixed_point import Errors, FixedPoint, quantization_errors, quantize, to_integers
from rsnotes.prune_quantize.folding import fold_batch_norm
from rsnotes.prune_quantize.network import (
    Plan,
    choose_formats,
    log_activations,
    memory_bytes,
    negligible_only,
    parameter_histograms,
    quantize_network,
)
from rsnotes.prune_quantize.ranges import Histogram, choose_range, msb_histogram
from rsnotes.prune_quantize.recipe import UAVID, VAIHINGEN, PruneQuantizeRecipe
from rsnotes.prune_quantize.schedule import Round, prune, recalibrate_parameters, recalibrate_statistics
from rsnotes.prune_quantize.scores import (
    Scores,
    l1_scores,
    logits_loss,
    normalise_per_layer,
    random_scores,
    taylor_scores,
)
from rsnotes.prune_quantize.surgery import Filters, Surgeon, mask_filters, prune_filters
from rsnotes.prune_quantize.widths import load_pruned, resize, save_pruned, widths

__all__ = [
    "UAVID",
    "VAIHINGEN",
    "Errors",
    "Filters",
    "FixedPoint",
    "Histogram",
    "OnnxNetwork",
    "Plan",
    "PruneQuantizeRecipe",
    "Round",
    "Scores",
    "Surgeon",
    "atrous_convolution",
    "atrous_pyramid",
    "choose_formats",
    "choose_range",
    "export_onnx",
    "fold_batch_norm",
    "has_vnni",
    "kernel_bits",
    "l1_scores",
    "load_pruned",
    "log_activations",
    "logits_loss",
    "loss_changes",
    "mask_filters",
    "memory_bytes",
    "msb_histogram",
    "negligible_only",
    "normalise_per_layer",
    "open_session",
    "parameter_histograms",
    "products_at_zero",
    "prune",
    "prune_filters",
    "quantization_errors",
    "quantize",
    "quantize_network",
    "random_scores",
    "recalibrate_parameters",
    "recalibrate_statistics",
    "resize",
    "save_pruned",
    "taylor_scores",
    "to_integers",
    "widths",
]
