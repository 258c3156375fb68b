"""Images of any size for the Fisher information, which looks at whole images where training sees crops."""

from dataclasses import dataclass

from torch import nn

from rsnotes.datasets import Classes, Sample
from rsnotes.mkd_ssl.chain import Chain, Domain, Known, Labelled
from rsnotes.mkd_ssl.ewc import ElasticWeightConsolidation
from rsnotes.mkd_ssl.stages import Stage

BLOCK = 32
"""HRNet halves an image five times; its sides have to be multiples of this."""


def trimmed(sample: Sample) -> Sample:
    """The sample without what is left over on the right and below a multiple of :data:`BLOCK` pixels."""
    height, width = (side - side % BLOCK for side in sample.mask.shape)
    return Sample(sample.image[:, :height, :width], sample.mask[:height, :width])


@dataclass(frozen=True)
class Trimmed:
    """A data set whose samples are :func:`trimmed`."""

    samples: Labelled

    @property
    def classes(self) -> Classes:
        return self.samples.classes

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        return trimmed(self.samples[index])


class TrimmingChain(Chain):
    """A chain whose springs are measured on trimmed images: those of GTA5 are 1914 × 1052 pixels, not multiples."""

    def _springs(
        self, stage: Stage, before: Known | None, teacher: nn.Module | None, student: nn.Module, domain: Domain
    ) -> ElasticWeightConsolidation | None:
        if before is not None:
            before = before._replace(samples=[trimmed(sample) for sample in before.samples])
        return super()._springs(stage, before, teacher, student, domain._replace(samples=Trimmed(domain.samples)))
