r"""The sum that gives the entropy, and its error budget: one for lattices and particles.

    s = s_base - sum_cuts w M(cut),     w = ds/dM                          (Eq. 4)

The small blocks of the base are counted; the cuts above them are estimated; the largest are
extrapolated.  The error adds up

    samples    spread between samples of their influence on s, all terms together
    base       what the bias correction of the counts may leave
    training   what longer training or more samples may still find, from late gains and from what
               calibration gained: under-fitted M make s too large at all levels alike, so these
               errors add up without cancelling
    folds      distance between folds beyond what the samples explain
    tail       error of the extrapolated cuts, which all err together
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.statistics import Chains, series_error
from ..estimation.estimator import MutualInformation

__all__ = ["BaseTerm", "EntropySum", "TailTerm", "total_error"]


@dataclass(frozen=True, eq=False)
class BaseTerm:
    """The counted part of the sum.

    Args:
        entropy: Entropy per site, or per particle, of the smallest blocks.
        influence: By how much each sample moves it, mean zero, shape `(n,)`.
        error: What the bias correction may leave.
    """

    entropy: float
    influence: np.ndarray
    error: float


@dataclass(frozen=True)
class TailTerm:
    """One extrapolated cut.

    Args:
        weight: w = ds/dM.
        mutual_information: M from the area law, in nats.
        error: Error of M, in nats.
    """

    weight: float
    mutual_information: float
    error: float


@dataclass(frozen=True, eq=False)
class EntropySum:
    """All terms of the sum.

    Args:
        base: The counted part.
        estimated: Weight and M of each estimated cut, smallest first.
        tail: The extrapolated cuts, largest first.
        samples: Numbers of chains and draws of the samples.

    Example:
        >>> base = BaseTerm(0.7, np.zeros(4), 0.01)
        >>> class Shape: chains, draws, n = 1, 4, 4
        >>> terms = EntropySum(base, (), (TailTerm(0.5, 0.2, 0.02),), Shape())
        >>> round(terms.entropy, 12), round(terms.error, 6)  # 0.7 - 0.5 * 0.2
        (0.6, 0.014142)
    """

    base: BaseTerm
    estimated: Sequence[tuple[float, MutualInformation]]
    tail: Sequence[TailTerm]
    samples: Chains

    @property
    def entropy(self) -> float:
        """Entropy s in nats."""
        tail = sum(term.weight * term.mutual_information for term in self.tail)
        above = sum((weight * m.value for weight, m in reversed(self.estimated)), tail)
        return float(self.base.entropy - above)

    @property
    def influence(self) -> np.ndarray:
        """By how much each sample moves s, shape `(n,)`."""
        influence = self.base.influence
        for weight, m in self.estimated:
            influence = influence - weight * m.influence
        return influence

    @property
    def late(self) -> float:
        """The part of the training error that more training would remove."""
        return sum(weight * m.late for weight, m in self.estimated)

    @property
    def budget(self) -> dict[str, float]:
        """The parts of the error, in nats."""
        spreads = [(weight * m.spread) ** 2 for weight, m in self.estimated]
        return {
            "samples": series_error(self.influence, self.samples),
            "base": self.base.error,
            "training": sum(weight * m.missing for weight, m in self.estimated),
            "folds": float(np.sqrt(sum(spreads))),
            "tail": sum(term.weight * term.error for term in self.tail),
        }

    @property
    def error(self) -> float:
        """One standard error of s in nats."""
        return total_error(self.budget)


def total_error(budget: Mapping[str, float]) -> float:
    """One standard error from its parts.

    Args:
        budget: Parts of the error by name.

    Example:
        >>> total_error({"samples": 0.003, "training": 0.004})
        0.005
    """
    return float(np.sqrt(sum(part**2 for part in budget.values())))
