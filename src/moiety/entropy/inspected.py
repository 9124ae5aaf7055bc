"""Samples with what their inspection found, and what a result says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .. import __version__
from ..data.digest import digest_of
from ..data.samples import Samples
from ..estimation.execution import Execution
from ..inspection import Inspection, inspect
from .distinct import distinct_samples
from .sample_statistics import SampleStatistics

__all__ = ["InspectedSamples"]


@dataclass(frozen=True, eq=False)
class InspectedSamples:
    """Samples that were inspected before an estimate.

    Args:
        given: The samples as the user gave them.
        distinct: The samples without copies, which the estimate works on.
        found: What the inspection found.
    """

    given: Samples
    distinct: Samples
    found: Inspection

    @classmethod
    def of(cls, samples: Samples, execution: Execution) -> InspectedSamples:
        """Inspect samples.

        Args:
            samples: Configurations.
            execution: Folds that the samples must suffice for.

        Raises:
            InputError: Too few samples, or too few that differ, for the number of folds.
        """
        execution.check_folds(samples.n)
        found = inspect(samples)
        distinct = distinct_samples(samples, found.originals)
        execution.check_folds(distinct.n)
        return cls(samples, distinct, found)

    @property
    def has_copies(self) -> bool:
        """Whether some samples are copies of others."""
        return self.distinct is not self.given

    def described(self, statistics: SampleStatistics) -> dict[str, Any]:
        """What a result says about its samples.

        Args:
            statistics: Statistics of the distinct samples.
        """
        samples = self.given
        facts = {"n": samples.n, "shape": list(samples.shape), "kind": samples.kind}
        facts |= {"distinct": self.distinct.n} if self.has_copies else {}
        return facts | asdict(statistics)

    def provenance(self, execution: Execution, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """What is needed to make a result again.

        Args:
            execution: Seed, device, threads and folds.
            configuration: Algorithms and settings by name.
        """
        samples = self.given
        return {
            "version": __version__,
            "seed": execution.seed,
            "configuration": {**asdict(execution), **configuration},
            "samples": dict(samples.provenance),
            "symmetries": list(samples.symmetries),
            "periodic": list(samples.periodic),
            "homogeneous": samples.homogeneous,
            "n": samples.n,
            "digest": digest_of(samples),
        }
