"""Pairs of sites at any distance, for small lattices.

Neighbours may be alike everywhere although two distant sites are coupled.  With equivalent
positions the likeness of two sites depends on their displacement alone.
"""

from __future__ import annotations

import numpy as np

from ..data.samples import Samples
from .fields import Field
from .units import Units

__all__ = ["MOST_SITES", "pair_field"]

MOST_SITES = 128


def pair_field(samples: Samples, units: Units) -> Field | None:
    """Likeness of two sites, minus its mean over all pairs with the same displacement.

    Args:
        samples: Configurations of a lattice.
        units: Division of the samples.

    Returns:
        Means of shape `(units, pairs)`; None for large lattices.
    """
    if not 1 < samples.sites <= MOST_SITES:
        return None
    first, second, displacement = _pairs(samples)
    flat = samples.values.reshape(samples.n, -1)
    means = np.zeros((units.number, len(first)))
    centre = flat.mean(dtype=float) if samples.kind == "real" else flat.dtype.type(0)
    number = np.bincount(displacement)
    for unit in range(units.number):
        rows = flat[units.labels == unit] - centre
        alike = _likeness(rows, samples.kind)[first, second]
        alike -= (np.bincount(displacement, weights=alike) / number)[displacement]
        means[unit] = alike
    return Field("the likeness of two sites", None, means, np.stack([first, second], axis=1))


def _likeness(rows: np.ndarray, kind: str) -> np.ndarray:
    """Mean likeness of every pair of sites, shape `(sites, sites)`."""
    if kind == "angle":
        phases = np.exp(1j * rows)
        return np.asarray((phases.conj().T @ phases).real / len(rows))
    if kind == "real":
        return np.asarray(rows.T @ rows / len(rows))
    states = np.unique(rows)
    return np.asarray(sum(_together(rows == state) for state in states) / len(rows))


def _together(there: np.ndarray) -> np.ndarray:
    return np.asarray(there.T.astype(np.float32) @ there.astype(np.float32), dtype=float)


def _pairs(samples: Samples) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both sites of every pair, and a number for its displacement."""
    place = np.stack(np.unravel_index(np.arange(samples.sites), samples.shape), axis=1)
    first, second = np.triu_indices(samples.sites, 1)
    step = place[second] - place[first]
    shape, wraps = np.array(samples.shape), np.array(samples.periodic)
    forms = []
    for turned in (step, -step):  # of a displacement and its opposite, take the same one
        turned = np.where(wraps, turned % shape, turned + shape)
        forms.append(turned @ np.cumprod(np.r_[1, 2 * shape[:-1]]))
    _, number = np.unique(np.minimum(*forms), return_inverse=True)
    return first, second, number
