r"""Blocks inside a solved system: their entropy, and the mutual information of two neighbours.

    S(A) = -sum_a p(a) ln p(a),   p(a) = sum of p over all other sites,
    M(A;B) = S(A) + S(B) - S(A,B).

A and B have the same sides and follow each other along the first axis; if they fill it, they
meet at both ends.  The methods are a sum over all states of a small system, the transfer matrix
of rows if a block is as wide as the lattice, and determinants for Gaussian fields.  For rotors
in a field only the limit of low temperature is known, where angles are Gaussian: M converges
there, while S goes to minus infinity with ln T.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..base.errors import InputError
from . import enumeration, gaussian, markov, xy
from .strips import Strip
from .thermal import site_states, torus_strip

__all__ = ["Block", "block_answers"]


@dataclass(frozen=True)
class Block:
    """Exact values for a block, in nats.

    Args:
        entropy: Entropy of the block; None if unknown.
        mutual_information: M between two neighbouring blocks; None if unknown, or if two blocks
            do not fit into the lattice.
        limit: "low temperature" if M is that of Gaussian angles, otherwise None.
    """

    entropy: float | None = None
    mutual_information: float | None = None
    limit: str | None = None


def block_answers(system: Any, block: Sequence[int], infinite: bool = False) -> Block | None:
    """Exact values for a block in a system; None if nothing is known.

    Args:
        system: A system of `moiety.systems`, or any object like them.
        block: Sides of the block, one per axis.
        infinite: Whether to take the infinite lattice instead of the system's own; chains only.

    Raises:
        InputError: The block does not fit, or the infinite lattice has several dimensions.

    Example:
        >>> from moiety import system
        >>> square = block_answers(system("ising-square", size=4, temperature=2.0), (2, 2))
        >>> round(square.entropy, 6), round(square.mutual_information, 6)
        (1.277598, 0.657536)
    """
    block = tuple(block)
    if len(block) != len(system.shape):
        raise InputError(
            f"a block needs {len(system.shape)} sides, one for each axis, not {len(block)}"
        )
    if infinite and len(block) > 1:
        raise InputError("blocks are known on lattices of a given size; give --size too")
    if min(block) < 1 or (
        not infinite and any(part > side for part, side in zip(block, system.shape, strict=True))
    ):
        raise InputError(f"a block of sides {block} does not fit a lattice of {system.shape}")
    return _SOLVED.get(system.name, _discrete)(system, block, infinite)


def _two_fit(system: Any, block: tuple[int, ...]) -> bool:
    return bool(2 * block[0] <= system.shape[0])


def _masks(system: Any, block: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the block at the origin and of its neighbour along the first axis."""
    first, second = np.zeros((2, *system.shape), dtype=bool)
    rest = tuple(slice(side) for side in block[1:])
    first[(slice(block[0]), *rest)] = True
    second[(slice(block[0], 2 * block[0]), *rest)] = True
    return first, second


def _discrete(system: Any, block: tuple[int, ...], infinite: bool) -> Block | None:
    states = site_states(system)
    probabilities = None if states is None else enumeration.system_probabilities(system, states)
    if states is None or probabilities is None:
        return _rows(system, block)
    first, second = _masks(system, block)
    entropy = enumeration.block_entropy(probabilities, first, states)
    if not _two_fit(system, block):
        return Block(entropy)
    return Block(entropy, enumeration.block_information(probabilities, first, second, states))


def _rows(system: Any, block: tuple[int, ...]) -> Block | None:
    """A block as wide as the torus: consecutive rows of a strip."""
    if len(block) != 2 or block[1] != system.shape[1]:
        return None
    strip = torus_strip(system, block[1])
    return None if strip is None else _segments(strip, block[0], system.shape[0])


def _ising_chain(system: Any, block: tuple[int, ...], infinite: bool) -> Block | None:
    if system.shape == (1,) and not infinite:
        return _discrete(system, block, infinite)
    strip = Strip("ising-square", 1, system.temperature, system.coupling, system.field)
    return _segments(strip, block[0], None if infinite else system.shape[0])


def _segments(strip: Strip, length: int, rows: int | None) -> Block:
    entropy = strip.block_entropy(length, rows)
    if rows is not None and 2 * length > rows:
        return Block(entropy)
    if rows is None:
        return Block(entropy, strip.information())
    return Block(entropy, max(2 * entropy - strip.block_entropy(2 * length, rows), 0.0))


def _markov_chain(system: Any, block: tuple[int, ...], infinite: bool) -> Block:
    entropy = block[0] * markov.markov_entropy(system.transitions, block[0])
    return Block(entropy, system.information() if infinite or _two_fit(system, block) else None)


def _gaussian_field(system: Any, block: tuple[int, ...], infinite: bool) -> Block:
    if infinite:
        raise InputError(
            "blocks of the gaussian-field are known on lattices of a given size; give --size too"
        )
    entropy = gaussian.gaussian_entropy(system.covariance(block))
    return Block(entropy, system.information(block, block) if _two_fit(system, block) else None)


def _xy_square(system: Any, block: tuple[int, ...], infinite: bool) -> Block | None:
    t, j, h = system.temperature, system.coupling, system.field
    if prod(system.shape) == 2 and prod(block) == 1:  # both bonds connect the same two sites
        information = xy.pair_information(t, 2 * j, h)
        spin = (xy.pair_entropy(t, 2 * j, h) + information) / 2
        return Block(spin, information if _two_fit(system, block) else None)
    if h <= 0 or j < 0 or not _two_fit(system, block):
        return None
    first, second = _masks(system, block)
    return Block(
        None, xy.harmonic_information(system.shape, first, j, h, second), "low temperature"
    )


_SOLVED: dict[str, Callable[[Any, tuple[int, ...], bool], Block | None]] = {
    "ising-chain": _ising_chain,
    "markov-chain": _markov_chain,
    "gaussian-field": _gaussian_field,
    "xy-square": _xy_square,
}
