"""Numbers beside frames that count or time them, and are no observables of the state.

A counter has a name such as `mdstep` or `time_fs`, or values that grow by equal steps from frame to
frame, also where a run starts again.  As observables they would be correlated over the whole run,
and the effective sample size would be too small.
"""

from __future__ import annotations

import re

import numpy as np

__all__ = ["is_counter"]

_WORDS = (
    "clock cpu cycle cycles elapsed epoch frame frames image index iter iteration iterations nstep "
    "seconds snapshot step steps sweep sweeps time timestep timesteps tps trial trials walltime"
)
_BEFORE = "(?:sim|simulation|md|mc|kmc|lmp|run|real|wall|cpu|outer|inner|global|total|num|n|i|t)?"
_NAME = re.compile(f"{_BEFORE}(?:{'|'.join(_WORDS.split())})")
_UNITS = {"fs", "ps", "ns", "us", "ms", "s", "sec", "au", "lj", "reduced", "tau"}
_FILLERS = {"md", "mc", "kmc", "sim", "simulation", "wall", "real", "run", "current", "number"}
_FILLERS |= {"no", "t", "nr", "of", "n", "num", "i", "id", "total", "global", "number", "idx"}
# Observables by name, whatever their values.
_STATE = re.compile(
    "energ|temp|press|vol|enthalp|virial|stress|dens|dipol|magnet|msd|order|contact|box|overlap"
)
_MOST = 0.75  # share of equal steps; the others start a run again
_FEWEST = 4
_ROUNDING = 1e-4  # of a step


def is_counter(name: str, values: np.ndarray) -> bool:
    """Whether numbers beside frames count or time them.

    Args:
        name: Name in the file, perhaps with the path of a log before it.
        values: One number per frame, shape `(n,)`.

    Example:
        >>> energy = np.random.default_rng(0).normal(size=9)
        >>> is_counter("time_fs", energy), is_counter("log/mdStep", energy)
        (True, True)
        >>> is_counter("energy", np.arange(9.0)), is_counter("q6", energy)
        (False, False)
        >>> is_counter("tick", 50 * np.arange(9.0))
        True
    """
    *before, last = re.split(r"[/.]", name.strip("/."))
    if before and last.lower() in _UNITS:  # Time/ps
        last = before[-1]
    if _STATE.search(last.lower()):
        return False
    return _is_name_of_time(last) or _counts(np.asarray(values, np.float64))


def _is_name_of_time(name: str) -> bool:
    """Whether all words of a name are about time; `step_size` and `time_constant` are not."""
    parts = re.split(r"[^A-Za-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
    words = [part.lower() for part in parts if part]
    rest = [word for word in words if not _NAME.fullmatch(word)]
    return len(rest) < len(words) and set(rest) <= _UNITS | _FILLERS


def _counts(values: np.ndarray) -> bool:
    """Whether values grow by equal steps, or are whole numbers that always grow."""
    steps = np.diff(values)
    if len(steps) < _FEWEST or not np.isfinite(values).all():
        return False
    usual = float(np.median(steps))
    rounding = _ROUNDING * abs(usual) + 1e-9 * float(np.abs(values).max())
    equal = float((np.abs(steps - usual) <= rounding).mean())
    whole = bool((values == np.round(values)).all())
    return (usual != 0 and equal >= _MOST) or (whole and bool((steps > 0).all()))
