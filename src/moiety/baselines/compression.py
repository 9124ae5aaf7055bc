r"""Entropy by compression: a general-purpose compressor as an entropy estimator.

    s = log q (C - C_constant) / (C_random - C_constant),

where C is the size in bytes of all samples together after LZMA, each state in as few whole
bits as possible, and C_constant and C_random are the sizes for as many equal and as many uniformly
random sites (Avinery, Kornreich and Beck, Phys. Rev. Lett. 123, 178102 (2019),
https://doi.org/10.1103/PhysRevLett.123.178102).  The compressor sees a string, not a lattice:
correlations that it misses make s too large.  Along a Hilbert curve, neighbours on the lattice
stay closer together than row by row.  Angles are sorted into sectors,
s(angle) <= s(sector) + log(2 pi / sectors), where the difference vanishes for narrow sectors.
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from math import log, pi

import numpy as np

from ..base.errors import InputError
from ..base.random import Streams
from ..data.samples import Samples
from ..data.statistics import block_labels
from ..results.types import Estimate

__all__ = ["ORDERS", "compression_entropy", "hilbert_curve"]

ORDERS = ("rows", "hilbert")
_SECTORS = 16  # number of sectors for angles
_PARTS = 16  # number of parts of the samples, whose spread gives the error
_CHUNK_BITS = 1 << 26


def compression_entropy(samples: Samples, *, order: str = "rows") -> Estimate:
    """Estimate the entropy per site by compression, in nats.

    The error is the spread between parts of the samples, each compressed by itself.  It excludes
    the bias, which is almost always larger and positive, except for repeated draws.

    Args:
        samples: Discrete states or angles.
        order: Order of the sites of a sample: `"rows"`, or `"hilbert"` on square lattices with
            a side that is a power of two.

    Raises:
        InputError: States are real, the order is unknown or does not fit the lattice, or there
            are too few sites for the sizes to differ.

    Example:
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(64, 16, 16))
        >>> estimate = compression_entropy(Samples.from_array(spins, periodic=True))
        >>> abs(estimate.entropy - 0.693) < 0.005  # log 2: independent spins
        True
    """
    if samples.kind == "real":
        raise InputError(
            "compression takes discrete states or angles, not real ones; sort them into bins first"
        )
    if samples.kind == "discrete" and samples.states < 2:
        return Estimate(0.0, 0.0)
    codes, states, width = (
        (_sectors(samples.values), _SECTORS, 2 * pi / _SECTORS)
        if samples.kind == "angle"
        else (samples.values, samples.states, 1.0)
    )
    rows = _in_order(codes.reshape(samples.n, *samples.shape), order)
    labels = block_labels(samples.chains, samples.draws, min(_PARTS, samples.n // 4)).ravel()
    parts = [_per_site(rows[labels == label], states) for label in range(labels[-1] + 1)]
    return Estimate(
        _per_site(rows, states) + log(width), float(np.std(parts, ddof=1) / np.sqrt(len(parts)))
    )


def hilbert_curve(side: int) -> np.ndarray:
    """Sites of a square in the order of Hilbert's curve; consecutive sites are neighbours.

    Args:
        side: Side of the square, a power of two.

    Returns:
        Site numbers `x * side + y`, shape `(side**2,)`.

    Raises:
        InputError: The side is not a power of two.

    Example:
        >>> hilbert_curve(2).tolist()
        [0, 1, 3, 2]
    """
    if side < 1 or side & (side - 1):
        raise InputError(f"Hilbert's curve needs a side that is a power of two, not {side}")
    x = y = np.zeros(1, int)
    for half in (1 << k for k in range(side.bit_length() - 1)):
        x, y = (
            np.concatenate([y, x, x + half, 2 * half - 1 - y]),
            np.concatenate([x, y + half, y + half, half - 1 - x]),
        )
    return x * side + y


def _sectors(angles: np.ndarray) -> np.ndarray:
    """Sector of each angle."""
    return (np.floor(angles * (_SECTORS / (2 * pi))).astype(np.int64) % _SECTORS).astype(np.uint8)


def _in_order(values: np.ndarray, order: str) -> np.ndarray:
    """Values in the given order of sites, shape `(n, sites)`."""
    if order not in ORDERS:
        raise InputError(f"order must be one of {', '.join(ORDERS)}, not {order!r}")
    flat = values.reshape(len(values), -1)
    if order == "rows":
        return flat
    if values.ndim != 3 or values.shape[1] != values.shape[2]:
        raise InputError(
            f"Hilbert's curve needs a square lattice, not {'x'.join(map(str, values.shape[1:]))}"
        )
    return flat[:, hilbert_curve(values.shape[1])]


def _per_site(rows: np.ndarray, states: int) -> float:
    least, most = _limits(rows.size, states)
    if most <= least:
        raise InputError(f"{rows.size} sites are too few to compress; more samples are needed")
    return log(states) * (_size(rows.ravel(), states) - least) / (most - least)


@lru_cache(maxsize=16)
def _limits(sites: int, states: int) -> tuple[int, int]:
    """Compressed sizes of constant and of random data, in bytes."""
    random = (
        Streams(0).numpy("compression", sites, states).integers(0, states, sites, dtype=np.uint8)
    )
    return _size(np.zeros(sites, np.uint8), states), _size(random, states)


def _size(codes: np.ndarray, states: int) -> int:
    return len(lzma.compress(_packed(codes, (states - 1).bit_length()), lzma.FORMAT_ALONE))


def _packed(codes: np.ndarray, bits: int) -> bytes:
    """The lowest bits of each code, packed into bytes."""
    step = _CHUNK_BITS // 8  # whole bytes per chunk
    chunks = (codes[start : start + step, None] for start in range(0, len(codes), step))
    return b"".join(
        np.packbits(np.unpackbits(chunk, axis=1)[:, 8 - bits :]).tobytes() for chunk in chunks
    )
