r"""Small discrete systems: sums over all their states.

    S = -sum_x p log p,   p = exp(-E / T) / Z,   M(A;B) = S(A) + S(B) - S(A,B),
    U = <E>,   C = (<E^2> - <E>^2) / T^2,

where A and B are any sets of sites, and the p of a set is the sum of p over all other sites.
States are numbered in base q; the first site is the leading digit.
"""

from __future__ import annotations

from math import log2, prod
from typing import Any

import numpy as np

from ..base.errors import InputError

__all__ = [
    "MOST_BITS",
    "all_states",
    "block_entropy",
    "block_information",
    "boltzmann",
    "entropy",
    "mutual_information",
    "system_answers",
    "system_energy",
    "system_entropy",
    "system_heat_capacity",
    "system_probabilities",
]

MOST_BITS = 20


def all_states(shape: tuple[int, ...], states: int) -> np.ndarray:
    """Enumerate all configurations.

    Args:
        shape: Sides of the lattice.
        states: Number q of states of a site.

    Returns:
        Codes, shape `(1, q**sites, *shape)`, as one chain of draws.

    Raises:
        InputError: There are more than 2**20 configurations.

    Example:
        >>> all_states((2,), 2)[0].tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    sites = prod(shape)
    if sites * log2(states) > MOST_BITS:
        raise InputError(f"{states}**{sites} states are too many to enumerate")
    number = np.arange(states**sites)
    digits = [(number // states ** (sites - 1 - i) % states).astype(np.uint8) for i in range(sites)]
    return np.stack(digits, axis=-1).reshape(1, -1, *shape)


def boltzmann(energies: np.ndarray, temperature: float) -> np.ndarray:
    """Boltzmann probabilities.

    Args:
        energies: Energies of all states, any shape.
        temperature: T, with k_B = 1.

    Example:
        >>> boltzmann(np.array([0.0, 0.0]), 1.0).tolist()
        [0.5, 0.5]
    """
    weights: np.ndarray = np.exp(-(energies - energies.min()) / temperature)
    return np.asarray(weights / weights.sum())


def entropy(probabilities: np.ndarray) -> float:
    """Entropy in nats, -sum p log p.

    Args:
        probabilities: Probabilities, any shape.

    Example:
        >>> round(entropy(np.full((2, 2), 0.25)), 6)  # 2 log 2
        1.386294
    """
    kept = probabilities[probabilities > 0]
    return float(-(kept * np.log(kept)).sum())


def mutual_information(probabilities: np.ndarray, half: np.ndarray, states: int) -> float:
    """M in nats between some sites of a system and the others.

    Args:
        probabilities: Probabilities of all states in order, shape `(q**sites,)`.
        half: Mask of the first half, in the shape of the lattice.
        states: Number q of states of a site.

    Example:
        >>> round(mutual_information(np.array([0.5, 0, 0, 0.5]), np.array([True, False]), 2), 6)
        0.693147
    """
    half = np.asarray(half, dtype=bool).ravel()
    joint = probabilities.reshape((states,) * half.size)
    first, second = joint.sum(tuple(np.flatnonzero(~half))), joint.sum(tuple(np.flatnonzero(half)))
    return entropy(first) + entropy(second) - entropy(joint)


def block_entropy(probabilities: np.ndarray, block: np.ndarray, states: int) -> float:
    """Entropy in nats of the marginal distribution of some sites.

    Args:
        probabilities: Probabilities of all states in order, shape `(q**sites,)`.
        block: Mask of the block, in the shape of the lattice.
        states: Number q of states of a site.

    Raises:
        InputError: The mask has another number of sites.

    Example:
        >>> copies = np.array([0.5, 0, 0, 0, 0, 0, 0, 0.5])  # three spins that agree
        >>> round(block_entropy(copies, np.array([True, False, True]), 2), 6)
        0.693147
    """
    block = np.asarray(block, dtype=bool).ravel()
    if np.size(probabilities) != states**block.size:
        raise InputError(
            f"{np.size(probabilities)} probabilities do not match {block.size} sites "
            f"of {states} states"
        )
    joint = np.reshape(probabilities, (states,) * block.size)
    return entropy(joint.sum(tuple(np.flatnonzero(~block))))


def block_information(
    probabilities: np.ndarray, first: np.ndarray, second: np.ndarray, states: int
) -> float:
    """M in nats between two disjoint blocks of a system; sites outside both are summed over.

    Args:
        probabilities: Probabilities of all states in order, shape `(q**sites,)`.
        first: Mask of the first block, in the shape of the lattice.
        second: Mask of the second block, in the shape of the lattice.
        states: Number q of states of a site.

    Raises:
        InputError: The blocks overlap, or the masks have another number of sites.

    Example:
        >>> # three spins of even parity: any two are independent
        >>> parity = np.array([0.25, 0, 0, 0.25, 0, 0.25, 0.25, 0])
        >>> first, second = np.array([True, False, False]), np.array([False, True, False])
        >>> [round(block_information(parity, first, other, 2), 6) for other in (second, ~first)]
        [0.0, 0.693147]
    """
    first, second = (np.asarray(mask, dtype=bool).ravel() for mask in (first, second))
    if first.size != second.size or (first & second).any():
        raise InputError("the two blocks must be masks of one lattice and share no site")
    parts = (block_entropy(probabilities, mask, states) for mask in (first, second))
    return max(sum(parts) - block_entropy(probabilities, first | second, states), 0.0)


def system_probabilities(system: Any, states: int) -> np.ndarray | None:
    """Probabilities of all states, shape `(q**sites,)`; None if there are more than 2**20.

    Args:
        system: An object with `shape`, `temperature` and `energy(values)`.
        states: Number q of states of a site.
    """
    energies = _energies(system, states)
    return None if energies is None else boltzmann(energies, system.temperature)


def system_entropy(system: Any, states: int) -> float | None:
    """Entropy per site in nats; None if there are too many states.

    Args:
        system: An object with `shape`, `temperature` and `energy(values)`.
        states: Number q of states of a site.
    """
    probabilities = system_probabilities(system, states)
    return None if probabilities is None else entropy(probabilities) / prod(system.shape)


def system_energy(system: Any, states: int) -> float | None:
    """Mean energy per site; None if there are too many states.

    Args:
        system: An object with `shape`, `temperature` and `energy(values)`.
        states: Number q of states of a site.
    """
    answers = system_answers(system, states)
    return None if answers is None else answers[1]


def system_heat_capacity(system: Any, states: int) -> float | None:
    """Heat capacity per site; None if there are too many states.

    Args:
        system: An object with `shape`, `temperature` and `energy(values)`.
        states: Number q of states of a site.
    """
    answers = system_answers(system, states)
    return None if answers is None else answers[2]


def system_answers(system: Any, states: int) -> tuple[float, float, float] | None:
    """Entropy, energy and heat capacity per site; None if there are too many states.

    Args:
        system: An object with `shape`, `temperature` and `energy(values)`.
        states: Number q of states of a site.
    """
    energies = _energies(system, states)
    if energies is None:
        return None
    probabilities, sites = boltzmann(energies, system.temperature), prod(system.shape)
    mean = float(probabilities @ energies)
    variance = float(probabilities @ (energies - mean) ** 2)
    return entropy(probabilities) / sites, mean / sites, variance / system.temperature**2 / sites


def _energies(system: Any, states: int) -> np.ndarray | None:
    if prod(system.shape) * log2(states) > MOST_BITS:
        return None
    return np.asarray(system.energy(all_states(system.shape, states))[0])
