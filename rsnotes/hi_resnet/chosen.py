"""What the sweeps on validation scenes chose, one number or table each.

This file is none of the sources of any experiment, so that a choice does not make the sweep stale that it came from.
Each result file keeps the numbers that it was made with among its settings.
"""

from typing import Final

from rsnotes.hi_resnet.network import Variant

MOCO_MOMENTUM, MOCO_RATE = 0.996, 0.02
"""Of :data:`~rsnotes.hi_resnet.trials.MOCO_TUNING`, which decides before an encoder is trained."""

RATES_OF_VARIANT: Final[dict[Variant, float]] = {"base": 1e-2, "funnel": 1e-2, "ia": 1e-2, "final": 3e-3}
"""Of :data:`~rsnotes.hi_resnet.experiment.TUNING`, which decides before the rows of table VII are run."""

RATES_OF_START: Final = {"nothing": 3e-3, "supervised": 3e-3, "MoCo short": 3e-3, "MoCo long": 3e-3}
"""Of :data:`~rsnotes.hi_resnet.experiment.START_TUNING`, which decides before the rows of table IX are run."""
