r"""How likely a configuration is, from local frequencies.

log p(x) = sum_i log p(x_i | neighbours of i that come before it), row by row, with the conditional
frequencies of all sites of all samples.  A neighbour that comes later is unknown, a state of its
own.  The model knows the nearest neighbours and the diagonal alone, and little of the first sites.
So log p is the largest value among images of the configuration, shifted by half of the lattice or
reversed along the axes.  That is enough to tell a configuration that two samples may well share
from one that they cannot.
"""

from __future__ import annotations

import numpy as np

from ..base import scratch
from ..data.samples import Samples

__all__ = ["log_probability"]

_SITES_A_CELL = 5  # of the table of contexts
_FEWEST_STEPS = 2
_MOST_CELLS = 2**22


def log_probability(samples: Samples) -> np.ndarray:
    """Estimate log p of each configuration, shape `(n,)`.

    Args:
        samples: Configurations with discrete states.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(256, 4, 4))
        >>> log_p = log_probability(Samples.from_array(spins, periodic=True))
        >>> round(float(log_p.mean() / 16), 1)  # -log 2
        -0.7
    """
    flat = samples.values.reshape(samples.n, *samples.shape)
    parts = [*scratch.slabs(flat.shape, 16, axes=1)]
    code, q = _present(flat, parts, samples.states)
    steps = _steps(samples, q)
    counts = np.zeros((q + 1) ** len(steps) * q)
    for (part,) in parts:
        cells = _cells(code[flat[part]], steps, samples.periodic, q)
        counts += np.bincount(cells.ravel(), minlength=len(counts))
        scratch.release(flat)
    table = counts.reshape(-1, q) + 0.5
    log_p = np.log(table / table.sum(axis=1, keepdims=True)).ravel()
    found = []
    for (part,) in parts:
        turned = _images(code[flat[part]], samples.periodic)
        sums = [
            log_p[_cells(image, steps, samples.periodic, q)].reshape(len(image), -1).sum(axis=1)
            for image in turned
        ]
        found.append(np.max(sums, axis=0))
    return np.concatenate(found)


def _images(values: np.ndarray, periodic: tuple[bool, ...]) -> list[np.ndarray]:
    """Shift the values by half of each periodic axis, reverse the others, and both or neither."""
    images = [values]
    for axis, wraps in enumerate(periodic, start=1):
        half = values.shape[axis] // 2
        images += [np.roll(one, half, axis) if wraps else np.flip(one, axis) for one in images]
    return images


def _present(
    flat: np.ndarray, parts: list[tuple[slice, ...]], states: int
) -> tuple[np.ndarray, int]:
    """A new code for each state that occurs, and their number."""
    counts = np.zeros(states, dtype=np.int64)
    for (part,) in parts:
        counts += np.bincount(flat[part].ravel(), minlength=states)
    return np.cumsum(counts > 0) - 1, int((counts > 0).sum())


def _steps(samples: Samples, q: int) -> list[tuple[int, ...]]:
    """Steps to the neighbours of a context, as many as the samples can fill a table for."""
    dimensions = len(samples.shape)
    unit = np.eye(dimensions, dtype=int)
    nearest = [tuple(sign * unit[axis]) for axis in range(dimensions)[::-1] for sign in (-1, 1)]
    backward = [tuple(-unit[axis]) for axis in range(dimensions)[::-1]]
    diagonal = [tuple(-unit[0] + sign * unit[1]) for sign in (1, -1)] if dimensions > 1 else []
    chosen: list[tuple[int, ...]] = []
    for step in (*backward, *(step for step in nearest if step not in backward), *diagonal):
        cells = (q + 1) ** (len(chosen) + 1) * q
        wanted = len(chosen) < min(_FEWEST_STEPS, dimensions) and cells <= _MOST_CELLS
        if wanted or cells * _SITES_A_CELL <= samples.n * samples.sites:
            chosen.append(step)
    return chosen


def _cells(
    values: np.ndarray, steps: list[tuple[int, ...]], periodic: tuple[bool, ...], q: int
) -> np.ndarray:
    """Cell of the table for each site: its context, then its state."""
    shape = values.shape[1:]
    place = np.arange(int(np.prod(shape))).reshape(shape)
    cells = np.zeros(values.shape, dtype=np.int64)
    for step in steps:
        known = _rolled(place, step) < place
        for axis, move in enumerate(step):
            known &= periodic[axis] | _inside(shape, axis, move)
        neighbour = _rolled(values, (0, *step))
        cells = cells * (q + 1) + np.where(known, neighbour, q)
    return np.asarray(cells * q + values)


def _rolled(values: np.ndarray, step: tuple[int, ...]) -> np.ndarray:
    return np.roll(values, [-move for move in step], range(len(step)))


def _inside(shape: tuple[int, ...], axis: int, move: int) -> np.ndarray:
    """Whether the neighbour lies inside without a turn around the lattice."""
    target = np.arange(shape[axis]) + move
    inside = (target >= 0) & (target < shape[axis])
    return np.asarray(inside.reshape([-1 if k == axis else 1 for k in range(len(shape))]))
