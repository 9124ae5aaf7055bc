r"""Sweeps of planar rotors, a sublattice at a time, on tori with two even sides.

Sites of the same colour are not neighbours, so they are updated together, in loops without
branches that compile to vector instructions.  Site `h` of row `r` and colour `c` is column
`2 h + r + c`, counted along a diagonal, so all sites of a colour have their four neighbours at the
same four offsets.  `spins (colour, x or y, place)` holds rows of `columns / 2 + 1` places,
including the periodic images of two rows and a column.  The images are used only in the sums of
their neighbours.

- Over-relaxation is that of `rotors`.
- The heat bath makes a single attempt.  Best & Fisher's envelope (Appl. Stat. 28, 152 (1979),
  https://doi.org/10.2307/2346732), the wrapped Cauchy density ∝ 1 / (r - cos t) about the local
  field, proposes an angle; it is accepted with probability min(1, w' / w), where
  w = (r - cos t) exp(kappa cos t) (Hastings, Biometrika 57, 97 (1970),
  https://doi.org/10.1093/biomet/57.1.97).  With a = kappa (r - cos t)
  = gap + kappa (1 - cos t) >= 1/2 the ratio is a' e^{-a'} / (a e^{-a}).

Place number `k` of a sweep uses random numbers 2 k + 1 and 2 k + 2 of the stream, even for images.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ._arrays import Reals, Stream
from .splitmix import FIRST_FACTOR, INCREMENT, SECOND_FACTOR

__all__ = ["empty_spins", "exponential", "pack", "quarter_sine", "sweep", "unpack"]

_UNIT = 1.0 / 9007199254740992.0  # unit of 53 random bits
# Divisions by zero give infinities; branches for them would prevent vector instructions.
_fast = njit(nogil=True, cache=True, error_model="numpy")
_inlined = njit(inline="always", nogil=True, cache=True, error_model="numpy")


@_fast
def empty_spins(shape: tuple[int, ...]) -> tuple[Reals, Reals]:
    """Empty `spins (2, 2, places)` and local fields `(2, places)`."""
    places = (shape[0] + 2) * (shape[1] // 2 + 1)
    return np.zeros((2, 2, places)), np.zeros((2, places))


@_fast
def pack(x: Reals, y: Reals, spins: Reals, shape: tuple[int, ...]) -> None:
    """Copy spins `(sites,)`, in row-major order, to their places."""
    rows, columns = shape
    half = columns // 2
    for colour in range(2):
        for row in range(rows):
            place = (row + 1) * (half + 1) + colour
            for h in range(half):
                site = row * columns + (2 * h + row + colour) % columns
                spins[colour, 0, place + h], spins[colour, 1, place + h] = x[site], y[site]
        _wrap(spins[colour], shape, colour)


@_fast
def unpack(x: Reals, y: Reals, spins: Reals, shape: tuple[int, ...]) -> None:
    """Invert `pack`."""
    rows, columns = shape
    half = columns // 2
    for colour in range(2):
        for row in range(rows):
            place = (row + 1) * (half + 1) + colour
            for h in range(half):
                site = row * columns + (2 * h + row + colour) % columns
                x[site], y[site] = spins[colour, 0, place + h], spins[colour, 1, place + h]


@_fast
def sweep(
    spins: Reals,
    pull: Reals,
    shape: tuple[int, ...],
    bond: float,
    field: float,
    rng: Stream,
    heat: bool,
) -> None:
    """Sweep over both colours: heat bath if `heat`, else over-relaxation."""
    stride = shape[1] // 2 + 1
    first, last = stride, (shape[0] + 1) * stride
    for colour in range(2):
        _sum_neighbours(spins[1 - colour, 0], pull[0], shape, colour, bond, field)
        _sum_neighbours(spins[1 - colour, 1], pull[1], shape, colour, bond, 0.0)
        x, y = spins[colour, 0, first:last], spins[colour, 1, first:last]
        if heat:
            _thermalise(x, y, pull[0, first:last], pull[1, first:last], rng[0])
            rng[0] += np.uint64(2 * (last - first)) * INCREMENT
        else:
            _reflect(x, y, pull[0, first:last], pull[1, first:last])
        _wrap(spins[colour], shape, colour)


@_fast
def _wrap(spins: Reals, shape: tuple[int, ...], colour: int) -> None:
    """Update the images: row `rows` is row 0, shifted by rows / 2 places along the diagonal."""
    rows, half = shape[0], shape[1] // 2
    stride = half + 1
    image, source = (half, 0) if colour == 0 else (0, half)
    for axis in range(2):
        line = spins[axis]
        for h in range(half):
            line[colour + h] = line[rows * stride + colour + (h - rows // 2) % half]
            line[(rows + 1) * stride + colour + h] = line[stride + colour + (h + rows // 2) % half]
        for row in range(rows + 2):
            line[row * stride + image] = line[row * stride + source]


@_fast
def _sum_neighbours(
    other: Reals, out: Reals, shape: tuple[int, ...], colour: int, bond: float, field: float
) -> None:
    """A component of the local fields: bond * (sum of four spins of the other colour) + field."""
    stride = shape[1] // 2 + 1
    first, last = stride - colour, (shape[0] + 1) * stride - colour
    left, right = other[first:last], other[first + 1 : last + 1]
    above, below = (
        other[first - stride + 1 : last - stride + 1],
        other[first + stride : last + stride],
    )
    out = out[first + colour : last + colour]
    for i in range(len(out)):
        out[i] = bond * ((left[i] + right[i]) + (above[i] + below[i])) + field


@_fast
def _reflect(x: Reals, y: Reals, east: Reals, north: Reals) -> None:
    for i in range(len(x)):
        square = east[i] * east[i] + north[i] * north[i]
        twice = 2.0 * (x[i] * east[i] + y[i] * north[i]) / square if square > 0.0 else 0.0
        x[i], y[i] = twice * east[i] - x[i], twice * north[i] - y[i]


@_fast
def _thermalise(x: Reals, y: Reals, east: Reals, north: Reals, state: np.uint64) -> None:
    for i in range(len(x)):
        kappa = np.sqrt(east[i] * east[i] + north[i] * north[i])
        e, n = east[i] / kappa if kappa > 0.0 else 1.0, north[i] / kappa if kappa > 0.0 else 0.0
        u, v = _uniform(state, 2 * i + 1), _uniform(state, 2 * i + 2)
        z = quarter_sine(4.0 * abs(u - 0.5) - 1.0)  # cos 2 pi u
        root = np.sqrt(1.0 + 4.0 * kappa * kappa)
        top, gap = 0.5 * (1.0 + root), 0.5 * (1.0 + 1.0 / (root + 2.0 * kappa))
        rise = min(max(gap * (1.0 - z) / (top + kappa * z), 0.0), 2.0)  # 1 - cos t of the proposal
        new = gap + kappa * rise
        old = gap + 0.5 * kappa * ((x[i] - e) ** 2 + (y[i] - n) ** 2)
        # Beyond 40 the answer is yes, and only 0 is below exp(-40): neither bound matters.
        accepted = v * old < new * exponential(min(max(old - new, -40.0), 40.0))
        sine = np.sqrt(rise * (2.0 - rise))
        cosine, sine = 1.0 - rise, sine if u < 0.5 else -sine
        x[i] = cosine * e - sine * n if accepted else x[i]
        y[i] = cosine * n + sine * e if accepted else y[i]


@_inlined
def _uniform(state: np.uint64, k: int) -> float:
    """The k-th number that `uniform` would draw from a stream in this state."""
    z = state + np.uint64(k) * INCREMENT
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * _UNIT


@_inlined
def exponential(t: float) -> float:
    """e^t for -40 <= t <= 40 to 1e-12: a Taylor polynomial of e^{t/256} to the power 256."""
    s = t * (1 / 256)
    p = 1.0 + s * (1 / 8) * (1.0 + s * (1 / 9))
    p = 1.0 + s * (1 / 6) * (1.0 + s * (1 / 7) * p)
    p = 1.0 + s * (1 / 4) * (1.0 + s * (1 / 5) * p)
    p = 1.0 + s * (1 / 2) * (1.0 + s * (1 / 3) * p)
    p = 1.0 + s * p
    p = p * p * p * p
    p = p * p * p * p
    p = p * p * p * p
    return p * p * p * p


@_inlined
def quarter_sine(w: float) -> float:
    """sin(pi w / 2) for -1 <= w <= 1 to 1e-15, by its Taylor polynomial of degree 19."""
    t = 0.5 * np.pi * w
    s = t * t
    p = 1.0 - s * (1 / 272) * (1.0 - s * (1 / 342))
    p = 1.0 - s * (1 / 156) * (1.0 - s * (1 / 210) * p)
    p = 1.0 - s * (1 / 72) * (1.0 - s * (1 / 110) * p)
    p = 1.0 - s * (1 / 20) * (1.0 - s * (1 / 42) * p)
    return t * (1.0 - s * (1 / 6) * p)
