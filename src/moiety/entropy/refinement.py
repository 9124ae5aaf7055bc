r"""Train cuts further until the error is small enough: work follows the precision asked for.

The climb gives every cut a small first budget.  Each round of a cut then doubles its steps.  Gains
shrink like 1/steps, so that a round removes about half of the cut's late gain g from the error.
The next round goes to the cut with the largest gain per step,

    w g / steps,     w = ds/dM,

and the last one is that after which the total error is within the precision.  Steps stand for
time here: unlike a clock, they do not depend on the machine.
"""

from __future__ import annotations

from functools import partial

from ..base.deadline import Deadline
from ..base.errors import Stopped
from ..estimation.execution import Hooks
from ..results.types import Ended
from .budget import EntropySum, total_error
from .lattice_terms import LatticeTerms
from .rungs import ClimbRules

__all__ = ["FIRST_BUDGETS", "refine"]

FIRST_BUDGETS = ClimbRules(first=1 / 3)
"""Rules of a climb whose cuts are refined: small first budgets."""
_MOST_ROUNDS = 3  # times that the steps of one cut are doubled
_SMALLEST_GAIN = 0.1  # share of the error that all late gains must make up for training to go on


def refine(
    terms: LatticeTerms, precision: float, deadline: Deadline, share: float, hooks: Hooks
) -> Ended:
    """Train the cut with the largest gain per step further, again and again.

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
        place = max(places, key=partial(_gain_per_step, current))
        rounds[place] += 1
        name = f"{climb.estimated[place][0].name}, again {rounds[place]}"
        text = f"refining, error {current.error:.4f}"
        task = hooks.task(name, total, total, partial(deadline.is_over, share), text=text)
        try:
            if not climb.refine(place, rounds[place], task):
                rounds[place] = _MOST_ROUNDS
        except Stopped:
            continue


def _gain_per_step(current: EntropySum, place: int) -> float:
    """What another round of a cut would take from the training error, per step."""
    weight, m = current.estimated[place]
    return weight * m.late / m.steps


def _reason_to_end(current: EntropySum, precision: float) -> Ended | None:
    """Why more training is not needed or would help little."""
    budget = current.budget
    if total_error(budget) <= precision:
        return Ended.PRECISION
    rest = {**budget, "training": budget["training"] - current.late}
    if total_error(rest) < (1 - _SMALLEST_GAIN) * total_error(budget):
        return None
    return Ended.TRAINING if rest["training"] == max(rest.values()) else Ended.SAMPLES
