"""Which axis of an array is which: stated by the user, named by the file, or asked for.

A shape alone decides only where one reading makes sense: `(n, L, L)` with n unlike L holds n draws
of an L x L lattice.  Everything else is refused with the readings that fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from ..base.errors import InputError

__all__ = ["FEWEST", "SPACE_AXES", "axis_names", "has_meaning", "shown", "usual_order"]

SPACE_AXES = ("x", "y", "z")
FEWEST = 8  # samples
_LONGEST_NAME = 40  # characters of a name in a message
_MOST_READINGS = 4  # listed in a message

_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("draw", "draws", "time", "times", "step", "steps"), "draw"),
    **dict.fromkeys(("sample", "samples", "frame", "frames", "snapshot", "snapshots"), "draw"),
    **dict.fromkeys(("sweep", "sweeps", "iteration", "iterations"), "draw"),
    **dict.fromkeys(("chain", "chains", "replica", "replicas"), "chain"),
    **dict.fromkeys(("walker", "walkers", "run", "runs"), "chain"),
    **dict.fromkeys(("lat", "latitude", "lon", "longitude", "row", "rows"), "space"),
    **dict.fromkeys(("col", "cols", "column", "columns", "site", "sites"), "space"),
    **{name: name for name in SPACE_AXES},
}
_OTHER_SYSTEMS = ("temperature", "temp", "beta", "field", "coupling", "pressure", "density")
_COMPONENTS = ("component", "components", "channel", "channels", "band", "bands", "vector")
_NO_AXES: Mapping[str, str] = {
    **dict.fromkeys(_OTHER_SYSTEMS, "different systems"),
    **dict.fromkeys(_COMPONENTS, "components of a state"),
}


def axis_names(
    shape: tuple[int, ...], axes: Any, dims: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Names of the axes of an array, in order.

    Args:
        shape: Shape of the array.
        axes: Names as the user gives them, a sequence or `"draw,x,y"`; None to take them from
            the file or the shape.
        dims: Names of the axes in the file, or None.

    Raises:
        InputError: The names do not match the shape, or several readings fit.

    Example:
        >>> axis_names((40, 1000), None, ("neuron", "time")), axis_names((100, 8, 8), None)
        (('x', 'draw'), ('draw', 'x', 'y'))
    """
    if axes is not None:
        return _stated(shape, axes)
    if not 2 <= len(shape) <= 5:
        raise InputError(
            f"an array of {len(shape)} axes {shape} is no set of samples: "
            "draw and 1 to 3 space axes are needed"
        )
    if dims and len(dims) != len(shape):
        raise InputError(f"dims name {len(dims)} axes but the array has {len(shape)}: {shape}")
    for axis, name in enumerate(map(_plain, dims or ())):
        if name in _NO_AXES and shape[axis] > 1:
            raise InputError(
                f"axis {axis} of the shape {shape} holds {_NO_AXES[name]} ({name}), not sites or"
                " samples; select one entry of it, or say what it is, for example --axes draw,x,y"
            )
    known = _roles(dims or ())
    return _by_name(shape, tuple(dims or ()), known) if any(known) else _by_shape(shape)


def has_meaning(dims: Sequence[str] | None) -> bool:
    """Whether the names of a file say what any axis is.

    Args:
        dims: Names of the axes in the file, or None.

    Example:
        >>> has_meaning(("neuron", "time")), has_meaning(("dim_0", "dim_1"))
        (True, False)
    """
    return any(_roles(dims or ()))


def shown(name: str) -> str:
    r"""The name of an axis in a file, short and printable.

    Args:
        name: Any text.

    Example:
        >>> shown("time"), shown("a\nb"), shown("")
        ('time', 'a?b', 'without a name')
    """
    text = "".join(sign if sign.isprintable() else "?" for sign in name[:_LONGEST_NAME])
    return text + " ..." * (len(name) > _LONGEST_NAME) or "without a name"


def usual_order(names: Sequence[str]) -> list[str]:
    """The names in the order chain, draw, x, y, z.

    Args:
        names: Names of axes.

    Example:
        >>> usual_order(("x", "y", "draw"))
        ['draw', 'x', 'y']
    """
    return [name for name in ("chain", "draw", *SPACE_AXES) if name in names]


def _stated(shape: tuple[int, ...], axes: Any) -> tuple[str, ...]:
    """The user's own names, checked."""
    names = _listed(axes)
    given, space = ",".join(names), [name for name in names if name in SPACE_AXES]
    if set(names) - {"chain", "draw", *SPACE_AXES} or len(set(names)) < len(names):
        raise InputError(f"axes {given!r} must be chain, draw, x, y, z, each once")
    if len(names) != len(shape):
        raise InputError(
            f"axes {given!r} name {len(names)} axes but the array has {len(shape)}: {shape}"
        )
    if "draw" not in names:
        raise InputError(
            f"axes {given!r} must hold draw; an array without draws is one configuration, and "
            f"at least {FEWEST} samples are needed"
        )
    if set(space) != set(SPACE_AXES[: max(len(space), 1)]):
        raise InputError(f"axes {given!r} must hold draw and x, or x and y, or x, y and z")
    return names


def _listed(axes: Any) -> tuple[str, ...]:
    try:
        names = tuple(axes.split(",") if isinstance(axes, str) else axes)
    except TypeError:
        names = (axes,)
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"axes must be names such as 'draw,x,y', not {axes!r}")
    return tuple(name.strip() for name in names)


# Names in files


def _roles(dims: Sequence[str]) -> tuple[str, ...]:
    """What each name says: chain, draw, x, y, z, space, or nothing ("")."""
    roles = [_NAMES.get(_plain(name), "") for name in dims]
    counts = Counter(roles)  # a role can go to one axis only
    return tuple(role if role == "space" or counts[role] == 1 else "" for role in roles)


def _plain(name: str) -> str:
    return str(name).strip().lower()


def _by_name(
    shape: tuple[int, ...], dims: tuple[str, ...], roles: tuple[str, ...]
) -> tuple[str, ...]:
    """The only reading that agrees with the names of a file."""
    readings = list(dict.fromkeys(_assignments(roles)))
    # an axis with a strange name is no chain before the user says so
    likely = [names for names in readings if "chain" not in names or "chain" in roles]
    squares = [names for names in likely if _is_square(names, shape)]
    if len(readings) == len(likely) == 1 or len(squares) == 1:
        return (squares or likely)[0]
    title = f"axes ({', '.join(map(shown, dims))}) of shape {shape}"
    if not readings:
        raise InputError(
            f"{title} hold no draws of a lattice, and one configuration is not enough; if they do,"
            " say what they are, for example --axes draw,x"
        )
    raise InputError(_question(title, shape, readings))


def _assignments(roles: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All complete readings: one draw axis, at most one chain axis, one to three space axes."""
    unknown = ("draw", "chain", "space")
    choices: list[tuple[str, ...]] = [(role,) if role else unknown for role in roles]
    if "draw" not in roles:  # chains of a single draw are draws
        choices = [("chain", "draw") if role == ("chain",) else role for role in choices]
    for reading in product(*choices):
        free = iter([name for name in SPACE_AXES if name not in reading])
        names = tuple(next(free, "") if role == "space" else role for role in reading)
        space = [name for name in names if name in SPACE_AXES]
        whole = "" not in names and set(space) == set(SPACE_AXES[: max(len(space), 1)])
        if whole and names.count("draw") == 1 and names.count("chain") <= 1:
            yield names


# Shapes without names


def _by_shape(shape: tuple[int, ...]) -> tuple[str, ...]:
    """The only reading of a shape that makes sense, or a question."""
    layouts = _LAYOUTS[len(shape)]
    # (1, n, L, L) cannot be draws of a cuboid; (c, n, L, L) can
    is_clear = _is_square(layouts[0], shape) and (len(shape) != 4 or shape[0] == 1)
    readings = layouts[:1] if is_clear else layouts
    enough = [names for names in readings if _samples(names, shape) >= FEWEST]
    if not enough:
        raise InputError(_too_few(shape, max(_samples(names, shape) for names in readings)))
    if not is_clear:
        raise InputError(_question(f"shape {shape}", shape, enough))
    return enough[0]


_FRAMES_AXES = 3
_PARTICLES = (
    "; positions of particles need their box: save both as .npz (positions and box), or use"
    " moiety.Particles.from_frames"
)
_LAYOUTS: Mapping[int, tuple[tuple[str, ...], ...]] = {
    2: (("draw", "x"), ("x", "draw")),
    3: (("draw", "x", "y"), ("chain", "draw", "x"), ("x", "y", "draw")),
    4: (("chain", "draw", "x", "y"), ("draw", "x", "y", "z"), ("x", "y", "z", "draw")),
    5: (("chain", "draw", "x", "y", "z"), ("x", "y", "z", "chain", "draw")),
}


def _is_square(names: Sequence[str], shape: tuple[int, ...]) -> bool:
    """Whether all sides of a lattice in 2 or 3 dimensions are equal, unlike the other axes."""
    sides = _sides(names, shape)
    others = [length for name, length in zip(names, shape, strict=True) if name not in SPACE_AXES]
    return len(sides) > 1 and len(set(sides)) == 1 and sides[0] not in others


def _sides(names: Sequence[str], shape: tuple[int, ...]) -> list[int]:
    return [length for name, length in sorted(zip(names, shape, strict=True)) if name in SPACE_AXES]


def _samples(names: Sequence[str], shape: tuple[int, ...]) -> int:
    return prod(length for name, length in zip(names, shape, strict=True) if name not in SPACE_AXES)


# Messages


def _question(title: str, shape: tuple[int, ...], readings: Sequence[tuple[str, ...]]) -> str:
    """All readings in words, each with the option that selects it."""
    listed = [f"{_in_words(names, shape)} (--axes {','.join(names)})" for names in readings]
    listed = listed[:_MOST_READINGS] + ["others"] * (len(listed) > _MOST_READINGS)
    which = "which" if len(listed) > 1 else "so"
    return (
        f"{title} can be read as {' or '.join(listed)}; say {which} (a single configuration is not"
        f" enough){_PARTICLES if _may_be_positions(shape) else ''}"
    )


def _may_be_positions(shape: tuple[int, ...]) -> bool:
    """Whether an array may be positions with axes `(frame, particle, coordinate)`."""
    return len(shape) == _FRAMES_AXES and 1 < shape[-1] <= len(SPACE_AXES) < shape[1]


def _in_words(names: Sequence[str], shape: tuple[int, ...]) -> str:
    lengths = dict(zip(names, shape, strict=True))
    sides = _sides(names, shape)
    lattice = "x".join(map(str, sides)) if len(sides) > 1 else f"{sides[0]} sites"
    chains = f"{_counted(lengths['chain'], 'chain')} x " if "chain" in lengths else ""
    return f"{chains}{_counted(lengths['draw'], 'draw')} of {lattice}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _too_few(shape: tuple[int, ...], samples: int) -> str:
    number = "one configuration is" if samples == 1 else f"{samples} samples are"
    return (
        f"{number} too few (shape {shape}); at least {FEWEST} are needed, and parts of one "
        "configuration count as one sample; other axes are named by --axes"
    )
