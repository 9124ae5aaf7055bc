"""Burn-in of Markov chains: how long it lasts, and the autocorrelation time that it measures."""

from __future__ import annotations

from math import ceil
from threading import Event

import numpy as np

from ...base.errors import Stopped
from ...data.statistics import mser, tau_int
from ._arrays import Reals
from ._team import Dynamics, Member, Team

__all__ = ["settle"]

FIRST_BURN_IN, LAST_BURN_IN = 256, 16384  # sweeps
_BURN_IN_TIMES = 50  # autocorrelation times


def settle(team: Team, burn_in: int | None) -> tuple[int, float]:
    """Run the burn-in.

    Args:
        team: The chains.
        burn_in: Number of sweeps; measured by default.

    Returns:
        Number of sweeps, and the longest autocorrelation time in sweeps over their second half.

    Raises:
        Stopped: The user stopped during the burn-in.
    """
    total = FIRST_BURN_IN if burn_in is None else burn_in
    if total == 0:
        return 0, 0.5
    series = _sweep_all(team, total)
    while burn_in is None and total < LAST_BURN_IN and not _has_settled(series):
        series = np.concatenate([series, _sweep_all(team, total)], axis=1)
        total *= 2
    return total, _longest(series)


def _has_settled(series: Reals) -> bool:
    """Whether a burn-in, shape `(chain, sweep, observable)`, is long and stationary enough."""
    sweeps = series.shape[1]
    stationary = all(mser(observable) <= sweeps // 2 for observable in np.moveaxis(series, -1, 0))
    return stationary and sweeps >= _BURN_IN_TIMES * _longest(series)


def _longest(series: Reals) -> float:
    """Longest autocorrelation time over the second half."""
    half = series[:, series.shape[1] // 2 :]
    return max(tau_int(observable) for observable in np.moveaxis(half, -1, 0))


def _sweep_all(team: Team, sweeps: int) -> Reals:
    """Sweep all states and set a common pace.

    Returns:
        Observed numbers, shape `(chain, sweep, observable)`.
    """
    results = team.each(_record, sweeps)
    if team.control.halt.is_set():
        raise Stopped("stopped during the burn-in, before the first sample")
    series, paces = zip(*results, strict=True)
    for member in team.members:
        member.pace = float(np.mean(paces))
    return np.concatenate(series)


def _record(dynamics: Dynamics, member: Member, sweeps: int, halt: Event) -> tuple[Reals, float]:
    """Sweep a state.

    Returns:
        Observed numbers after every sweep, shape `(chain, sweep, observable)`, and the number of
        updates per sweep.
    """
    series, updates, updated = [], 0, 0
    for _ in range(sweeps):
        if halt.is_set():
            break
        tries = ceil(member.pace)
        sites = dynamics.advance(member.state, member.rng, tries)
        # follow the relaxation
        member.pace = 0.8 * member.pace + 0.2 * tries * dynamics.sites / sites
        updates, updated = updates + tries, updated + sites
        series.append(member.observed(dynamics))
    pace = updates * dynamics.sites / max(updated, 1)
    return np.moveaxis(np.array(series, dtype=float), 0, 1) if series else np.empty((0, 0, 0)), pace
