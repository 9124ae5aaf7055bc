r"""The excess entropy of particles over the ideal gas, from frames.

Space is halved down to blocks so small that they hold at most one centre.  With M between
neighbouring blocks of volume V and the number density rho,

    s_ex = -KL(P || Poisson) / (rho V_0) - sum_k M(X_k) / (2 rho V_k)        (Eq. 8, per particle)

The first term comes from the numbers of centres in the smallest blocks (`particle_terms`).  The sum
goes on to infinity by the area law (Eqs. 9 and 10): crops of a periodic box stand for those of an
infinite system.

Types and diameters, where particles have them, are part of a particle's state in every route.  The
ideal gas is that of the same mixture: its particles have the same types and diameters in the same
shares, so that its entropy of mixing is left out of s_ex.  Positions are taken as they are.  Where
particles touch at exact distances, M grows like log R with the resolution R to which positions are
known, so that R is part of the question and of the answer (`particle_resolution`).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from time import perf_counter
from typing import Any, Unpack

import numpy as np

from .. import __version__
from ..base.deadline import Deadline
from ..data.digest import digest_of
from ..data.kinds import Marks
from ..data.particles import Particles
from ..estimation.critics import Critic, PointsCritic
from ..estimation.estimator import Estimator
from ..estimation.execution import Hooks, RunOptions, run_settings
from ..estimation.networks import Networks
from ..estimation.objectives import Bound, Objective
from ..estimation.training import Training
from ..geometry.space import BlockCut
from ..insertion.estimate import InsertionEstimate, Insertions
from ..inspection.particles import inspect_particles
from ..results.result import EntropyResult, networks_of
from ..results.types import Base, Check, Status
from .budget import total_error
from .checks import common_checks, routes_agree
from .climb import Climb
from .cross_check import compare
from .distinct import distinct_frames
from .insertion_check import inserted
from .particle_checks import PARTICLE_RULES, below_ideal, insertion_in_range, particle_checks
from .particle_resolution import (
    ResolutionEffect,
    blocks_that_fit,
    check_resolution,
    has_contacts,
    inspection_checks,
    is_crystal,
    resolution_effect,
)
from .particle_terms import (
    ParticleTerms,
    count_numbers,
    density_error,
    particle_statistics,
    space_cut,
)
from .re_paired import re_paired
from .unit_of_length import UnitOfLength

__all__ = ["LARGEST", "SMALLEST", "default_training", "estimate_excess_entropy"]

SMALLEST = 0.5  # side of the smallest blocks in diameters; in 3-D their diagonal is still below 1
LARGEST = 4.0  # side of the largest blocks in diameters
_WALLS = "look for walls, a field or a crystal that stays in place"
_TRAINING = Training(steps=800, batch=256)
# at a rate of 1e-2, M of hard disks was 0.93 ± 0.36 instead of 0.71 ± 0.05 (docs/tried.md)
_IMAGE_RATE = 4e-3


def default_training(critic: Critic) -> Training:
    """The training of a cut; critics of images need a lower rate than critics of points.

    Args:
        critic: The critic.

    Example:
        >>> default_training(PointsCritic()).learning_rate
        0.01
    """
    return _TRAINING if critic.sees == "points" else replace(_TRAINING, learning_rate=_IMAGE_RATE)


def estimate_excess_entropy(
    particles: Particles,
    *,
    resolution: float | None = None,
    sigma: float | None = None,
    types: bool = True,
    diameters: bool = True,
    isotropic: bool | None = None,
    largest: float = LARGEST,
    critic: Critic | None = None,
    objective: Objective | None = None,
    bound: Bound | None = None,
    training: Training | None = None,
    warm_start: EntropyResult | Networks | None = None,
    cross_check: bool | Insertions = True,
    **run: Unpack[RunOptions],
) -> EntropyResult:
    """Estimate the entropy per particle in excess of the ideal gas, and its split over scales.

    Args:
        particles: Frames at one state point.
        resolution: R, pixels per diameter, an even number up to 1000; positions as they are by
            default.  Critics of images and particles that touch at exact distances need one; the
            result then carries it, and its error includes what twice the resolution changes.
        sigma: The diameter in which lengths are measured, in the unit of the positions.  By default
            the smallest of the particles; the first peak of g(r) if they have none
            (`unit_of_length`).
        types: Whether a particle's state includes its type.  Without it, s is that of positions
            (and diameters) alone, relative to their ideal gas.
        diameters: Whether a particle's state includes its diameter.
        isotropic: Whether blocks lie along any of the box's axes, reflected or not; by default
            not in crystals, whose orientation is kept.
        largest: Side of the largest blocks in diameters.
        critic: Network that compares two blocks: `PointsCritic()` by default, or one of images such
            as `ConvolutionalCritic.seeing(resolution)`, which needs more steps.
        objective: See `estimate_entropy`.
        bound: See `estimate_entropy`.
        training: Training of a cut; `default_training(critic)` by default.
        warm_start: See `estimate_entropy`.
        cross_check: Whether to estimate the entropy by insertion, too, or how.  Frames with open
            boundaries, a box narrower than three typical distances, a resolution, or more than
            eight kinds of particles have no cross-check.
        **run: See `estimate_entropy`.  After a stop or a time limit, larger blocks are left to the
            area law.

    Raises:
        InputError: Blocks that do not fit into the box, hold no
            particles or are not a whole number of pixels wide; exact distances, or a critic of
            images, without a resolution; too few frames for the number of folds; more kinds of
            particles than a critic tells apart.
        EstimateError: Training diverged, or a stop, before any level was known.

    Example:
        >>> positions = np.random.default_rng(0).random((64, 50, 2)) * 10
        >>> gas = Particles.from_frames(positions, cells=10.0, periodic=True, diameters=1.0)
        >>> quick = Training(steps=25)
        >>> options = {"largest": 0.5, "training": quick, "cross_check": False}
        >>> result = estimate_excess_entropy(gas, seed=1, **options)
        >>> abs(result.entropy) < 0.2, result.unit
        (True, 'nats/particle')
    """
    started = perf_counter()
    execution, hooks, limit = run_settings(run)
    execution.check_folds(particles.n)
    critic = critic or PointsCritic()
    check_resolution(resolution, critic.sees, SMALLEST)
    marks = Marks(types, diameters).known(particles)
    unit = UnitOfLength.of(particles, sigma, marks)
    given = unit.scaled(particles)
    cuts = blocks_that_fit(given, SMALLEST, largest)
    inspection = inspect_particles(given, sigma=1.0, marks=marks)
    inspected = (unit.check, *inspection_checks(inspection, resolution))
    scaled = distinct_frames(given, inspection.originals)
    execution.check_folds(scaled.n)
    turned = not is_crystal(inspection) if isotropic is None else isotropic
    base = count_numbers(scaled, cuts[0], execution.seed)
    start = networks_of(warm_start)
    climb: Climb[BlockCut] = Climb(
        [space_cut(cut, scaled, resolution, critic.sees, marks, turned) for cut in cuts],
        Estimator.of(critic, objective, bound, training or default_training(critic)),
        execution,
        particle_statistics(scaled, base),
        (scaled.chains, scaled.draws),
        PARTICLE_RULES,
        start,
    )
    deadline, parts = Deadline(started, limit, hooks.should_stop), len(cuts) + bool(resolution)
    _climb(climb, parts, deadline, hooks)
    terms, effect = ParticleTerms(scaled, base, climb), None
    if resolution:
        task = hooks.task("twice the resolution", len(cuts), parts, deadline.is_over)
        contacts = has_contacts(inspection)
        effect = resolution_effect(terms, resolution, marks, contacts, task, isotropic=turned)
    other = None
    if cross_check and not (resolution or climb.is_stopped):
        task = hooks.task("insertion", parts, parts, deadline.is_over, text="cross-check")
        config = _insertions(cross_check, climb.estimator.training)
        other = inserted(marks.kept(scaled), config, execution, deadline=deadline, task=task)
    asked = {"resolution": resolution, **asdict(marks), "largest": largest, "isotropic": turned}
    asked |= {**unit.described, "time_limit": limit, "warm_start": bool(start.cuts)}
    asked |= {"cross_check": other is not None}
    origin = {**_provenance(terms, asked), "n": particles.n, "digest": digest_of(particles)}
    # what a difference of two results must know of the unit of length and of the density
    origin |= {"sigma": unit.sigma, "density_error": density_error(given)}
    return _result(terms, effect, other, particles, inspected, origin, perf_counter() - started)


def _insertions(cross_check: bool | Insertions, training: Training) -> Insertions:
    """The settings that were given, or the defaults with as many steps as a cut takes."""
    if isinstance(cross_check, Insertions):
        return cross_check
    default = Insertions()
    return replace(default, training=replace(default.training, steps=training.steps))


def _climb(climb: Climb[BlockCut], parts: int, deadline: Deadline, hooks: Hooks) -> None:
    """Estimate the cuts from the smallest upwards, until one of them is left to the area law."""
    for done, cut in enumerate(climb.cuts):
        climb.take(cut, hooks.task(cut.name, done, parts, deadline.is_over))


def _result(
    terms: ParticleTerms,
    effect: ResolutionEffect | None,
    other: InsertionEstimate | None,
    given: Particles,
    inspected: tuple[Check, ...],
    provenance: dict[str, Any],
    seconds: float,
) -> EntropyResult:
    total, climb = terms.sum(), terms.climb
    levels, base, described = terms.levels(), terms.base, _described(terms, given)
    budget, checks = dict(total.budget), inspected
    if effect:
        budget["resolution"], described["resolution"] = effect.error, effect.resolution
        checks = (effect.check, *checks)
    if any(check.name == "crystal" and not check.passed for check in inspected):
        budget["phase"] = terms.phase_error
    centres = terms.particles.density * base.volume
    half = climb.cuts[0].cut.half
    bases = (Base(half, 1, -base.divergence, budget["base"] * centres, base.blocks),)
    common = common_checks(described, levels, budget)
    placed = re_paired(climb.estimated, _WALLS)
    timing = {"total": seconds, "training": sum(m.seconds for _, m in climb.estimated)}
    crossed = None
    if other:
        timing["cross_check"] = other.seconds
        crossed = replace(compare(total, total.entropy, 0.0, other), order="at random")
        agree = routes_agree(crossed, "nats/particle", "insertion")
        checks = (*checks, agree, insertion_in_range(other.entropy))
    negative = below_ideal(total.entropy, total_error(budget))
    checks = (*particle_checks(terms, budget["tail"]), negative, *common, *checks, *placed)
    return EntropyResult(
        entropy=total.entropy,
        error=total_error(budget),
        budget=budget,
        levels=levels,
        bases=bases,
        status=Status(checks),
        samples=described,
        cross_check=crossed,
        ended=str(climb.reason or ""),
        timing=timing,
        provenance=provenance,
        unit="nats/particle",
        read_as=given.read_as(),
        networks=Networks({cut.key: m.modules for cut, m in climb.estimated}),
    )


def _described(terms: ParticleTerms, given: Particles) -> dict[str, Any]:
    particles = terms.particles
    return {
        "n": given.n,
        **({} if particles.n == given.n else {"distinct": particles.n}),
        "shape": [float(side) for side in np.median(particles.widths, axis=0)],
        "kind": "particles",
        "particles": float(particles.counts.mean()),
        "density": particles.density,
        "packing_fraction": particles.packing_fraction,
        **asdict(terms.climb.statistics),
    }


def _provenance(terms: ParticleTerms, asked: dict[str, Any]) -> dict[str, Any]:
    climb, particles = terms.climb, terms.particles
    configuration = {**climb.estimator.described(), **asdict(climb.execution), **asked}
    return {
        "version": __version__,
        "seed": climb.execution.seed,
        "configuration": {**configuration, "excess": True},
        "samples": dict(particles.provenance),
        "periodic": list(particles.periodic),
    }
