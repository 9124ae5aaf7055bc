r"""Waves of the density of particles: crystals, two phases, places that differ from one another.

With N particles at fractional coordinates x in a box, a wave with whole numbers n has

    a_n = (1 / N) sum_i exp(2 pi i n x_i),      S_n = N |a_n|^2.

In a fluid S_n is of order one, so |a_n|^2 is of order 1/N.  In a crystal it is of order one at the
reciprocal vectors of the lattice; in two phases side by side, at the longest waves.  The mean of
a_n over frames is zero if all places are alike.
"""

from __future__ import annotations

from itertools import product
from math import pi

import numpy as np
from numpy.typing import NDArray

from ..data.particles import Particles
from ..data.statistics import effective_samples, series_error
from .findings import Finding

__all__ = ["crystal", "same_everywhere"]

_FRAMES = 16
_CRYSTAL = 0.1  # |a|^2 of the strongest wave; fluids: 9 / N after the search of 10^4 waves
_FEWEST = 100  # particles, below which chance makes strong waves
_SHORTEST = 0.6  # wavelength in mean spacings; the first peak of fluids lies near 0.9
_MOST_BINS = 2**22
_SIGMAS = 5.0
_FEWEST_KNOWN = 20.0  # effective frames from which the error of a mean is trusted
_CHANCE = 4.0  # |a| of one frame of an ideal gas in 1 / sqrt(N): beyond it once in 10^7
_PLANE = 0.99  # |a|
_THIN = 0.1  # standard deviation across a plane, in mean spacings in the plane
_FEWEST_APART = 8  # particles of a frame, of which fewer are close to one another by chance
_LAYER = 0.4  # of the width of the box: particles that far from the plane belong to no plane
_MODULATION = 0.03  # |a|, which costs |a|^2 = 0.001 nats per particle

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


def crystal(particles: Particles) -> Finding:
    """Whether the frames show a crystal or two phases.

    Args:
        particles: Frames.
    """
    frames = np.unique(np.linspace(0, particles.n - 1, _FRAMES).astype(int))
    strongest = [_strongest(particles, int(frame)) for frame in frames]
    strength = float(np.mean([strength for strength, _ in strongest]))
    limit = max(_CRYSTAL, 40 / max(float(particles.counts.mean()), 1.0))
    length = float(np.median([length for _, length in strongest]))
    if strength <= limit or particles.counts.mean() < _FEWEST:
        text = f"no density wave is stronger than {strength:.2g} of all particles"
        return Finding("crystal", True, strength, text)
    kind = (
        "the frames look like one crystal, whose place blocks of all sizes share: s is too large by"
        " up to the part of its error that is called phase, and insertion may miss more"
        if length < 2
        else "the density has a long wave, as of two phases side by side: give frames of one phase"
    )
    return Finding("crystal", False, strength, f"{kind} (a wave of strength {strength:.2g})")


def _strongest(particles: Particles, frame: int) -> tuple[float, float]:
    """|a|^2 of the strongest wave of a frame, and its length in mean spacings."""
    space, count = particles.dimensions, int(particles.counts[frame])
    widths = particles.widths[frame]
    spacing = (float(particles.volumes[frame]) / max(count, 1)) ** (1 / space)
    most = np.maximum(np.ceil(widths / (_SHORTEST * spacing)).astype(int), 1)
    bins = 4 * most
    while np.prod(bins) > _MOST_BINS:
        bins = bins // 2 + 1
    most = np.minimum(most, (bins - 1) // 2)
    parts = (particles.frame(frame) @ np.linalg.inv(particles.cells[frame])) % 1.0
    index = np.minimum((parts * bins).astype(int), bins - 1)
    flat = np.ravel_multi_index(tuple(index.T), tuple(bins))
    counts = np.bincount(flat, minlength=int(np.prod(bins))).reshape(tuple(bins))
    waves = np.abs(np.fft.rfftn(counts)) ** 2 / max(count, 1) ** 2
    numbers = [np.fft.fftfreq(n, 1 / n) for n in bins[:-1]] + [
        np.fft.rfftfreq(bins[-1], 1 / bins[-1])
    ]
    grid = np.meshgrid(*numbers, indexing="ij")
    kept = np.all([np.abs(n) <= most[axis] for axis, n in enumerate(grid)], axis=0)
    kept.flat[0] = False
    inverse = np.linalg.inv(particles.cells[frame])  # reciprocal vectors as columns
    vectors = np.stack([n[kept] for n in grid], axis=1) @ inverse.T
    lengths = 1 / np.linalg.norm(vectors, axis=1)
    found = np.where(lengths >= _SHORTEST * spacing, waves[kept], 0.0)
    best = int(np.argmax(found))
    return float(found[best]), float(lengths[best] / spacing)


def same_everywhere(particles: Particles) -> Finding:
    """Whether the mean density is the same everywhere in the box.

    Args:
        particles: Frames.
    """
    thin = _thin(particles)
    if thin:
        return Finding("same density everywhere", False, 1.0, thin)
    worst = max(_modulation(particles, wave) for wave in _long_waves(particles.dimensions))
    if worst > _PLANE:
        text = "all particles lie in a plane or on a line: give positions in fewer dimensions"
        return Finding("same density everywhere", False, worst, text)
    passed = worst < _MODULATION
    text = f"waves of the mean density are weaker than {max(worst, 1e-4):.2g}"
    if not passed:
        text = (
            f"the density is not the same everywhere (a wave of {worst:.2g} of it stays in place):"
            " walls, layers or gravity are averaged away; crop the frames to a uniform part"
        )
    return Finding("same density everywhere", passed, worst, text)


def _thin(particles: Particles) -> str:
    """What to say about frames that are a plane or a line but for noise; empty if they are not."""
    space, frames = particles.dimensions, np.repeat(np.arange(particles.n), particles.counts)
    inverse = np.linalg.inv(particles.cells)
    many = particles.counts.mean() >= _FEWEST_APART and space > 1
    for axis in range(space) if many else ():
        parts = np.einsum("ni,ni->n", particles.positions, inverse[:, :, axis][frames])
        apart = _from_the_middle(parts, frames, particles.n)
        across = float(np.sqrt(np.mean((apart * particles.widths[frames, axis]) ** 2)))
        plane = float(np.mean(particles.volumes / particles.widths[:, axis] / _mean(particles)))
        if across < _THIN * plane ** (1 / (space - 1)) and np.abs(apart).max() < _LAYER:
            return (
                f"all particles lie in a plane or on a line, within {across:.1g} along"
                f" {'xyz'[axis]}, and the density counts the empty space around: give the other"
                " coordinates only"
            )
    return ""


def _mean(particles: Particles) -> float:
    return max(float(particles.counts.mean()), 1.0)


def _from_the_middle(parts: Floats, frames: NDArray[np.int64], n: int) -> Floats:
    """Distances in widths of the box from the mean of their frame, across the boundary."""
    turns = np.exp(2j * pi * parts)
    sums = np.bincount(frames, turns.real, n) + 1j * np.bincount(frames, turns.imag, n)
    return np.asarray(np.angle(turns * np.exp(-1j * np.angle(sums))[frames]) / (2 * pi))


def _long_waves(space: int) -> list[tuple[int, ...]]:
    waves = product(range(-2, 3), repeat=space)
    return [wave for wave in waves if wave > (0,) * space and sum(map(abs, wave)) <= 2]


def _modulation(particles: Particles, wave: tuple[int, ...]) -> float:
    """|a| of the mean over frames, 0 if it lies within its error."""
    series = _amplitudes(particles, wave)
    mean = complex(series.mean())
    if abs(mean) == 0:
        return 0.0
    along = (series * (mean.conjugate() / abs(mean))).real  # the direction is itself fitted
    # a slow wave stays in place during a short run, by chance and no larger than in one frame
    known = effective_samples(along.reshape(particles.chains, particles.draws))
    error = series_error(along - along.mean(), particles) if known >= _FEWEST_KNOWN else 0.0
    chance = 0.0 if known >= _FEWEST_KNOWN else _CHANCE / np.sqrt(particles.counts.mean())
    return abs(mean) if abs(mean) > max(_SIGMAS * error, chance) else 0.0


def _amplitudes(particles: Particles, wave: tuple[int, ...]) -> Complex:
    frames = np.repeat(np.arange(particles.n), particles.counts)
    vectors = np.linalg.inv(particles.cells) @ np.array(wave, float)
    phases = np.exp(2j * pi * np.einsum("ni,ni->n", particles.positions, vectors[frames]))
    sums = np.bincount(frames, phases.real, particles.n) + 1j * np.bincount(
        frames, phases.imag, particles.n
    )
    return np.asarray(sums / np.maximum(particles.counts, 1), np.complex128)
