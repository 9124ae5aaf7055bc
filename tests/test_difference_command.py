"""`moiety difference`: what it prints and writes, what it refuses, and how it is stopped."""

import json
import os
import re
import signal
import time

import pytest

from moiety import EntropyResult, io, system

BRIEF = ("--steps", 60, "--largest", 1, "--threads", 1, "--no-cross-check")
FRAMES = "dense-frames.nc", "thin-frames.nc"


@pytest.fixture(autouse=True)
def few_counted_blocks(monkeypatch):
    """Nothing here depends on the precision of the counts."""
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Rods at two densities, and samples of a lattice."""
    folder = tmp_path_factory.mktemp("phases")
    for name, density in zip(FRAMES, (0.5, 0.25), strict=True):
        io.save(
            system("hard-rods", particles=64, density=density).sample(64, seed=2), folder / name
        )
    spins = system("ising-square", size=4, temperature=3.0).sample(16, seed=2)
    io.save(spins, folder / "spins.nc")
    return folder


@pytest.fixture(scope="module")
def results(files):
    """The results of both densities, as the command writes them."""
    from moiety.cli import main

    paths = files / "dense.nc", files / "thin.nc"
    words = (*(files / name for name in FRAMES), *BRIEF, "--out", *paths, "--quiet")
    with pytest.raises(SystemExit) as end:
        main(["difference", *map(str, words)])
    assert end.value.code == 0
    return paths


def test_trajectories_go_through_the_whole_command(run, files, tmp_path):
    out, page = (tmp_path / "a.nc", tmp_path / "b.nc"), tmp_path / "page.html"
    phases = tuple(files / name for name in FRAMES)
    done = run("difference", *phases, *BRIEF, "--out", *out, "--report", page, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    # Tonks: log 2 from the densities and log(0.75 / 0.5) from the excess, within 3 errors
    assert found["density"]["value"] == pytest.approx(0.693147, abs=1e-5)
    assert abs(found["excess"]["value"] - 0.405465) < 3 * found["excess"]["error"] < 0.4
    assert found["unit"] == "k_B/particle" and found["coexistence"] is None
    assert [phase["name"] for phase in found["phases"]] == list(FRAMES)
    kept = [EntropyResult.load(path) for path in out]
    assert [one.provenance["file"] for one in kept] == [str(path) for path in phases]
    assert "Content-Security-Policy" in page.read_text() and done.err.count("wrote") == 3


def test_what_is_printed(run, results):
    done = run("difference", *results, "--temperature", 2, "--enthalpies", "-3±0.1", "-1")
    assert done.code == 0 and max(map(len, done.out.splitlines())) <= 80
    assert re.match(r"Δs = 1\.\d+ ± 0\.\d+ k_B/particle", done.out)
    for text in ("density / sigma^-d", "smallest blocks", "larger blocks", "training", "T_m:"):
        assert text in done.out
    assert "Δh: 2.00 ± 0.10" in done.out and "1.000 ± 0.050 k_B/particle = Δh/T" in done.out
    short = run("difference", *results, "--quiet")
    assert short.out.count("\n") == 1 and short.out.startswith("Δs = ")
    molar = run("difference", *results, "--unit", "J/mol/K", "--temperature", 300)
    assert "J/mol/K" in molar.out and "latent heat" in molar.out


def test_settings_of_a_single_phase_do_not_matter_twice(run, results):
    """The same numbers from files of results as from JSON of the same command."""
    first, second = (json.loads(run("difference", *results, "--json").out) for _ in range(2))
    assert first == second and first["levels"][1]["name"] == "0.5"


@pytest.mark.parametrize(
    "words, text",
    [
        (("dense-frames.nc", "spins.nc"), "spins.nc: holds a lattice; differences need particles"),
        (("dense-frames.nc", "nothing.gsd"), "no such file"),
        (("dense-frames.nc", "thin.nc"), "one holds frames and the other a result"),
        (("dense.nc", "thin.nc", "--seed", 3), "seed cannot change them"),
        (("dense.nc", "thin.nc", "--unit", "eV"), "unknown unit 'eV'; choose from k_B, J/mol/K"),
        (("dense.nc", "thin.nc", "--temperature", 0), "temperature must be positive"),
        (("dense.nc", "thin.nc", "--enthalpies", "a", "1"), "enthalpy 'a' cannot be read"),
        (
            ("dense-frames.nc", "thin-frames.nc", "--sigma", -1),
            "dense-frames.nc: sigma must be positive",
        ),
        (("dense-frames.nc", "thin-frames.nc", "--largest", 200), "do not fit"),
        (("dense-frames.nc", "thin-frames.nc", "--resolution", 3), "resolution must be a multiple"),
        (("dense.nc", "thin.nc", "--out", "a.nc", "b.nc"), "--out is for trajectories"),
        (("dense-frames.nc", "thin-frames.nc", "--out", "a.nc", "a.nc"), "needs a name of its own"),
        (("dense-frames.nc", "thin-frames.nc", "--out", "a.gsd", "b.nc"), "end the name in .nc"),
        (("dense-frames.nc", "thin-frames.nc", "--report", "page.txt"), "end the name in .html"),
        (("dense.nc", "thin.nc", "--report", "dense.nc"), "is one of the inputs"),
    ],
)
def test_refusals_are_one_line_and_write_nothing(run, files, results, monkeypatch, words, text):
    monkeypatch.chdir(files)
    before = {path: path.read_bytes() for path in files.iterdir()}
    done = run("difference", *words)
    assert done.code == 2 and done.out == "" and text in done.err
    assert done.err.count("\n") == 1 and "Traceback" not in done.err
    assert {path: path.read_bytes() for path in files.iterdir()} == before


def test_files_are_replaced_only_if_asked(run, files, results):
    words = (
        "difference",
        files / "dense-frames.nc",
        files / "thin-frames.nc",
        *BRIEF,
        "--out",
        *results,
    )
    done = run(*words)
    assert done.code == 2 and "--force" in done.err


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_first_phase_keeps_its_result(
    run, files, monkeypatch, tmp_path, number, code
):
    import moiety.entropy.difference as difference

    original = difference.estimate_excess_entropy

    def signalled(*args, **kwargs):
        result = original(*args, **kwargs)
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        return result

    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(difference, "estimate_excess_entropy", signalled)
    out = tmp_path / "a.nc", tmp_path / "b.nc"
    done = run(
        "difference", files / "dense-frames.nc", files / "thin-frames.nc", *BRIEF, "--out", *out
    )
    assert (done.code, done.out) == (code, "") and "there is no difference" in done.err
    assert out[0].is_file() and not out[1].exists()
