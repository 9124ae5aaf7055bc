"""Whether what the critics know is knowledge of the place; see `estimation/re_pairing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..estimation.estimator import MutualInformation
from ..results.types import Check
from .rungs import LadderCut

__all__ = ["re_paired"]

_SIGMAS = 4.0  # of the worst of about ten cuts


def re_paired(
    estimated: Sequence[tuple[LadderCut[Any], MutualInformation]], advice: str
) -> tuple[Check, ...]:
    """Check that critics score halves of different samples alike at equal and at unequal places.

    Args:
        estimated: The estimated cuts.
        advice: What to do if they do not.

    Returns:
        A check of the worst cut; none if no critic was asked.
    """
    asked = [(m.places, cut.name) for cut, m in estimated if m.places is not None]
    if not asked:
        return ()
    worst, name = max(asked, key=lambda pair: pair[0].sigmas)
    sigmas = f"{worst.sigmas:.2g} standard errors"
    if worst.sigmas <= _SIGMAS:
        text = f"halves of different samples share nothing through their places ({sigmas} at most)"
        return (Check("re-paired halves", True, text),)
    text = (
        f"places are not equivalent: critics of {name} score halves of different samples"
        f" {worst.value:.2g} nats ({sigmas}) higher at the same place; {advice}"
    )
    return (Check("re-paired halves", False, text),)
