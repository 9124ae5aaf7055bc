r"""Mutual information as a probe: where phases change, without an order parameter.

M between neighbouring blocks changes fastest, or is largest, where correlations do: dM/dT of Ising models
peaks at T_c, M of XY rotors near T_KT.  `probed` finds the peaks of a sweep, `area_laws` fits
M = alpha l + beta at each of its state points, `draw` shows both and the split of entropy by scale.  `kink`
finds where the slope of a curve changes.
"""

from __future__ import annotations

from .kinks import Kink, kink
from .peaks import AreaFit, Peak, area_fit, peak, peak_of_slope, slope
from .sweeps import Found, area_laws, draw, probed

__all__ = [
    "AreaFit",
    "Found",
    "Kink",
    "Peak",
    "area_fit",
    "area_laws",
    "draw",
    "kink",
    "peak",
    "peak_of_slope",
    "probed",
    "slope",
]
