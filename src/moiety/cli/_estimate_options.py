"""Arguments and options of `moiety estimate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

__all__ = [
    "Bound", "Critic", "CrossCheck", "Device", "Diameters", "Energies", "Excess", "File", "Folds",
    "Isotropic", "Largest", "Limit", "MeanEnergy", "Model", "Objective", "Out", "Precision",
    "Quiet", "Report",
    "Resolution", "Route", "SampleTemperature", "Seed", "Sigma", "States", "Steps", "Symmetries",
    "Tail", "Threads", "Topology", "Types", "Variable",
]  # fmt: skip

File = Annotated[
    Path,
    Argument(
        metavar="FILE",
        help="Samples: output of moiety sample, an array (.nc .h5 .npz .npy .zarr), or a particle"
        " trajectory (.gsd, LAMMPS dump, .xyz, or any format that MDAnalysis reads).",
    ),
]
Out = Annotated[
    Path | None, Option("--out", metavar="FILE", help="Output file for the result (.nc).")
]
Report = Annotated[
    Path | None, Option("--report", metavar="FILE", help="Output file for a report (.html).")
]
States = Annotated[
    int | None,
    Option(metavar="Q", help="Number of discrete states; default: the states that occur."),
]
Symmetries = Annotated[
    str | None,
    Option(
        metavar="NAMES",
        help="Symmetries of the Hamiltonian, from flip,reflect,transpose,invert,turn. They let"
        " networks learn more from each sample and are never guessed.",
    ),
]
Variable = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Name of the array in a file with several; default: the only plausible array.",
    ),
]
Critic = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Network that scores pairs of halves. Lattices: interface (default) or convolutional;"
        " particles: points (default) or convolutional.",
    ),
]
Objective = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Training objective: jensen-shannon (default), donsker-varadhan, nwj, infonce or"
        " smile.",
    ),
]
Bound = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="Bound on M for the result: donsker-varadhan (default), nwj or mean-log-odds.",
    ),
]
Steps = Annotated[
    int | None,
    Option(metavar="N", min=1, max=10**9, help="Most training steps of a critic; default 800."),
]
Folds = Annotated[
    int | None,
    Option(
        metavar="N",
        min=2,
        help="Number of cross-validation folds, each with its own network; default 2.",
    ),
]
Seed = Annotated[
    int | None, Option(metavar="N", min=0, help="Seed for all random numbers; default 0.")
]
Device = Annotated[
    str | None, Option(metavar="NAME", help="Device of the networks, such as cuda; default cpu.")
]
Threads = Annotated[
    int | None, Option(metavar="N", min=1, help="Folds that are trained in parallel; default 2.")
]
Excess = Annotated[
    bool | None, Option("--excess", help="Estimate the entropy in excess of independent sites.")
]
Tail = Annotated[
    bool | None,
    Option(
        "--tail/--no-tail",
        help="Whether the area law may extrapolate the largest levels; default yes.",
    ),
]
CrossCheck = Annotated[
    bool | None,
    Option(
        "--cross-check/--no-cross-check",
        help="Whether to estimate s by the chain rule, too (particles: by insertion); default yes.",
    ),
]
Route = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help="both (default): mutual information gives the result and the chain rule checks it;"
        " mutual-information: without that check; chain-rule: the chain rule alone, faster"
        " and without levels.",
    ),
]
Precision = Annotated[
    float | None,
    Option(metavar="S", help="Target error of s in nats/site for training; default 0.002."),
]
Limit = Annotated[
    float | None,
    Option(
        "--time-limit",
        metavar="SECONDS",
        help="Stop after this time and extrapolate the remaining levels; default none.",
    ),
]
Resolution = Annotated[
    float | None,
    Option(
        metavar="R",
        help="Particles: pixels per diameter to which positions are rounded; default: positions as"
        " they are. Needed where particles touch at exact distances, and by convolutions.",
    ),
]
Sigma = Annotated[
    float | None,
    Option(
        metavar="LENGTH",
        help="Particles: diameter that serves as unit of length; default: the smallest diameter, or"
        " the first peak of g(r) where the file has no diameters.",
    ),
]
Types = Annotated[
    bool | None,
    Option(
        "--types/--no-types",
        help="Particles: whether the state includes types; default yes, if there are any.",
    ),
]
Diameters = Annotated[
    bool | None,
    Option(
        "--diameters/--no-diameters",
        help="Particles: whether the state includes diameters; default yes, if there are any.",
    ),
]
Largest = Annotated[
    float | None,
    Option(
        metavar="SIDE",
        help="Particles: side of the largest blocks in diameters; default 4. Two of them must fit"
        " into the box.",
    ),
]
Isotropic = Annotated[
    bool | None,
    Option(
        "--isotropic/--oriented",
        help="Particles: whether blocks lie along any axes, reflected or not; default: yes, except"
        " in crystals, whose orientation is kept.",
    ),
]
Topology = Annotated[
    Path | None,
    Option(metavar="FILE", help="Particles: topology file for .dcd, .xtc and similar formats."),
]
SampleTemperature = Annotated[
    float | None,
    Option(
        "--temperature",
        metavar="T",
        help="Known energies: temperature of the samples in the unit of the energies (k_B = 1)."
        " The free energy is found, too. Default: as the file records, if a model or energies are"
        " given.",
    ),
]
Energies = Annotated[
    str | None,
    Option(
        metavar="NAME|FILE",
        help="Known energies: one number for each sample, of the whole lattice: an array in FILE,"
        " or a file of its own (.txt .csv .npy .nc .h5 .npz .zarr). Default: those that moiety"
        " sample has written.",
    ),
]
Model = Annotated[
    str | None,
    Option(
        metavar="SYSTEM",
        help="Known energies: system whose energy is that of any configuration, such as"
        " ising-square. The free energy is then unbiased, and two bounds bracket the entropy."
        " Needs the package pymbar.",
    ),
]
MeanEnergy = Annotated[
    str | None,
    Option(
        metavar="U±dU",
        help="Known energies: mean energy of a longer record, of the whole lattice, and its error;"
        " or U+-dU.",
    ),
]
Quiet = Annotated[bool, Option("--quiet", help="Print one line, without a progress bar or tables.")]
