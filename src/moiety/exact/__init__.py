"""Exact results, as code that users can import.

`EXACT[name](temperature, size=None, coupling=1, field=0)` is the entropy per site in
nats; without a size it is that of the infinite lattice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..base.errors import InputError
from .chain import chain_entropy
from .houtappel import houtappel_entropy
from .kaufman import kaufman_entropy
from .onsager import onsager_entropy
from .triangular_torus import triangular_torus_entropy

__all__ = ["EXACT"]


def _ising_square(
    temperature: float,
    size: int | Sequence[int] | None = None,
    coupling: float = 1.0,
    field: float = 0.0,
) -> float:
    if field != 0:
        raise InputError("the square lattice has no exact entropy in a field")
    if size is None:
        return onsager_entropy(temperature, coupling=coupling)
    return kaufman_entropy(temperature, size, coupling=coupling)


def _ising_triangular(
    temperature: float,
    size: int | Sequence[int] | None = None,
    coupling: float = 1.0,
    field: float = 0.0,
) -> float:
    if field != 0:
        raise InputError("the triangular lattice has no exact entropy in a field")
    if size is None:
        return houtappel_entropy(temperature, coupling=coupling)
    return triangular_torus_entropy(temperature, size, coupling=coupling)


EXACT: dict[str, Callable[..., float]] = {
    "ising-square": _ising_square,
    "ising-triangular": _ising_triangular,
    "ising-chain": chain_entropy,
}
