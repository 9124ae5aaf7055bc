"""`moiety exact`: exact entropies, where they are known."""

from __future__ import annotations

import json
from typing import Annotated, Any

from typer import Option

from ..errors import EstimateError
from ._choices import model
from ._options import Coupling, Field, Json, Mass, Potts, Stay, Stiffness, System, Temperature
from ._terminal import say

__all__ = ["EXAMPLE", "exact"]

EXAMPLE = """Example:

\b
  moiety exact ising-square --temperature 2.4
  moiety exact ising-square --temperature 2.4 --size 64 --json
"""

_Size = Annotated[
    str | None, Option(metavar="L", help="Side of the torus, or its sides: 64, 48x80 or 48,80; default: infinite.")
]


def exact(
    system: System,
    temperature: Temperature = None,
    size: _Size = None,
    coupling: Coupling = None,
    field: Field = None,
    states: Potts = None,
    mass: Mass = None,
    stiffness: Stiffness = None,
    stay: Stay = None,
    as_json: Json = False,
) -> None:
    """Print the exact entropy per site in nats, where it is known.

    Of the infinite lattice, or of the periodic one of the size given: Onsager and
    Kaufman for the Ising square and Houtappel for the triangular lattice without a
    field, the transfer matrix for chains, the spectrum for the Gaussian field, and
    enumeration for any system of up to about a million states in all. Ends with
    code 1 where nothing is known.
    """
    parameters = {"temperature": temperature, "coupling": coupling, "field": field, "states": states}
    parameters |= {"mass": mass, "stiffness": stiffness, "stay": stay}
    source = model(system, size or "2", **parameters)  # an infinite lattice has any size
    value = source.exact_entropy() if size else source.entropy_infinite()
    if value is None:
        where = "of this size" if size else "on the infinite lattice; small ones can be enumerated: give --size"
        raise EstimateError(f"no exact entropy of {system} is known for these parameters {where}")
    said = {name: value for name, value in source.parameters().items() if name != "size"}
    shape = list(source.shape) if size else None
    if as_json:
        say(json.dumps({"entropy": value, "unit": "nats/site", "system": system, "shape": shape, "parameters": said}))
    else:
        say(_line(value, system, shape, said))


def _line(value: float, system: str, shape: list[int] | None, parameters: dict[str, Any]) -> str:
    lattice = f"{system} of {'x'.join(map(str, shape))}" if shape else f"infinite {system}"
    words = ", ".join(f"{name} {number:g}" for name, number in parameters.items())
    return f"s = {value:.7f} nats/site  [exact: {lattice}, {words}]"
