"""Mutual information of a sweep by scale: one series for each kind of cut along each curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np
from numpy.typing import NDArray

from ..base import words
from ..base.errors import InputError
from ..probe import Peak, peak, peak_of_slope
from ..results.types import Level
from .charts import Series, ramp
from .curves import Curve

__all__ = ["Scale", "peaks", "scales"]

# A slope is drawn only where M has less than this relative error, or this error in nats.
_RELATIVE, _ABSOLUTE = 0.2, 0.05


@dataclass(frozen=True)
class Scale:
    """Mutual information of one kind of cut along a curve.

    Args:
        tags: Tags of its series: `curve`, `halves` and `M`.
        colour: CSS colour, which depends on the volume only.
        x: Positions along the curve.
        levels: Levels at these positions.
    """

    tags: Mapping[str, str]
    colour: str
    x: Sequence[float]
    levels: Sequence[Level]

    @property
    def name(self) -> str:
        """Label beside the pointer."""
        return ", ".join(filter(None, (self.tags["halves"], self.tags["curve"])))

    @property
    def values(self) -> list[float]:
        """M at each position in nats."""
        return [level.mutual_information for level in self.levels]

    @property
    def errors(self) -> list[float]:
        """Standard errors of M in nats."""
        return [level.error for level in self.levels]

    @property
    def precise(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Positions, M and errors where M is precise enough for a slope."""
        x, m, error = np.array(self.x), np.array(self.values), np.array(self.errors)
        keep = np.isfinite(m) & (error <= np.maximum(_RELATIVE * np.abs(m), _ABSOLUTE))
        return x[keep], m[keep], error[keep]

    def series(
        self, x: Sequence[float], y: Sequence[float], error: Sequence[float], unit: str
    ) -> Series:
        """Return a series with the tags and colour of this scale.

        Args:
            x: Positions.
            y: Values.
            error: Standard errors.
            unit: Label of the y axis.
        """
        return Series(self.name, x, y, error, self.tags, self.colour, unit=unit)

    def per_site(self, series: Series, unit: str) -> Series:
        """Return a series divided by the interface, so that scales can be compared.

        Args:
            series: Series of this scale.
            unit: Label of the y axis.
        """
        sites = self.levels[0].interface
        return replace(
            series,
            y=[value / sites for value in series.y],
            error=[value / sites for value in series.error],
            tags={**series.tags, "M": "per site of the interface"},
            unit=unit,
        )


def scales(curves: Sequence[Curve]) -> Iterator[Scale]:
    """Yield every kind of cut along every curve, largest halves first.

    Args:
        curves: Curves of the sweep.
    """
    volumes = [
        level.volume for curve in curves for point in curve.points for level in point.result.levels
    ]
    largest = log2(max([2, *volumes]))
    for curve in curves:
        kinds: dict[tuple[float, ...], list[tuple[float, Level]]] = {}
        for x, point in zip(curve.x, curve.points, strict=True):
            for level in point.result.levels:
                kinds.setdefault(level.shape, []).append((x, level))
        for shape, seen in sorted(kinds.items(), key=lambda kind: -kind[1][0][1].volume):
            yield Scale(
                {"curve": str(curve), "halves": words.shape(shape), "M": "of the cut"},
                ramp(log2(seen[0][1].volume) / largest),
                [x for x, _ in seen],
                [level for _, level in seen],
            )


def peaks(curves: Sequence[Curve]) -> list[dict[str, str]]:
    """Return where M is largest and where it rises fastest, for scales that peak inside a curve.

    Args:
        curves: Curves of the sweep.
    """
    rows = []
    for scale in scales(curves):
        try:
            highest, steepest = peak(*scale.precise), peak_of_slope(*scale.precise)
        except InputError:  # too few positions
            continue
        if highest.inside or steepest.inside:
            rows.append(
                {
                    "curve": scale.tags["curve"],
                    "halves": scale.tags["halves"],
                    "highest": _position(highest),
                    "steepest": _position(steepest),
                }
            )
    return rows


def _position(place: Peak) -> str:
    return str(place) if place.inside else "–"
