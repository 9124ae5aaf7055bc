r"""`Samples`: configurations of a lattice system, with what their numbers mean.

Values have axes `(chain, draw, *space)`: independent chains, consecutive draws of
each, and one to three space axes.  A state is discrete (coded 0..q-1), an angle in
radians, or a real number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..base import scratch
from ..base.errors import InputError

__all__ = ["KINDS", "MINIMUM_SAMPLES", "SPACE_AXES", "SYMMETRIES", "Samples"]

KINDS = ("discrete", "angle", "real")
SPACE_AXES = ("x", "y", "z")
SYMMETRIES = ("flip", "reflect", "transpose", "invert", "turn")
MINIMUM_SAMPLES = 8
_MOST_STATES = 256  # a state is one byte


@dataclass(frozen=True, eq=False)
class Samples:
    """Configurations of one system at one state point.

    Use `Samples.from_array` for raw arrays; the plain constructor takes values that
    are coded already.

    Arguments:
        values: Shape `(chain, draw, *space)`; `uint8` codes 0..q-1 for discrete
            states, radians for angles, any unit for real states (floats).
        kind: `"discrete"`, `"angle"` or `"real"`.
        periodic: One flag per space axis.
        labels: What the codes 0..q-1 were in the user's array (discrete only).
        symmetries: Symmetries of the Hamiltonian that the user states; they are
            used to augment training, never guessed.  `flip`: a global relabelling
            (reverses the codes of discrete states, θ -> -θ, φ -> -φ); `reflect`:
            each space axis by itself; `transpose`: swapping axes of equal sides;
            `invert`: all space axes at once; `turn`: all angles by the same angle.
        provenance: Where the samples come from: system, temperature, seed, ...

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

    def __post_init__(self):
        if self.kind not in KINDS:
            raise InputError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if not 3 <= self.values.ndim <= 5:
            raise InputError(
                f"values need axes (chain, draw, 1 to 3 space axes), got {self.values.ndim} axes"
            )
        if len(self.periodic) != self.values.ndim - 2:
            raise InputError(
                f"periodic needs {self.values.ndim - 2} flags, one a space axis, got {len(self.periodic)}"
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
        periodic: bool | Sequence[bool],
        axes: Sequence[str] | str | None = None,
        kind: str | None = None,
        states: int | None = None,
        symmetries: Sequence[str] = (),
        provenance: Mapping[str, Any] | None = None,
    ) -> Samples:
        """Samples from a raw array.

        Arguments:
            array: Spins as ±1, 0/1, 0..q-1 or booleans; angles in radians; reals.
            periodic: For all space axes, or one flag for each.
            axes: Names of the array's axes in order: `draw`, optionally `chain`,
                and `x`, `y`, `z`; a sequence or `"chain,draw,x,y"`.  May be left
                out where the shape admits one reading only.
            kind: State kind; may be left out for integers and booleans.
            states: Declared number q of discrete states.
            symmetries: See the class.
            provenance: See the class.

        Raises:
            InputError: NaN, object arrays, more states than declared, axes or kind
                that cannot be told from the array, fewer than 8 samples.
        """
        array = _checked(array)
        names = _axis_names(array.shape, axes)
        values = _to_standard_order(array, names)
        space = values.ndim - 2
        flags = (
            (bool(periodic),) * space
            if isinstance(periodic, (bool, np.bool_))
            else tuple(map(bool, periodic))
        )
        kind = kind or _kind_of(array)
        labels: tuple[Any, ...] = ()
        if kind == "discrete":
            values, labels = _coded(values, states)
        elif kind in KINDS:
            values = _as_floats(values, states)
        return cls(values, kind, flags, labels, tuple(symmetries), dict(provenance or {}))

    @property
    def shape(self) -> tuple[int, ...]:
        """Sides of the lattice."""
        return self.values.shape[2:]

    @property
    def chains(self) -> int:
        """Number of chains."""
        return self.values.shape[0]

    @property
    def draws(self) -> int:
        """Number of draws in each chain."""
        return self.values.shape[1]

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

    def replace(self, **changes: Any) -> Samples:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def __repr__(self) -> str:
        kind = f"{self.kind} q={self.states}" if self.kind == "discrete" else self.kind
        chains = f"{self.chains} chain{'s' if self.chains > 1 else ''}"
        draws = f"{self.draws} draw{'s' if self.draws > 1 else ''}"
        edges = (
            "periodic"
            if all(self.periodic)
            else "open"
            if not any(self.periodic)
            else f"periodic={self.periodic}"
        )
        return f"<Samples {kind}, {chains} x {draws} of {'x'.join(map(str, self.shape))}, {edges}>"


def _checked(array: Any) -> np.ndarray:
    if np.ma.is_masked(array):
        raise InputError("the array has masked entries; remove those samples first")
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise InputError(f"the array is ragged or no array at all ({error})") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"the array holds {array.dtype} entries; numbers or booleans are needed")
    if array.size == 0:
        raise InputError(f"the array is empty (shape {array.shape})")
    if array.dtype.kind == "f":
        bad = sum(
            int((~np.isfinite(array[part])).sum())
            for part in scratch.slabs(array.shape, array.itemsize)
        )
        if bad:
            raise InputError(
                f"the array holds {bad} NaN or infinite entries; remove those samples first"
            )
    return array


def _axis_names(shape: tuple[int, ...], axes: Sequence[str] | str | None) -> tuple[str, ...]:
    if axes is None:
        return _deduced_axes(shape)
    names = tuple(name.strip() for name in (axes.split(",") if isinstance(axes, str) else axes))
    space = [name for name in names if name in SPACE_AXES]
    if set(names) - {"chain", "draw", *SPACE_AXES} or len(set(names)) < len(names):
        raise InputError(f"axes {','.join(names)!r} must be chain, draw, x, y, z, each once")
    if len(names) != len(shape):
        raise InputError(
            f"axes {','.join(names)!r} name {len(names)} axes but the array has {len(shape)}: {shape}"
        )
    if "draw" not in names or set(space) != set(SPACE_AXES[: max(len(space), 1)]):
        raise InputError(
            f"axes {','.join(names)!r} must hold draw and x, or x and y, or x, y and z"
        )
    return names


def _deduced_axes(shape: tuple[int, ...]) -> tuple[str, ...]:
    """The one reading of a raw array's shape, or an error that asks for it.

    A reading is dropped when the number of chains or draws happens to equal a side
    of the lattice: then the order could as well be another one.
    """
    if not 2 <= len(shape) <= 5:
        raise InputError(
            f"an array of {len(shape)} axes {shape} is no set of samples: draw and 1 to 3 space axes are needed"
        )
    if len(shape) == 2:
        return ("draw", "x")
    readings = []
    for leading in (("draw",), ("chain", "draw")):
        if 1 <= len(shape) - len(leading) <= 3:
            readings.append(leading + SPACE_AXES[: len(shape) - len(leading)])
    if len(shape) <= 4:
        readings.append(SPACE_AXES[: len(shape) - 1] + ("draw",))
    plausible = [names for names in readings if not _coincides(names, shape)]
    if len(plausible) != 1:
        example = ",".join(readings[0])
        raise InputError(
            f"the order of the axes of shape {shape} cannot be told; say it, for example --axes {example}"
        )
    return plausible[0]


def _coincides(names: tuple[str, ...], shape: tuple[int, ...]) -> bool:
    sides = {side for name, side in zip(names, shape, strict=True) if name in SPACE_AXES}
    counts = {count for name, count in zip(names, shape, strict=True) if name not in SPACE_AXES}
    return bool(sides & counts)


def _to_standard_order(array: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    order = [name for name in ("chain", "draw", *SPACE_AXES) if name in names]
    array = np.transpose(array, [names.index(name) for name in order])
    return array if "chain" in names else array[None]


def _kind_of(array: np.ndarray) -> str:
    if array.dtype.kind in "biu" or np.isin(array, (-1.0, 1.0)).all():
        return "discrete"
    raise InputError(
        "floating-point states may be angles or reals; say which, for example --kind angle"
    )


def _coded(values: np.ndarray, states: int | None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Codes 0..q-1 and the label of each code."""
    found = _different(values)
    if states is not None and len(found) > states:
        raise InputError(f"{len(found)} different states found but {states} declared")
    if len(found) > _MOST_STATES:
        raise InputError(
            f"more than {_MOST_STATES} different states; discrete states may be at most {_MOST_STATES}: angles or reals?"
        )
    labels = _labels(found, states)
    codes = len(labels) == int(labels[-1]) + 1 and labels[0] == 0
    coded = scratch.copied(
        values, np.uint8, np.asarray if codes else lambda part: np.searchsorted(labels, part)
    )
    return coded, tuple(label.item() for label in labels)


def _different(values: np.ndarray) -> np.ndarray:
    """The different values, up to a few more than there may be."""
    found = values[:0].ravel()
    for part in scratch.slabs(values.shape, values.itemsize):
        found = np.union1d(found, values[part])
        scratch.release(values)
        if len(found) > _MOST_STATES:
            break
    return found


def _labels(found: np.ndarray, states: int | None) -> np.ndarray:
    """The full alphabet that the states found belong to: ±1, 0..q-1, or just themselves."""
    if np.isin(found, (-1, 1)).all() and (found < 0).any() and states in (None, 2):
        return np.array([-1, 1])
    whole = (found == np.round(found)).all() and found.min() >= 0
    q = states or int(found.max()) + 1
    if whole and found.max() < q <= _MOST_STATES:
        return np.arange(max(q, 1))
    if states is not None and states != len(found):
        raise InputError(
            f"states {found.min()}..{found.max()} do not fit {states} declared states 0..{states - 1}"
        )
    return found


def _as_floats(values: np.ndarray, states: int | None) -> np.ndarray:
    if states is not None:
        raise InputError("a number of states goes with discrete states only")
    dtype = np.dtype(np.float64 if values.dtype.itemsize > 4 else np.float32)
    ready = (
        values.dtype == dtype and values.flags.c_contiguous and values.flags.writeable
    )  # not the user's file
    return values if ready else scratch.copied(values, dtype)
