"""Inspect frames of particles."""

from __future__ import annotations

import numpy as np

from ..data.kinds import EVERY_MARK, Marks
from ..data.outside import outside
from ..data.particles import Particles
from .contacts import sharpest_peak
from .density_waves import crystal, same_everywhere
from .findings import Finding, Inspection
from .particle_runs import FramesLikeness, copies, densities, drift, frozen

__all__ = ["inspect_particles"]

_CONTACTS = 0.25  # share of the pairs around; see `contacts`
_ROUNDED = 0.005  # of a diameter
_FEWEST_EQUAL = 4  # equal coordinates by which rounding is recognised
_FRAMES = 32


def inspect_particles(
    particles: Particles, *, sigma: float | None = None, marks: Marks = EVERY_MARK
) -> Inspection:
    """Compare frames of particles with what the method assumes.

    Args:
        particles: Frames at one state point.
        sigma: Unit of length; the smallest diameter by default, or the mean spacing.
        marks: What is part of a particle's state besides its position.

    Returns:
        A finding for each assumption: the frames are no copies and do not drift, all particles
        move, the density is the same in all frames and everywhere, no crystal, positions that are
        not rounded, no exact distances; and which kinds of particles are told apart.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> frames = [rng.random((200, 2)) * 20 for _ in range(32)]
        >>> gas = Particles.from_frames(frames, cells=20.0, periodic=True)
        >>> inspect_particles(gas).ok
        True
        >>> twice = Particles.from_frames(frames[:16] * 2, cells=20.0, periodic=True)
        >>> [finding.name for finding in inspect_particles(twice).findings if not finding.passed]
        ['copies']
    """
    unit = sigma or _unit(particles)
    likeness = FramesLikeness(particles)
    originals = likeness.originals()
    findings = (
        copies(originals),
        drift(particles, likeness),
        frozen(particles),
        densities(particles),
        same_everywhere(particles),
        crystal(particles),
        _inside(particles),
        _kinds(particles, marks),
        _rounded(particles, unit),
        _contacts(particles, unit),
    )
    unique = len(np.unique(originals)) == particles.n
    return Inspection(findings, None if unique else originals)


def _unit(particles: Particles) -> float:
    if particles.diameters is not None:
        return float(particles.diameters.min())
    return float(particles.density ** (-1 / particles.dimensions))


def _contacts(particles: Particles, unit: float) -> Finding:
    peak = sharpest_peak(particles, unit)
    if peak.share < _CONTACTS:
        text = "no distance is exact: the peaks of g(r) are wide"
        return Finding("contacts", True, peak.share, text)
    text = (
        f"particles keep a distance of exactly {peak.distance:.4g} diameters, so that the entropy"
        " depends on the resolution of positions without limit: give a resolution in pixels per"
        " diameter (--resolution 10, for example)"
    )
    return Finding("contacts", False, peak.share, text)


def _kinds(particles: Particles, marks: Marks) -> Finding:
    """Which kinds are told apart; fewer than there are only if the user asked for it."""
    name, known = "kinds of particles", EVERY_MARK.known(particles)
    every, seen = known.kinds(particles).number, marks.kinds(particles).number
    if every == 1:
        return Finding(name, True, 1.0, "all particles are of one kind")
    dropped = seen < every or (known.types_tell(particles) and not marks.types)
    marked = [mark for mark in ("type", "diameter") if getattr(known, f"{mark}s")]
    text = f"{every} kinds of particles by {' and '.join(marked)}"
    if dropped:
        how = "one kind" if seen == 1 else f"{seen} kinds"
        text += f" are treated as {how}, as asked: s leaves out how the others are arranged"
    return Finding(name, True, float(every), text)


def _inside(particles: Particles) -> Finding:
    name = "inside the box"
    if all(particles.periodic):
        return Finding(name, True, 0.0, "the boundaries are periodic")
    share, text = outside(particles)
    return Finding(name, not text, share, text or "the particles lie inside the box")


def _rounded(particles: Particles, unit: float) -> Finding:
    name = "exact positions"
    step = _step(particles) / unit
    if step < _ROUNDED:
        return Finding(name, True, step, "positions are not rounded")
    text = (
        f"positions are rounded to about {step:.2g} diameters, which makes the entropy too large:"
        " give more digits"
    )
    return Finding(name, False, step, text)


def _step(particles: Particles) -> float:
    """Distance between the values that coordinates take, from how many are equal; 0 if none are."""
    frames = np.unique(np.linspace(0, particles.n - 1, _FRAMES).astype(int))
    steps = []
    for axis in range(particles.dimensions):
        equal, pairs = 0, 0.0
        for frame in frames:
            values = particles.frame(frame)[:, axis]
            extent = float(np.ptp(values)) or 1.0
            _, times = np.unique(np.round(values / extent, 9), return_counts=True)
            equal += int((times * (times - 1)).sum()) // 2
            pairs += len(values) * (len(values) - 1) / 2 / extent
        steps.append(equal / pairs if pairs and equal >= _FEWEST_EQUAL else 0.0)
    return min(steps)  # lattice planes and walls make equal coordinates along some axes
