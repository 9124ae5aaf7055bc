r"""What should hold of an estimate, and whether it does.

Physics: 0 <= M <= S(half), M grows with the block.  Samples: enough independent ones, of
chains that agree.  Method: trainings at their plateau, bounds that agree, a short tail.
None of them can see what every critic misses alike, which makes s too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..estimation.training import DIVERGED
from ..geometry.cuts import Shape
from ..results.result import COUNTED, EXTRAPOLATED, Base, Check, CrossCheck, Level, Status
from .counted_blocks import MOST_BIAS

__all__ = ["checked", "common_checks"]

_FEW_SAMPLES, _VERY_FEW_SAMPLES = 100, 32
_MOST_RHAT = 1.1
_SIGMAS = 3.0
_ROUNDING = 1e-9
_HARMLESS = 1e-3  # nats per site that no one would worry about


def checked(
    samples: Mapping[str, Any],
    levels: Sequence[Level],
    bases: Sequence[Base],
    budget: Mapping[str, float],
    refused: Sequence[Shape],
    other: CrossCheck | None = None,
) -> Status:
    """All checks of an estimate.

    Arguments:
        samples: `n`, `effective`, `tau` and `rhat`.
        levels: Largest blocks first.
        bases: Counted blocks that the sum starts from.
        budget: Parts of the error, in nats per site.
        refused: Blocks that the samples were too few to count.
        other: What another route gave, where one was taken.
    """
    crossed = [_crossed(other)] if other else []
    return Status(
        (
            *common_checks(samples, levels, budget),
            _counted(bases, budget, refused),
            _bounded(levels, bases),
            *crossed,
        )
    )


def common_checks(
    samples: Mapping[str, Any], levels: Sequence[Level], budget: Mapping[str, float]
) -> tuple[Check, ...]:
    """Those that concern lattices and particles alike; see `checked`."""
    error = float(np.sqrt(sum(part**2 for part in budget.values())))
    return (
        _effective(samples),
        _mixed(samples),
        _positive(levels),
        _monotone(levels),
        _trained(levels, budget, error),
        _agreeing(levels, error),
        _short_tail(levels, budget, error),
    )


def _effective(samples: Mapping[str, Any]) -> Check:
    n, effective = samples["n"], samples["effective"]
    enough = effective >= max(min(_FEW_SAMPLES, 0.9 * n), _VERY_FEW_SAMPLES)
    message = f"{n} samples amount to {effective:.0f} independent ones (tau_int = {samples['tau']:.2g} draws)"
    return Check("effective samples", bool(enough), message)


def _mixed(samples: Mapping[str, Any]) -> Check:
    agree = bool(samples["rhat"] <= _MOST_RHAT)
    verdict = (
        "the chains agree"
        if agree
        else "the chains have not mixed: start them later or run them longer"
    )
    return Check("chains mixed", agree, f"{verdict} (R-hat = {samples['rhat']:.3f})")


def _counted(bases: Sequence[Base], budget: Mapping[str, float], refused: Sequence[Shape]) -> Check:
    fallback = f"; too few samples for {', '.join(map(_named, refused))}" if refused else ""
    message = (
        f"the sum starts from blocks of {', '.join(_named(base.shape) for base in bases)}{fallback}"
    )
    return Check("counted blocks", bool(budget["base"] <= 2 * MOST_BIAS), message)


def _positive(levels: Sequence[Level]) -> Check:
    low = [
        level for level in levels if level.mutual_information < -_SIGMAS * level.error - _ROUNDING
    ]
    return _verdict("M >= 0", low, "M is negative at", "no M is negative beyond 3 errors")


def _monotone(levels: Sequence[Level]) -> Check:
    """A block inside another shares less with its neighbour."""
    known = [level for level in levels if level.source != EXTRAPOLATED]
    falls = [
        large
        for large, small in zip(known, known[1:], strict=False)
        if large.interface >= small.interface
        and small.mutual_information - large.mutual_information
        > _SIGMAS * np.hypot(large.error, small.error) + _ROUNDING
    ]
    return _verdict(
        "M grows with size", falls, "M falls at", "M grows with the block, within 3 errors"
    )


def _bounded(levels: Sequence[Level], bases: Sequence[Base]) -> Check:
    """M of two halves is at most the entropy of one, which Eq. 2 gives from the bases upwards."""
    entropies = {base.shape: base.entropy for base in bases}
    over = []
    for level in reversed(levels):
        if level.source == COUNTED or level.shape not in entropies:
            continue
        one = entropies[level.shape]
        if level.mutual_information > one + _SIGMAS * level.error + _ROUNDING:
            over.append(level)
        for joined in (other.shape for other in levels if other.volume == 2 * level.volume):
            entropies.setdefault(joined, 2 * one - level.mutual_information)
    return _verdict(
        "M <= S(block)",
        over,
        "M exceeds the entropy of a half at",
        "no M exceeds the entropy of a half",
    )


def _trained(levels: Sequence[Level], budget: Mapping[str, float], error: float) -> Check:
    diverged = [level for level in levels if level.status == DIVERGED]
    if diverged:
        return _verdict("training", diverged, "training diverged at", "")
    missing = budget[
        "training"
    ]  # most of it the scatter of folds, which is there on a plateau, too
    fine = bool(missing <= max(3 * budget["samples"], _HARMLESS))
    verdict = (
        "training reached its plateau"
        if fine
        else "training was still gaining: give it more steps or samples"
    )
    return Check(
        "training",
        fine,
        f"{verdict} (what it may miss is worth {_short(missing)} of the error {_short(error)})",
    )


def _agreeing(levels: Sequence[Level], error: float) -> Check:
    """Donsker-Varadhan and NWJ differ by the offset of F alone, the mean log-odds by its calibration."""
    apart = sum(
        level.weight * (max(level.bounds.values()) - min(level.bounds.values()))
        for level in levels
        if level.bounds
    )
    fine = bool(apart <= max(5 * error, 3 * _HARMLESS))
    trust = "" if fine else ": do not trust it"
    return Check(
        "bounds agree", fine, f"the bounds put s within {_short(apart)} of each other{trust}"
    )


def _short_tail(levels: Sequence[Level], budget: Mapping[str, float], error: float) -> Check:
    tail = [level for level in levels if level.source == EXTRAPOLATED]
    if not tail:
        return Check("ladder", True, "every level was counted or estimated")
    if any(level.status == "stopped" for level in tail):
        return Check("ladder", False, f"stopped early: {len(tail)} levels are extrapolated")
    why = "" if tail[-1].status == "area law" else f" ({tail[-1].status})"
    message = f"largest levels from the area law: {len(tail)}{why}, worth {_short(budget['tail'])} of the error"
    return Check("ladder", bool(budget["tail"] <= max(error, _HARMLESS)), message)


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


def _crossed(other: CrossCheck) -> Check:
    """Both routes err towards too much entropy: that they agree is no proof, that they differ is one."""
    passed = other.sigmas <= _SIGMAS or abs(other.difference) < _HARMLESS
    higher = "mutual information" if other.difference > 0 else "the chain rule"
    said = f"the cross-check differs by {other.difference:+.2g} nats/site, {other.sigmas:.1f} of its errors"
    why = (
        "no proof, as both err towards too much"
        if passed
        else f"trust the lower one: {higher} has missed something"
    )
    return Check("cross-check", passed, f"{said}; {why}")
