"""Results of this paper's experiments as the pages show them: a row for every variant, and what a sweep says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from rsnotes.experiments import Results

COLUMNS = ("variant", "seeds", "miou", "s.d.", "difference", "95 % half-width")


def all_rows(results: Results, paper: Mapping[str, float] | None = None) -> pd.DataFrame:
    """A row for every variant, landed or not.

    Args:
        results: of one experiment.
        paper: the printed figure of the variants that have one; a column of its own where it is given.
    """
    found = results.table.reindex(columns=list(COLUMNS)).set_index("variant").reindex(list(results.experiment.variants))
    frame = found.reset_index().rename(columns={"miou": "our mIoU"})
    frame["seeds"] = [str(int(count)) if count == count else "–" for count in frame["seeds"]]
    if paper is not None:
        frame.insert(1, "paper", [paper.get(name) for name in frame["variant"]])
    return frame


def with_the_stage(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with what its files tell of the semi-supervised stage, in per cent.

    "Before" is the score that the stage begins with and "student" that of the network which the teacher averages;
    "kept" are the pixels of the pool that the filter lets through in the stage's first tenth.
    """
    told = {
        "before": lambda result: result["start_scores"]["miou"],
        "student": lambda result: result["student_scores"]["miou"],
        "kept": lambda result: result["terms"]["coverage"][0],
    }
    shown = frame.copy()
    for name, tell in told.items():
        shown[name] = [_mean(results, row, tell) for row in frame["variant"]]
    return shown


def _mean(results: Results, variant: str, tell: Any) -> float | None:
    values = []
    for (name, _), result in results.files.items():
        if name == variant:
            try:
                values.append(100 * tell(result))
            except KeyError:  # labels alone keep nothing
                return None
    return float(np.mean(values)) if values else None


def landed_whole(results: Results) -> bool:
    """Whether every run of the experiment has landed."""
    return len(results.files) == len(results.experiment.variants) * len(results.experiment.seeds)


def best_tried(results: Results, start: str) -> float:
    """The number behind ``start`` in a variant's name that has the highest mean."""
    found = results.tried(start)
    return max(found, key=lambda value: np.mean(found[value]))


def best_condition(results: Results) -> str:
    """The variant with unlabelled images that gains most over its own control."""
    asked = [name for name, settings in results.experiment.variants.items() if settings.share]
    return max(asked, key=lambda name: results.difference(name).mean)
