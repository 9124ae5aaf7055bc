r"""What should hold of an estimate, and whether it does.

Samples: what their inspection found, enough independent ones, from chains that agree.  Physics:
0 <= M, and M grows with the block; for discrete states M <= S(half) and s within its `limits`.
Method: trainings at their plateau, bounds that agree, a short tail.  No check can see what every
critic misses alike, which makes s too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..estimation.history import TrainingStatus
from ..geometry.cuts import Shape
from ..inspection import Finding
from ..results.types import Base, Check, CrossCheck, Level, Reason, Source, Status
from .budget import total_error
from .counted_blocks import MOST_BIAS
from .limits import EntropyLimits, limit_checks

__all__ = ["common_checks", "lattice_status", "sample_checks"]

_FEW_SAMPLES, _VERY_FEW_SAMPLES = 100, 32
_LARGEST_RHAT = 1.1
_SIGMAS = 3.0
_ROUNDING = 1e-6  # nats that sums of single-precision scores may err by
_HARMLESS = 1e-3  # nats per site
_NEGLIGIBLE = 1e-4  # nats per site that the bias of a counted block may leave


def lattice_status(
    samples: Mapping[str, Any],
    levels: Sequence[Level],
    bases: Sequence[Base],
    budget: Mapping[str, float],
    refused: Sequence[Shape],
    other: CrossCheck | None = None,
    *,
    axes: Sequence[int] | None = None,
    findings: Sequence[Finding | Check] = (),
    entropy: float = 0.0,
    limits: EntropyLimits | None = None,
) -> Status:
    """All checks of a lattice estimate.

    Args:
        samples: `n`, `effective`, `tau` and `rhat`.
        levels: Every cut of the ladder, largest blocks first.
        bases: Counted blocks that the sum starts from.
        budget: Parts of the error, in nats per site.
        refused: Blocks that the samples were too few to count.
        other: The second route, if it was taken.
        axes: Axis that each level is cut across; by default all directions are alike.
        findings: Whether the samples are what the method assumes; these checks come first.
        entropy: Entropy per site in nats, single sites included.
        limits: What the entropy can be; None for continuous states.
    """
    sound = all(finding.passed for finding in findings)
    return Status(
        (
            *(Check(item.name, item.passed, item.message) for item in findings),
            *common_checks(samples, levels, budget, axes=axes, sound=sound),
            _counted_blocks(bases, budget, refused),
            *([_bounded(levels, bases)] if limits else []),
            *(limit_checks(entropy, total_error(budget), limits) if limits else ()),
            *([routes_agree(other)] if other else []),
        )
    )


def common_checks(
    samples: Mapping[str, Any],
    levels: Sequence[Level],
    budget: Mapping[str, float],
    *,
    axes: Sequence[int] | None = None,
    sound: bool = True,
) -> tuple[Check, ...]:
    """The checks that lattices and particles share.

    Args:
        samples: `n`, `effective`, `tau` and `rhat`.
        levels: Every level, largest blocks first.
        budget: Parts of the error, in nats per site or particle.
        axes: Axis that each level is cut across; by default all directions are alike.
        sound: Whether the samples are what the method assumes; if not, more training is no cure.
    """
    error = total_error(budget)
    return (
        _effective_samples(samples),
        _chains_mixed(samples),
        _non_negative(levels),
        _monotonic(levels, axes or [0] * len(levels)),
        _trained(levels, budget, error, sound),
        _bounds_agree(levels, error),
        _short_tail(levels, budget),
    )


def sample_checks(samples: Mapping[str, Any]) -> tuple[Check, ...]:
    """The checks of the samples alone.

    Args:
        samples: `n`, `effective`, `tau` and `rhat`.
    """
    return _effective_samples(samples), _chains_mixed(samples)


def _effective_samples(samples: Mapping[str, Any]) -> Check:
    n, effective = samples["n"], samples["effective"]
    enough = effective >= max(min(_FEW_SAMPLES, 0.9 * n), _VERY_FEW_SAMPLES)
    tau = f"tau_int = {samples['tau']:.2g} draws"
    message = f"effective sample size {effective:.0f} of {n} samples ({tau})"
    return Check("effective samples", bool(enough), message)


def _chains_mixed(samples: Mapping[str, Any]) -> Check:
    agree = bool(samples["rhat"] <= _LARGEST_RHAT)
    advice = "the chains have not mixed: start them later or run them longer"
    verdict = "the chains agree" if agree else advice
    return Check("chains mixed", agree, f"{verdict} (R-hat = {samples['rhat']:.3f})")


def _counted_blocks(
    bases: Sequence[Base], budget: Mapping[str, float], refused: Sequence[Shape]
) -> Check:
    names = ", ".join(_named(base.shape) for base in bases)
    few = f"; too few samples for {', '.join(map(_named, refused))}" if refused else ""
    message = f"the sum starts from blocks of {names}{few}"
    return Check("counted blocks", bool(budget["base"] <= 2 * MOST_BIAS), message)


def _non_negative(levels: Sequence[Level]) -> Check:
    low = [level for level in levels if level.mutual_information < -_tolerated(level)]
    return _verdict("M >= 0", low, "M is negative at", "M is nowhere negative beyond 3 errors")


def _tolerated(*levels: Level) -> float:
    """Three errors of M, and what is left of the bias of counted blocks."""
    errors = [level.error for level in levels]
    bias = sum(_NEGLIGIBLE / level.weight for level in levels if level.source == Source.COUNTED)
    return float(_SIGMAS * np.linalg.norm(errors)) + bias + _ROUNDING


def _monotonic(levels: Sequence[Level], axes: Sequence[int]) -> Check:
    """A cut inside a larger one, across the same axis, shares less."""
    known = [
        (level, axis)
        for level, axis in zip(levels, axes, strict=True)
        if level.source != Source.EXTRAPOLATED
    ]
    falls = []
    for place, (large, axis) in enumerate(known):
        inside = (s for s, other in known[place + 1 :] if other == axis and _holds(large, s))
        small = next(inside, None)
        if small is None:
            continue
        if small.mutual_information - large.mutual_information > _tolerated(large, small):
            falls.append(large)
    success = "M grows with the block, within 3 errors"
    return _verdict("M grows with size", falls, "M decreases at", success)


def _holds(large: Level, small: Level) -> bool:
    """Whether the halves of one cut hold those of the other, with all of its interface."""
    fits = all(b <= a for a, b in zip(large.shape, small.shape, strict=True))
    return fits and small.faces <= large.faces


def _bounded(levels: Sequence[Level], bases: Sequence[Base]) -> Check:
    """M of two halves is at most the entropy of one of them, which follows from Eq. 2."""
    entropies = {base.shape: base.entropy for base in bases}
    over = []
    for level in reversed(levels):
        if level.source == Source.COUNTED or level.shape not in entropies:
            continue
        half = entropies[level.shape]
        if level.mutual_information > half + _tolerated(level):
            over.append(level)
        for joined in (other.shape for other in levels if other.volume == 2 * level.volume):
            entropies.setdefault(joined, 2 * half - level.mutual_information)
    success = "M nowhere exceeds the entropy of a half"
    return _verdict("M <= S(block)", over, "M exceeds the entropy of a half at", success)


def _trained(
    levels: Sequence[Level], budget: Mapping[str, float], error: float, sound: bool
) -> Check:
    diverged = [level for level in levels if level.status == TrainingStatus.DIVERGED]
    if diverged:
        return _verdict("training", diverged, "training diverged at", "")
    missing = budget["training"]  # mostly the disagreement of folds, which a plateau has, too
    fine = bool(missing <= max(3 * budget["samples"], _HARMLESS))
    advice = "use more steps or samples" if sound else "see to the samples first"
    verdict = "training reached its plateau" if fine else f"training was still gaining: {advice}"
    share = f"training contributes {_short(missing)} to the error {_short(error)}"
    return Check("training", fine, f"{verdict} ({share})")


def _bounds_agree(levels: Sequence[Level], error: float) -> Check:
    """Compare bounds: Donsker-Varadhan, NWJ (sensitive to the offset of F), mean log-odds."""
    apart = sum(
        level.weight * (max(level.bounds.values()) - min(level.bounds.values()))
        for level in levels
        if level.bounds
    )
    fine = bool(apart <= max(5 * error, 3 * _HARMLESS))
    advice = "" if fine else ": do not trust it"
    message = f"the bounds on s agree within {_short(apart)}{advice}"
    return Check("bounds agree", fine, message)


def _short_tail(levels: Sequence[Level], budget: Mapping[str, float]) -> Check:
    """The error of the extrapolated levels, which is an opinion, beside that of all others."""
    tail = [level for level in levels if level.source == Source.EXTRAPOLATED]
    if not tail:
        return Check("ladder", True, "every level was counted or estimated")
    if any(level.status == Reason.STOPPED for level in tail):
        return Check("ladder", False, f"stopped early: {len(tail)} levels are extrapolated")
    reason = "" if tail[-1].status == Reason.AREA_LAW else f" ({tail[-1].status})"
    count = f"{len(tail)} of the largest levels follow the area law{reason}"
    rest = total_error({name: part for name, part in budget.items() if name != "tail"})
    shares = f"contributes {_short(budget['tail'])} to the error, all else {_short(rest)}"
    fine = bool(budget["tail"] <= max(rest, _HARMLESS))
    return Check("ladder", fine, f"{count}, which {shares}{'' if fine else ': use more samples'}")


def routes_agree(
    other: CrossCheck, unit: str = "nats/site", route: str = "the chain rule"
) -> Check:
    """Both routes overestimate s: agreement proves nothing, but a difference does.

    Args:
        other: The second route.
        unit: Unit of its entropy.
        route: Its name.
    """
    passed = other.sigmas <= _SIGMAS or abs(other.difference) < _HARMLESS
    higher = "mutual information" if other.difference > 0 else route
    size = f"{other.difference:+.2g} {unit}, {other.sigmas:.1f} of its errors"
    fine = "both routes overestimate s, so agreement does not bracket the truth"
    verdict = (
        fine if passed else f"the lower value is closer to the truth: {higher} missed something"
    )
    return Check("cross-check", passed, f"the routes differ by {size}; {verdict}")


def _verdict(name: str, bad: Sequence[Level], failure: str, success: str) -> Check:
    if not bad:
        return Check(name, True, success)
    return Check(name, False, f"{failure} {', '.join(_named(level.shape) for level in bad)}")


def _named(shape: Sequence[float]) -> str:
    return "x".join(f"{side:g}" for side in shape)


def _short(value: float) -> str:
    """Two digits, without an exponent.

    Example:
        >>> _short(0.000123), _short(0.25)
        ('0.00012', '0.25')
    """
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")
