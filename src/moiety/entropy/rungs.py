"""Cuts as the climb sees them, its rules, and the rungs that it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..estimation.estimator import MutualInformation
from ..estimation.pairs import Source
from ..results.types import Reason

__all__ = ["C", "ClimbRules", "LadderCut", "Row", "Rung"]

C = TypeVar("C")
Row = tuple[float, float, float, float]
"""Interface, its rim, M and its error."""


@dataclass(frozen=True, eq=False)
class LadderCut(Generic[C]):
    """A cut as the climb sees it.

    Args:
        cut: The cut itself.
        key: Sides of the block that is cut.
        name: The halves in words.
        volume: Volume of a half.
        interface: Length of the interface for the area law.
        weight: By how much one nat of M lowers the entropy.
        places: Number of such blocks that fit side by side into a sample.
        source: Makes the source of pairs.
        effort: Relative effort of training.
        axis: Axis that the block is cut across; 0 where all directions are alike.
        rim: Size of the rim of the interface for the area law; 1 where it does not grow.
    """

    cut: C
    key: tuple[float, ...]
    name: str
    volume: float
    interface: float
    weight: float
    places: float
    source: Callable[[], Source]
    effort: float = 1.0
    axis: int = 0
    rim: float = 1.0


@dataclass(frozen=True)
class ClimbRules:
    """When the area law takes over.

    Args:
        tail: Whether the area law may replace estimates where it holds or is more accurate.
        predicts: Whether cuts are left out if the law predicts more than the samples can certify.
        proportional: Whether a law that holds has beta = 0.
        rise: Relative change of M / interface below which the law holds.
        slows_down: Whether networks that start from the cut below learn more slowly, by the root
            of the interface.
        first: Share of a cut's training steps that the climb takes; refinement takes more.
            Networks of an earlier estimate, whose training is short already, take all.
    """

    tail: bool = True
    predicts: bool = True
    proportional: bool = True
    rise: float = 0.02
    slows_down: bool = True
    first: float = 1.0


@dataclass(frozen=True, eq=False)
class Rung(Generic[C]):
    """A cut of the ladder with its estimate, or the reason why there is none.

    Args:
        cut: The cut.
        estimate: Its mutual information, if it was estimated.
        reason: Why it is left to the area law, if it is.
    """

    cut: LadderCut[C]
    estimate: MutualInformation | None = None
    reason: Reason | None = None
