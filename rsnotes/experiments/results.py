"""Result files read back, and the table that a page shows, with what speaks against it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from rsnotes.experiments.experiment import Experiment, results_folder, staleness
from rsnotes.experiments.statistics import Difference, paired_difference

PLATEAU_SHARE = 0.95
WIDEST_HALF = 1.0
"""In points of the figure: a wider 95 % interval is called underpowered."""


@dataclass(frozen=True)
class Results:
    """The results of an experiment that have landed so far.

    Attributes:
        experiment: what was asked.
        files: result by (variant, seed).
        figure: name of the score compared, a fraction in the files and shown in per cent.
        plateau: name of a variant that is the baseline trained for longer, to see how much it still gains, or None.
    """

    experiment: Experiment
    files: Mapping[tuple[str, int], Mapping[str, Any]]
    figure: str = "miou"
    plateau: str | None = None

    @classmethod
    def read(cls, experiment: Experiment, figure: str = "miou", plateau: str | None = None) -> "Results":
        """Read what lies in the experiment's folder; variants and seeds that are not asked for are left out."""
        files = {}
        for path in sorted(results_folder(experiment.name).glob("*.json")):
            result = json.loads(path.read_text("utf-8"))
            if result["variant"] in experiment.variants and result["seed"] in experiment.seeds:
                files[result["variant"], result["seed"]] = result
        return cls(experiment, files, figure, plateau)

    def by_seed(self, variant: str) -> dict[int, float]:
        """The figure of a variant in per cent, by seed."""
        return {seed: 100 * r["scores"][self.figure] for (name, seed), r in self.files.items() if name == variant}

    def tried(self, start: str) -> dict[float, list[float]]:
        """The figures in per cent of all seeds, by the number that follows ``start`` in a variant's name."""
        names = {name: name.removeprefix(start) for name in self.experiment.variants if name.startswith(start)}
        found = {float(value): list(self.by_seed(name).values()) for name, value in names.items()}
        return {value: scores for value, scores in found.items() if scores}

    def difference(self, variant: str) -> Difference:
        """Variant minus what it is compared with, in points."""
        return paired_difference(self.by_seed(variant), self.by_seed(self._other(variant)))

    def _other(self, variant: str) -> str:
        return self.experiment.against.get(variant, self.experiment.baseline)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a variant: seeds, mean and deviation of the figure, paired difference to the baseline, cost."""
        return pd.DataFrame([self._row(variant) for variant in self.experiment.variants if self.by_seed(variant)])

    def _row(self, variant: str) -> dict[str, Any]:
        values = list(self.by_seed(variant).values())
        runs = [r for (name, _), r in self.files.items() if name == variant]
        row: dict[str, Any] = {
            "variant": variant,
            "seeds": len(values),
            self.figure: np.mean(values),
            "s.d.": np.std(values, ddof=1) if len(values) > 1 else np.nan,
            "difference": np.nan,
            "95 % half-width": np.nan,
            "parameters": runs[0]["parameters"],
            "training seconds": np.mean([r["curve"][-1]["seconds"] for r in runs]),
        }
        if variant != self._other(variant) and set(self.by_seed(variant)) & set(self.by_seed(self._other(variant))):
            found = self.difference(variant)
            row |= {"difference": found.mean, "95 % half-width": found.half_width}
        return row

    def caveats(self, shown: Collection[str] | None = None) -> list[str]:
        """What a reader must know before believing the table, a sentence each; empty when nothing speaks against it.

        Args:
            shown: the variants that a page's table has; None for all.
        """
        return [*self._missing(), *self._stale(), *self._mixed(), *self._undertrained(), *self._underpowered(shown)]

    def _missing(self) -> list[str]:
        wanted = len(self.experiment.variants) * len(self.experiment.seeds)
        return [f"{len(self.files)} of {wanted} runs have landed."] if len(self.files) < wanted else []

    def _stale(self) -> list[str]:
        reasons = sorted({reason for result in self.files.values() for reason in staleness(self.experiment, result)})
        return [f"Stale: {reason}." for reason in reasons]

    def _mixed(self) -> list[str]:
        """A pair shares its arithmetic as it shares its seed; rows that ran on two kinds of machine may not."""
        formats: dict[int, set[str]] = {seed: set() for _, seed in self.files}
        for (_, seed), result in self.files.items():
            formats[seed].add(result["environment"]["precision"])
        mixed = [f"{seed} ({', '.join(sorted(found))})" for seed, found in sorted(formats.items()) if len(found) > 1]
        return [f"Mixed: not all rows of a seed were computed in one arithmetic: {'; '.join(mixed)}."] if mixed else []

    def _undertrained(self) -> list[str]:
        if self.plateau is None or not (long := self.by_seed(self.plateau)):
            return []
        usual = self.by_seed(self.experiment.baseline)
        if not (both := usual.keys() & long.keys()):
            return []
        reached, top = (float(np.mean([scores[seed] for seed in both])) for scores in (usual, long))
        if reached >= PLATEAU_SHARE * top:
            return []
        return [
            f"Undertrained: the baseline stands at {reached:.1f}, {100 * reached / top:.0f} % of its plateau {top:.1f}."
        ]

    def _underpowered(self, shown: Collection[str] | None) -> list[str]:
        rows = self.table.to_dict("records") if len(self.files) else []
        rows = [r for r in rows if shown is None or r["variant"] in shown]
        wide = [r for r in rows if r["95 % half-width"] > WIDEST_HALF or r["seeds"] < 5]
        names = "all rows" if len(wide) == len(rows) else "; ".join(str(r["variant"]) for r in wide)
        return (
            [f"Underpowered (under five seeds, or an interval wider than ±{WIDEST_HALF:g}): {names}."] if wide else []
        )
