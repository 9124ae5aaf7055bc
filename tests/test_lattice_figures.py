"""Figures 1 to 3 and the heat capacity: from tiny lattices to their panels, with a shared store."""

import pickle
from concurrent.futures import Executor, Future
from contextlib import nullcontext

import numpy as np
import pytest
import xarray

from moiety import system
from moiety.base.errors import Stopped
from moiety.paper import FIGURES, fields, fig1, fig2, fig3, heat, lattices
from moiety.paper.lattices import NAMES, ROTORS, SQUARE, Effort

TINY = Effort(
    size=8, samples=64,
    square=(4.0, 3.0, 2.4, 2.0, 1.5), triangular=(2.0, 0.5), rotors=(3.0, 1.0, 0.3),
    estimate={"steps": 8, "cross_check": False, "precision": 1.0}, rotor_estimate={},
    fields=(0.5,), field_temperatures=(2.0, 1.0, 0.5, 0.2), field_steps=8, field_sites=2**12,
)  # fmt: skip
LATTICE_FIGURES = {name: figure for name, figure in FIGURES.items() if name != "fig4"}


class InProcess(Executor):
    """Runs tasks in this process, with arguments that went through a pickle as to a worker."""

    def submit(self, work, /, *args, **kwargs):
        work, args, kwargs = pickle.loads(pickle.dumps((work, args, kwargs)))
        future = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Idle(Executor):
    """Accepts tasks and runs none of them."""

    def submit(self, work, /, *args, **kwargs):
        return Future()


def use(executor: Executor, monkeypatch):
    """Replace the worker processes."""
    for module in (lattices, fields):
        monkeypatch.setattr(module, "processes", lambda threads: lambda: nullcontext(executor))


@pytest.fixture(scope="module")
def in_process():
    with pytest.MonkeyPatch.context() as patch:
        use(InProcess(), patch)
        yield


@pytest.fixture(scope="module")
def studied(tmp_path_factory, one_thread, in_process):
    """The datasets of all figures, from the same store."""
    folder = tmp_path_factory.mktemp("lattices")
    return folder, {
        name: figure.study(folder, TINY, seed=1, threads=1)
        for name, figure in LATTICE_FIGURES.items()
    }


def times(folder, pattern: str) -> dict:
    """When the files were written."""
    return {path: path.stat().st_mtime_ns for path in folder.glob(pattern)}


def test_state_points_are_shared(studied):
    folder, data = studied
    before = times(folder, "points/*/done.json")
    assert len(before) == 5 + 2 + 3
    assert len(list(folder.glob("field-*.json"))) == 2 * 4
    again = fig2.study(folder, TINY, seed=1, threads=1)
    assert times(folder, "points/*/done.json") == before
    np.testing.assert_array_equal(again.mutual_information, data["fig2"].mutual_information)


def test_an_interrupted_field_resumes_with_the_same_numbers(studied):
    folder, data = studied
    lost = [folder / f"field-0.5-{t:g}.{suffix}" for t in (0.5, 0.2) for suffix in ("json", "pt")]
    for path in lost:
        path.unlink()
    kept = times(folder, "field-*.json")
    again = fig3.study(folder, TINY, seed=1, threads=1)
    for name in ("entropy", "mutual_information"):
        np.testing.assert_array_equal(again[name], data["fig3"][name])
    assert all(path.exists() for path in lost)
    assert kept.items() <= times(folder, "field-*.json").items()


def test_entropies_and_their_references(studied):
    data = studied[1]["fig1"]
    square = data.sel(system=SQUARE).dropna("point", subset=["entropy"])
    assert square.temperature.values.tolist() == sorted(TINY.square)
    for name in ("reference", "naive", "compression"):
        assert np.isfinite(square[name]).all()
    exact = [system(SQUARE, size=8, temperature=t).exact_entropy() for t in sorted(TINY.square)]
    assert square.reference.values.tolist() == exact  # eight steps do not train s itself
    naive, error = square.naive.values, square.naive_error.values
    assert ((naive - exact) / error > -4).all()  # a counted block overestimates s
    assert not ((naive - exact[::-1]) / error > -4).all()  # negative control
    assert np.isnan(data.sel(system=ROTORS).reference).all()  # the table is for 64x64
    assert all(NAMES[name] in fig1.verdict(data) for name in NAMES)


def test_the_heat_capacity_has_an_exact_value_for_each_interval(studied):
    data = studied[1]["heat-capacity"]
    exact = data.exact_between.values
    assert (exact > 0).all()
    assert len(exact) == len(data.temperature) - 1
    between = np.interp(data.interval.values, data.temperature.values, data.exact.values)
    assert abs(exact - between).max() < 0.5 * between.max()
    assert "mean error" in heat.verdict(data)


def test_rotors_in_fields(studied):
    data = studied[1]["fig3"]
    assert data.field.values.tolist() == [0.0, 0.5]
    assert np.isnan(data.harmonic.values[0])
    assert data.harmonic.values[1] > 0
    assert data.attrs["side"] == 4


def test_plateaus_and_peaks_of_known_curves():
    """M rises from a plateau to a peak at T = 1 + H."""
    t, h = np.linspace(0.1, 3.0, 30), [0.0, 0.5]
    m = np.array([0.6 + 0.4 * np.exp(-(((t - 1 - field) / 0.4) ** 2)) for field in h])
    columns = {
        "entropy": m,
        "reference": m - 0.002,
        "mutual_information": m,
        "mutual_information_error": np.full_like(m, 0.001),
        "seconds": np.ones_like(m),
    }
    variables = {name: (("field", "temperature"), values) for name, values in columns.items()}
    variables["harmonic"] = ("field", [np.nan, 0.61])
    data = xarray.Dataset(variables, {"field": h, "temperature": t})
    tops = dict(fig3.highest(data))
    assert all(abs(tops[field].at - 1 - field) < 0.05 and tops[field].inside for field in h)
    assert fig3.plateaus(data) == [(0.5, pytest.approx(m[1, 0]), 0.001, 0.61)]  # none at H = 0
    assert "largest error of s 0.0020" in fig3.verdict(data)
    assert "60 s on one core" in fig3.verdict(data)


def ising_curves(sign: float = 1.0) -> xarray.Dataset:
    """M of two sizes of blocks, with a step at T = 2.27."""
    t = np.linspace(1.8, 2.8, 21)
    lengths = (8, 4)
    steps = [length * (1 + np.tanh((t - 2.27) / 0.1)) for length in lengths]
    m = 10 * (sign < 0) * 2 + sign * np.stack(steps, axis=1)[None]
    columns = {
        "mutual_information": m,
        "mutual_information_error": np.full_like(m, 0.01),
        "volume": np.broadcast_to([32.0, 16.0], m.shape),
        "interface": np.broadcast_to([8.0, 4.0], m.shape),
    }
    axes = ("system", "temperature", "level")
    return xarray.Dataset(
        {name: (axes, values) for name, values in columns.items()},
        {"system": [SQUARE], "temperature": t, "level": [1, 2]},
    )


def assert_at_the_step(peaks):
    assert [name for name, _ in peaks] == ["16", "32"]
    assert all(abs(peak.at - 2.27) < 3 * peak.at_error for _, peak in peaks)


def test_where_m_of_ising_blocks_rises_fastest():
    data = ising_curves()
    assert_at_the_step(fig2.rises_fastest(data))
    assert fig2.falls_fastest(data) == []
    assert "from T_c = 2.269" in fig2.verdict(data)
    late = data.assign(mutual_information=data.mutual_information * 0 + data.temperature**4)
    assert "no T_c is seen" in fig2.verdict(late)  # negative control


def test_where_m_of_ising_blocks_falls_fastest():
    data = ising_curves(-1.0)
    assert_at_the_step(fig2.falls_fastest(data))
    assert "falls fastest" in fig2.verdict(data)
    assert "rises" not in fig2.verdict(data)
    level = data.assign(mutual_information=data.mutual_information * 0 + 20)
    assert fig2.falls_fastest(level) == []  # negative control


@pytest.mark.parametrize(
    ("name", "panels"), [("fig1", 3), ("fig2", 4), ("fig3", 4), ("heat-capacity", 2)]
)
def test_figures_have_their_panels(studied, name, panels):
    figure = FIGURES[name].draw(studied[1][name])
    figure.canvas.draw()
    assert len(figure.axes) >= panels
    for axes in figure.axes:
        assert axes.lines or axes.containers
        twin = axes.get_ylabel().startswith("T where")
        assert axes.get_xlabel() or twin or not axes.get_ylabel()


def test_a_stop_raises_and_names_the_folder(tmp_path, monkeypatch):
    use(Idle(), monkeypatch)
    with pytest.raises(Stopped, match=f"{tmp_path} keeps finished results, and the same command"):
        fig2.study(tmp_path, TINY, seed=2, threads=1, should_stop=lambda: True)
    with pytest.raises(Stopped, match="same command"):
        fields.by_chain_rule(tmp_path, TINY, threads=1, should_stop=lambda: True)


def test_quick_is_less_work():
    quick, full = Effort.quick(), Effort()
    assert quick.size < full.size
    assert quick.samples < full.samples
    assert len(quick.plan(*NAMES).points) < len(full.plan(*NAMES).points)
    assert min(map(len, (full.square, full.triangular, full.rotors))) >= 16
