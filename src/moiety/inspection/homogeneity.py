r"""Whether all positions are equivalent.

With d_b(i) the mean of a local quantity at position i over unit b, minus its mean over positions,

    R = 1 + B <d_b . d_c> / <d_b . d_b>,

where the first mean runs over independent pairs of B units.  R is the variance over positions of
the mean over samples, divided by what the sampling error explains: 1 for equivalent positions,
whatever the correlations in space.  The limit follows from the same sums with random signs of the
units (a randomisation test, Hemerik, Goeman and Finos, J. R. Stat. Soc. B 82, 841 (2020)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .fields import Field
from .findings import Finding
from .outliers import Outlier, outlier_of
from .sublattices import sublattices
from .units import Units

__all__ = ["ADVICE", "Spread", "homogeneous", "spread_of"]

ADVICE = "use --inhomogeneous (in Python homogeneous=False)"

_SIGNS = 4000  # random signs: quantiles are known to 1/4000
_LEAST_UNITS = 12  # 2^11 distinct signs
_LARGEST_RATIO = 1.1  # below it, an effect is small even if it is certain
_MARGIN = 1.3  # on the largest value among random signs
_TINY = 1e-12
_FEW = 2  # positions, which a message names


@dataclass(frozen=True)
class Spread:
    """Spread over positions of one local quantity.

    Args:
        name: The quantity.
        ratio: R of the module.
        sigmas: R - 1 in units of its standard deviation under random signs.
        limit: Largest `sigmas` among random signs.
        sites: Number of sites that the quantity depends on.
    """

    name: str
    ratio: float
    sigmas: float
    limit: float
    sites: int

    @property
    def certain(self) -> bool:
        """Whether positions differ by more than sampling errors explain."""
        return self.sigmas > _MARGIN * self.limit and self.ratio > _LARGEST_RATIO


def spread_of(field: Field, units: Units) -> Spread:
    """Compare the spread over positions with its sampling error.

    Args:
        field: Means of a local quantity.
        units: The units of these means.
    """
    products = field.deviations @ field.deviations.T
    own = float(np.trace(products)) / units.number
    cross = np.where(units.apart, products, 0.0)
    pairs = int(units.apart.sum())
    if units.number < _LEAST_UNITS or own <= _TINY or pairs == 0:
        return Spread(field.name, 1.0, 0.0, np.inf, field.sites)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(_SIGNS, units.number))
    random = np.einsum("sb,bc,sc->s", signs, cross, signs, optimize=True)
    deviation = float(random.std()) + _TINY * own
    ratio = 1 + units.number * float(cross.sum()) / pairs / own
    sigmas, limit = float(cross.sum()) / deviation, float(random.max()) / deviation
    return Spread(field.name, ratio, sigmas, limit, field.sites)


def homogeneous(
    fields: Sequence[Field], units: Units, positions: bool, ends: bool = False
) -> Finding:
    """Check that all positions are equivalent.

    Args:
        fields: Means of local quantities.
        units: The units of these means.
        positions: Whether the networks know the positions, so that these may differ.
        ends: Whether the ends of an axis are known to differ from its middle.
    """
    spreads = [spread_of(field, units) for field in fields]
    # groups of more than two sites differ, too, where sites or bonds do
    worst = max(spreads, key=lambda one: (one.certain, one.sites <= 2, one.ratio))
    single = max((outlier_of(field, units) for field in fields), key=lambda one: one.sigmas)
    if positions:
        text = "positions may differ: the networks know the position of each site"
    elif single.certain and (single.count <= _FEW or not worst.certain):
        return Finding("homogeneous", False, single.sigmas, _single(single, ends))
    elif worst.certain:
        text = _message(worst, fields, spreads, units, ends)
    else:
        text = "positions differ no more than sampling errors explain, which gives 1"
    return Finding("homogeneous", positions or not worst.certain, worst.ratio, text)


def _single(outlier: Outlier, ends: bool) -> str:
    return (
        f"not homogeneous: {outlier.name} at {outlier.place} lies {outlier.sigmas:.2g}"
        f" standard errors from the others; {'see boundaries' if ends else ADVICE}"
    )


def _message(
    worst: Spread, fields: Sequence[Field], spreads: Sequence[Spread], units: Units, ends: bool
) -> str:
    start = (
        f"not homogeneous: {worst.name} varies over positions {worst.ratio:.3g} times as much as"
        " sampling errors explain"
    )
    if ends:
        return f"{start}; see boundaries"
    sites = [k for k, field in enumerate(fields) if field.sites == 1 and spreads[k].certain]
    groups, phases = max((sublattices(fields[k], units) for k in sites), default=(1, 1))
    if groups > 1:
        return (
            f"not homogeneous: the sites fall into {groups} sublattices with own means; if this is"
            f" one of {phases} equivalent phases, the number lies between the entropy of one phase"
            f" (use --inhomogeneous) and that of their mixture, which is higher by log {phases} in"
            " all"
        )
    return f"{start}; {ADVICE}"
