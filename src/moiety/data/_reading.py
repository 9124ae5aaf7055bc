"""How samples were understood: axes, boundary and states, as a mapping and in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import words
from ._axes import SPACE_AXES, shown, usual_order
from ._boundaries import boundary_text
from ._states import limits

if TYPE_CHECKING:
    from .particles import Particles
    from .samples import Samples

__all__ = ["in_words", "particles_read_as", "read_as"]

_MOST_LABELS = 4  # listed one by one
_CONTINUOUS = {"angle": "angles in radians", "real": "real numbers"}


def read_as(samples: Samples) -> dict[str, Any]:
    """How samples were understood, as plain numbers, text and lists.

    Args:
        samples: The samples.

    Returns:
        `axes` of the array in its order, `dims` (their names in the file, if it has its own),
        `kind`, `states` (labels), `range` (of continuous states), `chains`, `draws`, `shape`,
        `periodic`, `homogeneous` and `text`, the same in one line.
    """
    mapping: dict[str, Any] = {
        "axes": list(_axes(samples)),
        "kind": samples.kind,
        "states": list(samples.labels),
        "chains": samples.chains,
        "draws": samples.draws,
        "shape": list(samples.shape),
        "periodic": list(samples.periodic),
        "homogeneous": samples.homogeneous,
    }
    if samples.dims:
        mapping["dims"] = list(samples.dims)
    ends = None if samples.kind == "discrete" else limits(samples.values)
    if ends:
        mapping["range"] = list(ends)
    return mapping | {"text": _text(samples, ends)}


def in_words(samples: Samples) -> str:
    """How samples were understood, in one line.

    Args:
        samples: The samples.
    """
    return _text(samples, None if samples.kind == "discrete" else limits(samples.values))


def _text(samples: Samples, ends: tuple[float, float] | None) -> str:
    lattice = f"{_counted(samples.draws, 'draw')} of {words.shape(samples.shape)}"
    parts = [f"{_counted(samples.chains, 'chain')} x {lattice}", _boundary(samples)]
    parts += [] if samples.homogeneous else ["inhomogeneous"]
    return ", ".join([*parts, _states(samples, ends)]) + _origin(samples)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _boundary(samples: Samples) -> str:
    flags = samples.periodic
    name = "crop" if samples.homogeneous else "free ends"
    if all(flags) or not any(flags):
        return "periodic" if all(flags) else name
    wraps = [axis for axis, flag in zip(SPACE_AXES, flags, strict=False) if flag]
    return f"periodic along {' and '.join(wraps)}, otherwise {name}"


def _states(samples: Samples, ends: tuple[float, float] | None) -> str:
    if samples.kind != "discrete":
        low, high = ends or (0.0, 0.0)
        return f"{_CONTINUOUS[samples.kind]} from {low:.4g} to {high:.4g}"
    labels = samples.labels
    shown = [_label(label, _signed(labels)) for label in labels]
    if len(labels) > _MOST_LABELS:
        shown = [shown[0], shown[1], "...", shown[-1]]
    return f"{_counted(len(labels), 'state')} ({', '.join(shown)})"


def _label(label: Any, signed: bool) -> str:
    text = f"{label:.4g}" if isinstance(label, float) else str(label)
    return f"+{text}" if signed and label > 0 else text


def _signed(labels: tuple[Any, ...]) -> bool:
    numbers = all(isinstance(label, (int, float)) for label in labels)
    return numbers and any(label < 0 for label in labels)


def _origin(samples: Samples) -> str:
    """The order of the axes, where it is unusual or their names are foreign."""
    axes = _axes(samples)
    if samples.dims and samples.dims != axes:
        pairs = [(a, b) for a, b in zip(axes, samples.dims, strict=False) if a != b]
        return "; axes " + ", ".join(f"{ours} = {shown(theirs)}" for ours, theirs in pairs)
    return "" if list(axes) == usual_order(axes) else f"; axes {','.join(axes)}"


def _axes(samples: Samples) -> tuple[str, ...]:
    return samples.axes or ("chain", "draw", *SPACE_AXES[: len(samples.shape)])


def particles_read_as(particles: Particles) -> dict[str, Any]:
    """How frames of particles were understood, as plain numbers, text and lists.

    Args:
        particles: The frames.

    Returns:
        `axes`, `kind`, `states` (types), `chains`, `draws` (frames of each), `shape` (median
        widths of the box), `dimensions`, `particles` (fewest and most), `diameters` (smallest and
        largest, or None), `periodic`, `units` (as the file names them) and `text`, the same in one
        line.
    """
    widths = np.median(particles.widths, axis=0)
    types, diameters = particles.types, particles.diameters
    mapping = {
        "axes": ["chain", "draw", "particle", "coordinate"],
        "kind": "particles",
        "states": [] if types is None else np.unique(types).tolist(),
        "chains": particles.chains,
        "draws": particles.draws,
        "shape": [float(width) for width in widths],
        "dimensions": particles.dimensions,
        "particles": [int(particles.counts.min()), int(particles.counts.max())],
        "diameters": None
        if diameters is None
        else [float(diameters.min()), float(diameters.max())],
        "periodic": list(particles.periodic),
        "units": str(particles.provenance.get("units", "")),
    }
    return mapping | {"text": _particle_text(mapping)}


def _particle_text(read: dict[str, Any]) -> str:
    number = " to ".join(f"{count:,}" for count in dict.fromkeys(read["particles"]))
    frames = f"{_counted(read['chains'], 'chain')} x {_counted(read['draws'], 'frame')}"
    box = words.shape([float(f"{width:.4g}") for width in read["shape"]])
    flags = tuple(read["periodic"])
    kinds = len(read["states"])
    sizes = [f"{size:.4g}" for size in dict.fromkeys(read["diameters"] or ())]
    parts = [
        f"{frames} of {number} particles in a box of {box}",
        "walls" if not any(flags) else boundary_text(flags),
        _counted(kinds, "type") if kinds else "no types",
        f"diameters {' to '.join(sizes)}" if sizes else "no diameters",
        *([f"units {read['units']}"] if read["units"] else []),
    ]
    return ", ".join(parts)
