"""Trajectories of other programs, compared with what MDAnalysis reads."""

import bz2
import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest

from dump_text import LAMMPS_STYLES
from io_examples import distance, refusal
from moiety import io
from moiety.data.particles import Particles

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import MDAnalysis
    import MDAnalysisTests.datafiles as real

HEADER = 9  # lines before the atoms of a frame
pytestmark = pytest.mark.filterwarnings("ignore:Reader has no dt")  # of MDAnalysis


def universe_of(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MDAnalysis.Universe(str(path), convert_units=False, to_guess=(), **options)


def as_particles(universe, corner=(0, 0, 0)) -> Particles:
    """Particles as MDAnalysis alone reads them."""
    frames, cells = [], []
    for step in universe.trajectory:
        frames.append(step.positions.astype(float) - corner)
        cells.append(MDAnalysis.lib.mdamath.triclinic_vectors(step.dimensions, dtype=np.float64))
    return Particles.from_frames(frames, cells=np.stack(cells), periodic=True)


@pytest.fixture(scope="module")
def water(tmp_path_factory) -> tuple[str, Particles]:
    """Text of 11 frames with all styles of columns, 500 of their 4500 atoms, and its particles."""
    with bz2.open(real.LAMMPSDUMP_allcoords, "rt") as file:
        _, *frames = file.read().split("ITEM: TIMESTEP\n")
    kept = ["\n".join(frame.splitlines()[: HEADER - 1 + 500]) for frame in frames]
    text = "".join(f"ITEM: TIMESTEP\n{frame}\n" for frame in kept).replace("\n4500\n", "\n500\n")
    path = tmp_path_factory.mktemp("water") / "x.dump"
    path.write_text(text)
    return text, as_particles(universe_of(path, format="LAMMPSDUMP"))


@pytest.mark.parametrize("style", LAMMPS_STYLES)
def test_a_real_dump_of_water(tmp_path, water, style):
    """Columns of one style keep their names, the others lose them."""
    whole, expected = water
    names = [f"{axis}{style}" for axis in "xyz"]
    columns = "x y z xs ys zs xu yu zu xsu ysu zsu"
    kept = " ".join(name if name in names else "-" for name in columns.split())
    text = whole.replace(columns, kept)
    with gzip.open(tmp_path / "x.lammpstrj.gz", "wt", compresslevel=1) as file:
        file.write(text)
    loaded = io.load(tmp_path / "x.lammpstrj.gz")
    assert text.count(kept) == 11
    assert (loaded.n, loaded.counts[0], set(loaded.types.tolist())) == (11, 500, {1, 2})
    np.testing.assert_allclose(loaded.cells, expected.cells, rtol=1e-6)
    # The file has six digits: half of the last digit is 5e-5 for 10 < x < 100 in both, and for
    # scaled coordinates 5e-6 of a box with side 36.
    assert distance(loaded, expected) < (5e-6 * 36 + 6e-5 if "s" in style else 1.1e-4)


def test_a_real_tilted_dump(tmp_path):
    """Eight copies of albite, compared with the positions in its data file.

    MDAnalysis subtracts the corner of the box from scaled positions, which have no such offset, so
    only its box is compared.
    """
    text = Path(real.LAMMPSDUMP_triclinic).read_text()
    (tmp_path / "y.dump").write_text(8 * f"{text}\n" + text)
    assert io.load(tmp_path / "y.dump").n == 9  # the last line of the file has no line break
    (tmp_path / "x.dump").write_text(8 * f"{text}\n")
    loaded = io.load(tmp_path / "x.dump")
    step = universe_of(real.LAMMPSDUMP_triclinic, format="LAMMPSDUMP").trajectory[0]
    cell = MDAnalysis.lib.mdamath.triclinic_vectors(step.dimensions, dtype=np.float64)
    np.testing.assert_allclose(loaded.cells[0], cell, atol=2e-5)
    lines = Path(real.LAMMPSdata_triclinic).read_text().splitlines()
    corner = [float(line.split()[0]) for line in lines if line.endswith("hi")]
    atoms = np.array([line.split()[:5] for line in lines if len(line.split()) == 8], float)
    positions = atoms[np.argsort(atoms[:, 0]), 2:] - corner
    assert len(positions) == 17
    expected = Particles.from_frames([positions] * 8, cells=loaded.cells[0], periodic=True)
    assert distance(loaded, expected) < 2e-5  # scaled positions have six digits


def test_a_real_gsd():
    loaded, universe = io.load(real.GSD_long), universe_of(real.GSD_long)
    expected = as_particles(universe, corner=(-10.8,) * 3)
    assert (loaded.n, loaded.counts[0], loaded.dimensions) == (8, 5832, 3)
    assert distance(loaded, expected) < 2e-6
    assert loaded.provenance == {"file": "example_longer.gsd", "format": "GSD", "types": ["R", "A"]}
    names = [loaded.provenance["types"][code] for code in loaded.types[:5]]
    assert names == universe.atoms.types[:5].tolist()


REAL = {
    "xtc": (real.XTC_multi_frame, 10, 10),
    "trr": (real.TRR_multi_frame, 10, 10),
    "ncdf": (real.NCDF, 30, 2661),
    "dcd": (real.waterDCD, 10, 15),
    "tilted dcd": (real.DCD_TRICLINIC, 10, 375),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_read_by_mdanalysis(tmp_path, name):
    source, frames, number = REAL[name]
    path = tmp_path / Path(source).name
    path.write_bytes(Path(source).read_bytes())
    loaded = io.load(path)
    assert (loaded.n, loaded.counts[0]) == (frames, number)
    assert (loaded.periodic, loaded.types) == ((True,) * 3, None)
    if name != "tilted dcd":  # whose box MDAnalysis turns, see below
        assert distance(loaded, as_particles(universe_of(path))) < 1e-9
    universe_of(path)
    for index in tmp_path.glob(".*"):
        index.unlink()  # written by MDAnalysis in the line above
    if "dcd" in name:  # a box about the origin
        assert "outside the open boundaries" in refusal(path, periodic=False)
    else:
        assert io.load(path, periodic=False).periodic == (False,) * 3
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_symmetric_box_of_charmm():
    """Hydrogen bonds are 1.6 A long in the box as it is; in the turned box molecules overlap."""
    loaded = io.load(real.DCD_TRICLINIC)
    np.testing.assert_allclose(loaded.cells[0], loaded.cells[0].T)
    turned = as_particles(universe_of(real.DCD_TRICLINIC))
    np.testing.assert_allclose(loaded.volumes, turned.volumes, rtol=1e-5)
    assert closest_molecules(loaded) > 1.5
    assert closest_molecules(turned) < 0.8  # the control


def closest_molecules(particles: Particles) -> float:
    """Smallest distance of atoms of two molecules in the last frame, across the boundaries."""
    places, cell = particles.frame(particles.n - 1), particles.cells[-1]
    images = (np.indices((3, 3, 3)).reshape(3, -1).T - 1) @ cell
    lengths = np.linalg.norm(places[:, None, None] - places[None, :, None] - images, axis=-1)
    molecule = np.arange(len(places)) // 3
    return float(lengths[molecule[:, None] != molecule[None, :]].min())


def test_amber_trajectories_with_the_suffix_nc(tmp_path):
    (tmp_path / "x.nc").write_bytes(Path(real.NCDF).read_bytes())
    loaded = io.load(tmp_path / "x.nc")
    np.testing.assert_array_equal(loaded.positions, io.load(real.NCDF).positions)


def test_a_topology_names_the_particles(tmp_path):
    loaded = io.load(real.waterDCD, topology=real.waterPSF)
    assert loaded.provenance["topology"] == Path(real.waterPSF).name
    assert len(loaded.provenance["types"]) == 2
    assert loaded.types.reshape(10, 15)[0].tolist() == [1, 0, 0] * 5
    assert "does not exist" in refusal(Path(real.waterDCD), topology="no.psf")
    assert "does not fit" in refusal(Path(real.waterDCD), topology=real.PSF)
    assert "has no box" in refusal(Path(real.DCD), topology=real.PSF)
    coordinates = tmp_path / "x.mdcrd"
    coordinates.write_bytes(Path(real.TRJ).read_bytes())  # without the number of atoms
    assert "needs topology=" in refusal(coordinates)


@pytest.mark.parametrize("name", REAL)
def test_truncated_real_files(tmp_path, name):
    path = tmp_path / Path(REAL[name][0]).name
    content = Path(REAL[name][0]).read_bytes()
    for part in (0.05, 0.55, 0.95):
        path.write_bytes(content[: int(part * len(content))])
        message = refusal(path)
        assert "truncated" in message or "damaged" in message


def test_real_files_without_enough_data(tmp_path):
    assert "too few" in refusal(Path(real.GSD_bonds))
    assert "has no box" in refusal(Path(real.XYZ_mini))
    assert "no column x" in refusal(Path(real.LAMMPSDUMP_nocoords))
    assert "too few" in refusal(Path(real.two_water_gro))
