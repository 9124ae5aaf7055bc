"""Arguments and options that several commands share.

Defaults belong to the configured objects.  The help repeats them, and a test compares both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

__all__ = [
    "Axes", "Boundary", "Coupling", "Cutoff", "Density", "Dimensions", "Field", "Force", "Format",
    "Inhomogeneous", "Json", "Kind", "LogDir", "Mass", "Number", "PackingFraction", "Periodic",
    "PeriodicAxes", "Phase", "Potts", "Size", "Stay", "Stiffness", "System", "Temperature",
]  # fmt: skip

System = Annotated[
    str,
    Argument(
        metavar="SYSTEM",
        help="Periodic lattices: ising-square, ising-triangular, ising-chain, xy-square,"
        " ising-cubic, potts-square or gaussian-field. Open chain: markov-chain. Particles:"
        " soft-disks (packings), hard-disks, hard-spheres, lennard-jones, hard-rods or ideal-gas.",
    ),
]
Size = Annotated[
    str | None, Option(metavar="L", help="Side of the lattice, or all sides: 64, 48x80 or 48,80.")
]
Temperature = Annotated[
    float | None, Option(metavar="T", help="Temperature in units of energy (k_B = 1).")
]
Coupling = Annotated[
    float | None,
    Option(metavar="J", help="Coupling of neighbours, negative for an antiferromagnet; default 1."),
]
Field = Annotated[
    float | None, Option(metavar="H", help="Field on Ising spins or rotors; default 0.")
]
Potts = Annotated[
    int | None,
    Option(
        "--states",
        metavar="Q",
        help="Number of states of a site: markov-chain (default 2) or potts-square; default 3.",
    ),
]
Mass = Annotated[float | None, Option(metavar="M", help="Mass of the gaussian-field; default 1.")]
Stiffness = Annotated[
    float | None, Option(metavar="K", help="Stiffness of the gaussian-field; default 1.")
]
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
        help="Area or volume of the particles divided by that of the box (soft-disks, hard-disks,"
        " hard-spheres).",
    ),
]
Density = Annotated[
    float | None,
    Option(
        "--density",
        metavar="RHO",
        help="Number of particles per diameter^d in d dimensions (lennard-jones, hard-rods and"
        " ideal-gas).",
    ),
]
Phase = Annotated[
    str | None,
    Option("--phase", metavar="NAME", help="Phase of hard-spheres: fluid or fcc; default fluid."),
]
Cutoff = Annotated[
    float | None,
    Option(
        "--cutoff",
        metavar="R",
        help="Distance at which the potential of lennard-jones is cut; default 4 diameters, or half"
        " the side of a smaller box.",
    ),
]
Dimensions = Annotated[
    int | None, Option("--dimensions", metavar="D", help="Dimensions of the ideal-gas; default 2.")
]
Periodic = Annotated[
    bool | None,
    Option(
        "--periodic/--no-periodic",
        help="The same as --boundary periodic and --boundary crop; --periodic x,y: periodic along"
        " these axes only.",
    ),
]
PeriodicAxes = Annotated[
    str | None,
    Option(
        "--periodic-axes",
        metavar="NAMES",
        hidden=True,
        help="Axes along which the boundaries are periodic; --periodic x,y says the same.",
    ),
]
Format = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Format of the file, such as lammps, xyz, gsd or npy; default: as its suffix says.",
    ),
]
Boundary = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Boundary conditions: periodic, free (the system ends there) or crop (a part of a"
        " larger system); required for raw arrays.",
    ),
]
Inhomogeneous = Annotated[
    bool,
    Option(
        "--inhomogeneous",
        help="The sites are not equivalent: own couplings or fields, fixed sites, images.",
    ),
]
Axes = Annotated[
    str | None,
    Option(
        metavar="NAMES",
        help="Axes of the array in order, such as chain,draw,x,y; default: from the file or shape.",
    ),
]
Kind = Annotated[
    str | None,
    Option(
        metavar="KIND",
        help="Kind of states: discrete, angle (radians) or real (required for floats).",
    ),
]
Force = Annotated[bool, Option("--force", help="Replace an existing file.")]
LogDir = Annotated[
    Path | None,
    Option(
        "--log-dir",
        metavar="DIR",
        help="Log the training for TensorBoard; watch it with tensorboard --logdir DIR.",
    ),
]
Json = Annotated[bool, Option("--json", help="Print one JSON object and nothing else.")]
