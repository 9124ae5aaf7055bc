r"""Stationary Markov chains with the transition matrix P(b | a), one row per state a.

With pi = pi P the stationary distribution and h the entropy rate,

    h = -sum_a pi_a sum_b P(b | a) ln P(b | a),    S(N) = H(pi) + (N - 1) h,
    M(A;B) = H(pi) - h

between neighbouring segments of any lengths: past and future are independent given
the state at the cut (Cover and Thomas, *Elements of Information Theory*, ch. 4).
"""

from __future__ import annotations

import numpy as np

from ..base.errors import InputError
from .enumeration import entropy

__all__ = [
    "lazy_transitions",
    "log_probability",
    "markov_entropy",
    "markov_information",
    "stationary_distribution",
]


def lazy_transitions(stay: float, states: int) -> np.ndarray:
    """Transition matrix that stays with probability `stay`, or moves to any other state.

    All other states are equally likely.

    Args:
        stay: Probability to stay.
        states: Number q of states.

    Example:
        >>> lazy_transitions(0.5, 3).tolist()
        [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]]
    """
    move = (1 - stay) / (states - 1)
    return np.full((states, states), move) + (stay - move) * np.eye(states)


def stationary_distribution(transitions: np.ndarray) -> np.ndarray:
    """Stationary distribution of a chain, shape `(q,)`.

    Args:
        transitions: Transition matrix, shape `(q, q)`.

    Raises:
        InputError: The matrix is not a transition matrix, or has several such distributions.

    Example:
        >>> stationary_distribution(np.array([[0.9, 0.1], [0.3, 0.7]])).round(6).tolist()
        [0.75, 0.25]
    """
    transitions = _checked(transitions)
    states = len(transitions)
    equations = np.vstack([transitions.T - np.eye(states), np.ones(states)])
    solution, _, rank, _ = np.linalg.lstsq(equations, np.eye(states + 1)[-1], rcond=None)
    if rank < states:
        raise InputError("the chain falls apart: its stationary distribution is not unique")
    kept: np.ndarray = np.maximum(solution, 0)
    return np.asarray(kept / kept.sum())


def markov_entropy(transitions: np.ndarray, size: int | None = None) -> float:
    """Entropy per site in nats of a segment, S(N) / N, or the entropy rate.

    Args:
        transitions: Transition matrix, shape `(q, q)`.
        size: Number of sites N; None for the entropy rate.

    Example:
        >>> moves = lazy_transitions(0.9, 2)
        >>> round(markov_entropy(moves), 7), round(markov_entropy(moves, 8), 7)
        (0.325083, 0.371091)
    """
    start, transitions = stationary_distribution(transitions), _checked(transitions)
    rate = float(start @ [entropy(row) for row in transitions])
    if size is None:
        return rate
    if size < 1:
        raise InputError(f"size must be positive, not {size!r}")
    return (entropy(start) + (size - 1) * rate) / size


def markov_information(transitions: np.ndarray) -> float:
    """M in nats between neighbouring segments of any lengths.

    Args:
        transitions: Transition matrix, shape `(q, q)`.

    Example:
        >>> round(markov_information(lazy_transitions(0.9, 2)), 7)
        0.3680642
    """
    return entropy(stationary_distribution(transitions)) - markov_entropy(transitions)


def log_probability(transitions: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Ln p of segments; -inf for impossible ones.

    Args:
        transitions: Transition matrix, shape `(q, q)`.
        values: Codes of the segments, shape `(..., size)`.

    Returns:
        One number per segment, shape `(...,)`.

    Example:
        >>> moves = lazy_transitions(0.5, 2)
        >>> log_probability(moves, np.array([[0, 0, 1]])).round(6).tolist()  # -3 log 2
        [-2.079442]
    """
    with np.errstate(divide="ignore"):
        start, moves = np.log(stationary_distribution(transitions)), np.log(_checked(transitions))
    steps = moves[values[..., :-1], values[..., 1:]].sum(axis=-1)
    return np.asarray(start[values[..., 0]] + steps)


def _checked(transitions: np.ndarray) -> np.ndarray:
    transitions = np.asarray(transitions, dtype=float)
    if transitions.ndim != 2 or transitions.shape[0] != transitions.shape[1]:
        raise InputError(f"a transition matrix is square, not of shape {transitions.shape}")
    if not (transitions >= 0).all() or not np.allclose(
        transitions.sum(axis=1), 1, rtol=0, atol=1e-9
    ):
        raise InputError("the rows of a transition matrix are probabilities that sum to 1")
    return transitions
