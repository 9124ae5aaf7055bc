"""Mixtures of rods with exact answers, with and without their types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from _tables import Page, row
from insertions import mixture
from moiety import Particles, estimate_excess_entropy

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from unlike_rods import exact_excess, exact_without_types, unlike_rods  # it lies in tests/

if TYPE_CHECKING:
    from particles import Effort

__all__ = ["mixtures"]

SIGMAS = 3.0
UNLIKE = 2.0  # distance of unlike neighbours; like ones keep 1
LENGTHS = (0.5, 1.5)


def cases(number: int, n: int, seed: int) -> Iterator[tuple[str, str, Particles, float, float]]:
    """System, what is known of the types, frames, unit of length, and the exact answer."""
    for density in (0.4, 0.6):
        rods = unlike_rods(number, density, UNLIKE, n, seed)
        name, without = f"unlike rods, {density:g}", exact_without_types(density, UNLIKE)
        yield name, "known", rods, 1.0, exact_excess(number, density, UNLIKE)
        yield name, "left out", rods.replace(types=None), 1.0, without
    shuffled = np.random.default_rng(seed).permutation(rods.types)
    yield name, "shuffled", rods.replace(types=shuffled), 1.0, without
    lengths = mixture(LENGTHS, 0.5)
    yield "two lengths, 0.5", "known", lengths.frames(number, n, seed), LENGTHS[0], lengths.exact


def mixtures(show: Page, effort: Effort, seed: int) -> list[str]:
    """Compare excess entropies of mixtures with exact values, by both routes."""
    number, n = effort.particles // 4, effort.frames // 2
    show(f"Target: both routes within {SIGMAS:g} errors of the exact answer.\n")
    show(
        f"{n} frames of {number} rods of two types. Unlike rods: neighbours are at least 1 apart if"
        f" their types are equal and {UNLIKE:g} if not"
    )
    show(
        "(`tests/unlike_rods.py`). Two lengths: rods of 0.5 and 1.5 in any order, diameters not"
        " given. The exact answer for types that are left out"
    )
    show("is that of the positions alone; shuffled types tell nothing, either.\n")
    show.table("system, density", "types", "exact", "s", "z", "by insertion", "z", "seconds")
    misses = []
    for name, types, frames, sigma, exact in cases(number, n, seed):
        started = perf_counter()
        result = estimate_excess_entropy(
            frames, sigma=sigma, training=effort.training, seed=seed, threads=1
        )
        cells = [name, types, f"{exact:.4f}"]
        for route in (result, result.cross_check):
            z = (route.entropy - exact) / route.error
            cells += [f"{route.entropy:.4f} ± {route.error:.4f}", f"{z:+.1f}"]
            if abs(z) > SIGMAS:
                misses.append(f"{name}, types {types}: {z:+.1f} errors")
        show(row(*cells, f"{perf_counter() - started:.0f}"))
    return misses
