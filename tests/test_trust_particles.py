"""Frames of particles that break an assumption are recognised, and others are not."""

import json

import numpy as np
import pytest

from lennard_jones import lattice, lennard_jones
from moiety import InputError, Particles, estimate_excess_entropy, io, system
from moiety.data.kinds import Marks
from moiety.entropy.distinct import distinct_frames
from moiety.estimation.training import Training
from moiety.inspection.particles import inspect_particles

SIDE, N, FRAMES = 20.0, 200, 64
BRIEF = Training(steps=4, batch=64)


def gas(frames=FRAMES, seed=0):
    """Positions of independent frames, `(frame, particle, axis)`."""
    return np.random.default_rng(seed).random((frames, N, 2)) * SIDE


def particles(frames, **others):
    return Particles.from_frames(list(frames), **({"cells": SIDE, "periodic": True} | others))


def moved_and_turned(frames):
    """Each frame again, shifted, turned by 90 degrees, reflected, in another order."""
    rng = np.random.default_rng(1)
    again = [
        rng.permutation((frame[:, ::-1] * (-1, 1) + rng.random(2) * SIDE) % SIDE)
        for frame in frames
    ]
    return particles([*frames, *again])


def compressed():
    """A gas in a box that shrinks along the run."""
    sides = np.linspace(1, 0.98, FRAMES)[:, None, None]
    return particles(gas() * sides, cells=np.eye(2) * SIDE * sides)


def drifting_energy():
    energy = np.random.default_rng(2).normal(size=FRAMES) - 0.1 * np.arange(FRAMES)
    return particles(gas(), measured={"energy": energy})


def walls():
    frames = gas()
    frames[:, :20] = frames[0, :20]
    return particles(frames)


def layers():
    """A density of 1 + cos(2 pi x / L) / 2, which stays in place."""
    rng, frames = np.random.default_rng(3), []
    for _ in range(FRAMES):
        x = rng.random(4 * N)
        kept = x[rng.random(4 * N) < (1 + np.cos(2 * np.pi * x) / 2) / 1.5][:N]
        frames.append(np.stack([kept, rng.random(len(kept))], 1) * SIDE)
    return particles(frames)


def crystal():
    steps = np.random.default_rng(4).normal(size=(FRAMES, 256, 3)) * 0.08
    return particles(lattice(4, 6.3) + steps, cells=6.3)


def two_phases():
    """Half of the box is empty; the boundary moves from frame to frame."""
    shifts = np.random.default_rng(5).random((FRAMES, 1, 2)) * SIDE
    return particles((gas() * (0.5, 1) + shifts) % SIDE)


def two_state_points():
    frames = gas()
    return particles([*frames[::2], *(frame[:120] for frame in frames[1::2])])


def rounded():
    return particles(np.round(gas(), 1), cells=SIDE)


def dimers():
    """A gas of molecules of a fixed length."""
    rng = np.random.default_rng(6)
    centres, angle = rng.random((FRAMES, N // 2, 2)) * SIDE, rng.random((FRAMES, N // 2)) * 7
    apart = 0.185 * np.stack([np.cos(angle), np.sin(angle)], -1)
    return particles(np.concatenate([centres - apart, centres + apart], axis=1))


TYPES = np.arange(N) % 2
BAD = {
    "again": (lambda: particles(np.concatenate([gas(16)] * 4)), "copies", "only 16 of 64"),
    "moved and turned": (lambda: moved_and_turned(gas(32)), "copies", "only 32 of 64"),
    "equal frames at the end": (
        lambda: particles(np.concatenate([gas(60), np.ones((4, N, 2))])), "copies", "only 61 of 64",
    ),
    "a box that shrinks": (compressed, "drift", "density drifts"),
    "an energy that falls": (drifting_energy, "drift", "energy drifts"),
    "fixed walls": (walls, "all particles move", "20 of 200"),
    "layers": (layers, "same density everywhere", "not the same everywhere"),
    "a box with empty margins": (
        lambda: particles(gas() * 0.9 + 1, periodic=False), "same density everywhere", "crop",
    ),
    "a plane": (
        lambda: particles(np.insert(gas(), 2, 0.5, axis=2), cells=[SIDE, SIDE, 1.0]),
        "same density everywhere", "in a plane",
    ),
    "a crystal": (crystal, "crystal", "one crystal"),
    "two phases": (two_phases, "crystal", "one phase"),
    "two state points": (two_state_points, "one density", "one state point"),
    "rounded": (rounded, "exact positions", "rounded"),
    "outside": (
        lambda: particles(gas() - 5, periodic=False), "inside the box", "outside the open",
    ),
    "molecules": (dimers, "contacts", "exactly 0.37"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_broken_assumptions_are_recognised(name):
    make, check, words = BAD[name]
    found = inspect_particles(make(), sigma=1.0)
    failed = {finding.name: finding.message for finding in found.findings if not finding.passed}
    assert check in failed and words in failed[check]
    assert (found.originals is None) == (check != "copies")


@pytest.mark.parametrize(
    "columns, dropped, words",
    [
        ({}, {}, "all particles are of one kind"),
        ({"types": TYPES * 0}, {"types": False}, "all particles are of one kind"),
        ({"types": TYPES}, {}, "2 kinds of particles by type"),
        ({"types": TYPES}, {"diameters": False}, "2 kinds of particles by type"),
        ({"types": TYPES}, {"types": False}, "by type are treated as one kind, as asked"),
        (
            {"types": TYPES, "diameters": 1.0 + np.arange(N) % 4},
            {"diameters": False},
            "4 kinds of particles by type and diameter are treated as 2 kinds, as asked",
        ),
        (
            {"types": TYPES, "diameters": 1.0 + TYPES},
            {"types": False},
            "2 kinds of particles by type and diameter",
        ),
    ],
)
def test_which_kinds_are_told_apart(columns, dropped, words):
    found = inspect_particles(particles(gas(16), **columns), sigma=1.0, marks=Marks(**dropped))
    (finding,) = (finding for finding in found.findings if finding.name == "kinds of particles")
    assert words in finding.message and finding.passed
    assert ("as asked" in finding.message) == ("as asked" in words)


def fluids():
    """Homogeneous frames of all kinds."""
    yield particles(gas())
    yield particles(gas(), periodic=False)
    yield particles(gas(), types=TYPES, diameters=np.where(TYPES, 1.0, 1.4))
    yield particles(gas(), types=TYPES)
    yield particles([frame[: 150 + k % 30] for k, frame in enumerate(gas())])
    yield particles(gas(), measured={"step": np.arange(FRAMES) * 100})
    yield system("hard-rods", particles=64, density=0.9).sample(64, seed=1, threads=1)
    yield system("hard-disks", particles=128, packing_fraction=0.6).sample(32, seed=1, threads=1)
    yield lennard_jones(4, 2.0, 0.6, 32, seed=1, gap=4, burn_in=100)
    yield lennard_jones(4, 1.0, 0.8, 32, seed=1, gap=4, burn_in=200, step=0.15)


def test_fluids_pass():
    for frames in fluids():
        assert inspect_particles(frames).warnings == (), frames


def test_false_alarms_are_rare():
    """None in 60 draws: if they came in 1% of the cases, in about half of such tests."""
    alarms = []
    for seed in range(30):
        alarms += inspect_particles(particles(gas(seed=seed)[:, : 30 + 5 * seed])).warnings
        rods = system("hard-rods", particles=40, density=0.5).sample(40, seed=seed, threads=1)
        alarms += inspect_particles(rods).warnings
    assert alarms == []


@pytest.mark.parametrize("phi, exact", [(0.5, True), (0.8, True), (0.86, True), (1.1, False)])
def test_packings_touch_unless_they_are_squeezed(phi, exact):
    packings = system("soft-disks", particles=64, packing_fraction=phi).sample(24, seed=1)
    found = {finding.name: finding for finding in inspect_particles(packings).findings}
    assert found["contacts"].passed != exact


@pytest.fixture(scope="module")
def packings():
    return system("soft-disks", particles=128, packing_fraction=0.8).sample(32, seed=1)


def test_packings_ask_for_a_resolution_and_carry_it(packings, monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    with pytest.raises(InputError, match="resolution"):
        estimate_excess_entropy(packings, largest=1.0)
    options = {"largest": 1.0, "training": Training(steps=80, batch=128), "threads": 1}
    result = estimate_excess_entropy(packings, resolution=10, **options)
    assert " nats/particle at resolution 10  [" in str(result)
    mapping = json.loads(json.dumps(result.to_dict()))
    assert mapping["samples"]["resolution"] == 10
    # contacts add log 2 each at every doubling: the largest part of the error (0.37 measured,
    # and 0.03 for the fluid below)
    assert mapping["budget"]["resolution"] > 0.2 and result.error > result.budget["resolution"]
    told = [check for check in result.status.checks if check.name == "resolution"]
    assert told[0].passed and "twice the resolution" in told[0].message
    fluid = system("hard-disks", particles=128, packing_fraction=0.3).sample(32, seed=1, threads=1)
    other = estimate_excess_entropy(fluid, resolution=10, **options)  # the control
    assert other.budget["resolution"] < 0.3 * result.budget["resolution"]
    assert any("leave the resolution out" in check.message for check in other.status.checks)
    plain = estimate_excess_entropy(fluid, largest=0.5, training=BRIEF)
    assert "resolution" not in str(plain) and "resolution" not in plain.budget


def test_a_stop_before_the_resolution_was_varied_is_said(packings, monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    seen = []
    result = estimate_excess_entropy(
        packings, resolution=10, largest=0.5, training=BRIEF,
        progress=lambda done, total, text: seen.append(text),
        should_stop=lambda: "twice the resolution" in seen,
    )  # fmt: skip
    assert "stopped before the effect of the resolution was measured" in str(result.status)


def test_findings_make_an_estimate_doubtful(monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    again = particles(np.concatenate([gas(16)] * 4))
    result = estimate_excess_entropy(again, sigma=1.0, largest=0.5, training=BRIEF)
    assert not result.status.ok
    assert "only 16 of 64 frames differ" in str(result.status)
    with pytest.raises(InputError, match="outside the open boundaries"):
        estimate_excess_entropy(particles(gas() - 5, periodic=False), sigma=1.0, training=BRIEF)


def test_copies_of_frames_count_once(monkeypatch):
    monkeypatch.setattr("moiety.entropy.particle_terms._COUNTED", 2**14)
    options = {"sigma": 1.0, "largest": 0.5, "training": BRIEF, "threads": 1}
    alone = estimate_excess_entropy(particles(gas(16)), **options)
    copied = particles(
        np.concatenate([gas(16)] * 4), chains=4, diameters=1.0, measured={"energy": np.arange(64.0)}
    )
    kept = distinct_frames(copied, np.arange(64) % 16)
    assert (kept.chains, kept.n, len(kept.diameters)) == (1, 16, 16 * N)
    assert list(kept.measured["energy"]) == list(range(16))
    again = estimate_excess_entropy(copied.replace(measured={}, diameters=None), **options)
    assert (again.samples["n"], again.samples["distinct"]) == (64, 16)
    assert (again.entropy, again.error) == (alone.entropy, alone.error)
    assert "distinct" not in alone.samples  # the control
    with pytest.raises(InputError, match="only 7 of 63 frames differ; at least 8 must"):
        distinct_frames(particles(np.concatenate([gas(7)] * 9)), np.arange(63) % 7)


@pytest.mark.parametrize(
    "words, text",
    [
        (("--largest", "1e9"), "do not fit into a box"),
        (("--largest", "inf"), "largest must be"),
        (("--largest", "nan"), "largest must be"),
        (("--largest", "0"), "largest must be"),
        (("--largest", "-4"), "largest must be"),
        (("--largest", "16"), "set largest to at most 8"),
        (("--resolution", "1e9"), "the resolution must be"),
        (("--resolution", "inf"), "the resolution must be"),
        (("--resolution", "nan"), "the resolution must be"),
        (("--resolution", "0"), "the resolution must be"),
        (("--resolution", "-10"), "the resolution must be"),
        (("--resolution", "7"), "the resolution must be"),
        (("--critic", "convolutional"), "needs a resolution"),
        (("--sigma", "1e9"), "do not fit into a box"),
        (("--sigma", "1e-9"), "particles on average"),
        (("--sigma", "1e-300"), "sigma"),
        (("--sigma", "nan"), "sigma must be positive"),
        (("--sigma", "inf"), "sigma must be positive"),
        (("--sigma", "-1"), "sigma must be positive"),
    ],
)
def test_blocks_and_pixels_are_refused_before_any_training(run, tmp_path, words, text):
    path, out = tmp_path / "gas.nc", tmp_path / "result.nc"
    io.save(particles(gas(16)), path)
    sigma = () if "--sigma" in words else ("--sigma", 1)
    done = run("estimate", path, *sigma, *words, "--out", out)
    assert done.code == 2 and text in done.err and not out.exists()
    assert done.err.count("\n") == 1 and done.out == ""


def test_packings_in_a_file_ask_for_a_resolution(run, tmp_path, packings):
    path = tmp_path / "packings.nc"
    io.save(packings, path)
    done = run("estimate", path, "--largest", 1)
    assert done.code == 2 and "--resolution 10" in done.err and done.err.count("\n") == 1
