"""Local quantities at each position of a lattice, averaged over units of samples.

Sites: an indicator of each discrete state; cosine and sine of an angle; a real and its square.
Bonds along each axis: whether two neighbours are equal; the cosine of their difference; the
product of their deviations from the mean.  Groups of three and four neighbours: their `parities`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..base import scratch
from ..data.samples import Samples
from .parities import parities
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
        sites: Number of sites that the quantity depends on.
    """

    name: str
    axis: int | None
    means: np.ndarray
    pairs: np.ndarray | None = None
    sites: int = 2

    @property
    def deviations(self) -> np.ndarray:
        """Deviation of each position from the spatial mean of its unit, `(units, positions)`."""
        flat = self.means.reshape(len(self.means), -1)
        return np.asarray(flat - flat.mean(axis=1, keepdims=True))


class _Quantity(NamedTuple):
    """Name of a local quantity, number of its sites, and axis of a bond."""

    name: str
    sites: int
    axis: int | None = None


def unit_fields(samples: Samples, units: Units) -> list[Field]:
    """Measure all local quantities.

    Args:
        samples: Configurations of a lattice.
        units: Division of the samples.

    Returns:
        Sites first; then the bonds along each axis, without the bond across a free end; then
        groups of neighbours.
    """
    flat = samples.values.reshape(samples.n, *samples.shape)
    states, centre = _common_states(samples), _centre(samples)
    sums: dict[_Quantity, np.ndarray] = {}
    for (part,) in scratch.slabs(flat.shape, 8 * max(flat.itemsize, 1), axes=1):
        labels = units.labels[part]
        for quantity, values in _local(flat[part], samples, states, centre):
            total = sums.setdefault(quantity, np.zeros((units.number, *values.shape[1:])))
            _add(total, labels, values)
        scratch.release(flat)
    sizes = units.sizes.reshape(-1, *[1] * len(samples.shape))
    return [
        Field(one.name, one.axis, total / sizes, sites=one.sites) for one, total in sums.items()
    ]


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
) -> Iterator[tuple[_Quantity, np.ndarray]]:
    if samples.kind == "real":
        values = (values - centre[0]) / centre[1]
    sites = dict(_sites(values, samples, states))
    yield from ((_Quantity(name, 1), numbers) for name, numbers in sites.items())
    for axis, periodic in enumerate(samples.periodic):
        if values.shape[1 + axis] > (2 if periodic else 1):
            name = f"the correlation of neighbours along {'xyz'[axis]}"
            yield _Quantity(name, 2, axis), _bond(values, 1 + axis, periodic, samples.kind)
    followed = np.sin(values) if samples.kind == "angle" else next(iter(sites.values()))
    for name, number, parity in parities(followed > 0, samples.periodic):
        yield _Quantity(name, number), parity


def _sites(
    values: np.ndarray, samples: Samples, states: list[int]
) -> Iterator[tuple[str, np.ndarray]]:
    if samples.kind == "discrete":
        for state in states:
            yield f"the frequency of {samples.labels[state]}", values == state
    elif samples.kind == "angle":
        yield "the mean cosine", np.cos(values)
        yield "the mean sine", np.sin(values)
    else:
        yield "the mean", values
        yield "the variance", values**2


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
