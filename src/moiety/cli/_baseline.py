"""`moiety baseline`: other routes, on the same samples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from ..base.errors import InputError
from ..entropy.choices import given
from ._options import Json
from ._terminal import say

__all__ = ["EXAMPLE", "baseline"]

EXAMPLE = """Example:

\b
  moiety baseline compression ising.nc --order hilbert
  moiety baseline naive spins.npy --periodic --block 4x4
  moiety baseline heat-capacity ising.nc
  moiety baseline thermodynamic-integration T*.nc
"""
NAMES = ("compression", "naive", "heat-capacity", "thermodynamic-integration")

_Name = Annotated[str, Argument(metavar="NAME", help=f"One of {', '.join(NAMES)}.")]
_Files = Annotated[
    list[Path],
    Argument(
        metavar="FILE...", help="Samples; of thermodynamic-integration one file a temperature."
    ),
]
_Order = Annotated[
    str | None,
    Option(metavar="NAME", help="Of compression: rows (default), or hilbert on square lattices."),
]
_Block = Annotated[
    str | None,
    Option(
        metavar="SIDES",
        help="Of naive: the block that is counted, as in 4x4; default: the largest that can be.",
    ),
]
_Periodic = Annotated[
    bool | None,
    Option("--periodic/--no-periodic", help="Whether the edges are; must be said of a raw array."),
]
_Axes = Annotated[
    str | None, Option(metavar="NAMES", help="The array's axes in order, as in chain,draw,x,y.")
]
_Kind = Annotated[
    str | None,
    Option(
        metavar="KIND", help="Of the states: discrete, angle (radians) or real; needed for floats."
    ),
]


def baseline(
    name: _Name, files: _Files, order: _Order = None, block: _Block = None, periodic: _Periodic = None, axes: _Axes = None,
    kind: _Kind = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Take another route to the entropy, or to the heat capacity, of samples in files.

    compression asks LZMA how short the samples can be written, naive counts the states
    of a small block; both are too large by what they do not see. heat-capacity is that
    of the energy's fluctuations. thermodynamic-integration sums the energy from infinite
    temperature on, over files of one system at different temperatures. The last two need
    samples that say which system they are of, as those of moiety sample do.
    """
    from ..io import load

    if name not in NAMES:
        raise InputError(f"unknown baseline {name!r}; choose from {', '.join(NAMES)}")
    if (order and name != "compression") or (block and name != "naive"):
        raise InputError("--order is for compression, --block for naive")
    reading = {"periodic": periodic, "axes": axes, "kind": kind}
    drawn = [load(path, **reading) for path in files]
    for path, samples in zip(files, drawn, strict=True):
        if not hasattr(samples, "kind"):
            raise InputError(f"{path}: holds particles; baselines are for lattices")
    rows = _KINDS[name](drawn, given(order=order, shape=block and _sides(block)))
    for path, found in zip(files, rows, strict=True):
        say(
            json.dumps({"baseline": name, "file": str(path), **found})
            if as_json
            else _told(path, found, len(files) > 1)
        )


def _sides(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,4}(x\d{1,4})*", text):
        raise InputError(f"block {text!r} cannot be read; give its sides, as in 4x4")
    return tuple(map(int, text.split("x")))


Rows = list[dict[str, Any]]


def _compression(drawn: list[Any], words: dict[str, Any]) -> Rows:
    from ..baselines import compression_entropy

    return [_entropy(compression_entropy(samples, **words), samples) for samples in drawn]


def _naive(drawn: list[Any], words: dict[str, Any]) -> Rows:
    from ..baselines import naive_entropy

    return [_entropy(naive_entropy(samples, **words), samples) for samples in drawn]


def _heat_capacity(drawn: list[Any], _: dict[str, Any]) -> Rows:
    from ..baselines import EnergySeries, heat_capacity

    found = [heat_capacity(EnergySeries.from_samples(samples)) for samples in drawn]
    return [
        {"heat_capacity": one.value, "error": one.error, "exact": _exact(samples, "heat_capacity")}
        for one, samples in zip(found, drawn, strict=True)
    ]


def _integration(drawn: list[Any], _: dict[str, Any]) -> Rows:
    from ..baselines import EnergySeries, InfiniteTemperature, thermodynamic_integration

    said = [
        {
            **samples.provenance.get("parameters", {}),
            "system": samples.provenance.get("system"),
            "temperature": None,
        }
        for samples in drawn
    ]
    if any(one != said[0] for one in said):
        raise InputError("the files differ in more than temperature; give those of one system")
    found = thermodynamic_integration(
        [EnergySeries.from_samples(samples) for samples in drawn],
        InfiniteTemperature.from_samples(drawn[0]),
    )
    return [_entropy(one, samples) for one, samples in zip(found, drawn, strict=True)]


_KINDS: dict[str, Callable[[list[Any], dict[str, Any]], Rows]] = dict(
    zip(NAMES, (_compression, _naive, _heat_capacity, _integration), strict=True)
)


def _entropy(found: Any, samples: Any) -> dict[str, Any]:
    return {**asdict(found), "unit": "nats/site", "exact": _exact(samples, "entropy")}


def _exact(samples: Any, name: str) -> float | None:
    """What is known of the system that the samples are of."""
    from ..baselines.energies import model_of
    from ..exact.thermal import thermal

    try:
        return getattr(thermal(model_of(samples)), name)
    except InputError:
        return None


def _told(path: Path, found: dict[str, Any], several: bool) -> str:
    from ..base.words import measured

    symbol, unit = ("s", " nats/site") if "entropy" in found else ("c", " a site")
    value, exact = found.get("entropy", found.get("heat_capacity")), found["exact"]
    beside = f"  [exact {exact:.5f}, off {value - exact:+.5f}]" if exact is not None else ""
    return f"{f'{path}: ' * several}{symbol} = {measured(value, found['error'])}{unit}{beside}"
