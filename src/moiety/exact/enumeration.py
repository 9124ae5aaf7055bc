r"""Small discrete systems by summing over all their states.

    S = -sum_x p log p,   p = exp(-E / T) / Z,   M(A;B) = S(A) + S(B) - S(A,B).

States are numbered with the first site as the leading digit, base q.
"""

from __future__ import annotations

from math import log2, prod
from typing import Any

import numpy as np

from ..errors import InputError

__all__ = ["MOST_BITS", "all_states", "boltzmann", "entropy", "mutual_information", "system_entropy"]

MOST_BITS = 20


def all_states(shape: tuple[int, ...], states: int) -> np.ndarray:
    """Every configuration.

    Returns:
        Codes, shape `(1, q**sites, *shape)`, as one chain of draws.

    Raises:
        InputError: More than 2**20 configurations.

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
    """Probabilities of states of these energies.

    Example:
        >>> boltzmann(np.array([0.0, 0.0]), 1.0).tolist()
        [0.5, 0.5]
    """
    weights = np.exp(-(energies - energies.min()) / temperature)
    return weights / weights.sum()


def entropy(probabilities: np.ndarray) -> float:
    """-sum p log p of an array of any shape, in nats.

    Example:
        >>> round(entropy(np.full((2, 2), 0.25)), 6)  # 2 log 2
        1.386294
    """
    kept = probabilities[probabilities > 0]
    return float(-(kept * np.log(kept)).sum())


def mutual_information(probabilities: np.ndarray, half: np.ndarray, states: int) -> float:
    """M in nats between some sites of a system and the others.

    Arguments:
        probabilities: Of all states in their order, shape `(q**sites,)`.
        half: Whether a site belongs to the first half, shape `space`.
        states: q.

    Example:
        >>> round(mutual_information(np.array([0.5, 0, 0, 0.5]), np.array([True, False]), 2), 6)
        0.693147
    """
    half = np.asarray(half, dtype=bool).ravel()
    joint = probabilities.reshape((states,) * half.size)
    first, second = joint.sum(tuple(np.flatnonzero(~half))), joint.sum(tuple(np.flatnonzero(half)))
    return entropy(first) + entropy(second) - entropy(joint)


def system_entropy(system: Any, states: int) -> float | None:
    """Entropy per site of a system with few states, None for one with many.

    Arguments:
        system: Has `shape`, `temperature` and `energy(values)`.
        states: Number of states of a site.
    """
    if prod(system.shape) * log2(states) > MOST_BITS:
        return None
    energies = system.energy(all_states(system.shape, states))
    return entropy(boltzmann(energies, system.temperature)) / prod(system.shape)
