"""The spatial relation loss with whole maps and in blocks of rows: seconds and peak memory, forward and backward."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import torch
from common import interleaved, json_argument, report

from rsnotes.drd import spatial_relation_loss
from rsnotes.drd.relations import BLOCK_ENTRIES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from pages import peak_memory

CHANNELS = 128
ROUNDS = {1024: 15, 4096: 7, 16_384: 2}
"""Timed rounds for each number of pixels."""

FORMS = ("whole maps", "blocks")


def forward_backward(pixels: int, form: str) -> None:
    """One image's loss and the gradient on the student's features."""
    draw = torch.Generator().manual_seed(0)
    student, teacher = (torch.rand(1, CHANNELS, pixels, generator=draw) for _ in range(2))
    block = None if form == "whole maps" else BLOCK_ENTRIES // pixels  # what "auto" takes for a large map
    spatial_relation_loss(student.requires_grad_(), teacher, temperature=CHANNELS**0.5, block=block).backward()


def peak_megabytes(pixels: int, form: str) -> float:
    """Peak memory of a process that does this once and nothing else, less what it has before."""
    command = [sys.executable, __file__, "--peak", str(pixels), form]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def resident_megabytes() -> float:
    """Peak resident memory of this process so far; on Linux not by ``getrusage``, which begins at the parent's peak."""
    return (peak_memory(os.getpid()) or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e6


def main() -> None:
    path = json_argument("relation_maps")
    rows = []
    for pixels, rounds in ROUNDS.items():
        ways = {form: (lambda form=form, pixels=pixels: forward_backward(pixels, form)) for form in FORMS}
        seconds = interleaved(ways, rounds)
        for form in FORMS:
            rows.append({
                "pixels": pixels,
                "channels": CHANNELS,
                "form": form,
                "seconds": round(seconds[form], 4),
                "seconds / whole maps": round(seconds[form] / seconds["whole maps"], 3),
                "peak memory, MB": round(peak_megabytes(pixels, form)),
            })  # fmt: skip
    report(path, "Spatial relation loss, forward and backward, one image, float32", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        before = resident_megabytes()
        forward_backward(int(sys.argv[2]), sys.argv[3])
        print(resident_megabytes() - before)
    else:
        main()
