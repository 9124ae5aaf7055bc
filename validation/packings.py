"""Validation of packings of soft disks: jamming, energies, seconds, and quenches by LAMMPS."""

from __future__ import annotations

from math import log, sqrt
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import curve_fit
from scipy.special import log_expit

from _tables import Page, row
from moiety.systems import SoftDisks
from moiety.systems.soft_disks import JAMMED
from quenches import quenches

if TYPE_CHECKING:
    from particles import Effort

__all__ = ["lammps", "packings", "seconds"]

PHI_J, JAMMING, EXPONENT = 0.841, 0.005, 2.0
SAME = 1e-6  # relative difference of energies by two programs
BELOW, ABOVE = 60.0, 600.0  # seconds for 400 packings of 1,024 disks
SIGMAS = 2.0


def packings(show: Page, effort: Effort, seed: int) -> list[str]:
    """Share of jammed packings against density, and the energy of jammed packings."""
    densities = np.arange(0.832, 0.8521, 0.004)
    show(
        f"Targets: for large N half are jammed at {PHI_J} ± {JAMMING}; "
        f"E ~ (phi - phi_J)^{EXPONENT:g} within {SIGMAS:g} errors.\n"
    )
    show("Fraction of packings that are jammed:\n")
    show.table(
        "N",
        "packings per density",
        *(f"{phi:.3f}" for phi in densities),
        "half at",
        "error",
        "unbalanced",
        "seconds",
    )
    halves = []
    for count, number in effort.sizes.items():
        started = perf_counter()
        samples = [_disks(count, phi).sample(number, seed=seed) for phi in densities]
        shares = [float(disks.measured["jammed"].mean()) for disks in samples]
        half, error = _half(densities, np.array(shares), number)
        halves.append(half)
        unconverged = sum(disks.provenance["unconverged"] for disks in samples)
        cells = [f"{share:.2f}" for share in shares] + [f"{half:.4f}", f"{error:.4f}", unconverged]
        show(row(count, number, *cells, f"{perf_counter() - started:.0f}"))
    missed = abs(halves[-1] - PHI_J) > JAMMING
    largest = max(effort.sizes)
    misses = (
        [f"half of the packings of {largest} disks are jammed at {halves[-1]:.4f}"]
        if missed
        else []
    )
    return misses + _energies(show, effort, seed)


def _disks(count: int, phi: float) -> SoftDisks:
    return SoftDisks(particles=count, packing_fraction=float(phi))


def _half(densities: np.ndarray, shares: np.ndarray, count: int) -> tuple[float, float]:
    """Density at which a logistic curve through the shares is a half, with its error.

    Both come from the likelihood of the shares, averaged over middles and widths.  If only one
    density has packings of both kinds, the width has only an upper limit, and a fit has no error.
    """
    middle, log_width = np.meshgrid(
        np.linspace(densities[0], densities[-1], 801),
        np.linspace(log(1e-5), log(0.02), 200),
        indexing="ij",
    )
    odds = (densities - middle[..., None]) / np.exp(log_width[..., None])
    fit = count * (shares * log_expit(odds) + (1 - shares) * log_expit(-odds)).sum(axis=-1)
    weights = np.exp(fit - fit.max())
    mean = float((weights * middle).sum() / weights.sum())
    return mean, sqrt(float((weights * (middle - mean) ** 2).sum() / weights.sum()))


def _energies(show: Page, effort: Effort, seed: int) -> list[str]:
    """Fit ln E against ln(phi - phi_J), with phi_J, prefactor and exponent free."""
    densities = np.array([0.86, 0.87, 0.88, 0.9, 0.92])
    samples = [_disks(effort.disks, phi).sample(effort.packings, seed=seed) for phi in densities]
    energies = np.array([disks.measured["energy"].mean() for disks in samples])
    errors = np.array([disks.measured["energy"].std(ddof=1) / sqrt(disks.n) for disks in samples])

    def law(phi, at, exponent, factor):
        return factor + exponent * np.log(phi - at)

    best, covariance = curve_fit(
        law, densities, np.log(energies), (PHI_J, 2.0, -1.0), errors / energies, absolute_sigma=True
    )
    exponent, error = float(best[1]), float(sqrt(covariance[1, 1]))
    show(f"\nEnergy per disk of {effort.disks} disks, {effort.packings} packings per density:\n")
    names = ("contacts", "rattlers", "pressure")
    show.table("phi", "E / eps", "error", *names)
    for phi, energy, spread, disks in zip(densities, energies, errors, samples, strict=True):
        means = [f"{disks.measured[name].mean():.4f}" for name in names]
        show(row(f"{phi:g}", f"{energy:.3e}", f"{spread:.1e}", *means))
    phi_j = f"{best[0]:.4f} ± {sqrt(covariance[0, 0]):.4f}"
    away = abs(exponent - EXPONENT) / error
    show(
        f"\nE ~ (phi - {phi_j})^({exponent:.3f} ± {error:.3f}); "
        f"the exponent {EXPONENT:g} lies {away:.1f} errors away."
    )
    missed = away > SIGMAS
    return [f"exponent {exponent:.3f} ± {error:.3f}"] if missed else []


def seconds(show: Page, effort: Effort, seed: int) -> list[str]:
    """Time for packings below and above jamming."""
    show(
        f"Targets: 400 packings of 1,024 disks take at most {BELOW:g} s below jamming, "
        f"{ABOVE:g} s above.\n"
    )
    show.table("phi", "packings", "seconds", "jammed", "largest force")
    misses = []
    for phi, most in ((0.82, BELOW), (0.845, ABOVE), (0.86, ABOVE)):
        started = perf_counter()
        disks = _disks(1024, phi).sample(4 * effort.packings, seed=seed)
        elapsed = perf_counter() - started
        jammed, force = disks.measured["jammed"].mean(), disks.measured["max_force"].max()
        show(row(f"{phi:g}", disks.n, f"{elapsed:.1f}", f"{jammed:.2f}", f"{force:.1e}"))
        if elapsed > most * disks.n / 400:
            misses.append(f"phi = {phi:g}: {elapsed:.0f} s")
    return misses


def lammps(show: Page, effort: Effort, seed: int) -> list[str]:
    """Compare packings of moiety and LAMMPS."""
    show(
        f"Target: both programs reach the same energy from the same start, to {SAME:g} (relative), "
        "or the difference is explained.\n"
    )
    show(
        "LAMMPS uses `harmonic/cut` with k = eps / (2 sigma_ij^2) and its own FIRE, down to the "
        "same largest force. Energies are in eps per disk;"
    )
    show(
        f"there are {effort.quenched} starts of {effort.disks} disks each. Differences are "
        "relative, the largest over all starts (absolute below jamming,"
    )
    show("where both energies end at zero). In a settled start no force exceeds 0.001.\n")
    show.table(
        "phi",
        "difference at the start",
        "E by moiety",
        "E by LAMMPS",
        "same minimum, random start",
        "same minimum, settled start",
        "LAMMPS at moiety's minimum",
        "displacement",
    )
    misses = []
    for phi in (0.7, 0.8, 0.86, 0.9, 1.0):
        results = quenches(_disks(effort.disks, phi), effort.quenched, seed)
        differences = {
            name: [_difference(*getattr(quench, name)) for quench in results]
            for name in ("start", "minimum", "settled")
        }
        kept = max(_difference(quench.minimum[0], quench.kept) for quench in results)
        means = [f"{np.mean([quench.minimum[k] for quench in results]):.3e}" for k in (0, 1)]
        shares = [
            f"{sum(difference <= SAME for difference in differences[name])} of {len(results)}"
            for name in ("minimum", "settled")
        ]
        start, moved = max(differences["start"]), max(quench.moved for quench in results)
        show(row(f"{phi:g}", f"{start:.0e}", *means, *shares, f"{kept:.0e}", f"{moved:.0e}"))
        if max(start, kept) > SAME:
            misses.append(f"phi = {phi:g}: LAMMPS computes another energy")
    if not misses:
        show(
            "\nBoth programs compute the same energy, and every minimum of moiety is a minimum for "
            "LAMMPS. For jammed packings, the two columns"
        )
        show(
            "of same minima show how much the minimum depends on the path of the quench, from "
            "random and from settled starts."
        )
    return misses


def _difference(a: float, b: float) -> float:
    """Difference relative to the larger energy; absolute if no packing is jammed."""
    return abs(a - b) / max(a, b) if max(a, b) > JAMMED else abs(a - b)
