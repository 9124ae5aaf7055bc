"""Baselines: other estimates from the same samples, without mutual information.

    compression      entropy per site from the size of compressed samples
    naive            entropy per site from counted blocks
    integration      entropy per site from energies, integrated from infinite temperature
    heat_capacity    heat capacity from energy fluctuations, or T ds/dT from entropies

and for particles, entropy per particle in excess of the ideal gas of the same density:

    pair_entropy     from the radial distribution functions
    neighbours       from the nearest neighbours of particles and of random points
    voxels           from the size of compressed images

Entropies are returned as an `Estimate`.
"""

from __future__ import annotations

from .compression import compression_entropy
from .energies import EnergySeries
from .heat_capacity import HeatCapacity, heat_capacity, heat_capacity_of_entropies
from .integration import InfiniteTemperature, thermodynamic_integration
from .naive import naive_entropy
from .neighbours import neighbour_entropy
from .pair_entropy import pair_entropy
from .voxels import particle_compression_entropy

__all__ = [
    "EnergySeries",
    "HeatCapacity",
    "InfiniteTemperature",
    "compression_entropy",
    "heat_capacity",
    "heat_capacity_of_entropies",
    "naive_entropy",
    "neighbour_entropy",
    "pair_entropy",
    "particle_compression_entropy",
    "thermodynamic_integration",
]
