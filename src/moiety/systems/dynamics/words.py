"""64 two-state lattices in the bits of machine words: layout, packing, counting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from ._arrays import Codes, Integers, Sites, Stream, Words
from .splitmix import next_bits

__all__ = ["WIDTH", "Layout", "census", "pack", "turn", "unpack"]

WIDTH = 64  # lattices in a word
_MOST_NEIGHBOURS = 7  # counted in three bits
_PLANES = 32  # binary digits of a counter
_ZERO = np.uint64(0)


@dataclass(frozen=True, eq=False)
class Layout:
    """A lattice with its sites stored colour by colour; no two neighbours have the same colour.

    Args:
        neighbours: Places of the neighbours of the site at each place, shape `(z, sites)`; the
            first half of the rows holds every bond once.
        bounds: Places at which the colours begin and end, shape `(colours + 1,)`.
        places: Place at which each site is stored, shape `(sites,)`.
    """

    neighbours: Sites
    bounds: Integers
    places: Integers

    @classmethod
    def of(cls, table: Sites) -> Layout:
        """Layout of a neighbour table `(sites, z)`; see `_lattice.neighbour_table`."""
        if table.shape[1] > _MOST_NEIGHBOURS:
            raise ValueError(f"{table.shape[1]} neighbours are more than three bits can count")
        colours = _colours(table)
        order = np.argsort(colours, kind="stable")
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        neighbours = np.ascontiguousarray(places[table[order]].T.astype(np.int32))
        return cls(neighbours, np.concatenate([[0], np.cumsum(np.bincount(colours))]), places)

    def stored(self, values: Integers) -> Integers:
        """Values `(sites,)` in the order in which they are stored."""
        ordered = np.empty_like(values)
        ordered[self.places] = values
        return ordered


@njit(nogil=True, cache=True)
def _colours(table: Sites) -> Integers:
    """Give each site in turn the smallest colour that no neighbour has."""
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


def pack(values: Codes, layout: Layout) -> Words:
    """Words, shape `(sites,)`, of states 0 and 1 of up to 64 lattices, `(lattices, sites)`."""
    bits = np.zeros((len(layout.places), WIDTH), np.uint8)
    bits[layout.places, : len(values)] = values.T
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64).ravel().astype(np.uint64)


def unpack(words: Words, layout: Layout) -> Codes:
    """States of all 64 lattices, shape `(64, sites)`."""
    octets = words[layout.places].astype("<u8").view(np.uint8).reshape(-1, WIDTH // 8)
    return np.unpackbits(octets, axis=1, bitorder="little").T


@njit(nogil=True, cache=True)
def turn(words: Words, rng: Stream) -> None:
    """Exchange the two states everywhere in about half of the lattices."""
    flips = next_bits(rng)
    for i in range(len(words)):
        words[i] ^= flips


def census(words: Words, neighbours: Sites, groups: Integers) -> tuple[Integers, Integers]:
    """Count equal bonds and states of all 64 lattices.

    Args:
        words: States, shape `(sites,)`.
        neighbours: Places of the neighbours, as in `Layout`.
        groups: Group of the site at each place, shape `(sites,)`.

    Returns:
        Numbers of equal bonds, shape `(64, directions)`, and numbers of sites by group and state,
        shape `(64, groups, 2)`.
    """
    sizes, directions = np.bincount(groups), len(neighbours) // 2
    planes = np.zeros((directions + len(sizes), _PLANES), np.uint64)
    _count(words, neighbours, groups, planes)
    lattices = np.arange(WIDTH, dtype=np.uint64)[:, None, None]
    digits = (planes >> lattices & np.uint64(1)) << np.arange(_PLANES, dtype=np.uint64)
    totals = digits.sum(axis=-1).astype(np.int64)
    equal, up = totals[:, :directions], totals[:, directions:]
    return equal, np.stack([sizes - up, up], axis=-1)


@njit(nogil=True, cache=True)
def _count(words: Words, neighbours: Sites, groups: Integers, planes: Words) -> None:
    """Count equal bonds, and sites in state 1 by group.

    A row of `planes` is a counter: its words are the binary digits of 64 numbers.
    """
    for i in range(len(words)):
        for k in range(len(neighbours) // 2):
            _add(planes[k], ~(words[i] ^ words[neighbours[k, i]]))
        _add(planes[len(neighbours) // 2 + groups[i]], words[i])


@njit(nogil=True, cache=True)
def _add(planes: Words, bits: np.uint64) -> None:
    plane = 0
    while bits != _ZERO:
        carry = planes[plane] & bits
        planes[plane] ^= bits
        bits = carry
        plane += 1
