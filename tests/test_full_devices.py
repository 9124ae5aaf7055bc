"""Output on a full device: one line, code 2, and no half-written file."""

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray
from matplotlib.figure import Figure

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", ["--help", "sample --help", "exact ising-square --temperature 2"])
def test_help_and_answers_on_a_full_device_are_one_line(words):
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "moiety", *words.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: the output cannot be written (No space left on device)")


def test_a_picture_on_a_full_device_is_one_line(run, tmp_path, monkeypatch):
    temperatures, interfaces = np.linspace(1.5, 3, 9), np.array([16.0, 8.0, 4.0])
    m = 0.1 * interfaces * (1 + np.exp(-((temperatures[:, None] - 2.3) ** 2)))
    over = ("temperature", "level")
    variables = {
        "mutual_information": (over, m),
        "mutual_information_error": (over, np.full(m.shape, 1e-3)),
        "volume": (over, np.broadcast_to(interfaces**2, m.shape)),
        "interface": (over, np.broadcast_to(interfaces, m.shape)),
    }
    source = tmp_path / "sweep.nc"
    coordinates = {"temperature": temperatures, "level": [1, 2, 3]}
    xarray.Dataset(variables, coordinates).to_netcdf(source, engine="h5netcdf")
    words = ("probe", source, "--out", tmp_path / "x.png")

    def full(self, path, **_):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", full)
        done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert "cannot be written (No space left on device)" in done.err and done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.nc"]
    assert run(*words).code == 0  # negative control
