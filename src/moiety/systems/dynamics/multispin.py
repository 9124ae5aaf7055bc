r"""Single-spin updates of 64 two-state lattices at once, a bit of a machine word for each.

E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i (sigma = 2 s - 1).  A site of
state s that is equal to a of its z neighbours flips with the probability of the heat bath,

    p(d) = 1 / (1 + exp d),    d = bond (2 a - z) + 2 field sigma,    p(-d) = 1 - p(d).

Bitwise adders count the equal neighbours in all 64 lattices (Jacobs & Rebbi, J. Comput. Phys. 41,
203 (1981), https://doi.org/10.1016/0021-9991(81)90089-9).  Each lattice then compares a random
number of its own with its own p(|d|), binary digit by digit, most significant first.  A random word
gives a digit to every lattice.  No more words are drawn once all 64 decisions are made, which takes
about 15 words per site in a batch of sites.  Lattices never share a random bit, or they would
merge.  They may have different temperatures: the digits of every probability are words, too.

Sites are visited colour by colour, where no two neighbours have the same colour, in batches over
which the loops vectorise.  Metropolis would be faster, but in such an order it accepts so much that
it is not reliable: domain walls of a ring run around it for ever, and at high temperature every
sweep reverses the sweep before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ._arrays import Integers, Reals, Sites, Stream, Words
from .splitmix import FIRST_FACTOR, INCREMENT, SECOND_FACTOR
from .words import WIDTH

__all__ = ["Odds", "flip_costs", "sweep"]

_DIGITS = 53  # binary digits of a probability, as many as in a float
_BATCH = 256  # sites
_HIGHEST = 700.0  # largest cost over T; exp overflows soon after
_ZERO, _ONES = np.uint64(0), ~np.uint64(0)


@dataclass(frozen=True, eq=False)
class Odds:
    """Flip probabilities in the form that `sweep` takes.

    Args:
        cases: Rows (number of equal neighbours, state or 2 for both, row of `digits`, whether the
            probability is one minus that), shape `(cases, 4)`.
        digits: Word k of a row holds the k-th binary digit of a probability in each lattice,
            shape `(rows, 53)`.
    """

    cases: Integers
    digits: Words

    @classmethod
    def of(cls, costs: Reals) -> Odds:
        """Flip probabilities from costs, of all lattices or of each lattice; see `flip_costs`."""
        states = ((0, 2),) if (costs[:, 0] == costs[:, 1]).all() else ((0, 0), (1, 1))
        rows: dict[bytes, int] = {}
        cases, digits = [], []
        for row, state in states:
            for alike in range(costs.shape[2]):
                cost = costs[:, row, alike]
                inverted = cost.sum() < 0
                key = (np.negative(cost) if inverted else cost + 0.0).tobytes()  # no -0.0
                if key not in rows:
                    rows[key] = len(rows)
                    digits.append(_digits(1 / (1 + np.exp(np.frombuffer(key)))))
                cases.append((alike, state, rows[key], inverted))
        return cls(np.array(cases, np.int64), np.array(digits, np.uint64))


def flip_costs(z: int, bond: Reals | float, field: Reals | float = 0.0) -> Reals:
    """Energy cost over T of flipping a site.

    Args:
        z: Number of neighbours.
        bond: Bond of all lattices, or of each lattice, shape `(lattices,)`.
        field: Field of all lattices, or of each lattice, shape `(lattices,)`.

    Returns:
        Shape `(lattices, 2, z + 1)`, by state and number of equal neighbours.

    Example:
        >>> flip_costs(2, 0.5, 1.0).tolist()
        [[[-3.0, -2.0, -1.0], [1.0, 2.0, 3.0]]]
    """
    bond, field = np.atleast_1d(bond)[:, None, None], np.atleast_1d(field)[:, None, None]
    costs = bond * (2 * np.arange(z + 1) - z) + 2 * field * np.array([-1.0, 1.0])[:, None]
    clipped: Reals = np.clip(costs, -_HIGHEST, _HIGHEST)
    return clipped


def _digits(probabilities: Reals) -> list[int]:
    """Words of the binary digits of a probability per lattice, or of a common probability."""
    rounded = np.minimum(np.floor(np.ldexp(probabilities, _DIGITS)), 2.0**_DIGITS - 1)
    whole = np.broadcast_to(rounded.astype(np.uint64), (WIDTH,))
    lattices = np.arange(WIDTH, dtype=np.uint64)
    shifts = np.arange(_DIGITS - 1, -1, -1, dtype=np.uint64)
    return [
        int(np.bitwise_or.reduce(((whole >> shift) & np.uint64(1)) << lattices)) for shift in shifts
    ]


@njit(nogil=True, cache=True)
def sweep(
    words: Words,
    neighbours: Sites,
    bounds: Integers,
    cases: Integers,
    digits: Words,
    rng: Stream,
    sweeps: int,
) -> None:
    """Visit every site `sweeps` times.

    Args:
        words: States, shape `(sites,)`; moved in place.
        neighbours: Places of the neighbours, see `words.Layout`.
        bounds: Places at which the colours begin and end, see `words.Layout`.
        cases: Cases of the flip probabilities, see `Odds`.
        digits: Digits of the flip probabilities, see `Odds`.
        rng: Random stream of `splitmix`.
        sweeps: Number of sweeps.
    """
    masks = np.empty((len(digits), _BATCH), np.uint64)
    work = np.empty((7, _BATCH), np.uint64)
    for _ in range(sweeps):
        for colour in range(len(bounds) - 1):
            for start in range(bounds[colour], bounds[colour + 1], _BATCH):
                size = min(_BATCH, bounds[colour + 1] - start)
                _visit(words, neighbours, start, size, cases, digits, rng, masks, work)


@njit(nogil=True, cache=True)
def _visit(
    words: Words,
    neighbours: Sites,
    start: int,
    size: int,
    cases: Integers,
    digits: Words,
    rng: Stream,
    masks: Words,
    work: Words,
) -> None:
    """Update a batch of sites of one colour."""
    flips, undecided, threshold, inverted = work[3], work[4], work[5], work[6]
    _count_alike(words, neighbours, start, size, work[0], work[1], work[2])
    masks[:, :size], inverted[:size], flips[:size], undecided[:size] = _ZERO, _ZERO, _ZERO, _ONES
    for case in range(len(cases)):
        alike, state, row, inverts = cases[case]
        _match(
            masks[row],
            inverted,
            words,
            start,
            size,
            work[0],
            work[1],
            work[2],
            alike,
            state,
            inverts,
        )
    for digit in range(digits.shape[1]):
        threshold[:size] = _ZERO
        for row in range(len(digits)):
            _choose(threshold, masks[row], digits[row, digit], size)
        if _compare(flips, undecided, threshold, rng, size) == _ZERO:
            break
    for i in range(size):
        words[start + i] ^= flips[i] ^ inverted[i]


@njit(nogil=True, cache=True)
def _count_alike(
    words: Words, neighbours: Sites, start: int, size: int, ones: Words, twos: Words, fours: Words
) -> None:
    """Binary digits of the number of equal neighbours."""
    for i in range(size):
        ones[i] = twos[i] = fours[i] = _ZERO
    for k in range(len(neighbours)):
        row = neighbours[k]
        for i in range(size):
            alike = ~(words[start + i] ^ words[row[start + i]])
            carry = ones[i] & alike
            ones[i] ^= alike
            fours[i] ^= twos[i] & carry
            twos[i] ^= carry


@njit(nogil=True, cache=True)
def _match(
    mask: Words,
    inverted: Words,
    words: Words,
    start: int,
    size: int,
    ones: Words,
    twos: Words,
    fours: Words,
    alike: int,
    state: int,
    inverts: int,
) -> None:
    """Mark the lattices in which a site has so many equal neighbours and this state (2: any)."""
    not_one = _ONES * (1 - (alike & 1))
    not_two = _ONES * (1 - (alike >> 1 & 1))
    not_four = _ONES * (1 - (alike >> 2))
    any_state, not_up, inverting = _ONES * (state == 2), _ONES * (state == 0), _ONES * inverts
    for i in range(size):
        matches = (ones[i] ^ not_one) & (twos[i] ^ not_two) & (fours[i] ^ not_four)
        matches &= any_state | (words[start + i] ^ not_up)
        mask[i] |= matches
        inverted[i] |= matches & inverting


@njit(nogil=True, cache=True)
def _choose(threshold: Words, mask: Words, digit: np.uint64, size: int) -> None:
    for i in range(size):
        threshold[i] |= mask[i] & digit


@njit(nogil=True, cache=True)
def _compare(flips: Words, undecided: Words, threshold: Words, rng: Stream, size: int) -> np.uint64:
    """Compare a random digit per lattice with that of the threshold; equal digits decide nothing.

    Returns:
        Nonzero if a lattice is undecided.
    """
    state, left = rng[0], _ZERO
    for i in range(size):  # `next_bits`, written out for vector instructions
        bits = state + np.uint64(i + 1) * INCREMENT
        bits = (bits ^ (bits >> np.uint64(30))) * FIRST_FACTOR
        bits = (bits ^ (bits >> np.uint64(27))) * SECOND_FACTOR
        bits ^= bits >> np.uint64(31)
        flips[i] |= undecided[i] & threshold[i] & ~bits
        undecided[i] &= ~(threshold[i] ^ bits)
        left |= undecided[i]
    rng[0] = state + np.uint64(size) * INCREMENT
    return left
