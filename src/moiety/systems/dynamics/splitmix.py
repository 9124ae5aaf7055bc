r"""SplitMix64: one random stream per chain; its state is an array of a single word.

    state <- state + 0x9E3779B97F4A7C15,  output = mix(state)   (mod 2^64)

The state belongs to the chain, so the random numbers of a chain do not depend on how chains are
distributed over threads.  The generator passes BigCrush: Steele, Lea & Flood, OOPSLA 2014,
https://doi.org/10.1145/2660193.2660195
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Stream

__all__ = [
    "FIRST_FACTOR",
    "INCREMENT",
    "SECOND_FACTOR",
    "below",
    "mix",
    "next_bits",
    "stream",
    "uniform",
]

INCREMENT = np.uint64(0x9E3779B97F4A7C15)
FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
SECOND_FACTOR = np.uint64(0x94D049BB133111EB)


def stream(seed: int) -> Stream:
    """State of a new stream, shape `(1,)`.

    Example:
        >>> uniform(stream(1)) == uniform(stream(1))
        True
    """
    return np.array([seed], dtype=np.uint64)


@njit(nogil=True, cache=True)
def mix(state: np.uint64) -> np.uint64:
    """The output for a state."""
    z = state
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return z ^ (z >> np.uint64(31))


@njit(nogil=True, cache=True)
def next_bits(rng: Stream) -> np.uint64:
    """The next 64 random bits."""
    rng[0] += INCREMENT
    return mix(rng[0])


@njit(nogil=True, cache=True)
def uniform(rng: Stream) -> float:
    """A uniform random number in [0, 1) with 53 random bits."""
    return (next_bits(rng) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(nogil=True, cache=True)
def below(rng: Stream, n: int) -> int:
    """A random integer in 0..n-1 for n < 2^32; its bias is below n / 2^32."""
    bits = (next_bits(rng) >> np.uint64(32)) * np.uint64(n)
    return np.int64(bits >> np.uint64(32))  # type: ignore[return-value]  # an int in compiled code
