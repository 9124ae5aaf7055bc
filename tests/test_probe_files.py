"""Probes and pages of sweeps over files: a curve joins the files that differ in the axis alone."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray

import moiety
from moiety import InputError, io
from moiety.probe import area_laws, draw, find_peaks
from moiety.report.curves import curves
from moiety.sweep import Store, collect, read_plan, sweep
from sweeps import here, write_plan

TEMPERATURES = np.round(np.arange(1.5, 3.2, 0.1), 12)
INTERFACES = np.array([64.0, 32.0, 16.0, 8.0])
VOLUMES = np.array([2048.0, 512.0, 128.0, 32.0])


def m_of(temperature):
    return 0.05 * INTERFACES * (1 + np.exp(-(((temperature - 2.3) / 0.4) ** 2)))


def dataset(files, error=1e-3):
    """What `collect` makes of a sweep over files: (size, temperature, M) by name."""
    sizes = sorted({size for size, _, _ in files.values()})
    names, shape = sorted(files), (1, len(files), len(sizes), len(TEMPERATURES), 1, 4)
    data = {name: np.full(shape, np.nan) for name in ("m", "e", "v", "l")}
    for name, (size, temperature, m) in files.items():
        at = (0, names.index(name), sizes.index(size), [*TEMPERATURES].index(temperature), 0)
        for key, values in zip("mevl", (m, error, VOLUMES, INTERFACES), strict=True):
            data[key][at] = values
    dims = ("system", "file", "size", "temperature", "seed", "level")
    columns = ("mutual_information", "mutual_information_error", "volume", "interface")
    return xarray.Dataset(
        {name: (dims, data[key]) for name, key in zip(columns, "mevl", strict=True)},
        {
            "system": ["files"],
            "file": names,
            "size": sizes,
            "temperature": TEMPERATURES,
            "seed": [0],
            "level": np.arange(1, 5),
        },
    )


@pytest.fixture(scope="module")
def files():
    return {
        f"L{size}_T{t}.npy": (size, t, m_of(t) * (1 if size == 32 else 2))
        for size in (32, 64)
        for t in TEMPERATURES
    }


def test_files_of_one_size_are_one_curve(files):
    peaks = find_peaks(dataset(files))
    assert [(peak.labels["size"], peak.volume) for peak in peaks] == [
        (size, volume) for size in (32, 64) for volume in VOLUMES
    ]
    assert all("file" not in peak.labels for peak in peaks)
    assert all(abs(peak.highest.at - 2.3) < 0.05 for peak in peaks)
    laws = area_laws(dataset(files))
    assert len(laws) == 2 * len(TEMPERATURES)
    assert draw(dataset(files)).axes


def test_files_of_the_same_labels_are_averaged(files):
    doubled = files | {f"again {name}": value for name, value in files.items()}
    once, twice = (area_laws(dataset(some)) for some in (files, doubled))
    assert len(once) == len(twice) == len(files)
    for (labels, one), (again, two) in zip(once, twice, strict=True):
        assert labels == again and two.alpha == pytest.approx(one.alpha, rel=1e-9)
        assert one.alpha_error / two.alpha_error == pytest.approx(np.sqrt(2), rel=1e-9)


def test_without_the_axis_there_is_no_curve(files):  # negative control
    with pytest.raises(InputError, match="at least four points"):
        find_peaks(dataset({name: files[name] for name in list(files)[:3]}))
    with pytest.raises(InputError, match="needs numbers along file"):
        find_peaks(dataset(files), along="file")


FILES = """
[[files]]
glob = "runs/L{size}_T{temperature}.npz"
[estimate]
cross_check = false
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished sweep over files of rings at five temperatures."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "runs").mkdir()
    for temperature in (1.0, 1.5, 2.0, 2.5, 3.0):
        model = moiety.system("ising-chain", size=4, temperature=temperature)
        path = folder / f"runs/L4_T{temperature}.npz"
        io.save(model.sample(8192, seed=1), path)
    plan, store = read_plan(write_plan(folder, FILES)), Store(folder / "store")
    assert sweep(plan, store, here).done == 5
    return plan, store


def test_the_command_works_on_a_real_sweep_of_files(runs, run, tmp_path):
    _, store = runs
    picture = tmp_path / "phases.png"
    shown = run("probe", store.folder, "--out", picture)
    assert shown.code == 0 and "size 4" in shown.out and picture.stat().st_size > 10_000
    peaks = json.loads(run("probe", store.folder, "--json").out)["peaks"]
    assert {peak["labels"]["size"] for peak in peaks} == {4} and len(peaks) == 2
    collect(store).to_netcdf(tmp_path / "all.nc", engine="h5netcdf")
    assert run("probe", tmp_path / "all.nc", "--json").code == 0
    assert run("report", store.folder, "--out", tmp_path / "x.html").code == 0


def test_the_page_joins_files_unless_two_are_at_one_place(runs):
    plan, _ = runs
    (curve,) = curves([SimpleNamespace(point=point) for point in plan.points])
    assert curve.x == [1.0, 1.5, 2.0, 2.5, 3.0] and str(curve) == ""
    twice = [SimpleNamespace(point=point) for point in plan.points] * 2
    for number, entry in enumerate(twice):
        labels = {**entry.point.labels, "file": f"{number}.npz"}
        twice[number] = SimpleNamespace(point=SimpleNamespace(labels=labels))
    assert len(curves(twice)) == 10


@pytest.mark.parametrize("text", [r"$\frac$", "$", "a_b^{", r"\alpha", "$$", "<b>&"])
def test_names_are_drawn_as_they_are(files, text, tmp_path):
    data = dataset(files).rename({"size": text}).rename({"temperature": f"T{text}"})
    draw(data, along=f"T{text}").savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000
