r"""Stationary Markov chain along a line: p(x) = 1/q prod_i P(x_i | x_{i-1}).

A site repeats the state of the site before with probability `stay`; otherwise it takes any other
state with equal probability.  The segment is open and a marginal of the infinite chain, so M is
the same between neighbouring segments of any lengths (see `moiety.exact.markov`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit

from ..base.errors import InputError
from ..data.samples import Samples
from ..exact import markov
from ._lattice import checked_states
from ._models import LatticeModel
from ._sampling import exact_samples
from .dynamics._arrays import Codes, Reals, Stream
from .dynamics.splitmix import uniform

__all__ = ["MarkovChain", "run"]


@dataclass(frozen=True)
class MarkovChain(LatticeModel):
    """States on an open line.

    Args:
        size: Number of sites.
        stay: Probability, between 0 and 1, that a site repeats the state before.
        states: q, from 2 to 256.

    Example:
        >>> model = MarkovChain(size=32, stay=0.9)
        >>> model.sample(samples=64, seed=1)
        <Samples discrete q=2, 8 chains x 8 draws of 32, open>
        >>> round(model.exact_entropy(), 7), round(model.information(), 7)
        (0.336585, 0.3680642)
    """

    name: ClassVar[str] = "markov-chain"
    axes: ClassVar[int] = 1
    temperature: ClassVar[float] = 1.0  # the energy is -ln p

    size: int
    stay: float = 0.9
    states: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_numbers("stay", positive=True)
        object.__setattr__(self, "states", checked_states(self.states))
        if self.stay >= 1:
            raise InputError(f"stay must be between 0 and 1, not {self.stay!r}")

    @property
    def periodic(self) -> tuple[bool, ...]:
        """The boundaries are open."""
        return (False,)

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Symmetries of p: all states are equivalent, and so are both directions."""
        return ("flip", "reflect")

    @property
    def transitions(self) -> np.ndarray:
        """Transition probabilities P(b | a), shape `(q, q)`, row a and column b."""
        return markov.lazy_transitions(self.stay, self.states)

    def energy(self, values: np.ndarray) -> np.ndarray:
        """Energies -ln p, shape `(chain, draw)`, of codes 0..q-1."""
        stays = (values[..., 1:] == values[..., :-1]).sum(axis=-1)
        move = np.log((1 - self.stay) / (self.states - 1))
        energies: np.ndarray = (
            np.log(self.states) - stays * np.log(self.stay) - (self.size - 1 - stays) * move
        )
        return energies

    def exact_entropy(self) -> float:
        """Entropy per site of this segment in nats, S(N) / N."""
        return markov.markov_entropy(self.transitions, self.size)

    def entropy_infinite(self) -> float:
        """Entropy rate in nats per site."""
        return markov.markov_entropy(self.transitions)

    def information(self) -> float:
        """Mutual information M in nats between neighbouring segments of any lengths."""
        return markov.markov_information(self.transitions)

    def sample(self, samples: int = 2048, **options: Any) -> Samples:
        """Independent segments.

        Args:
            samples: Number of samples, rounded up to equally many draws from each chain.
            options: See `_sampling.exact_draws`.
        """
        start = np.cumsum(markov.stationary_distribution(self.transitions))
        moves = np.cumsum(self.transitions, axis=1)

        def draw(state: np.ndarray, rng: Stream) -> None:
            run(state, start, moves, rng)

        return exact_samples(
            self, draw, "discrete", np.uint8, tuple(range(self.states)), samples=samples, **options
        )


@njit(nogil=True, cache=True)
def run(values: Codes, start: Reals, moves: Reals, rng: Stream) -> None:
    """Fill `values` with a segment of the chain, by inversion of cumulative probabilities.

    Args:
        values: Codes, shape `(sites,)`.
        start: Cumulative probabilities of the first state, shape `(q,)`.
        moves: Cumulative transition probabilities along each row, shape `(q, q)`.
        rng: Random stream of `splitmix`.
    """
    last = len(start) - 1  # sums may end just below 1
    values[0] = min(int(np.searchsorted(start, uniform(rng), side="right")), last)
    for i in range(1, len(values)):
        row = moves[values[i - 1]]
        values[i] = min(int(np.searchsorted(row, uniform(rng), side="right")), last)
