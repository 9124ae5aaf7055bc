"""Whether the ends of each axis are what the samples say.

A layer is all positions with one coordinate along an axis.  Its contrast is its mean, in each unit,
minus the mean of all layers.  Periodic: the bonds across the boundary must be like the others.  A
window of a larger system: the first and last layers must be like those between.  The error of a
contrast is the larger of its own and the mean error of all layers: one rare event gives a layer a
large contrast, but not a certain one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.samples import Samples
from .fields import Field
from .findings import Finding
from .units import Units

__all__ = ["boundaries"]

_SIGMAS = 5.0
_OUTLIER = 1.5  # the contrast of the ends, relative to the largest of the other layers
_LEAST_UNITS = 12
_LEAST_LAYERS = 4


@dataclass(frozen=True)
class _Contrast:
    """How far the ends of an axis are from the other layers."""

    axis: int
    sigmas: float
    size: float
    others: float

    @property
    def certain(self) -> bool:
        return self.sigmas > _SIGMAS and self.size > _OUTLIER * self.others


def boundaries(samples: Samples, fields: Sequence[Field], units: Units) -> Finding:
    """Compare the ends of each axis with its middle.

    Args:
        samples: The samples.
        fields: Means of local quantities.
        units: The units of these means.
    """
    found = [
        contrast
        for axis in range(len(samples.shape))
        for field in fields
        if (contrast := _at_ends(samples, field, axis, units)) is not None
    ]
    worst = max(found, key=lambda one: (one.certain, one.sigmas), default=None)
    if worst is None or not worst.certain or not samples.homogeneous:
        figure = worst.sigmas if worst else 0.0
        return Finding("boundaries", True, figure, _passed(samples, worst is not None))
    name = "xyz"[worst.axis]
    if samples.periodic[worst.axis]:
        text = (
            f"the last and the first sites along {name} look unconnected: are the ends free? "
            "Use --boundary free, or --boundary crop for a window of a larger system"
        )
    else:
        text = (
            f"the ends along {name} differ from the middle: no window of a larger system; use"
            " --boundary free"
        )
    return Finding("boundaries", False, worst.sigmas, text)


def _passed(samples: Samples, measured: bool) -> str:
    if not measured:
        return "too few units or layers to compare the ends"
    if not samples.homogeneous:
        return "positions may differ, the ends too"
    if all(samples.periodic):
        return "the bonds across the boundary are like the others"
    return "the ends are like the middle"


def _at_ends(samples: Samples, field: Field, axis: int, units: Units) -> _Contrast | None:
    """Contrast of the ends along an axis; None where nothing can be compared."""
    layers = _layers(field.means, 1 + axis)
    if units.number < _LEAST_UNITS or layers.shape[1] < _LEAST_LAYERS:
        return None
    if samples.periodic[axis]:
        if field.axis != axis:
            return None
        ends, others = layers[:, -1], layers[:, :-1]
    else:
        paired = (layers + layers[:, ::-1]) / 2
        ends, others = paired[:, 0], paired[:, 1 : (layers.shape[1] + 1) // 2]
    middle = others.mean(axis=1)
    contrast, inner = ends - middle, others - middle[:, None]
    variance = max(float(contrast.var(ddof=1)), float(inner.var(axis=0, ddof=1).mean()))
    size = abs(float(contrast.mean()))
    if variance <= 0:
        return None
    sigmas = size / np.sqrt(variance / units.number)
    return _Contrast(axis, float(sigmas), size, float(np.abs(inner.mean(axis=0)).max()))


def _layers(means: np.ndarray, axis: int) -> np.ndarray:
    """Mean over all axes but one, shape `(units, layers)`."""
    others = tuple(k for k in range(1, means.ndim) if k != axis)
    return np.asarray(means.mean(axis=others) if others else means)
