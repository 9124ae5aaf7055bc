"""Train cuts further where most of M is missing, until the error is small enough."""

from __future__ import annotations

from functools import partial

from ..base.deadline import Deadline
from ..base.errors import Stopped
from ..estimation.execution import Hooks
from ..results.types import Ended
from .budget import EntropySum, total_error
from .lattice_terms import LatticeTerms

__all__ = ["refine"]

_MOST_ROUNDS = 1  # times that one cut is trained further


def refine(
    terms: LatticeTerms, precision: float, deadline: Deadline, share: float, hooks: Hooks
) -> Ended:
    """Train the cut with the largest late gain further, again and again.

    Args:
        terms: Terms of the sum; their climb is refined in place.
        precision: Error of s, in nats per site, that is small enough.
        deadline: End of the work.
        share: Share of the time limit for this work.
        hooks: Functions of the user.

    Returns:
        Why the refinement ended.
    """
    climb = terms.climb
    rounds = dict.fromkeys(range(len(climb.estimated)), 0)
    total = len(climb.rungs)
    while True:
        current = terms.sum()
        if deadline.is_over(share) or climb.is_stopped:
            return Ended.TIME_LIMIT if deadline.has_passed(share) else Ended.STOPPED
        ended = _reason_to_end(current, precision)
        if ended:
            return ended
        places = [place for place, count in rounds.items() if count < _MOST_ROUNDS]
        if not places:
            return Ended.TRAINING
        place = max(places, key=lambda k: current.estimated[k][0] * current.estimated[k][1].late)
        rounds[place] += 1
        name = f"{climb.estimated[place][0].name}, again {rounds[place]}"
        is_over = partial(deadline.is_over, share)
        task = hooks.task(name, total, total, is_over, text="refining")
        try:
            if not climb.refine(place, rounds[place], task):
                rounds[place] = _MOST_ROUNDS
        except Stopped:
            continue


def _reason_to_end(current: EntropySum, precision: float) -> Ended | None:
    """Why more training is not needed or would help little."""
    budget, late = current.budget, current.late
    if total_error(budget) <= precision:
        return Ended.PRECISION
    rest = {**budget, "training": budget["training"] - late}
    if late > max(rest.values()):
        return None
    return Ended.TRAINING if rest["training"] == max(rest.values()) else Ended.SAMPLES
