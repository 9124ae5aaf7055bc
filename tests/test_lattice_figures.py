"""Figures 1 to 3 and the heat capacity: from tiny lattices to their panels, one store for all of them."""

import numpy as np
import pytest
import xarray

from moiety import system
from moiety.base.errors import Stopped
from moiety.paper import FIGURES, fig1, fig2, fig3, heat
from moiety.paper.lattices import NAMES, ROTORS, SQUARE, Effort

TINY = Effort(
    size=8, samples=64, square=(4.0, 3.0, 2.4, 2.0, 1.5), triangular=(4.0, 2.0, 1.0, 0.5), rotors=(3.0, 1.5, 1.0, 0.6, 0.3),
    estimate={"steps": 8, "cross_check": False, "precision": 1.0},
    fields=(0.5,), field_temperatures=(2.0, 1.5, 1.0, 0.5, 0.2), field_steps=8, field_sites=2**12,
)  # fmt: skip


@pytest.fixture(scope="module")
def studied(tmp_path_factory, one_thread):
    """The datasets of all figures, from one store."""
    folder = tmp_path_factory.mktemp("lattices")
    found = {
        name: made.study(folder, TINY, seed=1, threads=1)
        for name, made in FIGURES.items()
        if name != "fig4"
    }
    return folder, found


def test_state_points_are_shared(studied):
    folder, _ = studied
    assert len(list(folder.glob("points/*/done.json"))) == 5 + 4 + 5
    assert len(list(folder.glob("field-*.json"))) == 2 * 5
    before = {path: path.stat().st_mtime_ns for path in folder.glob("points/*/done.json")}
    again = fig2.study(folder, TINY, seed=1, threads=1)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("points/*/done.json")} == before
    np.testing.assert_array_equal(again.mutual_information, studied[1]["fig2"].mutual_information)


def test_a_field_that_was_interrupted_goes_on_to_the_same_numbers(studied):
    folder, found = studied
    lost = [folder / f"field-0.5-{t:g}.{suffix}" for t in (0.5, 0.2) for suffix in ("json", "pt")]
    for path in lost:
        path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("field-*.json")}
    again = fig3.study(folder, TINY, seed=1, threads=1)
    for name in ("entropy", "mutual_information"):
        np.testing.assert_array_equal(again[name], found["fig3"][name])
    assert (
        all(path.exists() for path in lost)
        and kept.items()
        <= {path: path.stat().st_mtime_ns for path in folder.glob("field-*.json")}.items()
    )


def test_what_is_off_is_told(studied):
    data = studied[1]["fig1"]
    square = data.sel(system=SQUARE).dropna("point", subset=["entropy"])
    assert square.temperature.values.tolist() == sorted(TINY.square)
    assert (
        np.isfinite(square.reference).all()
        and np.isfinite(square.naive).all()
        and np.isfinite(square.compression).all()
    )
    exact = [system(SQUARE, size=8, temperature=t).exact_entropy() for t in sorted(TINY.square)]
    assert (
        square.reference.values.tolist() == exact
    )  # eight steps train nothing, so that s itself may be anywhere
    above = ((square.naive - square.reference) / square.naive_error > -4).values
    assert above.all()  # a counted block errs upwards
    assert not (
        (square.naive - square.reference.values[::-1]) / square.naive_error > -4
    ).values.all()  # negative control
    assert np.isnan(data.sel(system=ROTORS).reference).all()  # the table is of 64x64
    assert all(NAMES[name] in fig1.verdict(data) for name in NAMES)


def test_the_heat_capacity_is_compared_with_its_own_interval(studied):
    data = studied[1]["heat-capacity"]
    exact = data.exact_between.values
    assert (exact > 0).all() and len(exact) == len(data.temperature) - 1
    between = np.interp(data.interval.values, data.temperature.values, data.exact.values)
    assert abs(exact - between).max() < 0.5 * between.max()
    assert "off by" in heat.verdict(data)


def test_plateaus_and_peaks_of_rotors(studied):
    data = studied[1]["fig3"]
    assert (
        data.field.values.tolist() == [0.0, 0.5]
        and np.isnan(data.harmonic.values[0])
        and data.harmonic.values[1] > 0
    )
    assert data.attrs["side"] == 4


def test_plateaus_and_peaks_are_those_of_the_curves():
    """Of curves that are known: M rises from a plateau to a peak at T = 1 + H."""
    t, fields = np.linspace(0.1, 3.0, 30), [0.0, 0.5]
    m = np.array([0.6 + 0.4 * np.exp(-(((t - 1 - h) / 0.4) ** 2)) for h in fields])
    data = xarray.Dataset(
        {
            "entropy": (("field", "temperature"), m), "reference": (("field", "temperature"), m - 0.002),
            "mutual_information": (("field", "temperature"), m), "mutual_information_error": (("field", "temperature"), np.full_like(m, 0.001)),
            "harmonic": ("field", [np.nan, 0.61]), "seconds": (("field", "temperature"), np.ones_like(m)),
        },
        {"field": fields, "temperature": t},
    )  # fmt: skip
    tops = dict(fig3.highest(data))
    assert all(abs(tops[h].at - 1 - h) < 0.05 and tops[h].inside for h in fields)
    assert fig3.plateaus(data) == [
        (0.5, pytest.approx(m[1, 0]), 0.001, 0.61)
    ]  # at H = 0 there is none
    assert "s off by 0.0020" in fig3.verdict(data) and "60 s of a core" in fig3.verdict(data)


def test_where_m_of_ising_blocks_rises_fastest():
    t = np.linspace(1.8, 2.8, 21)
    m = np.stack([length * (1 + np.tanh((t - 2.27) / 0.1)) for length in (8, 4)], axis=1)[None]
    levels = {
        name: (("system", "temperature", "level"), np.broadcast_to(value, m.shape))
        for name, value in (("volume", [32.0, 16.0]), ("interface", [8.0, 4.0]))
    }
    known = {
        "mutual_information": (("system", "temperature", "level"), m),
        "mutual_information_error": (("system", "temperature", "level"), np.full_like(m, 0.01)),
    }
    data = xarray.Dataset(
        {**known, **levels}, {"system": [SQUARE], "temperature": t, "level": [1, 2]}
    )
    assert [name for name, _ in fig2.rises_fastest(data)] == ["16", "32"]
    assert all(abs(one.at - 2.27) < 3 * one.at_error for _, one in fig2.rises_fastest(data))
    assert "from T_c = 2.269" in fig2.verdict(data)
    assert fig2.falls_fastest(data) == []
    falling = data.assign(mutual_information=-data.mutual_information + 20)
    assert [name for name, _ in fig2.falls_fastest(falling)] == ["16", "32"]
    assert all(abs(one.at - 2.27) < 3 * one.at_error for _, one in fig2.falls_fastest(falling))
    assert "falls fastest" in fig2.verdict(falling) and "rises" not in fig2.verdict(falling)
    late = data.assign(mutual_information=data.mutual_information * 0 + data.temperature**4)
    assert "no T_c is seen" in fig2.verdict(late)  # negative control
    level = data.assign(mutual_information=data.mutual_information * 0 + 20)
    assert fig2.falls_fastest(level) == []  # negative control


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "fig4"])
def test_figures_have_their_panels(studied, name, tmp_path):
    made, data = FIGURES[name], studied[1][name]
    figure = made.draw(data)
    figure.savefig(tmp_path / "one.png")
    assert len(figure.axes) >= {"fig1": 3, "fig2": 4, "fig3": 4, "heat-capacity": 2}[name]
    for axes in figure.axes:
        assert axes.lines or axes.containers
    assert all(
        axes.get_xlabel()
        for axes in figure.axes
        if axes.get_ylabel() and not axes.get_ylabel().startswith("T where")
    )


def test_a_stop_keeps_what_is_finished(tmp_path):
    with pytest.raises(Stopped, match="same command"):
        fig2.study(tmp_path, TINY, seed=2, threads=1, stop=lambda: True)
    assert len(list(tmp_path.glob("points/*/done.json"))) < 9


def test_quick_is_less_work():
    quick, whole = Effort.quick(), Effort()
    assert quick.size < whole.size and quick.samples < whole.samples
    assert len(quick.plan(*NAMES).points) < len(whole.plan(*NAMES).points)
    assert (
        min(len(one) for one in (whole.square, whole.triangular, whole.rotors)) >= 16
    )  # the least
