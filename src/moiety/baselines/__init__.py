"""Other routes to the entropy per site, on the same samples: what mutual information is measured against.

    compression, naive       of samples: a compressor, a counted block
    heat_capacity            of their energies: fluctuations, and T ds/dT of entropies beside them
    integration              of the energies of a sweep from infinite temperature on

One file each; entropies come as an `Estimate`.
"""

from __future__ import annotations

from .compression import compression_entropy
from .energies import EnergySeries
from .heat_capacity import HeatCapacity, heat_capacity, heat_capacity_of_entropies
from .integration import Hot, thermodynamic_integration
from .naive import naive_entropy

__all__ = [
    "EnergySeries",
    "HeatCapacity",
    "Hot",
    "compression_entropy",
    "heat_capacity",
    "heat_capacity_of_entropies",
    "naive_entropy",
    "thermodynamic_integration",
]
