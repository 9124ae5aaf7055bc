"""The algorithms that estimate the mutual information of a cut, and what they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from math import ceil, sqrt
from typing import Any

import numpy as np
from torch import nn

from ..geometry.cuts import Cut
from .critics import Critic, InterfaceCritic
from .history import History, TrainingStatus
from .objectives import Bound, DonskerVaradhanBound, JensenShannon, Objective
from .pairs import Source
from .re_pairing import PlaceEffect
from .training import Training

__all__ = [
    "Estimator", "MutualInformation", "Round", "described", "scale_learning_rate",
    "scale_training",
]  # fmt: skip

_TRAINED_PLACES, _SMALLEST_BATCH = 4096, 32  # interface sites, and pairs, per step
_FEWEST_STEPS, _SHORTEST_ROUND = 100, 50


@dataclass(frozen=True)
class Estimator:
    """The algorithms that estimate the mutual information of a cut.

    Args:
        critic: Network that scores pairs.
        objective: Loss that training minimises.
        bound: Bound that is reported.
        training: Training of a cut with full effort.
    """

    critic: Critic = field(default_factory=InterfaceCritic)
    objective: Objective = field(default_factory=JensenShannon)
    bound: Bound = field(default_factory=DonskerVaradhanBound)
    training: Training = field(default_factory=Training)

    @classmethod
    def of(
        cls,
        critic: Critic | None = None,
        objective: Objective | None = None,
        bound: Bound | None = None,
        training: Training | None = None,
    ) -> Estimator:
        """The given algorithms, and defaults for those that are None."""
        given = {"critic": critic, "objective": objective, "bound": bound, "training": training}
        return cls(**{name: part for name, part in given.items() if part is not None})  # type: ignore[arg-type]

    def described(self) -> dict[str, Any]:
        """The fields as plain mappings, each algorithm with its name."""
        return {name: described(part) for name, part in vars(self).items()}


def described(part: object) -> dict[str, Any]:
    """The name and the fields of an algorithm, as plain mappings.

    Args:
        part: A frozen dataclass, such as a critic.

    Example:
        >>> described(JensenShannon())
        {'name': 'JensenShannon', 'products': 1}
    """
    fields = asdict(part) if is_dataclass(part) and not isinstance(part, type) else {}
    return {"name": type(part).__name__, **fields}


@dataclass(frozen=True, eq=False)
class MutualInformation:
    """The mutual information of one cut.

    Args:
        value: Estimate in nats: the bound and the part of the missing M that can be seen.
        sampling: Standard error from the finite number of samples, in nats.
        missing: Error from training, in nats: as much as was added for late gains and for the
            disagreement of folds, and as calibration gained.
        late: The late gains in it, which more training would find.
        spread: Half the distance between folds beyond what sampling explains.
        influence: By how much each sample moves `value`, mean zero, shape `(n,)`.
        bounds: All bounds of the same critics, by name.
        support: Effective number of product pairs that carry <e^F>.
        places: How much of the critics' scores is knowledge of the place; None where that was
            not asked.
        status: The worst status of the folds' trainings.
        histories: Training history of each fold.
        modules: Trained network of each fold.
        seconds: Wall time.
    """

    value: float
    sampling: float
    missing: float
    late: float
    spread: float
    influence: np.ndarray
    bounds: Mapping[str, float]
    support: float
    places: PlaceEffect | None
    status: TrainingStatus
    histories: tuple[History, ...]
    modules: tuple[nn.Module, ...]
    seconds: float

    @property
    def steps(self) -> int:
        """Training steps of all rounds and folds together, at least 1."""
        return max(sum(history.steps[-1] for history in self.histories if history.steps), 1)

    @property
    def error(self) -> float:
        """One standard error in nats: samples, training and spread of the folds together."""
        return float(np.sqrt(self.sampling**2 + self.missing**2 + self.spread**2))


@dataclass(frozen=True, eq=False)
class Round:
    """One of several trainings of the networks of a cut.

    Args:
        share: Share of the steps of the cut that it takes.
        number: How many rounds came before; each takes new pairs for its training.
        before: Estimate that the rounds before gave.  The networks and their histories are
            continued, and the same held-out pairs judge all rounds.

    Example:
        >>> Round(0.25).steps(Training(steps=800)), Round(0.25).steps(Training(steps=160))
        (200, 50)
    """

    share: float = 1.0
    number: int = 0
    before: MutualInformation | None = None

    def steps(self, training: Training) -> int:
        """Steps of this round; at least 50, if the cut has so many.

        Args:
            training: Training of the cut in a single round.
        """
        return max(ceil(training.steps * self.share), min(_SHORTEST_ROUND, training.steps))


def scale_training(training: Training, cut: Cut | Source, effort: float) -> Training:
    """Take fewer steps where a cut matters less, and fewer pairs where each teaches more.

    Args:
        training: Training with full effort; at least 100 of its steps are kept.
        cut: The longer its interface, the smaller the batches.
        effort: Share of the steps.

    Example:
        >>> from ..geometry.cuts import ladder
        >>> top = ladder((64, 64), (True, True)).cuts[0]
        >>> config = scale_training(Training(), top, 0.2)
        >>> config.steps, config.batch
        (160, 32)
        >>> scale_training(Training().warm(), top, 0.2).steps  # at least 100 steps
        100
    """
    smallest = min(_SMALLEST_BATCH, training.batch)
    batch = max(min(training.batch, _TRAINED_PLACES // cut.interface), smallest)
    fewest = min(_FEWEST_STEPS, training.steps)
    return replace(training, steps=max(round(training.steps * effort), fewest), batch=batch)


def scale_learning_rate(training: Training, interface: float) -> Training:
    """Training of networks that start from a smaller cut: slower by the root of the interface.

    A score is a sum along the interface, so the longer the interface, the more the same change of
    weights moves it.  At the full rate the bounds of two systems were between 0.2% better and 3%
    worse, and the largest cut of one failed (docs/tried.md).

    Args:
        training: Training at the full rate.
        interface: Length of the interface in sites.

    Example:
        >>> scale_learning_rate(Training(learning_rate=0.01), 16).learning_rate
        0.0025
    """
    return replace(training, learning_rate=training.learning_rate / sqrt(interface))
