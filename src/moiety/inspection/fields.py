"""Local quantities at each position of a lattice, averaged over units of samples.

Sites: an indicator of each discrete state; cosine and sine of an angle; a real and its square.
Bonds along each axis: whether two neighbours are equal; the cosine of their difference; the
product of their deviations from the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..base import scratch
from ..data.samples import Samples
from .units import Units

__all__ = ["Field", "unit_fields"]

_MOST_STATES = 6


@dataclass(frozen=True, eq=False)
class Field:
    """Means of one local quantity.

    Args:
        name: What was measured, in words.
        axis: Axis of a bond; None for a site.
        means: Means over each unit, shape `(units, *positions)`.
        pairs: Both sites of each position, shape `(positions, 2)`, if these are pairs of sites.
    """

    name: str
    axis: int | None
    means: np.ndarray
    pairs: np.ndarray | None = None

    @property
    def is_site(self) -> bool:
        """Whether this is a quantity of single sites."""
        return self.axis is None and self.pairs is None

    @property
    def deviations(self) -> np.ndarray:
        """Deviation of each position from the spatial mean of its unit, `(units, positions)`."""
        flat = self.means.reshape(len(self.means), -1)
        return np.asarray(flat - flat.mean(axis=1, keepdims=True))


def unit_fields(samples: Samples, units: Units) -> list[Field]:
    """Measure all local quantities.

    Args:
        samples: Configurations of a lattice.
        units: Division of the samples.

    Returns:
        Sites first; then the bonds along each axis, without the bond across a free end.
    """
    flat = samples.values.reshape(samples.n, *samples.shape)
    states, centre = _common_states(samples), _centre(samples)
    sums: dict[str, np.ndarray] = {}
    axes: dict[str, int | None] = {}
    for (part,) in scratch.slabs(flat.shape, 8 * max(flat.itemsize, 1), axes=1):
        labels = units.labels[part]
        for name, axis, values in _local(flat[part], samples, states, centre):
            total = sums.setdefault(name, np.zeros((units.number, *values.shape[1:])))
            axes[name] = axis
            _add(total, labels, values)
        scratch.release(flat)
    sizes = units.sizes.reshape(-1, *[1] * len(samples.shape))
    return [Field(name, axes[name], total / sizes) for name, total in sums.items()]


def _add(total: np.ndarray, labels: np.ndarray, values: np.ndarray) -> None:
    """Add the sum over the samples of each unit."""
    present, place = np.unique(labels, return_inverse=True)
    exact = np.float32 if values.dtype == bool else np.float64  # counts are exact in both
    members = (place == np.arange(len(present))[:, None]).astype(exact)
    sums = members @ values.reshape(len(values), -1).astype(exact)
    total[present] += sums.reshape(len(present), *total.shape[1:])


def _common_states(samples: Samples) -> list[int]:
    """The states to follow: all of two states are one, of many the most frequent."""
    if samples.kind != "discrete":
        return []
    counts = sum(
        np.bincount(chain.reshape(-1), minlength=max(samples.states, 1)) for chain in samples.values
    )
    order = np.argsort(counts)[::-1]
    return [1] if samples.states == 2 else [int(state) for state in order[:_MOST_STATES]]


def _centre(samples: Samples) -> tuple[float, float]:
    """Mean and standard deviation of reals."""
    if samples.kind != "real":
        return 0.0, 1.0
    mean = float(samples.values.mean(dtype=float))
    spread = float(samples.values.std(dtype=float))
    return mean, spread or 1.0


def _local(
    values: np.ndarray, samples: Samples, states: list[int], centre: tuple[float, float]
) -> Iterator[tuple[str, int | None, np.ndarray]]:
    if samples.kind == "discrete":
        for state in states:
            yield f"the frequency of {samples.labels[state]}", None, values == state
    elif samples.kind == "angle":
        yield "the mean cosine", None, np.cos(values)
        yield "the mean sine", None, np.sin(values)
    else:
        values = (values - centre[0]) / centre[1]
        yield "the mean", None, values
        yield "the variance", None, values**2
    for axis, periodic in enumerate(samples.periodic):
        if values.shape[1 + axis] > (2 if periodic else 1):
            yield (
                f"the correlation of neighbours along {'xyz'[axis]}",
                axis,
                _bond(values, 1 + axis, periodic, samples.kind),
            )


def _bond(values: np.ndarray, axis: int, periodic: bool, kind: str) -> np.ndarray:
    """Likeness of each site to the next one along an axis."""
    following = np.roll(values, -1, axis)
    if not periodic:
        inside = [slice(None)] * values.ndim
        inside[axis] = slice(-1)
        values, following = values[tuple(inside)], following[tuple(inside)]
    if kind == "discrete":
        return np.asarray(values == following)
    return np.asarray(np.cos(values - following) if kind == "angle" else values * following)
