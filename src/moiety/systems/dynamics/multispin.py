r"""Single-spin updates of 64 two-state lattices at once, one in each bit of a machine word.

E/T = -bond * sum_<ij> delta(s_i, s_j) - field * sum_i sigma_i (sigma = 2 s - 1).  A site of
state s, a of its z neighbours being alike, flips with the heat bath's probability

    p(d) = 1 / (1 + exp d),    d = bond (2 a - z) + 2 field sigma,    p(-d) = 1 - p(d).

The neighbours alike are counted in all 64 lattices by bitwise adders (Jacobs & Rebbi,
J. Comput. Phys. 41, 203 (1981)).  Each lattice then compares a random number of its own with
its own p(|d|), digit by digit, most significant first: one random word gives a digit to every
lattice, and after 64 decisions are made, some 15 words a site in a batch of sites, no more
are drawn.  Lattices never share a random bit, or they would merge; and nothing ties them to
one temperature: the digits of every probability are words, too.

Sites are visited colour by colour, no two of one colour being neighbours, in batches over
which the loops vectorise.  Metropolis would be quicker still, but in such an order it accepts
so much that it is no sampler to rely on: domain walls of a ring run around it for ever, and
at high temperature every sweep reverses what the one before did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from .splitmix import FIRST_FACTOR, INCREMENT, SECOND_FACTOR, next_bits

__all__ = ["WIDTH", "Layout", "Odds", "census", "flip_costs", "pack", "sweep", "turn", "unpack"]

WIDTH = 64  # lattices in a word
_DIGITS = 53  # of a probability, as many as a float has
_BATCH = 256  # sites
_MOST_NEIGHBOURS = 7  # counted in three bits
_PLANES = 32  # of a counter
_HIGHEST = 700.0  # cost over T; exp of more overflows
_ZERO, _ONES = np.uint64(0), ~np.uint64(0)


@dataclass(frozen=True, eq=False)
class Layout:
    """A lattice whose sites are stored colour by colour.

    Arguments:
        neighbours: Shape `(z, sites)`: places of the neighbours of the site at a place; the
            first half of the rows holds every bond once.
        bounds: Where colours begin and end, shape `(colours + 1,)`.
        places: Where each site is stored, shape `(sites,)`.
    """

    neighbours: np.ndarray
    bounds: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray) -> Layout:
        """The layout of a neighbour table `(sites, z)`, see `_lattice.neighbour_table`."""
        if table.shape[1] > _MOST_NEIGHBOURS:
            raise ValueError(f"{table.shape[1]} neighbours are more than three bits can count")
        colours = _colours(table)
        order = np.argsort(colours, kind="stable")
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        neighbours = np.ascontiguousarray(places[table[order]].T.astype(np.int32))
        return cls(neighbours, np.concatenate([[0], np.cumsum(np.bincount(colours))]), places)

    def stored(self, values: np.ndarray) -> np.ndarray:
        """Values `(sites,)` in the order in which they are stored."""
        found = np.empty_like(values)
        found[self.places] = values
        return found


@dataclass(frozen=True, eq=False)
class Odds:
    """Flip probabilities as `sweep` takes them.

    Arguments:
        cases: Rows (neighbours alike, state or 2 for both, row of `digits`, whether the
            probability is one minus that), shape `(cases, 4)`.
        digits: Word k holds the k-th binary digit of a probability in each lattice,
            shape `(rows, 53)`.
    """

    cases: np.ndarray
    digits: np.ndarray

    @classmethod
    def of(cls, costs: np.ndarray) -> Odds:
        """From what flips cost, of one lattice for all or of each one; see `flip_costs`."""
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


def flip_costs(z: int, bond: np.ndarray | float, field: np.ndarray | float = 0.0) -> np.ndarray:
    """What it costs to flip a site, over T: shape `(lattices, 2, z + 1)`, by state and neighbours alike.

    Arguments:
        z: Number of neighbours.
        bond, field: Of all lattices, or of each one, shape `(lattices,)`.

    Example:
        >>> flip_costs(2, 0.5, 1.0).tolist()
        [[[-3.0, -2.0, -1.0], [1.0, 2.0, 3.0]]]
    """
    bond, field = np.atleast_1d(bond)[:, None, None], np.atleast_1d(field)[:, None, None]
    costs = bond * (2 * np.arange(z + 1) - z) + 2 * field * np.array([-1.0, 1.0])[:, None]
    return np.clip(costs, -_HIGHEST, _HIGHEST)


def pack(values: np.ndarray, layout: Layout) -> np.ndarray:
    """Words, shape `(sites,)`, from states 0 and 1 of up to 64 lattices, shape `(lattices, sites)`."""
    bits = np.zeros((len(layout.places), WIDTH), np.uint8)
    bits[layout.places, : len(values)] = values.T
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64).ravel().astype(np.uint64)


def unpack(words: np.ndarray, layout: Layout) -> np.ndarray:
    """States of all 64 lattices, shape `(64, sites)`."""
    octets = words[layout.places].astype("<u8").view(np.uint8).reshape(-1, WIDTH // 8)
    return np.unpackbits(octets, axis=1, bitorder="little").T


@njit(nogil=True, cache=True)
def _colours(table):
    """Smallest colour that no neighbour has, site by site."""
    sites, z = table.shape
    colours = np.full(sites, -1, np.int64)
    for i in range(sites):
        colour = 0
        while True:
            free = True
            for k in range(z):
                free &= colours[table[i, k]] != colour
            if free:
                break
            colour += 1
        colours[i] = colour
    return colours


def _digits(probabilities: np.ndarray) -> list[int]:
    """Words of the binary digits of one probability a lattice, or of one for all."""
    whole = np.minimum(np.floor(np.ldexp(probabilities, _DIGITS)), 2.0**_DIGITS - 1).astype(
        np.uint64
    )
    whole = np.broadcast_to(whole, (WIDTH,))
    lattices = np.arange(WIDTH, dtype=np.uint64)
    shifts = np.arange(_DIGITS - 1, -1, -1, dtype=np.uint64)
    return [
        int(np.bitwise_or.reduce(((whole >> shift) & np.uint64(1)) << lattices)) for shift in shifts
    ]


@njit(nogil=True, cache=True)
def sweep(words, neighbours, bounds, cases, digits, rng, sweeps):
    """Visit every site `sweeps` times, in place."""
    masks = np.empty((len(digits), _BATCH), np.uint64)
    work = np.empty((7, _BATCH), np.uint64)
    for _ in range(sweeps):
        for colour in range(len(bounds) - 1):
            for start in range(bounds[colour], bounds[colour + 1], _BATCH):
                size = min(_BATCH, bounds[colour + 1] - start)
                _visit(words, neighbours, start, size, cases, digits, rng, masks, work)


@njit(nogil=True, cache=True)
def _visit(words, neighbours, start, size, cases, digits, rng, masks, work):
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
def _count_alike(words, neighbours, start, size, ones, twos, fours):
    """Binary digits of the number of neighbours alike."""
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
def _match(mask, inverted, words, start, size, ones, twos, fours, alike, state, inverts):
    """Add the lattices in which a site has so many neighbours alike, and this state (2: any)."""
    not_one, not_two, not_four = (
        _ONES * (1 - (alike & 1)),
        _ONES * (1 - (alike >> 1 & 1)),
        _ONES * (1 - (alike >> 2)),
    )
    any_state, not_up, inverting = _ONES * (state == 2), _ONES * (state == 0), _ONES * inverts
    for i in range(size):
        found = (ones[i] ^ not_one) & (twos[i] ^ not_two) & (fours[i] ^ not_four)
        found &= any_state | (words[start + i] ^ not_up)
        mask[i] |= found
        inverted[i] |= found & inverting


@njit(nogil=True, cache=True)
def _choose(threshold, mask, digit, size):
    for i in range(size):
        threshold[i] |= mask[i] & digit


@njit(nogil=True, cache=True)
def _compare(flips, undecided, threshold, rng, size):
    """Compare one random digit a lattice with the threshold's; what is equal stays undecided."""
    state, left = rng[0], _ZERO
    for i in range(size):  # `next_bits`, written out so that the loop vectorises
        bits = state + np.uint64(i + 1) * INCREMENT
        bits = (bits ^ (bits >> np.uint64(30))) * FIRST_FACTOR
        bits = (bits ^ (bits >> np.uint64(27))) * SECOND_FACTOR
        bits ^= bits >> np.uint64(31)
        flips[i] |= undecided[i] & threshold[i] & ~bits
        undecided[i] &= ~(threshold[i] ^ bits)
        left |= undecided[i]
    rng[0] = state + np.uint64(size) * INCREMENT
    return left


@njit(nogil=True, cache=True)
def turn(words, rng):
    """Exchange the two states everywhere in about half of the lattices."""
    flips = next_bits(rng)
    for i in range(len(words)):
        words[i] ^= flips


def census(
    words: np.ndarray, neighbours: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Equal bonds, shape `(64, directions)`, and sites by group and state, shape `(64, groups, 2)`.

    Arguments:
        words, neighbours: See `sweep`.
        groups: Number of the group of the site at each place.
    """
    sizes, directions = np.bincount(groups), len(neighbours) // 2
    planes = np.zeros((directions + len(sizes), _PLANES), np.uint64)
    _count(words, neighbours, groups, planes)
    lattices = np.arange(WIDTH, dtype=np.uint64)[:, None, None]
    totals = (
        ((planes >> lattices & np.uint64(1)) << np.arange(_PLANES, dtype=np.uint64))
        .sum(axis=-1)
        .astype(np.int64)
    )
    equal, up = totals[:, :directions], totals[:, directions:]
    return equal, np.stack([sizes - up, up], axis=-1)


@njit(nogil=True, cache=True)
def _count(words, neighbours, groups, planes):
    """Counters of equal bonds and of sites in state 1 by group: the words of a row are the digits of 64 numbers."""
    for i in range(len(words)):
        for k in range(len(neighbours) // 2):
            _add(planes[k], ~(words[i] ^ words[neighbours[k, i]]))
        _add(planes[len(neighbours) // 2 + groups[i]], words[i])


@njit(nogil=True, cache=True)
def _add(planes, bits):
    plane = 0
    while bits != _ZERO:
        carry = planes[plane] & bits
        planes[plane] ^= bits
        bits = carry
        plane += 1
