"""`moiety inspect`: how a file was read, a table of checks, and the same as JSON."""

import json

import numpy as np
import pytest

from moiety.cli import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["inspect", *map(str, arguments)])
    out, err = capsys.readouterr()
    return end.value.code, out, err


@pytest.fixture
def spins(tmp_path):
    """Independent spins, and the same with a frozen site."""
    values = np.random.default_rng(0).choice([-1, 1], size=(512, 8, 8))
    np.save(tmp_path / "free.npy", values)
    values[:, 3, 4] = 1
    np.save(tmp_path / "frozen.npy", values)
    return tmp_path


def test_good_samples(spins, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run(capsys, spins / "free.npy", "--boundary", "periodic")
    assert (code, err) == (0, "")
    first, *_, last = out.splitlines()
    assert first == "read as: 1 chain x 512 draws of 8x8, periodic, 2 states (-1, +1)"
    assert last == "The samples agree with what the method assumes."
    assert "doubt" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_failed_check_is_a_row_with_advice_and_no_error(spins, capsys):
    code, out, _ = run(capsys, spins / "frozen.npy", "--boundary", "periodic")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("homogeneous"))
    assert "doubt" in row
    assert "--inhomogeneous" in out
    assert out.splitlines()[-1] == "1 check fails: an estimate from these samples is doubtful."


def test_positions_that_may_differ(spins, capsys):
    _, out, _ = run(capsys, spins / "frozen.npy", "--boundary", "periodic", "--inhomogeneous")
    assert "positions may differ" in out
    assert "doubt" not in out


def test_json(spins, capsys):
    code, out, _ = run(capsys, spins / "frozen.npy", "--boundary", "periodic", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["ok"] is False
    assert found["read_as"]["shape"] == [8, 8]
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["homogeneous"]["passed"] is False
    assert checks["homogeneous"]["figure"] > 2
    assert all(check["passed"] for name, check in checks.items() if name != "homogeneous")


def test_one_line_says_what_cannot_be_read(spins, capsys):
    code, out, err = run(capsys, spins / "free.npy")
    assert (code, out) == (2, "")
    assert "--boundary" in err
    assert len(err.splitlines()) == 1
    assert run(capsys, spins / "none.npy", "--boundary", "free")[0] == 2


def test_particles(tmp_path, capsys):
    lines = []
    for frame in np.random.default_rng(0).random((16, 200, 2)) * 20:
        lines += ["200", 'Lattice="20 0 0 0 20 0 0 0 1" Properties=species:S:1:pos:R:3 pbc="T T F"']
        lines += [f"A {x:.9f} {y:.9f} 0.0" for x, y in frame]
    (tmp_path / "gas.xyz").write_text("\n".join(lines) + "\n")
    code, out, _ = run(capsys, tmp_path / "gas.xyz")
    assert code == 0
    assert out.startswith("read as: 1 chain x 16 frames of 200 particles")
    assert "contacts" in out
