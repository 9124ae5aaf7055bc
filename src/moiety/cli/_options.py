"""Words that several commands share.

Defaults belong to the objects; the help repeats them, and a test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

__all__ = [
    "Coupling", "Density", "Dimensions", "Field", "Force", "Json", "LogDir", "Mass", "Number", "PackingFraction", "Potts", "Size", "Stay",
    "Stiffness", "System", "Temperature",
]  # fmt: skip

System = Annotated[
    str,
    Argument(
        metavar="SYSTEM",
        help="One of ising-square, ising-triangular, ising-chain, xy-square, ising-cubic, potts-square, gaussian-field, "
        "all periodic, and markov-chain; of particles soft-disks (packings), hard-disks, hard-rods and ideal-gas.",
    ),
]
Size = Annotated[
    str | None, Option(metavar="L", help="Side of the lattice, or its sides: 64, 48x80 or 48,80.")
]
Temperature = Annotated[float | None, Option(metavar="T", help="In units of energy (k_B = 1).")]
Coupling = Annotated[
    float | None,
    Option(metavar="J", help="Of neighbours; negative for an antiferromagnet; default 1."),
]
Field = Annotated[
    float | None, Option(metavar="H", help="Field on Ising spins or rotors; default 0.")
]
Potts = Annotated[
    int | None,
    Option(
        "--states",
        metavar="Q",
        help="States of a markov-chain, by default 2, or of a Potts site; default 3.",
    ),
]
Mass = Annotated[float | None, Option(metavar="M", help="Of the gaussian-field; default 1.")]
Stiffness = Annotated[float | None, Option(metavar="K", help="Of the gaussian-field; default 1.")]
Stay = Annotated[
    float | None,
    Option(metavar="P", help="Probability that the markov-chain keeps its state; default 0.9."),
]
Number = Annotated[int | None, Option("--particles", metavar="N", help="Number of particles.")]
PackingFraction = Annotated[
    float | None,
    Option(
        "--packing-fraction",
        metavar="PHI",
        help="Area of the disks over that of the box; of soft-disks and hard-disks.",
    ),
]
Density = Annotated[
    float | None,
    Option(
        "--density",
        metavar="RHO",
        help="Particles per diameter to the power d; of hard-rods and the ideal-gas.",
    ),
]
Dimensions = Annotated[
    int | None, Option("--dimensions", metavar="D", help="Of the ideal-gas; default 2.")
]
Force = Annotated[bool, Option("--force", help="Replace a file that is there already.")]
LogDir = Annotated[
    Path | None,
    Option(
        "--log-dir",
        metavar="DIR",
        help="Write training as scalars of TensorBoard, to watch it: tensorboard --logdir DIR.",
    ),
]
Json = Annotated[bool, Option("--json", help="Print one JSON object and nothing else.")]
