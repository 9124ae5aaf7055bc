r"""Loop updates of the Ising model without field on a triangular torus, for either sign of J.

E/T = -bond * sum_<ij> d_ij, with d = 1 on a link of two like spins, else 0.  The two triangles on
either side of every link are the vertices of a honeycomb lattice, and each has an odd number of
links with d = 1.  A worm changes links such that all triangles stay odd.  Its head enters a
triangle by one leg, leaves it by another and flips both, until it is back at the link where it
started.  A link has two halves, one per triangle, each of weight exp(bond / 2) where d = 1.  The
head enters a triangle by leg i and leaves by leg j with a probability that obeys

    W(m ^ i) P(i -> j) = W(m ^ j) P(j -> i),

where m is the (even) triangle with the head inside, m ^ i the triangle before, m ^ j the triangle
after, and W its weight: 1 for a single link d = 1, r = exp(bond) for three.  The solution with the
fewest bounces is

    m = 0:        P = 1/2 to both legs ahead,
    m = {a, b}:   P(a -> c) = p, P(a -> b) = 1 - p, P(c -> a) = P(c -> b) = p / r,

where p = min(r / 2, 1) and c is the third leg.  The head may bounce only at leg c, and only for
r > 2.

Links belong to spins if their signs multiply to +1 around both cycles of the torus.  Winding
worms lead out of these states and back.  The chain is observed whenever it is inside, and its time
counts these returns.  (A fixed number of worms, continued until the links close, would favour
states on the way back from an excursion.)

- Directed loops: Syljuasen & Sandvik, Phys. Rev. E 66, 046701 (2002),
  https://arxiv.org/abs/cond-mat/0202316; Alet, Wessel & Troyer, Phys. Rev. E 71, 036706 (2005),
  https://arxiv.org/abs/cond-mat/0308495
- Dual worms: Hitchcock, Sorensen & Alet, Phys. Rev. E 70, 016702 (2004); for frustrated Ising
  models: Rakala & Damle, Phys. Rev. E 96, 023304 (2017), https://arxiv.org/abs/1612.00851

Site (x, y) has two triangles, with (x + 1, y + 1) and (x + 1, y) or (x, y + 1); their legs are the
links along (1, 0), (0, 1) and (1, 1).  Bits 4, 5, 6 of the word of a triangle are d of its legs 0,
1, 2; both triangles of a link give it the same number.  The words are stored row by row, the two of
a site side by side, within a frame; a head that reaches the frame wraps around the torus.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ...base.errors import InputError
from ._arrays import Codes, Reals, Stream, Words
from .splitmix import below, uniform

__all__ = ["exit_rule", "loops"]

_FRAME = 255
_TWO, _OTHER_SIDE = np.uint64(2), np.uint64(128)


def loops(values: Codes, shape: tuple[int, ...], bond: float, rng: Stream, updates: int) -> int:
    """Run worms until the links have closed `updates` times, then draw the sign of all spins.

    Args:
        values: Codes 0 and 1, shape `(sites,)`; moved in place.
        shape: Sides, at least 2 each.
        bond: 2 J / T.
        rng: Random stream of `splitmix`.
        updates: Number of returns to links that close.

    Returns:
        `updates` times the number of sites: a return counts as a sweep.  On average a return
        passes 0.4 (J < 0, T = 0.1 |J|, 36x36) to 4 (T = 4 |J|) times the number of links.  At low
        temperature most returns pass less than 3 % of the links and a few pass ten times all, so
        a pace measured on single returns would be far off.

    Raises:
        InputError: A side is 1, so triangles have no area.

    Example:
        >>> from moiety.systems.dynamics.splitmix import stream
        >>> values = np.zeros(9, np.uint8)
        >>> loops(values, (3, 3), -2 / 0.01, stream(1), 5)
        45
        >>> spins = 2 * values.reshape(3, 3).astype(int) - 1  # a ground state: E = -sites
        >>> legs = (1, 0), (0, 1), (1, 1)
        >>> sum(int((spins * np.roll(spins, leg, (0, 1))).sum()) for leg in legs)
        -9
    """
    if min(shape) < 2:
        raise InputError(f"loops need two sides of at least 2, not {tuple(shape)}")
    _loops(values, shape, bond, rng, updates)
    return updates * len(values)


@njit(nogil=True, cache=True)
def exit_rule(bond: float) -> tuple[Reals, Codes]:
    """Exits of a head from a triangle, as limits of a random number and a table.

    Returns:
        Three limits in order, and a table of shape `(128,)`.  If k limits are at or below a random
        number, entry [triangle + 4 * (leg of entry) + k] is the triangle afterwards + the leg of
        exit.

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
def _leave(before: int, entry: int, u: float, over: float, back: float) -> int:
    """Leg of exit for a random number u."""
    first, second = (entry + 1) % 3, (entry + 2) % 3
    if before == 7:
        return first if u < back else second if u < 2.0 * back else entry
    if before == 1 << entry:
        return first if u < 0.5 else second
    third, like = (second, first) if before == 1 << first else (first, second)
    return third if u < over else like


@njit(nogil=True, cache=True)
def _loops(values: Codes, shape: tuple[int, ...], bond: float, rng: Stream, updates: int) -> int:
    """Compiled part of `loops`; returns the number of triangles that the worms passed."""
    links = np.empty((shape[0] + 2) * (shape[1] + 2) * 2, np.uint8)
    limits, table = exit_rule(bond)
    _open(values, links, shape)
    passed = 0
    for _ in range(updates):
        passed += _return(links, shape, limits, table, rng)
    _close(values, links, shape, below(rng, 2))
    return passed


@njit(nogil=True, cache=True)
def _return(links: Codes, shape: tuple[int, ...], limits: Reals, table: Codes, rng: Stream) -> int:
    """Run worms until the links close; return the number of triangles that they passed."""
    steps = _steps(table, shape)
    passed = _worm(links, shape, limits, table, steps, rng)
    while not _closes(links, shape):
        passed += _worm(links, shape, limits, table, steps, rng)
    return passed


@njit(nogil=True, cache=True)
def _steps(table: Codes, shape: tuple[int, ...]) -> Words:
    """Steps in memory through the leg of each exit, from first triangles and then from second ones.

    The steps and all indices of the loop in `_worm` are unsigned: for signed indices Numba would
    check at every step whether they are negative.
    """
    steps = np.zeros(256, np.uint64)
    for case in range(128):
        step = _step(table[case] & 3, shape)
        steps[case], steps[128 + case] = np.uint64(step), np.uint64(-step)
    return steps


@njit(nogil=True, cache=True)
def _worm(
    links: Codes, shape: tuple[int, ...], limits: Reals, table: Codes, steps: Words, rng: Stream
) -> int:
    """Run a worm from a random link in a random direction; return the number of triangles passed.

    First and second triangles alternate.  A step waits for two consecutive loads, of the triangle
    and of its exit; random numbers are computed meanwhile.
    """
    low, middle, high = limits
    site, second = divmod(below(rng, 2 * shape[0] * shape[1]), 2)
    first, entry = _place(site // shape[1], site % shape[1], shape) + second, below(rng, 3)
    leg = np.uint64(entry)
    start = np.uint64(first) << _TWO | leg
    other = np.uint64(_behind(first, entry, shape)) << _TWO | leg
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
            wrapped = _around(np.int64(at), shape)  # type: ignore[arg-type]  # compiled: an int
            at = np.uint64(wrapped)
        key = at << _TWO | leg
        if key == start or key == other:  # noqa: SIM109  # no tuple in the inner loop
            return passed


@njit(nogil=True, cache=True)
def _place(x: int, y: int, shape: tuple[int, ...]) -> int:
    """Place of the first triangle of a site."""
    return 2 * ((x + 1) * (shape[1] + 2) + y + 1)


@njit(nogil=True, cache=True)
def _around(at: int, shape: tuple[int, ...]) -> int:
    """Place in the torus of which a place in the frame is the periodic image."""
    x, y = divmod(at >> 1, shape[1] + 2)
    return _place((x - 1) % shape[0], (y - 1) % shape[1], shape) | at & 1


@njit(nogil=True, cache=True)
def _step(leg: int, shape: tuple[int, ...]) -> int:
    """Step from the first triangle of a site to the triangle behind a leg, ignoring the frame."""
    return -1 if leg == 0 else 1 + 2 * (shape[1] + 2) if leg == 1 else 1


@njit(nogil=True, cache=True)
def _behind(at: int, leg: int, shape: tuple[int, ...]) -> int:
    """Place of the triangle behind a leg."""
    step = _step(leg, shape)
    return _around(at - step if at & 1 else at + step, shape)


@njit(nogil=True, cache=True)
def _open(values: Codes, links: Codes, shape: tuple[int, ...]) -> None:
    """Fill in the links of spins."""
    rows, columns = shape
    links[:] = _FRAME
    for x in range(rows):
        first, place = x * columns, _place(x, 0, shape)
        row = values[first : first + columns]
        beside = values[first + columns :] if x + 1 < rows else values
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
def _closes(links: Codes, shape: tuple[int, ...]) -> bool:
    """Whether the numbers of unlike pairs along (1, 0) and along (0, 1) are both even."""
    rows, columns = shape
    along, across = rows, columns
    for x in range(rows):
        along += links[_place(x, 0, shape)] >> 4 & 1
    for y in range(columns):
        across += links[_place(0, y, shape) + 1] >> 5 & 1
    return (along | across) & 1 == 0


@njit(nogil=True, cache=True)
def _close(values: Codes, links: Codes, shape: tuple[int, ...], first: int) -> None:
    """Fill in the spins of links that close, given the first spin."""
    rows, columns = shape
    for x in range(rows):
        row, place = x * columns, _place(x, 0, shape)
        spin = first
        for y in range(columns):
            values[row + y] = spin
            spin ^= 1 ^ (links[place + 2 * y + 1] >> 5 & 1)
        first ^= 1 ^ (links[place] >> 4 & 1)
