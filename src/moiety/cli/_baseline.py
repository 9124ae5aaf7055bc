"""`moiety baseline`: other methods on the same samples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ..entropy.choices import given
from ._estimate_options import Topology
from ._options import Axes, Boundary, Format, Json, Kind, Periodic, PeriodicAxes
from ._periodic import periodic_of
from ._terminal import say

if TYPE_CHECKING:
    from ..data.particles import Particles
    from ..data.samples import Samples
    from ..results.types import Estimate

__all__ = ["EXAMPLE", "baseline"]

EXAMPLE = """Example:

\b
  moiety baseline compression ising.nc --order hilbert
  moiety baseline naive spins.npy --boundary periodic --block 4x4
  moiety baseline heat-capacity ising.nc
  moiety baseline thermodynamic-integration T*.nc
  moiety baseline pair-entropy disks.gsd
  moiety baseline neighbours disks.gsd --neighbours 1
  moiety baseline compression disks.gsd --resolution 4
"""
_LATTICES = ("naive", "heat-capacity", "thermodynamic-integration")
_PARTICLES = ("pair-entropy", "neighbours")
_NAMES = ("compression", *_LATTICES, *_PARTICLES)
_TAKES = {
    "order": "compression",
    "block": "naive",
    "resolution": "compression",
    "reach": "pair-entropy",
    "neighbours": "neighbours",
}

_Name = Annotated[str, Argument(metavar="NAME", help=f"Method: {', '.join(_NAMES)}.")]
_Files = Annotated[
    list[Path],
    Argument(
        metavar="FILE...", help="Samples; thermodynamic-integration needs one file per temperature."
    ),
]
_Order = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="compression: order of the sites or voxels, rows (default) or hilbert (squares).",
    ),
]
_Resolution = Annotated[
    float | None,
    Option(
        metavar="R",
        help="compression of particles: voxels per diameter of the smallest particles, or per"
        " density^(-1/d) without diameters; default 4.",
    ),
]
_Reach = Annotated[
    float | None,
    Option(
        metavar="LENGTH",
        help="pair-entropy: largest distance, in the unit of the positions; default 12"
        " density^(-1/d), or as far as the boxes allow.",
    ),
]
_Neighbours = Annotated[
    int | None,
    Option(metavar="K", help="neighbours: number of nearest neighbours seen; default 1."),
]
_Block = Annotated[
    str | None,
    Option(
        metavar="SIDES",
        help="naive: block to count, such as 4x4; default: the largest block that can be counted.",
    ),
]


def baseline(
    name: _Name,
    files: _Files,
    order: _Order = None,
    block: _Block = None,
    resolution: _Resolution = None,
    reach: _Reach = None,
    neighbours: _Neighbours = None,
    boundary: Boundary = None,
    periodic: Periodic = None,
    periodic_axes: PeriodicAxes = None,
    axes: Axes = None,
    kind: Kind = None,
    topology: Topology = None,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Estimate the entropy or heat capacity of samples by another method.

    compression measures how short LZMA can write the samples; naive counts the states
    of a small block. Both overestimate the entropy, as they miss correlations.
    heat-capacity uses the fluctuations of the energy. thermodynamic-integration
    integrates the energy from infinite temperature down, over files of one system at
    different temperatures. The last two need files that record their system, such as
    those of moiety sample.

    For particles in periodic boxes, entropies are in excess of the ideal gas of the
    same density. compression takes images of the boxes. pair-entropy integrates the
    radial distribution functions; correlations of three and more particles are left
    out, with either sign. neighbours compares the nearest neighbour of a particle, in
    half of its surroundings, with that of a random point; this overestimates the
    entropy.
    """
    from ..io import load

    if name not in _NAMES:
        raise InputError(f"unknown baseline {name!r}; choose from {', '.join(_NAMES)}")
    asked = given(
        order=order, block=block, resolution=resolution, reach=reach, neighbours=neighbours
    )
    for option in asked:
        if _TAKES[option] != name:
            raise InputError(f"--{option} is for {_TAKES[option]}, not for {name}")
    reading: dict[str, Any] = {"boundary": boundary, "axes": axes, "kind": kind, "format": format}
    wraps = periodic_of(periodic, periodic_axes)
    series = [load(path, periodic=wraps, topology=topology, **reading) for path in files]
    for path, samples in zip(files, series, strict=True):
        _check(name, path, samples, asked)
    if block is not None:
        asked = {"shape": _sides(block)}
    rows = _METHODS[name](series, asked)
    for path, samples, row in zip(files, series, rows, strict=True):
        if as_json:
            facts = {"baseline": name, "file": str(path), **row, "read_as": samples.read_as()}
            say(json.dumps(facts))
        else:
            say(_line(path, row, len(files) > 1))
            say(f"read as: {samples.reading}")


def _check(name: str, path: Path, samples: Samples | Particles, asked: Mapping[str, Any]) -> None:
    """Refuse particles where a baseline is for lattices, and lattices where it is not."""
    from ..data.particles import Particles

    if isinstance(samples, Particles):
        if name in _LATTICES:
            raise InputError(
                f"{path}: holds particles; {name} is for lattices; take compression,"
                f" {' or '.join(_PARTICLES)}"
            )
    elif name in _PARTICLES:
        raise InputError(f"{path}: holds a lattice; {name} is for particles; take compression")
    elif "resolution" in asked:
        raise InputError(f"{path}: holds a lattice; --resolution is for particles")


def _sides(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,4}(x\d{1,4})*", text):
        raise InputError(f"block {text!r} cannot be read; give its sides, as in 4x4")
    return tuple(map(int, text.split("x")))


Row = dict[str, Any]
"""The JSON object for one file."""


def _compression(series: Sequence[Any], options: Mapping[str, Any]) -> list[Row]:
    from ..baselines import compression_entropy, particle_compression_entropy
    from ..data.particles import Particles

    return [
        _excess(particle_compression_entropy(samples, **options), samples)
        if isinstance(samples, Particles)
        else _entropy(compression_entropy(samples, **options), samples)
        for samples in series
    ]


def _naive(series: Sequence[Samples], options: Mapping[str, Any]) -> list[Row]:
    from ..baselines import naive_entropy

    return [_entropy(naive_entropy(samples, **options), samples) for samples in series]


def _heat_capacity(series: Sequence[Samples], _: Mapping[str, Any]) -> list[Row]:
    from ..baselines import EnergySeries, heat_capacity

    rows = []
    for samples in series:
        value = heat_capacity(EnergySeries.from_samples(samples))
        exact = _exact(samples, "heat_capacity")
        rows.append({"heat_capacity": value.value, "error": value.error, "exact": exact})
    return rows


def _integration(series: Sequence[Samples], _: Mapping[str, Any]) -> list[Row]:
    from ..baselines import EnergySeries, InfiniteTemperature, thermodynamic_integration

    if any(_except_temperature(samples) != _except_temperature(series[0]) for samples in series):
        raise InputError("the files differ in more than temperature; give files of one system")
    energies = [EnergySeries.from_samples(samples) for samples in series]
    estimates = thermodynamic_integration(energies, InfiniteTemperature.from_samples(series[0]))
    return [
        _entropy(estimate, samples) for estimate, samples in zip(estimates, series, strict=True)
    ]


def _pair_entropy(series: Sequence[Particles], options: Mapping[str, Any]) -> list[Row]:
    from ..baselines import pair_entropy

    return [_excess(pair_entropy(particles, **options), particles) for particles in series]


def _neighbours(series: Sequence[Particles], options: Mapping[str, Any]) -> list[Row]:
    from ..baselines import neighbour_entropy

    return [_excess(neighbour_entropy(particles, **options), particles) for particles in series]


def _except_temperature(samples: Samples) -> dict[str, Any]:
    parameters = samples.provenance.get("parameters", {})
    return {**parameters, "system": samples.provenance.get("system"), "temperature": None}


_METHODS: dict[str, Callable[[Sequence[Any], Mapping[str, Any]], list[Row]]] = dict(
    zip(
        _NAMES,
        (_compression, _naive, _heat_capacity, _integration, _pair_entropy, _neighbours),
        strict=True,
    )
)


def _entropy(estimate: Estimate, samples: Samples) -> Row:
    return {**asdict(estimate), "unit": "nats/site", "exact": _exact(samples, "entropy")}


def _excess(estimate: Estimate, particles: Particles) -> Row:
    return {**asdict(estimate), "unit": "nats/particle", "exact": _exact_excess(particles)}


def _exact_excess(particles: Particles) -> float | None:
    """Return the exact excess entropy of the system of the frames, if it is known."""
    from ..systems import PARTICLE_SYSTEMS, system

    name, parameters = map(particles.provenance.get, ("system", "parameters"))
    if not (isinstance(name, str) and name in PARTICLE_SYSTEMS and isinstance(parameters, dict)):
        return None
    try:
        found = system(name, **parameters)
    except InputError:  # somebody else's file, whose parameters only look like ours
        return None
    return found.exact_excess_entropy() if hasattr(found, "exact_excess_entropy") else None


def _exact(samples: Samples, name: str) -> float | None:
    """Return an exact answer about the system of the samples, if there is one."""
    from ..baselines.energies import model_of
    from ..exact.thermal import thermal

    try:
        value: float | None = getattr(thermal(model_of(samples)), name)
    except InputError:
        return None
    return value


def _line(path: Path, row: Row, several: bool) -> str:
    from ..base.words import measured

    is_entropy = "entropy" in row
    value, exact = row["entropy" if is_entropy else "heat_capacity"], row["exact"]
    symbol, unit = ("s", row["unit"]) if is_entropy else ("c", "per site")
    deviation = "" if exact is None else f"  [exact {exact:.5f}, deviation {value - exact:+.5f}]"
    return f"{f'{path}: ' * several}{symbol} = {measured(value, row['error'])} {unit}{deviation}"
