r"""The parts of a result.

s = (1 / V_0) [ sum_bases n S(base) - sum_cuts n M(cut) ]             (Eq. 4)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import nan
from typing import Any

from ..base.words import measured
from ..estimation.history import History
from ..estimation.networks import Networks
from .energies import FreeEnergy

__all__ = [
    "Base", "Check", "CrossCheck", "Ended", "EntropyData", "Estimate", "Level", "Reason",
    "ScaleEntropy", "Source", "Status",
]  # fmt: skip

_SMALLEST_ERROR = 1e-12  # nats per site


class Source(StrEnum):
    """Where the mutual information of a level comes from."""

    COUNTED = "counted"
    ESTIMATED = "estimated"
    EXTRAPOLATED = "extrapolated"


class Reason(StrEnum):
    """Why a level is left to the area law."""

    AREA_LAW = "area law"
    """The area law holds, or is more accurate than the estimate."""
    BEYOND_SAMPLES = "beyond the samples"
    """M is larger than the samples can certify."""
    DIVERGED = "diverged"
    """Training diverged."""
    STOPPED = "stopped"
    """The user or a time limit ended the work."""


class Ended(StrEnum):
    """Why an estimate ended."""

    PRECISION = "precision"
    """The error is within the requested precision."""
    TRAINING = "training"
    """The error comes from training, and more training would gain little."""
    SAMPLES = "samples"
    """The error comes from the samples or from the area law."""
    TIME_LIMIT = "time limit"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Level:
    """One kind of cut of the ladder.

    Args:
        level: Depth k, 1 for the first cut of the whole lattice.
        shape: Sides of the half X_k, the larger one if a side is odd.
        volume: Volume V_k of the half, in sites.
        interface: Length l_k of the interface in sites, all faces together.
        faces: 2 if the halves meet at both ends, else 1.
        weight: By how much one nat of M lowers the entropy per site, 1/(2 V_k).
        mutual_information: M(X_k) in nats.
        error: One standard error of M, in nats.
        source: Where M comes from.
        status: How it went: `"counted"`, the status of the training, or the reason why the level
            is left to the area law.
        bounds: All bounds of the same critics, by name.
        histories: Training history of each fold.
    """

    level: int
    shape: tuple[float, ...]
    volume: float
    interface: float
    faces: int
    weight: float
    mutual_information: float
    error: float
    source: Source
    status: str
    bounds: Mapping[str, float] = field(default_factory=dict)
    histories: tuple[History, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Base:
    """A smallest block, whose entropy was counted.

    Args:
        shape: Sides of the block.
        count: How often it occurs in the lattice.
        entropy: Entropy of the block in nats.
        error: One standard error in nats.
        windows: Number of windows counted.
    """

    shape: tuple[float, ...]
    count: int
    entropy: float
    error: float
    windows: int


@dataclass(frozen=True)
class Check:
    """Something that should hold, and whether it does.

    Args:
        name: Name of the check.
        passed: Whether it holds.
        message: The same in words.
    """

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Status:
    """All checks of a result.

    Args:
        checks: The checks.

    Example:
        >>> passed = Check("bounds", True, "bounds agree")
        >>> status = Status((passed, Check("chains", False, "chains disagree")))
        >>> status.ok, str(status)
        (False, 'doubtful: chains disagree')
    """

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Messages of the checks that failed."""
        return tuple(check.message for check in self.checks if not check.passed)

    def __str__(self) -> str:
        return "ok" if self.ok else "doubtful: " + "; ".join(self.warnings)


@dataclass(frozen=True)
class Estimate:
    """A number with one standard error.

    Args:
        entropy: Entropy per site in nats.
        error: One standard error.
    """

    entropy: float
    error: float

    def __str__(self) -> str:
        return measured(self.entropy, self.error)


@dataclass(frozen=True)
class ScaleEntropy:
    """What the sites of one scale add to the entropy.

    Args:
        name: Spacing of the lattice that the sites complete, and which coordinates are new.
        share: Their share of all sites; shares times entropies add up to a bound on s.
        entropy: Mean entropy of such a site given all coarser ones, in nats: an upper bound.
        error: One standard error of `entropy`.
    """

    name: str
    share: float
    entropy: float
    error: float


@dataclass(frozen=True)
class CrossCheck:
    """The same entropy by the other route, on the same samples.

    Args:
        entropy: Entropy per site in nats.
        error: One standard error.
        difference: The result's own entropy minus this one.
        difference_error: One standard error of the difference; much of the samples' noise cancels.
        histories: Training history of each fold; `bound` is minus an upper bound on the entropy.
        order: Order in which the chain rule visited the sites.
        scales: The entropy by scale, coarse scales first, if the order was from coarse to fine.

    Example:
        >>> CrossCheck(0.30, 0.01, difference=0.01, difference_error=0.004).sigmas
        2.5
    """

    entropy: float
    error: float
    difference: float = nan
    difference_error: float = nan
    histories: tuple[History, ...] = field(default=(), repr=False)
    order: str = ""
    scales: tuple[ScaleEntropy, ...] = ()

    @property
    def sigmas(self) -> float:
        """The difference in units of its error."""
        return abs(self.difference) / max(self.difference_error, _SMALLEST_ERROR)

    def __str__(self) -> str:
        return measured(self.entropy, self.error)


@dataclass(frozen=True)
class EntropyData:
    """The numbers of a result; `EntropyResult` adds storage and figures.

    Args:
        entropy: Entropy per site s in nats, or its excess over single sites if `excess` was set.
        error: One standard error.
        budget: Parts of the error by name, in nats per site.
        levels: Every cut of the ladder, largest blocks first.
        bases: The counted blocks that the sum starts from.
        status: Checks.
        samples: `n`, `effective`, `tau` (in draws), `rhat` and `shape` of the samples.
        cross_check: The same entropy by the other route, if it was taken.
        free_energy: Free energy and bracket, if the energies are known.
        scales: The entropy by scale, if the chain rule alone gave it, from coarse to fine.
        ended: Why the estimate ended.
        timing: Seconds by name.
        provenance: Version, seed, configuration and the samples' provenance.
        unit: Unit of `entropy`.
        read_as: How the samples were understood, as `Samples.read_as` gives it.
        networks: Trained networks, for the warm start of another estimate; not stored.
    """

    entropy: float
    error: float
    budget: Mapping[str, float]
    levels: tuple[Level, ...]
    bases: tuple[Base, ...]
    status: Status
    samples: Mapping[str, Any]
    cross_check: CrossCheck | None = None
    ended: str = ""
    timing: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "nats/site"
    read_as: Mapping[str, Any] = field(default_factory=dict)
    networks: Networks = field(default_factory=Networks, repr=False, compare=False)
    free_energy: FreeEnergy | None = None
    scales: tuple[ScaleEntropy, ...] = ()
