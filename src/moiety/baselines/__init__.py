"""Baselines: other estimates from the same samples, without mutual information.

    compression      entropy per site from the size of compressed samples
    naive            entropy per site from counted blocks
    integration      entropy per site from energies, integrated from infinite temperature
    heat_capacity    heat capacity from energy fluctuations, or T ds/dT from entropies

Entropies are returned as an `Estimate`.
"""

from __future__ import annotations

from .compression import compression_entropy
from .energies import EnergySeries
from .heat_capacity import HeatCapacity, heat_capacity, heat_capacity_of_entropies
from .integration import InfiniteTemperature, thermodynamic_integration
from .naive import naive_entropy

__all__ = [
    "EnergySeries",
    "HeatCapacity",
    "InfiniteTemperature",
    "compression_entropy",
    "heat_capacity",
    "heat_capacity_of_entropies",
    "naive_entropy",
    "thermodynamic_integration",
]
