"""Particles as the text of LAMMPS dumps and extended XYZ files."""

import numpy as np

from moiety.data.particles import Particles

LAMMPS_STYLES = ["", "s", "u", "su"]


def lammps(
    particles: Particles,
    style: str = "",
    *,
    corner=(-3, 2, 0.5),
    flags="pp pp ff",
    extra=(),
    shuffled=0,
    unwrapped=(1, 1, 1),
) -> str:
    """Text of a three-dimensional dump; unwrapped coordinates are up to two boxes away."""
    rng, lines = np.random.default_rng(shuffled), []
    periodic = np.array([flag == "pp" for flag in flags.split()])
    for k in range(particles.n):
        cell, number = particles.cells[k], int(particles.counts[k])
        parts = particles.frame(k) @ np.linalg.inv(cell)
        if "u" in style:
            parts = parts + rng.integers(-2, 3, size=parts.shape) * periodic * unwrapped
        shown = parts if "s" in style else parts @ cell + corner
        lines += ["ITEM: TIMESTEP", str(100 * k), "ITEM: NUMBER OF ATOMS", str(number)]
        lines += [f"ITEM: BOX BOUNDS xy xz yz {flags}", *bounds(cell, corner)]
        names = [*(f"{axis}{style}" for axis in "xyz"), *(name for name, _ in extra)]
        lines += [f"ITEM: ATOMS id type {' '.join(names)}"]
        for i in rng.permutation(number) if shuffled else range(number):
            atom = particles.starts[k] + i
            row = [i + 1, particles.types[atom] + 1, *map(repr, shown[i].tolist())]
            row += [repr(float(column[atom])) for _, column in extra]
            lines.append(" ".join(map(str, row)) + " ")
    return "\n".join(lines) + "\n"


def bounds(cell: np.ndarray, corner) -> list[str]:
    """Bounds of the bounding box with the tilts xy, xz and yz.

    LAMMPS bounds y by the tilt yz alone and x by all tilts, as the corners of the box do.
    """
    corners = np.indices((2, 2, 2)).reshape(3, 8).T @ cell
    low, high = corners.min(axis=0) + corner, corners.max(axis=0) + corner
    tilts = map(float, [cell[1, 0], cell[2, 0], cell[2, 1]])
    rows = zip(low.tolist(), high.tolist(), tilts, strict=True)
    return [f"{lower!r} {upper!r} {tilt!r}" for lower, upper, tilt in rows]


def xyz(particles: Particles, pbc: str = "T T F", origin=(0.0, 0.0, 0.0)) -> str:
    """Text of an extended XYZ file."""
    lines = []
    columns = "Properties=id:I:1:species:S:1:pos:R:3:radius:R:1:velo:R:3"
    for k in range(particles.n):
        box = " ".join(map(repr, particles.cells[k].ravel().tolist()))
        corner = " ".join(map(str, origin))
        lines.append(str(particles.counts[k]))
        lines.append(
            f'Lattice="{box}" Origin="{corner}" {columns} pbc="{pbc}" energy={-k}.5 step={k} name=a'
        )
        for i in range(particles.starts[k], particles.starts[k + 1]):
            position = " ".join(map(repr, (particles.positions[i] + origin).tolist()))
            species, radius = "AB"[particles.types[i]], float(particles.diameters[i] / 2)
            lines.append(f"{i} {species} {position} {radius!r} 1 2 3")
    return "\n".join(lines) + "\n"
