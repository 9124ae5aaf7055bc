"""Mutual information as a probe: find phase transitions without an order parameter.

The mutual information M between neighbouring blocks is largest, or changes fastest, where
correlations do: dM/dT of Ising models peaks at T_c, M of XY rotors near T_KT.  `find_peaks` finds
the peaks of a sweep, `area_laws` fits M = alpha l + beta at each state point, and `draw` shows both
with the contribution of each scale to the entropy.  `kink` finds where the slope of a curve
changes.
"""

from __future__ import annotations

from .kinks import Kink, kink
from .peaks import AreaFit, Peak, area_fit, peak, peak_of_slope, slope
from .sweeps import CurvePeaks, area_laws, draw, find_peaks

__all__ = [
    "AreaFit",
    "CurvePeaks",
    "Kink",
    "Peak",
    "area_fit",
    "area_laws",
    "draw",
    "find_peaks",
    "kink",
    "peak",
    "peak_of_slope",
    "slope",
]
