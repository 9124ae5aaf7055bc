"""Checks of an estimate for particles."""

from __future__ import annotations

from math import expm1

from ..geometry.area_law import is_level
from ..results.types import Check
from .climb import FEWEST_KNOWN
from .particle_terms import ParticleTerms
from .rungs import ClimbRules

__all__ = ["PARTICLE_RULES", "below_ideal", "insertion_in_range", "particle_checks"]

PARTICLE_RULES = ClimbRules(
    tail=False, predicts=False, proportional=False, rise=0.1, slows_down=False
)
_FEWEST_PAIRS = 500  # with particles on both sides of a cut
_MOST_SHARED = 0.01  # share of the smallest blocks that may hold more than one centre
_HARMLESS = 0.005  # nats per particle
_DENSEST = (
    -2.5
)  # nats per particle; within its errors at -1.9, too large at -3.1 (docs/insertions.md)


def particle_checks(terms: ParticleTerms, tail_error: float) -> tuple[Check, ...]:
    """Whether the smallest blocks, the largest ones and the trainings are fit for the estimate.

    Args:
        terms: The sum.
        tail_error: Error of the extrapolated blocks, in nats per particle.
    """
    base, rows = terms.base, terms.climb.rows()[-FEWEST_KNOWN:]
    few = bool(base.shared <= _MOST_SHARED)
    shared = f"{base.shared:.2%} of the blocks of side {base.side:g} hold more than one centre"
    interfaces, _, values, errors = zip(*rows, strict=True)
    rise = PARTICLE_RULES.rise
    level = len(rows) == FEWEST_KNOWN and is_level(interfaces, values, errors, rise=rise)
    last = f"M / l of the last {FEWEST_KNOWN} blocks"
    verdict = f"{last} is {'' if level else 'not '}constant within {rise:.0%} or 2 errors"
    return (
        Check("counted blocks", few, f"{shared}, whose arrangement is left out"),
        Check("area law", bool(level or tail_error <= _HARMLESS), verdict),
        _crowded(terms),
    )


def below_ideal(entropy: float, error: float) -> Check:
    """No fluid has more entropy than the ideal gas: it is the maximum at a given density.

    Args:
        entropy: Excess entropy per particle in nats.
        error: Its error.

    Example:
        >>> below_ideal(0.02, 0.05).passed, below_ideal(0.2, 0.05).passed
        (True, False)
    """
    passed = bool(entropy <= error)
    fine = "s is not above that of the ideal gas by more than its error"
    wrong = (
        f"s is above that of the ideal gas by {entropy:.2g} ± {error:.2g}, which no particles can"
        " be: look for a wrong box or density, and for too few samples"
    )
    return Check("s <= 0", passed, fine if passed else wrong)


def insertion_in_range(entropy: float) -> Check:
    """Whether s lies where insertion agreed with known fluids within its errors.

    Args:
        entropy: Excess entropy by insertion in nats per particle.

    Example:
        >>> insertion_in_range(-1.9).passed, insertion_in_range(-3.1).passed
        (True, False)
    """
    passed = entropy > _DENSEST
    fine = f"{entropy:.2f} nats/particle is in the range where insertion agreed with known fluids"
    wrong = (
        f"{entropy:.2f} nats/particle by insertion: below {_DENSEST:g} it was 2 to 5% too large for"
        " hard spheres, by more than its error; do not rely on this cross-check"
    )
    return Check("insertion in range", passed, fine if passed else wrong)


def _crowded(terms: ParticleTerms) -> Check:
    """Whether trainings see particles on both sides of a cut; in thin gases they rarely do."""
    training = terms.climb.estimator.training
    occupied = -expm1(-terms.particles.density)  # of blocks of one diameter
    pairs = training.steps * training.batch * occupied**2
    text = f"about {pairs:.0f} pairs of a training have particles in both blocks of one diameter"
    fine = pairs >= _FEWEST_PAIRS
    advice = "" if fine else ", too few to learn from: use more steps"
    return Check("occupied blocks", fine, text + advice)
