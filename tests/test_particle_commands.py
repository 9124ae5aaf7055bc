"""The commands for particles and lattices: `sample`, `estimate`, `report`, `exact`."""

import json
import re

import numpy as np
import pytest

from moiety import io, system
from moiety.systems import PARTICLE_SYSTEMS, SYSTEMS

SMALL = {
    "soft-disks": {"particles": 32, "packing_fraction": 0.8},
    "hard-disks": {"particles": 64, "packing_fraction": 0.2},
    "hard-spheres": {"particles": 32, "packing_fraction": 0.6, "phase": "fcc"},
    "lennard-jones": {"particles": 32, "density": 0.4, "temperature": 2, "cutoff": 2.0},
    "hard-rods": {"particles": 40, "density": 0.3},
    "ideal-gas": {"particles": 50, "density": 0.5},
}


@pytest.fixture(autouse=True)
def few_counted_blocks(monkeypatch):
    """Nothing here depends on the precision of the counts."""
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**16)


# both formats; a GSD trajectory has two or three dimensions
@pytest.mark.parametrize(
    "name, suffix",
    [
        ("soft-disks", ".gsd"),
        ("hard-disks", ".nc"),
        ("hard-spheres", ".gsd"),
        ("lennard-jones", ".gsd"),
        ("hard-rods", ".nc"),
        ("ideal-gas", ".gsd"),
    ],
)
def test_every_system_of_particles_is_sampled(run, tmp_path, name, suffix):
    options = [(f"--{key.replace('_', '-')}", value) for key, value in SMALL[name].items()]
    words = [word for option in options for word in option]
    out = tmp_path / f"frames{suffix}"
    done = run("sample", name, *words, "--samples", 16, "--seed", 1, "--out", out)
    assert (done.code, done.err.count("error")) == (0, 0) and "16 " in done.out
    frames = io.load(out)
    assert frames.n == 16 and frames.provenance["system"] == name
    assert set(SMALL) == set(PARTICLE_SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_of_a_lattice_is_sampled(run, tmp_path, name):
    hot = [] if name in ("gaussian-field", "markov-chain") else ["--temperature", 5]
    size = {"ising-chain": "8", "markov-chain": "8", "ising-cubic": "4x4x4"}.get(name, "4x4")
    out = tmp_path / "states.nc"
    words = ("--size", size, *hot, "--samples", 16, "--chains", 2, "--out", out)
    done = run("sample", name, *words)
    assert done.code == 0, done.err
    assert io.load(out).provenance["system"] == name


def test_a_trajectory_goes_through_the_whole_verb(run, tmp_path):
    path, out = tmp_path / "gas.gsd", tmp_path / "result.nc"
    io.save(system("ideal-gas", particles=60, density=0.5).sample(32, seed=2), path)
    brief = ("--steps", 5, "--largest", 1)
    written = ("--out", out, "--report", tmp_path / "page.html", "--json")
    done = run("estimate", path, *brief, *written)
    mapping = json.loads(done.out)
    assert done.code == 0 and mapping["unit"] == "nats/particle" and len(mapping["levels"]) == 4
    assert abs(mapping["entropy"]) < 3 * mapping["error"]
    training = mapping["provenance"]["configuration"]["training"]
    assert training["steps"] == 5 and training["batch"] == 256  # --steps changes nothing else
    page = (tmp_path / "page.html").read_text()
    words = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert "ideal gas of the same density" in words and "sites" not in words
    assert "curve of insertion is" in words and "chain rule" not in words
    assert run("report", out, "--out", tmp_path / "again.html").code == 0
    shown = run("estimate", path, *brief).out
    assert "from 1x2" in shown and "60 particles in" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_options_of_the_other_kind_are_refused(run, tmp_path):
    gas, spins = tmp_path / "gas.nc", tmp_path / "spins.nc"
    io.save(system("ideal-gas", particles=60, density=0.5).sample(16, seed=2), gas)
    io.save(system("ising-square", size=4, temperature=3.0).sample(16, seed=2), spins)
    for words, text in (
        ((gas, "--no-tail"), "--tail"),
        ((gas, "--route", "chain-rule"), "--route"),
        ((gas, "--kind", "real"), "kind"),
        ((spins, "--resolution", 10), "--resolution"),
        ((spins, "--oriented"), "--isotropic"),
        ((spins, "--critic", "points"), "points"),
        ((spins, "--topology", gas), "topology"),
    ):
        done = run("estimate", *words)
        assert done.code == 2 and text in done.err and done.err.count("\n") == 1


def test_exact_answers_for_particles(run):
    mapping = json.loads(run("exact", "hard-rods", "--density", 0.4, "--json").out)
    assert mapping["entropy"] == pytest.approx(np.log(0.6)) and mapping["unit"] == "nats/particle"
    assert run("exact", "hard-disks", "--packing-fraction", 0.3).out.startswith(
        "s = -0.7942334 nats/particle  ["
    )
    words = ("exact", "lennard-jones", "--density", 0.6, "--temperature", 2)
    assert run(*words).out.startswith("s = -1.5666631 nats/particle  [")
    spheres = run("exact", "hard-spheres", "--packing-fraction", 0.6, "--phase", "fcc")
    assert "phase fcc" in spheres.out and spheres.out.startswith("s = -7.0813628")
    assert run("exact", "soft-disks", "--packing-fraction", 0.8).code == 1
    assert run("exact", "ising-square", "--temperature", 2, "--particles", 9).code == 2
