r"""Loop updates of the Ising model without field on a triangular torus, either sign of J.

E/T = -bond * sum_<ij> d_ij, with d = 1 on a link of two like spins, else 0.  The two triangles
on either side of every link are the vertices of a honeycomb lattice, and each has an odd number
of links d = 1.  A worm changes links so that all triangles stay odd: its head comes to a triangle
by one leg, leaves it by another, and turns over both, until it is back at the link where it
began.  A link is two halves, one a triangle, of weight exp(bond / 2) each where d = 1.  A triangle
that the head enters by leg i is left by leg j with a probability that obeys

    W(m ^ i) P(i -> j) = W(m ^ j) P(j -> i),

m being the triangle, even, with the head inside, m ^ i the one before and m ^ j the one after, and
W its weight: 1 for one link d = 1, r = exp(bond) for three.  The solution that turns back least:

    m = 0:        P = 1/2 to both legs ahead,
    m = {a, b}:   P(a -> c) = p, P(a -> b) = 1 - p, P(c -> a) = P(c -> b) = p / r,   p = min(r / 2, 1),

c being the third leg, by which alone the head may turn back, and for r > 2 only.

Links are those of spins if their signs multiply to +1 around both ways of the torus.  Winding
worms lead out of these links and back: the chain is watched where it is inside, and the time
that counts are its returns.  (So many worms, and then on until the links close, would favour
states on the way back from an excursion.)

- Directed loops: Syljuasen & Sandvik, Phys. Rev. E 66, 046701 (2002); Alet et al., Phys. Rev. E
  71, 036706 (2005).
- Dual worms: Hitchcock, Sorensen & Alet, Phys. Rev. E 70, 016702 (2004); of frustrated Ising
  models: Rakala & Damle, Phys. Rev. E 96, 023304 (2017).

The site (x, y) has two triangles, with (x + 1, y + 1) and (x + 1, y) or (x, y + 1); their legs are
the links along (1, 0), (0, 1) and (1, 1).  Bits 4, 5, 6 of a triangle's word are d of its legs 0,
1, 2, and both triangles of a link call it by the same number.  The words are stored row by row, the
two of a site side by side, within a frame: a head that has come to the frame goes round the torus.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ...base.errors import InputError
from .splitmix import below, uniform

__all__ = ["exit_rule", "loops"]

_FRAME = 255
_TWO, _OTHER_SIDE = np.uint64(2), np.uint64(128)


def loops(
    values: np.ndarray, shape: tuple[int, int], bond: float, rng: np.ndarray, updates: int
) -> int:
    """`updates` returns to links that close, in place; then a random sign of all spins.

    Arguments:
        values: Codes 0 and 1, shape `(sites,)`, uint8.
        shape: Sides, at least 2 each.
        bond: 2 J / T.
        rng: A stream of `_splitmix`.

    Returns:
        `updates` times the number of sites: one return is taken for one sweep.  On average it
        passes 0.4 (J < 0, T = 0.1 |J|, 36x36) to 4 (T = 4 |J|) times the number of links; most
        pass less than 3 % at low temperature, a few ten times all, so that a pace taken from
        single returns would be far off.

    Raises:
        InputError: A side of 1, where triangles have no area.

    Example:
        >>> from moiety.systems.dynamics.splitmix import stream
        >>> values = np.zeros(9, np.uint8)
        >>> loops(values, (3, 3), -2 / 0.01, stream(1), 5)
        45
        >>> spins = 2 * values.reshape(3, 3).astype(int) - 1  # a ground state: E = -sites
        >>> sum(int((spins * np.roll(spins, leg, (0, 1))).sum()) for leg in ((1, 0), (0, 1), (1, 1)))
        -9
    """
    if min(shape) < 2:
        raise InputError(f"loops need two sides of at least 2, not {tuple(shape)}")
    _loops(values, shape, bond, rng, updates)
    return updates * len(values)


@njit(nogil=True, cache=True)
def exit_rule(bond):
    """How a head goes through a triangle, so that one look decides.

    Returns:
        Three limits in order, and a table `(128,)`, uint8: with k limits at or below a random
        number, entry triangle + 4 * (leg of entry) + k is triangle after + leg of exit.

    Example:
        >>> limits, table = exit_rule(0.0)
        >>> limits.tolist(), [int(way) for way in table[16:19]]  # m = 0: never back by leg 0
        ([0.5, 0.5, 1.0], [33, 66, 66])
    """
    over = min(0.5 * np.exp(min(bond, 1.0)), 1.0)  # p
    back = min(0.5, np.exp(-max(bond, 0.0)))  # p / r
    limits = np.sort(np.array([0.5, back if over == 1.0 else over, 2.0 * back]))
    table = np.zeros(128, np.uint8)
    for before in (1, 2, 4, 7):
        for entry in range(3):
            for k in range(4):
                u = limits[k - 1] if k else 0.0
                leg = _leave(before, entry, u, over, back)
                table[16 * before + 4 * entry + k] = 16 * (before ^ 1 << entry ^ 1 << leg) + leg
    return limits, table


@njit(nogil=True, cache=True)
def _leave(before, entry, u, over, back):
    """The leg of exit that goes with a random number."""
    first, second = (entry + 1) % 3, (entry + 2) % 3
    if before == 7:
        return first if u < back else second if u < 2.0 * back else entry
    if before == 1 << entry:
        return first if u < 0.5 else second
    third, like = (second, first) if before == 1 << first else (first, second)
    return third if u < over else like


@njit(nogil=True, cache=True)
def _loops(values, shape, bond, rng, updates):
    """`loops`; returns how many triangles the worms passed."""
    links = np.empty((shape[0] + 2) * (shape[1] + 2) * 2, np.uint8)
    limits, table = exit_rule(bond)
    _open(values, links, shape)
    passed = 0
    for _ in range(updates):
        passed += _return(links, shape, limits, table, rng)
    _close(values, links, shape, below(rng, 2))
    return passed


@njit(nogil=True, cache=True)
def _return(links, shape, limits, table, rng):
    """Worms until the links close; returns how many triangles they passed."""
    steps = _steps(table, shape)
    passed = _worm(links, shape, limits, table, steps, rng)
    while not _closes(links, shape):
        passed += _worm(links, shape, limits, table, steps, rng)
    return passed


@njit(nogil=True, cache=True)
def _steps(table, shape):
    """How far it is from a first triangle of a site to the one behind the leg of each exit, then from a second.

    Unsigned, as are all indices of the loop that follows: Numba looks out for negative ones at every step.
    """
    steps = np.zeros(256, np.uint64)
    for case in range(128):
        step = _step(table[case] & 3, shape)
        steps[case], steps[128 + case] = np.uint64(step), np.uint64(-step)
    return steps


@njit(nogil=True, cache=True)
def _worm(links, shape, limits, table, steps, rng):
    """One worm from a random link in a random direction; returns how many triangles it passed.

    First and second triangles take turns.  A step waits for two loads in a row, of the triangle and
    of where to go from it; random numbers are made meanwhile.
    """
    low, middle, high = limits
    site, second = divmod(below(rng, 2 * shape[0] * shape[1]), 2)
    first, leg = _place(site // shape[1], site % shape[1], shape) + second, np.uint64(below(rng, 3))
    start = np.uint64(first) << _TWO | leg
    other = np.uint64(_behind(first, np.int64(leg), shape)) << _TWO | leg
    at, side, passed = np.uint64(first), np.uint64(128 * second), 0
    while True:
        u = uniform(rng)
        k = np.uint64(u >= low) + np.uint64(u >= middle) + np.uint64(u >= high)
        case = np.uint64(links[at]) | leg << _TWO | k
        way = table[case]
        links[at] = way & 0x70
        at, leg, side, passed = (
            at + steps[case | side],
            np.uint64(way & 3),
            side ^ _OTHER_SIDE,
            passed + 1,
        )
        if links[at] == _FRAME:
            at = np.uint64(_around(np.int64(at), shape))
        key = at << _TWO | leg
        if key == start or key == other:  # the same link from either side
            return passed


@njit(nogil=True, cache=True)
def _place(x, y, shape):
    """Of the first triangle of a site."""
    return 2 * ((x + 1) * (shape[1] + 2) + y + 1)


@njit(nogil=True, cache=True)
def _around(at, shape):
    """The place in the torus that a place in the frame stands for."""
    x, y = divmod(at >> 1, shape[1] + 2)
    return _place((x - 1) % shape[0], (y - 1) % shape[1], shape) | at & 1


@njit(nogil=True, cache=True)
def _step(leg, shape):
    """From the first triangle of a site to the one behind a leg, were there no frame."""
    return -1 if leg == 0 else 1 + 2 * (shape[1] + 2) if leg == 1 else 1


@njit(nogil=True, cache=True)
def _behind(at, leg, shape):
    """The triangle behind a leg."""
    step = _step(leg, shape)
    return _around(at - step if at & 1 else at + step, shape)


@njit(nogil=True, cache=True)
def _open(values, links, shape):
    """Links from spins."""
    rows, columns = shape
    links[:] = _FRAME
    for x in range(rows):
        first, place = x * columns, _place(x, 0, shape)
        row, beside = (
            values[first : first + columns],
            values[first + columns :] if x + 1 < rows else values,
        )
        pairs = links[place : place + 2 * columns]
        near, right = row[0], beside[0]
        for y in range(columns):
            z = y + 1 if y + 1 < columns else 0
            up, far = row[z], beside[z]
            both = (near == far) << 6
            pairs[2 * y] = (near == right) << 4 | (right == far) << 5 | both
            pairs[2 * y + 1] = (up == far) << 4 | (near == up) << 5 | both
            near, right = up, far


@njit(nogil=True, cache=True)
def _closes(links, shape):
    """Whether even numbers of unlike pairs are met both along (1, 0) and along (0, 1)."""
    rows, columns = shape
    along, across = rows, columns
    for x in range(rows):
        along += links[_place(x, 0, shape)] >> 4 & 1
    for y in range(columns):
        across += links[_place(0, y, shape) + 1] >> 5 & 1
    return (along | across) & 1 == 0


@njit(nogil=True, cache=True)
def _close(values, links, shape, first):
    """Spins from links that close and from the first spin."""
    rows, columns = shape
    for x in range(rows):
        row, place = x * columns, _place(x, 0, shape)
        spin = first
        for y in range(columns):
            values[row + y] = spin
            spin ^= 1 ^ (links[place + 2 * y + 1] >> 5 & 1)
        first ^= 1 ^ (links[place] >> 4 & 1)
