"""Inspect samples of a lattice."""

from __future__ import annotations

import numpy as np

from ..data.observables import observables
from ..data.samples import MINIMUM_SAMPLES, Samples
from .atoms import density
from .boundaries import boundaries
from .conserved import conserved
from .copies import copies
from .drift import drift
from .equal_draws import equal_draws
from .fields import unit_fields
from .findings import Finding, Inspection
from .fingerprints import row_prints
from .homogeneity import homogeneous
from .pairs import pair_field
from .phases import phases
from .units import units_of

__all__ = ["inspect_lattice"]


def inspect_lattice(samples: Samples) -> Inspection:
    """Compare samples of a lattice with what the method assumes.

    Args:
        samples: Configurations of a lattice.
    """
    prints = row_prints(samples)
    equal, outside = equal_draws(samples, prints)
    written = _only(samples, outside)
    repeated, originals = copies(written)
    constant = conserved(written, len(np.unique(prints)))
    once = written
    if originals is not None:
        once = _only(written, originals == np.arange(written.n))
        originals = _counted_on(originals, outside)
    observed = observables(samples)
    findings = (
        *_positions(once),
        constant,
        repeated,
        equal,
        drift(observed),
        phases(samples, observed),
        *([] if samples.kind == "discrete" else [density(once)]),
    )
    return Inspection(findings, originals, not constant.passed)


def _positions(samples: Samples) -> tuple[Finding, Finding]:
    units = units_of(samples)
    fields = unit_fields(samples, units)
    ends = boundaries(samples, [field for field in fields if field.sites <= 2], units)
    pairs = pair_field(samples, units)
    every = fields if pairs is None else [*fields, pairs]
    return homogeneous(every, units, not samples.homogeneous, not ends.passed), ends


def _only(samples: Samples, wanted: np.ndarray) -> Samples:
    """Some of the samples as one chain; all of them if these are too few."""
    if wanted.all() or wanted.sum() < MINIMUM_SAMPLES:
        return samples
    flat = samples.values.reshape(samples.n, *samples.shape)
    return samples.replace(values=flat[wanted][None])


def _counted_on(originals: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Indices among all samples instead of indices among some; the rest are originals."""
    if len(originals) == len(among):
        return originals
    place = np.flatnonzero(among)
    whole = np.arange(len(among))
    whole[place] = place[originals]
    return whole
