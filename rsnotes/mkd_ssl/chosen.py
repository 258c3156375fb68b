"""What the sweeps and the screen chose, one constant each; each is decided before what stands on it is run.

This file is none of the sources of any experiment, so that a choice does not make the sweep stale that it came from.
Each result file keeps the numbers that it was made with among its settings.
"""

from typing import Final

SPRINGS_WEIGHT: Final = 3.0
"""Weight of EWC. :data:`~rsnotes.mkd_ssl.experiment.SPRINGS` decides, before all else is run."""

RATE_OF: Final[dict[str, float]] = {
    "scratch": 0.05,
    "fine-tuning": 0.05,
    "distillation": 0.05,
    "two-stage distillation": 0.05,
    "two-stage fine-tuning": 0.05,
    "two-stage distillation, no EWC": 0.05,
}
"""Learning rate of each family. :data:`~rsnotes.mkd_ssl.experiment.RATES` decides, once the springs' weight is known
and before the strategies are run."""

BEST: Final = "two-stage distillation"
"""The strategy that unlabelled images are added to. :data:`~rsnotes.mkd_ssl.experiment.STRATEGIES` decides."""

CONDITION: Final = "default"
"""The condition that goes on to ten fresh seeds. :data:`~rsnotes.mkd_ssl.parts.CONDITIONS` decides, a screen."""
