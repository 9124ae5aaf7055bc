"""What the user declares about an array, combined with what its file states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np

from ..base.errors import InputError
from ..data._boundaries import BOUNDARY_UNKNOWN, boundary_flags, boundary_of, check_boundary
from ..data._states import check_states
from ..data.samples import Samples
from ._coding import Description, axes_of, restore
from ._format import Periodic, Stored

__all__ = ["Declared"]

_MOST_AXES = 3  # of space
_RADIANS = ("rad", "rads", "radian", "radians")
_DEGREES = ("deg", "degs", "deg.", "degree", "degrees", "°", "º", "arcdeg", "angular degrees")
_COMPASS = ("degrees_north", "degrees_east", "degree_north", "degree_east", "degrees_true")
_GRADIANS = ("grad", "gon", "gradian", "gradians")
_TURNS = ("turn", "turns", "rev", "revolution", "revolutions", "cycle", "cycles")
_FACTORS = {
    **dict.fromkeys((*_DEGREES, *_COMPASS), ("pi/180", pi / 180)),
    **dict.fromkeys(_GRADIANS, ("pi/200", pi / 200)),
    **dict.fromkeys(_TURNS, ("2 pi", 2 * pi)),
    **dict.fromkeys(("arcmin", "arcminute", "arcminutes"), ("pi/10800", pi / 10800)),
    **dict.fromkeys(("mrad", "milliradian", "milliradians"), ("1/1000", 0.001)),
}
"""Units of angles other than radians, with the factor that turns them into radians."""


@dataclass(frozen=True)
class Declared:
    """The user's description of the samples in a file; None leaves a field to the file.

    Args:
        axes: Names of the array's axes in order.
        kind: Kind of the states, as in `Samples`.
        states: Number q of discrete states.
        periodic: Whether the boundaries are periodic, for all axes or one flag per axis.
        symmetries: Symmetries of the Hamiltonian; a sequence or `"flip,reflect"`.
        boundary: `"periodic"`, `"free"` or `"crop"`, as in `Samples.from_array`.
        homogeneous: Whether all sites are equivalent.
    """

    axes: Sequence[str] | str | None
    kind: str | None
    states: int | None
    periodic: Periodic | None
    symmetries: Sequence[str] | str | None
    boundary: str | None = None
    homogeneous: bool | None = None

    def samples(self, stored: Stored, description: Description | None) -> Samples:
        """Turn an array into samples; the declaration overrides the file.

        Args:
            stored: The array and its attributes.
            description: What moiety wrote about it, or None for the files of other programs.

        Raises:
            InputError: The declaration is invalid, incomplete or contradicts the array.
        """
        self.check()
        return self._raw(stored) if description is None else self._described(stored, description)

    def check(self) -> None:
        """Refuse fields of the wrong type or value."""
        check_states(self.kind, self.states)
        check_boundary(self.boundary)
        if self.periodic is not None:
            boundary_flags(self.periodic, _MOST_AXES)

    def particle_boundary(self) -> Periodic | None:
        """Whether the box of particles is periodic, or None to leave it to the file."""
        if self.boundary is None:
            return self.periodic
        axes = _MOST_AXES if isinstance(self.periodic, str) else 1
        flags, _ = boundary_of(self.boundary, self.periodic, None, axes)
        return flags[0] if self.periodic is None else self.periodic

    def _raw(self, stored: Stored) -> Samples:
        if self.periodic is None and self.boundary is None:
            raise InputError(BOUNDARY_UNKNOWN)
        return Samples.from_array(
            stored.array,
            periodic=self.periodic,
            boundary=self.boundary,
            homogeneous=self.homogeneous,
            axes=self.axes,
            dims=stored.dims,
            kind=_kind_by_units(stored, self.kind),
            states=self.states,
            symmetries=self._symmetries() or (),
        )

    def _described(self, stored: Stored, description: Description) -> Samples:
        symmetries = self._symmetries()
        if symmetries is None:
            symmetries = description.symmetries
        if self._leaves_states_to(description):
            samples = restore(stored, description)
            periodic, homogeneous = self._boundary(description, len(samples.shape))
            return samples.replace(
                periodic=periodic, symmetries=symmetries, homogeneous=homogeneous
            )
        unknown = self.periodic is None and self.boundary is None
        if self.axes is not None and unknown and len(set(description.periodic)) > 1:
            raise InputError(
                "its boundaries differ from axis to axis; with other axes, say periodic, too"
            )
        default_axes = ["chain", "draw", "x", "y", "z"][: stored.array.ndim]
        return Samples.from_array(
            stored.array,
            periodic=description.periodic if unknown else self.periodic,
            boundary=self.boundary,
            homogeneous=self._homogeneous(description),
            axes=self.axes or axes_of(stored.dims) or default_axes,
            kind=self.kind or description.kind,
            states=self.states,
            symmetries=symmetries,
            provenance=description.provenance,
        )

    def _leaves_states_to(self, description: Description) -> bool:
        same_kind = self.kind in (None, description.kind)
        return self.axes is None and same_kind and self.states in (None, len(description.labels))

    def _symmetries(self) -> tuple[str, ...] | None:
        given = self.symmetries
        if given is None:
            return None
        names = given.split(",") if isinstance(given, str) else tuple(given)
        if not all(isinstance(name, str) for name in names):
            raise InputError(f"symmetries must be names, not {given!r}")
        return tuple(name.strip() for name in names if name.strip())

    def _boundary(self, description: Description, axes: int) -> tuple[tuple[bool, ...], bool]:
        """What the user states about the boundary, else what the file states."""
        periodic, homogeneous = self.periodic, self._homogeneous(description)
        if periodic is None and self.boundary is None:
            periodic = description.periodic
        return boundary_of(self.boundary, periodic, homogeneous, axes)

    def _homogeneous(self, description: Description) -> bool | None:
        """What the user states, or follows from a boundary, else what the file states."""
        stated = self.homogeneous is not None or self.boundary in ("free", "crop")
        return self.homogeneous if stated else description.homogeneous


def _kind_by_units(stored: Stored, kind: str | None) -> str | None:
    """The kind of state; floats in units of angles are angles, and must be in radians."""
    units = _units(stored)
    if units in _FACTORS and kind in (None, "angle"):
        text, factor = _FACTORS[units]
        raise InputError(
            f"the angles are in units of {units}; multiply them by {text} = {factor:.6g} to get"
            " radians"
        )
    radians = units in _RADIANS and stored.array.dtype.kind == "f"
    return "angle" if kind is None and radians else kind


def _units(stored: Stored) -> str:
    """The unit of an array, in lower case; empty if there is none."""
    for name in ("units", "unit"):
        given = np.asarray(stored.attributes.get(name, "")).ravel()
        if given.size == 1 and given[0]:
            text = given[0]
            text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
            return text.strip().lower()
    return ""
