"""Hostile plans and patterns: one line at once, no bombs, nothing read that never ends."""

import os
import time

import numpy as np
import pytest

import moiety
from moiety import InputError, io
from moiety.sweep import Plan, read_plan
from moiety.sweep._tables import MOST_POINTS
from sweeps import COUNTED, write_plan

SYSTEM = '[[system]]\nname = "ising-square"\nsize = 8\n'
FILES = '[[files]]\nperiodic = true\nglob = "{}"\n'

PLANS = {
    "a range of 1e8 values": (
        SYSTEM + "temperature = {start = 1.0, stop = 2.0, num = 100_000_000}",
        "too long",
    ),
    "a step of 1e-9": (SYSTEM + "temperature = {start = 1.0, stop = 4.0, step = 1e-9}", "too long"),
    "a step of 1e-320": (
        SYSTEM + "temperature = {start = 1.0, stop = 4.0, step = 1e-320}",
        "range",
    ),
    "an infinite range": (SYSTEM + "temperature = {start = 1.0, stop = inf, num = 3}", "finite"),
    "a range from nan": (SYSTEM + "temperature = {start = nan, stop = 3.0, num = 3}", "finite"),
    "a huge grid": (
        '[[system]]\nname = "ising-square"\nsize = 8\n'
        + "".join(
            f"{name} = {{start = 1.0, stop = 2.0, num = 300}}\n"
            for name in ("temperature", "coupling", "field")
        ),
        "27,000,000 state points",
    ),
    "too many seeds times temperatures": (
        "seeds = [0, 1, 2]\n"
        + SYSTEM
        + "temperature = {start = 1.0, stop = 2.0, num = 40_000}\nchain = false",
        "more than 100,000",
    ),
    "nested brackets": (SYSTEM + "temperature = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    "nested tables": (SYSTEM + "temperature = " + "{a=" * 5000 + "1" + "}" * 5000, "nested"),
    "some nested brackets": (SYSTEM + "temperature = " + "[" * 90 + "]" * 90, "temperature"),
    "an infinite temperature": (SYSTEM + "temperature = inf", "positive number"),
    "a temperature that is no number": (SYSTEM + "temperature = [2.0, nan]", "positive number"),
    "a temperature of 1e-300": (SYSTEM + "temperature = 1e-300", "temperature"),
    "a temperature of 1e300": (SYSTEM + "temperature = [2.0, 1e300]", "temperature"),
    "mixed values": (SYSTEM + 'temperature = [2.0, "hot"]', "temperature"),
    "a table among values": (SYSTEM + "temperature = [2.0, {a = 1}]", "temperature"),
    "a flag for a number": (SYSTEM + "temperature = true", "temperature"),
    "a date for a number": (SYSTEM + "temperature = 2020-01-01", "temperature"),
    "equal values": (SYSTEM + "temperature = [3.0, 3.0]", "called system ising-square"),
    "values equal to 12 digits": (
        SYSTEM + "temperature = {start = 1.0, stop = 1.00000000000001, num = 3}",
        "state point",
    ),
    "a default given as a value": (
        SYSTEM + "temperature = 2.0\n" + SYSTEM + "temperature = 2.0\nfield = 0.0\nchain = false",
        "called system ising-square",
    ),
    "a number of 5,000 digits": (SYSTEM + "temperature = " + "1" * 5000, "TOML"),
    "a long hexadecimal seed": (f"seeds = 0x{'f' * 4000}\n{SYSTEM}temperature = 2.0", "seeds"),
    "a billion samples and more": (
        SYSTEM + "temperature = 2.0\nsamples = 10_000_000_000",
        "samples",
    ),
    "an empty device": (SYSTEM + 'temperature = 2.0\n[estimate]\ndevice = ""', "device"),
    "a nonsense device": (SYSTEM + 'temperature = 2.0\n[estimate]\ndevice = "tpu:x"', "device"),
    "an empty critic": (SYSTEM + 'temperature = 2.0\n[estimate]\ncritic = ""', "unknown critic"),
    "an infinite precision": (SYSTEM + "temperature = 2.0\n[estimate]\nprecision = inf", "finite"),
    "an empty name": ('[[system]]\nname = ""\nsize = 8', "unknown system ''"),
    "a name with markup": ('[[system]]\nname = "<script>"\nsize = 8', "unknown system"),
    "a system that is no table": ("system = 3", "system"),
    "an unknown baseline": (SYSTEM + "temperature = 2.0\nbaselines = 3", "baselines"),
    "an empty pattern": (FILES.format(""), "cannot be read"),
    "a pattern **x": (FILES.format("**x"), "cannot be read"),
    "a pattern {1a}": (FILES.format("{1a}.npy"), "cannot be called '1a'"),
    "a pattern {seed}": (FILES.format("{seed}.npy"), "cannot be called 'seed'"),
    "a pattern {entropy}": (FILES.format("{entropy}.npy"), "cannot be called 'entropy'"),
    "a name twice": (FILES.format("{a}_{a}.npy"), "given twice"),
    "a folder": (FILES.format("folder"), "is a folder"),
    "all below a folder": (FILES.format("*"), "give a pattern of files"),
    "a named pipe": (FILES.format("pip*"), "not a regular file"),
    "a link to nothing": (FILES.format("dang*.npy"), "link to nothing"),
    "a device": (FILES.format("/dev/zero"), "not a regular file"),
    "the folder itself": (FILES.format("."), "pattern"),
    "a range of characters backwards": (FILES.format("[z-a]*.npy"), "cannot be read"),
    "brackets": (FILES.format("[[["), "no file matches"),
    "a null character": (FILES.format("a\\u0000b"), "file"),
    "no attribute": (FILES.format("spins.npy") + 'attributes = ["temperature"]', "does not hold"),
    "no states": (FILES.format("spins.npy") + "states = 0", "states"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an array, a folder, a named pipe and a link to nothing."""
    folder = tmp_path_factory.mktemp("plans")
    np.save(folder / "spins.npy", np.ones((64, 4, 4), np.int8))
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe.npy")
    os.symlink(folder / "nothing", folder / "dangling.npy")
    return folder


@pytest.mark.parametrize("what", PLANS)
def test_a_hostile_plan_is_one_line_at_once(folder, what):
    text, message = PLANS[what]
    path, begin = write_plan(folder, text), time.process_time()
    with pytest.raises(InputError) as error:
        read_plan(path)
    shown = str(error.value)
    assert message in shown and len(shown.splitlines()) == 1 and len(shown) < 600
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("name", ["pipe.npy", "folder", "dangling.npy", "/dev/zero", "/dev/null"])
def test_a_plan_is_a_regular_file(folder, run, name):
    done = run("sweep", folder / name, "--dry-run", "--out", folder / "none")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_a_long_plan_and_odd_bytes_are_refused(tmp_path):
    path = tmp_path / "plan.toml"
    for data, message in (
        (b"# " + b"x" * 2**20, "longer than 1 MiB"),
        (b"\xff\xfe", "UTF-8"),
        (b"\x00", "TOML"),
        (b"a = '\x1b[31m", "TOML"),
    ):
        path.write_bytes(data)
        with pytest.raises(InputError, match=message):
            read_plan(path)


def test_a_plan_of_many_state_points_is_not_refused():  # negative control
    grid = {**COUNTED, "temperature": {"start": 1.0, "stop": 3.0, "num": 2000}}
    assert len(Plan.of({"system": [grid], "seeds": [0, 1]}).points) == 4000 < MOST_POINTS


def test_equal_names_of_files_are_told_apart(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "spins.npy", np.full((64, 4, 4), ord(name), np.int8))
    plan = read_plan(write_plan(tmp_path, FILES.format("*/spins.npy")))
    assert [point.labels["file"] for point in plan.points] == ["a/spins.npy", "b/spins.npy"]
    one = read_plan(write_plan(tmp_path, FILES.format("a/*.npy")))
    assert one.points[0].labels["file"] == "spins.npy"


def test_labels_are_finite_numbers_or_text(tmp_path):
    for text in ("inf", "nan", "1e400", "9" * 30, "2.5", "x"):
        np.save(tmp_path / f"T{text}.npy", np.full((64, 4, 4), len(text), np.int8))
        os.utime(tmp_path / f"T{text}.npy")
    plan = read_plan(write_plan(tmp_path, FILES.format("T{temperature}.npy")))
    labels = [point.labels["temperature"] for point in plan.points]
    assert {label for label in labels if not isinstance(label, str)} == {2.5}
    assert len(labels) == 6


def test_a_zarr_store_is_a_folder_that_a_pattern_may_name(tmp_path):  # negative control
    samples = moiety.system("ising-chain", size=4, temperature=2.0).sample(64, seed=1)
    io.save(samples, tmp_path / "T2.zarr")
    plan = read_plan(write_plan(tmp_path, FILES.format("T{temperature}.zarr")))
    assert [point.labels["temperature"] for point in plan.points] == [2]


def test_classes_of_characters_keep_the_labels(tmp_path):
    for temperature in (1, 2, 3):
        np.save(tmp_path / f"run{temperature}_T{temperature}.npy", np.ones((64, 4, temperature)))
    for pattern, expected in (("run[12]_T{t}.npy", [1, 2]), ("run[!1]_T{t}.npy", [2, 3])):
        plan = read_plan(write_plan(tmp_path, FILES.format(pattern)))
        assert [point.labels["t"] for point in plan.points] == expected
