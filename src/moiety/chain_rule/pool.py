"""The samples of one or several state points, which one network learns from."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ..base import scratch
from ..base.errors import InputError
from ..data.samples import Samples
from ..estimation.encoding import Encoding
from ..estimation.folds import Split, cross_splits
from ..geometry.cuts import Shape

__all__ = ["SamplePool"]


class SamplePool:
    """The samples of all state points, one after another.

    Args:
        sweep: Samples of each state point, all of the same kind and shape.
        points: Parameters of the state points, shape `(state points, parameters)`; None for a
            single state point.

    Raises:
        InputError: Samples that differ in kind, states, shape or boundaries; a number of points
            that does not match, or two equal points.
    """

    def __init__(self, sweep: Sequence[Samples], points: Sequence[Sequence[float]] | None):
        parameters = _standardised(sweep, points)
        self.sweep = tuple(sweep)
        first = self.sweep[0]
        self.values = _joined(
            [samples.values.reshape(samples.n, *samples.shape) for samples in sweep]
        )
        self.symmetries = tuple(
            name for name in first.symmetries if all(name in other.symmetries for other in sweep)
        )
        self.homogeneous, self.periodic = first.homogeneous, tuple(first.periodic)
        self.encoding = Encoding.of(first.kind, first.states, self.values)
        counts = [samples.n for samples in sweep]
        self.starts = np.concatenate([[0], np.cumsum(counts)])
        self.points = parameters.repeat(counts, axis=0)

    @property
    def n(self) -> int:
        """Number of samples of all state points."""
        return int(self.starts[-1])

    @property
    def shape(self) -> Shape:
        """Sides of the lattice."""
        return self.sweep[0].shape

    @property
    def sites(self) -> int:
        """Number of sites of the lattice."""
        return prod(self.shape)

    @property
    def parameters(self) -> int:
        """Number of parameters of a state point."""
        return int(self.points.shape[1])

    def splits(self, folds: int) -> list[Split]:
        """The sets of each fold, over all state points together."""
        by_point = [cross_splits(samples.chains, samples.draws, folds) for samples in self.sweep]
        names = ("train", "validation", "test")

        def joined(name: str, fold: int) -> np.ndarray:
            sets = zip(by_point, self.starts[:-1], strict=True)
            return np.concatenate([getattr(splits[fold], name) + start for splits, start in sets])

        return [Split(*(joined(name, fold) for name in names)) for fold in range(folds)]

    def by_point(self, values: np.ndarray) -> list[np.ndarray]:
        """Split values of all samples by state point."""
        return np.split(values, self.starts[1:-1])


def _standardised(sweep: Sequence[Samples], points: Sequence[Sequence[float]] | None) -> np.ndarray:
    """Standardised parameters of the state points, shape `(state points, parameters)`."""
    kinds = {
        (item.kind, item.states, item.shape, item.periodic, item.homogeneous) for item in sweep
    }
    if len(kinds) > 1:
        different = sorted(map(str, kinds))
        raise InputError(
            f"samples of one network must agree in kind, states, shape and boundaries: {different}"
        )
    is_single = points is None and len(sweep) == 1
    values = np.zeros((1, 0)) if is_single else np.array(points, dtype=float, ndmin=2)
    if len(values) != len(sweep) or len(np.unique(values, axis=0)) < len(sweep):
        raise InputError(
            f"{len(sweep)} sets of samples need as many different points, not {points}"
        )
    spread = values.std(axis=0)
    standardised: np.ndarray = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return standardised


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The samples of all state points; those of a single one are not copied."""
    if len(parts) == 1:
        return parts[0]
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    joined = scratch.empty(shape, np.result_type(*parts))
    ends = np.cumsum([len(part) for part in parts])
    for part, end in zip(parts, ends, strict=True):
        joined[end - len(part) : end] = part
        scratch.release(joined)
    return joined
