"""Counters and clocks beside frames are no observables of the state."""

import gsd.hoomd
import numpy as np
import pytest

from moiety import io
from moiety.entropy.particle_resolution import blocks_that_fit
from moiety.entropy.particle_terms import count_numbers, particle_statistics
from moiety.io._counters import is_counter

RNG = np.random.default_rng(5)
FRAMES = RNG.random((24, 30, 2)) * 6
NOISE = RNG.normal(size=24)


@pytest.mark.parametrize(
    "name",
    [
        *("mdstep", "time_fs", "Timestep", "time", "Time/ps", "MCSweep", "nstep", "step_number"),
        *("simulation/wall_time", "Simulation/timestep", "frame_index", "cpu_time", "log/md/step"),
        *("iter", "i_step", "t_step", "sim_time_ns"),
    ],
)
def test_names_of_time(name):
    assert is_counter(name, NOISE)


@pytest.mark.parametrize("name", ["step_size", "time_constant", "energy", "q6", "psi"])
def test_names_of_observables(name):
    assert not is_counter(name, NOISE)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(24),
        250.0 * np.arange(24) + 1000,
        0.333 * np.arange(24),
        np.tile(np.arange(8) * 10, 3),  # three runs in one file
        2.0 ** np.arange(24),  # saved at growing intervals
    ],
)
def test_values_that_count(values):
    assert is_counter("k", np.round(values, 3))


@pytest.mark.parametrize("values", [np.zeros(24), NOISE, NOISE.cumsum(), NOISE > 0])
def test_values_that_do_not_count(values):
    assert not is_counter("k", values)


def xyz(path, words):
    with path.open("w") as file:
        for k, places in enumerate(FRAMES):
            said = " ".join(f"{name}={values[k]}" for name, values in words.items())
            file.write(f'30\nLattice="6 0 0 0 6 0 0 0 1" {said}\n')
            file.writelines(f"A {x} {y} 0\n" for x, y in places)


def effective(particles) -> float:
    cut = blocks_that_fit(particles, 0.5, 1.0)[0]
    return particle_statistics(particles, count_numbers(particles, cut, 1)).effective


def test_counters_do_not_lower_the_effective_sample_size(tmp_path):
    path, steps = tmp_path / "x.xyz", 100 * np.arange(24)
    xyz(path, {"potential": NOISE})
    plain = io.load(path)
    xyz(path, {"potential": NOISE, "mdstep": steps, "time_fs": steps * 0.5, "n": steps})
    read = io.load(path)
    assert [*read.measured] == ["potential"]
    assert effective(read) == effective(plain)
    counted = read.replace(measured={"k": steps})  # the control: as an observable it counts
    assert effective(counted) < effective(plain) / 2


def test_counters_in_the_log_of_gsd(tmp_path):
    with gsd.hoomd.open(tmp_path / "x.gsd", "w") as file:
        for k, places in enumerate(FRAMES):
            frame = gsd.hoomd.Frame()
            frame.configuration.box, frame.configuration.dimensions = [6, 6, 1, 0, 0, 0], 2
            frame.particles.N = 30
            frame.particles.position = np.pad(places - 3, ((0, 0), (0, 1)))
            frame.log = {"md/mdStep": [100 * k], "md/energy": [0.5 * k], "md/psi": [NOISE[k]]}
            file.append(frame)
    assert [*io.load(tmp_path / "x.gsd").measured] == ["md/energy", "md/psi"]


def test_numbers_that_moiety_wrote_are_kept(tmp_path):
    particles = io.load(_written(tmp_path)).replace(measured={"step": np.arange(24)})
    for suffix in (".gsd", ".nc"):
        io.save(particles, tmp_path / f"y{suffix}")
        assert [*io.load(tmp_path / f"y{suffix}").measured] == ["step"]


def _written(folder):
    xyz(folder / "x.xyz", {})
    return folder / "x.xyz"
