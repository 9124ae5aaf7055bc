"""Observables of lattice samples, which measure how fast a sampler decorrelates."""

from __future__ import annotations

import numpy as np

from ..base import scratch
from .samples import Samples

__all__ = ["observables"]


def observables(samples: Samples) -> dict[str, np.ndarray]:
    """Measure the order and the correlation of neighbours in each sample, for any system.

    `order`: mean state; for angles, the means of cosine and sine, `order x` and `order y`.
    `order size`: distance of the order from the symmetric state, if `flip` or `turn` is a
    symmetry.  A sampler may move all sites at once by the symmetry; the order then decorrelates
    quickly, but its size does not.
    `neighbours`: mean product of the deviations of neighbours from the mean state; for discrete
    states, the fraction of equal neighbours; for angles, the mean cosine of their difference.

    Args:
        samples: Samples of a lattice system.

    Returns:
        Series by name, each of shape `(chain, draw)`.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8))
        >>> sorted(observables(Samples.from_array(spins, periodic=True)))
        ['neighbours', 'order']
    """
    flat = samples.values.reshape(samples.n, *samples.shape)
    mean = float(flat.mean(dtype=float)) if samples.kind == "real" else 0.0
    parts = []
    for part in scratch.slabs(flat.shape, flat.itemsize, axes=1):
        parts.append(_observed(flat[part], samples.kind, mean))
        scratch.release(flat)
    series = {
        name: np.concatenate([part[name] for part in parts]).reshape(samples.chains, samples.draws)
        for name in parts[0]
    }
    if samples.kind == "angle" and "turn" in samples.symmetries:
        series["order size"] = np.hypot(series["order x"], series["order y"])
    elif samples.kind != "angle" and "flip" in samples.symmetries:
        series["order size"] = np.abs(series["order"] - max(samples.states - 1, 0) / 2)
    return series


def _observed(values: np.ndarray, kind: str, mean: float) -> dict[str, np.ndarray]:
    """Order and neighbours of each configuration; `mean` is the mean state of all of them."""
    space = tuple(range(1, values.ndim))
    if kind == "angle":
        series = {
            "order x": np.cos(values).mean(axis=space),
            "order y": np.sin(values).mean(axis=space),
        }
    else:
        series = {"order": values.mean(axis=space, dtype=float)}
    long = [axis for axis in space if values.shape[axis] > 1]
    pairs = [
        (
            np.take(values, range(1, values.shape[k]), k),
            np.take(values, range(values.shape[k] - 1), k),
        )
        for k in long
    ]
    if pairs:
        alike = [_alike(a, b, kind, mean).mean(axis=space) for a, b in pairs]
        series["neighbours"] = np.mean(alike, axis=0)
    return series


def _alike(a: np.ndarray, b: np.ndarray, kind: str, mean: float) -> np.ndarray:
    """Likeness of two states: cosine, equality or product of deviations."""
    if kind == "angle":
        return np.asarray(np.cos(a - b))
    return np.equal(a, b) if kind == "discrete" else (a - mean) * (b - mean)
