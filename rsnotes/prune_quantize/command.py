"""The commands ``python -m rsnotes prune_quantize train`` and ``... evaluate``: the paper's set-up on the real data."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from lightning_fabric import Fabric
from torch import nn

from rsnotes import training
from rsnotes.datasets import ImageMaskPairs, Vaihingen
from rsnotes.datasets.uavid import UAVid
from rsnotes.losses import cross_entropy
from rsnotes.metrics.cost import parameters
from rsnotes.networks import deeplabv3plus
from rsnotes.prune_quantize.augment import reflect_and_shift
from rsnotes.prune_quantize.export import export_onnx, kernel_bits
from rsnotes.prune_quantize.folding import fold_batch_norm
from rsnotes.prune_quantize.measure import measure
from rsnotes.prune_quantize.network import Plan, choose_formats, memory_bytes, negligible_only, quantize_network
from rsnotes.prune_quantize.recipe import UAVID, VAIHINGEN, PruneQuantizeRecipe
from rsnotes.prune_quantize.schedule import Round, prune, recalibrate_parameters, recalibrate_statistics
from rsnotes.prune_quantize.scores import Scores, normalise_per_layer, taylor_scores
from rsnotes.prune_quantize.widths import load_pruned, save_pruned
from rsnotes.training import Batch
from rsnotes.training.kept import present, same_run

HINT = "Give the folder that prune_quantize train wrote"
"""What to do when a file is not there."""

Preset = tyro.conf.OmitArgPrefixes[
    Annotated[PruneQuantizeRecipe, tyro.conf.subcommand("vaihingen", default=VAIHINGEN)]
    | Annotated[PruneQuantizeRecipe, tyro.conf.subcommand("uavid", default=UAVID)]
]
"""The paper's recipe for a data set; every field is an option of the command."""


def train(root: Path, out: Path, recipe: Preset, seed: int = 0, workers: int = 4, every: int = 500) -> int:
    """Train, prune, retrain, and print the four rows of table II. The same command goes on where it was stopped.

    Options of the run stand before the data set's name, those of the recipe after it.

    Args:
        root: the folder the data set lies in, see "data check".
        out: folder for checkpoints, networks and the recipe; made if need be.
        recipe: the data set, and any of the recipe's fields.
        seed: of the initial weights, the order of the samples and their augmentation.
        workers: processes that read images.
        every: steps between checkpoints.
    """
    try:
        samples = open_split(recipe, root, "train")
        same_run(out / "recipe.json", asdict(recipe) | {"seed": seed})
        run = _Run(training.make_fabric(), recipe, samples, out, {"seed": seed, "workers": workers, "every": every})
        run.whole()
        run.pruned()
        print(report(recipe, samples, open_split(recipe, root, "test"), out, run.fabric.device))
    except (ValueError, RuntimeError) as error:
        print(error)
        return 1
    return 0


def evaluate(root: Path, out: Path, share: float = 0.0075) -> int:
    """Score what ``train`` left in a folder on the test tiles (UAVid: validation), and write ``int8.onnx``.

    Args:
        root: the folder the data set lies in.
        out: the folder given to ``train``.
        share: tolerance of the boundary F1, as a share of the image's diagonal.
    """
    try:
        stored: dict[str, Any] = json.loads(present(out / "recipe.json", HINT).read_text("utf-8"))
        del stored["seed"]
        recipe = PruneQuantizeRecipe(**stored)
        samples, test = open_split(recipe, root, "train"), open_split(recipe, root, "test")
        print(report(recipe, samples, test, out, training.make_fabric().device, share))
    except (ValueError, RuntimeError) as error:
        print(error)
        return 1
    return 0


def open_split(recipe: PruneQuantizeRecipe, root: Path, split: str) -> ImageMaskPairs:
    """The paper's split: windows of the recipe's crop on Vaihingen, frames of UAVid at 540 × 960 and its validation.

    Raises:
        DataError: files are missing or wrong.
    """
    if recipe.data == "vaihingen":
        return Vaihingen(root, split, "prune_quantize", side=recipe.crop, pad=split == "test")
    if recipe.data != "uavid":
        raise ValueError(f"no recipe for {recipe.data!r}; there are uavid and vaihingen")
    size = recipe.crop, recipe.crop * 16 // 9
    return UAVid(root, "val" if split == "test" else "train", size=size)


def report(
    recipe: PruneQuantizeRecipe,
    samples: ImageMaskPairs,
    test: ImageMaskPairs,
    out: Path,
    device: torch.device,
    share: float = 0.0075,
) -> str:
    """The four rows of table II in per cent, megabytes and millions, a line each; writes ``int8.onnx`` on the way."""
    lines = [f"{'':22}{'OA':>7}{'mIoU':>7}{'BF':>7}{'MB':>9}{'params':>9}"]
    for name, pruned in (("whole", False), ("pruned", True)):
        network = load_pruned(present(out / f"{'pruned' if pruned else 'network'}.safetensors", HINT))
        folded = fold_batch_norm(network)
        for formats in ({}, plan(recipe, folded, samples)):
            ours = quantize_network(folded, formats)
            if pruned and formats and recipe.activation_bits == 8:
                export_onnx(_for_kernels(recipe, folded, samples), out / "int8.onnx", tuple(test[0].image.shape))  # type: ignore[arg-type]
            s = measure(ours.to(device), test, share=share)
            row = name + (", quantized" if formats else "")
            figures = "".join(f"{100 * s[key]:7.2f}" for key in ("oa", "miou", "boundary_f1"))
            size = f"{memory_bytes(folded, formats) / 1e6:9.3f}{parameters(network) / 1e6:8.3f}M"
            lines.append(f"{row:22}{figures}{size}")
    return "\n".join(lines)


def _for_kernels(recipe: PruneQuantizeRecipe, folded: Any, samples: ImageMaskPairs) -> Any:
    """The quantized network with no more bits of weights than this processor's integer kernels compute exactly."""
    bits = min(recipe.weight_bits, kernel_bits())
    return quantize_network(folded, plan(replace(recipe, weight_bits=bits), folded, samples))


def plan(recipe: PruneQuantizeRecipe, folded: Any, samples: ImageMaskPairs) -> Plan:
    """The formats that the recipe asks for, activations logged on its calibration images, spread over the data."""
    count = min(recipe.calibration, len(samples))
    images = [samples[k * len(samples) // count].image[None] for k in range(count)]
    formats = choose_formats(
        folded, images, weights=recipe.weight_bits, biases=recipe.bias_bits, activations=recipe.activation_bits
    )
    return formats if recipe.tolerance is None else negligible_only(folded, formats, recipe.tolerance)


class _Batches:
    """A pass over a data set in batches, as often as one asks, on a device."""

    def __init__(self, samples: ImageMaskPairs, size: int, workers: int, device: torch.device) -> None:
        self.samples, self.size, self.workers, self.device = samples, size, workers, device

    def __iter__(self) -> Iterator[Batch]:
        count = -(-len(self.samples) // self.size)
        loader = training.batches(
            self.samples, None, batch_size=self.size, seed=0, first=0, last=count, workers=self.workers
        )
        for batch in loader:
            yield Batch(*(tensor.to(self.device) for tensor in batch))

    def __len__(self) -> int:
        return -(-len(self.samples) // self.size)


class _Run:
    """What training and retraining share: device, recipe, data, folder."""

    def __init__(
        self, fabric: Fabric, recipe: PruneQuantizeRecipe, samples: ImageMaskPairs, out: Path, options: dict[str, Any]
    ) -> None:
        self.fabric, self.recipe, self.samples, self.out, self.options = fabric, recipe, samples, out, options
        self.build: dict[str, Any] = {
            "backbone": recipe.backbone, "classes": len(samples.classes), "width": recipe.width,
            "bands": len(samples.bands),
        }  # fmt: skip

    def whole(self) -> None:
        """Train the network and keep it as ``network.safetensors``."""
        if (self.out / "network.safetensors").exists():
            return
        torch.manual_seed(self.options["seed"])
        network = deeplabv3plus(**self.build, pretrained=self.recipe.pretrained)
        self._train(network, self.recipe.epochs, "network")

    def pruned(self) -> None:
        """Prune it in rounds, retrain what is left and keep it as ``pruned.safetensors``."""
        if (self.out / "pruned.safetensors").exists():
            return
        start = self.out / "pruned-not-retrained.safetensors"
        if not start.exists():
            network = self.fabric.to_device(load_pruned(self.out / "network.safetensors"))
            self._prune(network)
            save_pruned(network, start, **self.build)
        self._train(load_pruned(start), self.recipe.retraining_epochs, "pruned")

    def _prune(self, network: nn.Module) -> None:
        seen = _Batches(self.samples, self.recipe.batch_size, self.options["workers"], self.fabric.device)

        def score(current: nn.Module) -> Scores:
            scores = taylor_scores(current, seen)
            return normalise_per_layer(scores) if self.recipe.normalise else scores

        def recalibrate(current: nn.Module) -> None:
            if self.recipe.recalibrate == "statistics":
                recalibrate_statistics(current, seen)  # type: ignore[arg-type]  # an iterable of a length
            else:
                recalibrate_parameters(current, seen, self.recipe.learning_rate, self.recipe.momentum)  # type: ignore[arg-type]

        def tell(done: Round) -> None:
            print(f"round {done.number} of {self.recipe.rounds}: {done.parameters} parameters left", flush=True)

        goal = round(self.recipe.kept * parameters(network))
        prune(network, score, parameters=goal, rounds=self.recipe.rounds, recalibrate=recalibrate, after_round=tell)

    def _train(self, network: nn.Module, epochs: int, name: str) -> None:
        recipe, steps = self.recipe, -(-len(self.samples) // self.recipe.batch_size)
        optimizer = torch.optim.SGD(
            [p for p in network.parameters() if p.requires_grad],
            recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay,
        )  # fmt: skip
        step = training.GradientStep(
            self.fabric, network, optimizer, _objective, recipe.weights(), recipe.schedule(steps)
        )
        training.train(
            self.fabric, step, self.samples, reflect_and_shift(recipe.shift), steps=epochs * steps,
            batch_size=recipe.batch_size, checkpoints=self.out / name, **self.options,
        )  # fmt: skip
        save_pruned(network, self.out / f"{name}.safetensors", **self.build)


def _objective(network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
    return {"cross_entropy": cross_entropy(network(batch.image).logits, batch.mask)}
