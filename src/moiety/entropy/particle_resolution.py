r"""What a resolution does to the excess entropy of particles, and what blocks and pixels may be.

Positions that are rounded to pixels of side sigma / R lose information: M(R) grows with R.  One cut
is estimated again at 2R.  Its gain, relative to M, stands for that of all cuts: on packings at
phi = 0.8 the gain from R = 10 to 20 was 37% for blocks of 2x1 and 31 ± 17% for blocks of 4x4, on
hard disks at phi = 0.5 9.2% and 9.0% (docs/particles.md).

    change of s = -sum_k w_k M_k (M(2R) - M(R)) / M(R)

Where distances are exact, each doubling adds the same without end, and the error holds one.
Elsewhere M converges like 1/R: all further doublings together add as much again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from ..base.errors import InputError, Stopped
from ..data.kinds import Marks
from ..data.particles import Particles
from ..estimation.critics import PointsCritic
from ..estimation.crops import Crops, fits, narrowest_box
from ..estimation.estimator import Estimator
from ..estimation.execution import Task
from ..estimation.mutual_information import mutual_information_of
from ..geometry.space import BlockCut, block_ladder
from ..inspection.findings import Finding, Inspection
from ..results.types import Check
from .particle_terms import ParticleTerms

__all__ = [
    "ResolutionEffect", "blocks_that_fit", "check_resolution", "has_contacts",
    "inspection_checks", "is_crystal", "resolution_effect",
]  # fmt: skip

_FINEST = 1000.0  # pixels per diameter
_HARMLESS_ROUNDING = 0.5  # of a pixel
_FEWEST_CENTRES = 1e-3  # on average in a largest block, below which nothing could be learnt


@dataclass(frozen=True)
class ResolutionEffect:
    """What a doubling of the resolution does to the entropy.

    Args:
        resolution: R, pixels per diameter.
        change: Change of s in nats per particle at 2R; None if it was not measured.
        contacts: Whether particles keep exact distances.
    """

    resolution: float
    change: float | None
    contacts: bool

    @property
    def error(self) -> float:
        """The part of the error that a change of the resolution makes."""
        if self.change is None:
            return 0.0
        return abs(self.change) * (1 if self.contacts else 2)

    @property
    def check(self) -> Check:
        """The effect in words."""
        label = f"positions are known to 1/{self.resolution:g} of a diameter"
        if self.change is None:
            text = f"{label}; stopped before the effect of the resolution was measured"
            return Check("resolution", False, text)
        text = f"{label}: at twice the resolution s changes by {self.change:+.2g} nats/particle"
        end = "" if self.contacts else "; no distance is exact, so leave the resolution out"
        return Check("resolution", True, text + end)


def check_resolution(resolution: float | None, sees: str, smallest: float) -> None:
    """Refuse resolutions that no block allows.

    Args:
        resolution: Pixels per diameter, or None.
        sees: What the critic takes: `"points"` or an `"image"`.
        smallest: Side of the smallest blocks in diameters.

    Raises:
        InputError: Not a number of pixels, or an image without a resolution.
    """
    if resolution is None:
        if sees == "image":
            raise InputError(
                "a critic of images needs a resolution in pixels per diameter; give one, such as"
                " 10, or take the critic of points"
            )
        return
    pixels = resolution * smallest
    if not 1 <= pixels <= _FINEST * smallest or pixels != round(pixels):
        raise InputError(
            f"the resolution must be a multiple of {1 / smallest:g} from {1 / smallest:g} to"
            f" {_FINEST:g} pixels per diameter, so that blocks of {smallest:g} are whole numbers of"
            f" pixels, not {resolution:g}"
        )


def blocks_that_fit(particles: Particles, smallest: float, largest: float) -> tuple[BlockCut, ...]:
    """The ladder of blocks, if all of them fit into the box and hold particles.

    Args:
        particles: Frames, in units of the diameter.
        smallest: Side of the smallest blocks.
        largest: Side of the largest blocks.

    Raises:
        InputError: Blocks that are too large or too small.
    """
    if not smallest <= largest < inf:
        raise InputError(
            f"largest must be a number of diameters, at least {smallest:g}, not {largest:g}"
        )
    cuts = block_ladder(smallest, particles.dimensions, largest)
    fitting = [cut for cut in cuts if fits(particles, cut.parent)]
    if len(fitting) < len(cuts):
        raise InputError(_too_large(particles, cuts, fitting))
    centres = particles.density * cuts[-1].volume
    if centres < _FEWEST_CENTRES:
        raise InputError(
            f"blocks of {cuts[-1]} diameters hold {centres:.1g} particles on average: give the"
            " diameter in the unit of the positions (sigma), or larger blocks (largest)"
        )
    return cuts


def _too_large(particles: Particles, cuts: Sequence[BlockCut], fitting: Sequence[BlockCut]) -> str:
    box = " x ".join(f"{width:.3g}" for width in narrowest_box(particles))
    parent = " x ".join(f"{side:g}" for side in cuts[-1].parent)
    limit = min(max(cut.half) for cut in cuts if cut not in fitting)
    allowed = max((max(cut.half) for cut in fitting if max(cut.half) < limit), default=None)
    advice = "take larger boxes, or give the diameter in the unit of the positions (sigma)"
    if allowed is not None:
        advice = f"set largest to at most {allowed:g}, or take larger boxes"
    return f"blocks of {parent} diameters do not fit into a box of {box}; {advice}"


def inspection_checks(inspection: Inspection, resolution: float | None) -> tuple[Check, ...]:
    """The findings as checks; a box that does not hold the particles is refused.

    Args:
        inspection: What was found.
        resolution: Pixels per diameter, or None.

    Raises:
        InputError: Exact distances and no resolution, or particles outside the box.
    """
    outside = _finding(inspection, "inside the box")
    if not outside.passed:
        raise InputError(outside.message)
    if resolution is None and has_contacts(inspection):
        raise InputError(_finding(inspection, "contacts").message)
    rounding = 0.0 if resolution is None else _HARMLESS_ROUNDING / resolution
    return tuple(
        Check(finding.name, finding.passed, finding.message)
        for finding in inspection.findings
        if finding.name != "contacts"
        and (finding.name != "exact positions" or finding.passed or finding.figure >= rounding)
    )


def has_contacts(inspection: Inspection) -> bool:
    """Whether particles keep exact distances.

    Args:
        inspection: What was found.
    """
    return not _finding(inspection, "contacts").passed


def is_crystal(inspection: Inspection) -> bool:
    """Whether the frames show a crystal, or two phases.

    Args:
        inspection: What was found.
    """
    return not _finding(inspection, "crystal").passed


def _finding(inspection: Inspection, name: str) -> Finding:
    return next(finding for finding in inspection.findings if finding.name == name)


def resolution_effect(
    terms: ParticleTerms,
    resolution: float,
    marks: Marks,
    contacts: bool,
    task: Task,
    *,
    isotropic: bool = True,
) -> ResolutionEffect:
    """Estimate the cut whose term of the sum is largest once more, at twice the resolution.

    Args:
        terms: The terms of the sum.
        resolution: Pixels per diameter.
        marks: What is part of a particle's state besides its position.
        contacts: Whether particles keep exact distances.
        task: Hooks of this work.
        isotropic: Whether crops lie along any axes, reflected or not.
    """
    climb = terms.climb
    if climb.is_stopped:
        return ResolutionEffect(resolution, None, contacts)
    cut, known = max(climb.estimated, key=lambda pair: pair[0].weight * pair[1].value)
    is_seen = climb.estimator.critic.sees == "points"  # else its networks fit one resolution only
    try:
        finer = mutual_information_of(
            Crops(terms.particles, cut.cut, 2 * resolution, "points", marks, isotropic),
            climb.shape,
            _shorter(climb.estimator) if is_seen else Estimator(PointsCritic()),
            climb.execution,
            tau=climb.statistics.tau,
            warm_start=known.modules if is_seen else (),
            task=task,
        )
    except Stopped:
        return ResolutionEffect(resolution, None, contacts)
    gain = (finer.value - known.value) / max(known.value, known.error, 1e-12)
    below = -terms.base.divergence / (terms.particles.density * terms.base.volume)
    return ResolutionEffect(resolution, gain * (terms.sum().entropy - below), contacts)


def _shorter(estimator: Estimator) -> Estimator:
    """Half the steps for networks that start from those of the same cut."""
    training = estimator.training
    return replace(estimator, training=replace(training.warm(), steps=ceil(training.steps / 2)))
