r"""Stationary Markov chain read along a line: p(x) = 1/q prod_i P(x_i | x_{i-1}).

A site repeats the one before with probability `stay` and is any other state else.  The
segment is open and a marginal of the infinite chain: neighbouring parts of it share
one M, whatever their lengths (see `exact.markov`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import markov
from ._lattice import checked_number, checked_shape, checked_states
from ._sampling import exact_samples
from .dynamics.splitmix import uniform

__all__ = ["MarkovChain", "run"]


@dataclass(frozen=True)
class MarkovChain:
    """States on an open line.

    Arguments:
        size: Number of sites.
        stay: Probability, between 0 and 1, of repeating the state before.
        states: q, from 2 to 256.

    Example:
        >>> model = MarkovChain(size=32, stay=0.9)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 32, open>
        >>> round(model.exact_entropy(), 7), round(model.information(), 7)
        (0.336585, 0.3680642)
    """

    size: int
    stay: float = 0.9
    states: int = 2

    name: ClassVar[str] = "markov-chain"
    temperature: ClassVar[float] = 1.0  # the energy is -ln p

    def __post_init__(self):
        object.__setattr__(self, "size", checked_shape(self.size, 1)[0])
        object.__setattr__(self, "stay", checked_number("stay", self.stay, positive=True))
        object.__setattr__(self, "states", checked_states(self.states))
        if self.stay >= 1:
            raise InputError(f"stay must be between 0 and 1, not {self.stay!r}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Its one side."""
        return (self.size,)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Its one axis is not."""
        return (False,)

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Of p, see `samples.SYMMETRIES`: all states are alike, and so are both directions."""
        return ("flip", "reflect")

    @property
    def transitions(self) -> np.ndarray:
        """P(b | a), shape `(q, q)`, rows a."""
        return markov.lazy_transitions(self.stay, self.states)

    def parameters(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """-ln p of segments, shape `(chain, draw)`, of codes 0..q-1."""
        stays = (values[..., 1:] == values[..., :-1]).sum(axis=-1)
        move = np.log((1 - self.stay) / (self.states - 1))
        return np.log(self.states) - stays * np.log(self.stay) - (self.size - 1 - stays) * move

    def exact_entropy(self) -> float:
        """Entropy per site of this segment in nats, S(N) / N."""
        return markov.markov_entropy(self.transitions, self.size)

    def entropy_infinite(self) -> float:
        """Entropy rate in nats per site."""
        return markov.markov_entropy(self.transitions)

    def information(self) -> float:
        """M in nats between neighbouring segments of any lengths."""
        return markov.markov_information(self.transitions)

    def sample(self, samples: int = 2048, **options: Any) -> Samples:
        """Independent segments; see `_sampling.exact_walk` for the options."""
        start = np.cumsum(markov.stationary_distribution(self.transitions))
        moves = np.cumsum(self.transitions, axis=1)

        def draw(state: np.ndarray, rng: np.ndarray) -> None:
            run(state, start, moves, rng)

        return exact_samples(
            self, draw, "discrete", np.uint8, tuple(range(self.states)), samples=samples, **options
        )


@njit(nogil=True, cache=True)
def run(values, start, moves, rng):
    """Fill `values` with a run of the chain, by inversion of cumulative probabilities.

    Arguments:
        start: Cumulative, of the first state, shape `(q,)`.
        moves: Cumulative along each row, shape `(q, q)`.
        rng: A stream of `_splitmix`.
    """
    last = len(start) - 1  # sums may end just below 1
    values[0] = min(np.searchsorted(start, uniform(rng), side="right"), last)
    for i in range(1, len(values)):
        values[i] = min(np.searchsorted(moves[values[i - 1]], uniform(rng), side="right"), last)
