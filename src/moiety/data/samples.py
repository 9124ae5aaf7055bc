r"""`Samples`: configurations of a lattice system, and what their numbers mean.

Values have axes `(chain, draw, *space)`: independent chains, consecutive draws of
each, and one to three space axes.  A state is discrete (coded 0..q-1), an angle in
radians, or a real number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..base import words
from ..base.errors import InputError
from . import _raw_arrays as raw_arrays
from . import _reading as reading
from ._axes import FEWEST, SPACE_AXES, axis_names, has_meaning
from ._boundaries import Periodic, boundary_of, boundary_text
from ._states import KINDS, check_states, understood

__all__ = ["KINDS", "MINIMUM_SAMPLES", "SPACE_AXES", "SYMMETRIES", "Samples"]

SYMMETRIES = ("flip", "reflect", "transpose", "invert", "turn")
MINIMUM_SAMPLES = FEWEST


@dataclass(frozen=True, eq=False)
class Samples:
    """Configurations of a lattice system at one state point.

    Use `Samples.from_array` for raw arrays; the plain constructor takes values that
    are coded already.

    Args:
        values: Array of shape `(chain, draw, *space)`: `uint8` codes 0..q-1 for discrete
            states, radians for angles, any unit for real states (floats).
        kind: `"discrete"`, `"angle"` or `"real"`.
        periodic: Whether the boundary is periodic, for each space axis.
        labels: The user's values of the codes 0..q-1 (discrete states only).
        symmetries: Symmetries of the Hamiltonian, stated by the user and never guessed.
            They augment the training data.  `flip`: a global relabelling (reverses the
            codes of discrete states, θ -> -θ, φ -> -φ); `reflect`: each space axis by
            itself; `transpose`: exchange of axes of equal length; `invert`: all space
            axes at once; `turn`: rotation of all angles by the same angle.
        provenance: Origin of the samples: system, temperature, seed, ...
        homogeneous: Whether all sites are equivalent, as in a periodic lattice or in a window of
            a large one.  False for free ends, own couplings or fields of each site, images.
        axes: Names of the axes of the array that was read, in its order; for `read_as`.
        dims: The names of these axes in the file, if it has its own; for `read_as`.

    Raises:
        InputError: Unknown kind or symmetry, axes or flags that do not match, or fewer
            than 8 samples.

    Example:
        >>> import numpy as np
        >>> spins = np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8))
        >>> Samples.from_array(spins, periodic=True)
        <Samples discrete q=2, 1 chain x 32 draws of 8x8, periodic>
    """

    values: np.ndarray
    kind: str
    periodic: tuple[bool, ...]
    labels: tuple[Any, ...] = ()
    symmetries: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    homogeneous: bool = True
    axes: tuple[str, ...] = ()
    dims: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if not 3 <= self.values.ndim <= 5:
            raise InputError(
                f"values need axes (chain, draw, 1 to 3 space axes), got {self.values.ndim} axes"
            )
        space = self.values.ndim - 2
        if len(self.periodic) != space:
            raise InputError(
                f"periodic needs {space} flags, one per space axis, got {len(self.periodic)}"
            )
        unknown = sorted(set(self.symmetries) - set(SYMMETRIES))
        if unknown:
            raise InputError(
                f"unknown symmetry {unknown[0]!r}; choose from {', '.join(SYMMETRIES)}"
            )
        if self.n < MINIMUM_SAMPLES:
            raise InputError(f"{self.n} samples are too few; at least {MINIMUM_SAMPLES} are needed")

    @classmethod
    def from_array(
        cls,
        array: Any,
        *,
        periodic: Periodic | None = None,
        boundary: str | None = None,
        axes: Sequence[str] | str | None = None,
        kind: str | None = None,
        states: int | None = None,
        symmetries: Sequence[str] | str = (),
        provenance: Mapping[str, Any] | None = None,
        homogeneous: bool | None = None,
        dims: Sequence[str] | None = None,
    ) -> Samples:
        """Make samples from a raw array.

        Args:
            array: Spins as ±1, 0/1, 0..q-1 or booleans; angles in radians; real numbers.
            periodic: Whether the boundaries are periodic: one flag for all space axes,
                or one for each.  Give this, or `boundary`, or both.
            boundary: `"periodic"`; `"free"` if the system ends at its sides, so that its sites
                are not equivalent; or `"crop"` for a window of a larger system.  Beside mixed
                flags in `periodic` it names the boundary of the other axes.
            axes: Names of the array's axes in order: `draw`, optionally `chain`, and `x`,
                `y`, `z`; a sequence or `"chain,draw,x,y"`.  Optional where the shape has
                only one reading.
            kind: Kind of state; optional for integers and booleans.
            states: Number q of discrete states.
            symmetries: See the class.
            provenance: See the class.
            homogeneous: See the class; by default False for free boundaries, else True.
            dims: Names of the array's axes in its file, such as `("time", "lat", "lon")`; by
                default those of an xarray array.

        Raises:
            InputError: The array contains NaN or objects, or more states than declared;
                its axes or kind are ambiguous; or it has fewer than 8 samples.
        """
        check_states(kind, states)
        dims = _dims_of(array) if dims is None else _names("dims", dims)
        array = raw_arrays.check_complete(raw_arrays.numbers(array), axes, dims)
        raw_arrays.check_scalars(array)
        names = axis_names(array.shape, axes, dims)
        values = raw_arrays.in_standard_order(array, names)
        flags, equivalent = boundary_of(boundary, periodic, homogeneous, values.ndim - 2)
        values, kind, labels = understood(values, kind, states)
        return cls(
            values,
            kind,
            flags,
            labels,
            _names("symmetries", symmetries),
            _mapping(provenance),
            equivalent,
            names,
            tuple(dims or ()) if axes is None and has_meaning(dims) else (),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Sides of the lattice."""
        return self.values.shape[2:]

    @property
    def chains(self) -> int:
        """Number of chains."""
        return int(self.values.shape[0])

    @property
    def draws(self) -> int:
        """Number of draws in each chain."""
        return int(self.values.shape[1])

    @property
    def n(self) -> int:
        """Number of configurations, all chains together."""
        return self.chains * self.draws

    @property
    def sites(self) -> int:
        """Number of lattice sites."""
        return int(np.prod(self.shape))

    @property
    def states(self) -> int:
        """Number q of discrete states (0 for continuous kinds)."""
        return len(self.labels)

    def read_as(self) -> dict[str, Any]:
        """How the samples were understood, as plain numbers, text and lists.

        Example:
            >>> spins = np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8))
            >>> Samples.from_array(spins, boundary="periodic").read_as()["axes"]
            ['draw', 'x', 'y']
        """
        return reading.read_as(self)

    @property
    def reading(self) -> str:
        """How the samples were understood, in one line.

        Example:
            >>> spins = np.random.default_rng(0).choice([-1, 1], size=(32, 8, 8))
            >>> Samples.from_array(spins, boundary="periodic").reading
            '1 chain x 32 draws of 8x8, periodic, 2 states (-1, +1)'
        """
        return reading.in_words(self)

    def replace(self, **changes: Any) -> Samples:
        """Return a copy with some fields changed.

        Args:
            changes: New values by field name.
        """
        return replace(self, **changes)

    def __repr__(self) -> str:
        kind = f"{self.kind} q={self.states}" if self.kind == "discrete" else self.kind
        chains = f"{self.chains} chain{'s' if self.chains > 1 else ''}"
        draws = f"{self.draws} draw{'s' if self.draws > 1 else ''}"
        lattice = f"{words.shape(self.shape)}, {boundary_text(self.periodic)}"
        sites = "" if self.homogeneous else ", inhomogeneous"
        return f"<Samples {kind}, {chains} x {draws} of {lattice}{sites}>"


def _dims_of(array: Any) -> tuple[str, ...] | None:
    """Names of the axes of an xarray array."""
    dims = getattr(array, "dims", None)
    named = isinstance(dims, tuple) and len(dims) == np.ndim(array)
    return tuple(map(str, dims)) if named and dims else None


def _names(title: str, given: Any) -> tuple[str, ...]:
    """Names from a sequence or from text such as `"flip,reflect"`."""
    names = [name for name in given.split(",") if name.strip()] if isinstance(given, str) else given
    if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{title} must be names, not {given!r}")
    return tuple(name.strip() for name in names)


def _mapping(provenance: Any) -> dict[str, Any]:
    if provenance is not None and not isinstance(provenance, Mapping):
        raise InputError(f"provenance must be a mapping, not {type(provenance).__name__}")
    return dict(provenance or {})
