"""Long runs: what to run, what came out, and what it can show."""

from rsnotes.experiments.experiment import Experiment, perform, results_folder, staleness
from rsnotes.experiments.provenance import SCORING, environment, processor_name, source_hashes
from rsnotes.experiments.results import Results
from rsnotes.experiments.statistics import Difference, at_seconds, at_step, paired_difference

__all__ = [
    "SCORING",
    "Difference",
    "Experiment",
    "Results",
    "at_seconds",
    "at_step",
    "environment",
    "paired_difference",
    "perform",
    "processor_name",
    "results_folder",
    "source_hashes",
    "staleness",
]
