"""Figures of the paper: what is kept is not done again, the fit tells a change of slope, the command."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray

from moiety.base.errors import Stopped
from moiety.cli import main
from moiety.estimation.training import Training
from moiety.geometry.space import BlockCut
from moiety.paper import FIGURES, fig4
from moiety.probe import kink

TINY = fig4.Effort(
    particles=128, packings=8, largest=0.5, densities=(0.5, 0.6, 0.7, 0.88), resolutions=(2.0, 10.0), studied=(0.6,),
    blocks=(BlockCut((0.5, 0.5)),), training=Training(steps=4, batch=64),
)  # fmt: skip


@pytest.mark.parametrize("change", [0.0, 3.0])
def test_a_change_of_slope_is_found_where_there_is_one(change):
    phi = np.array([0.5, 0.58, 0.66, 0.72, 0.77, 0.8, 0.82, 0.835, 0.85, 0.87, 0.9, 0.95, 1.0])
    rng, error = np.random.default_rng(0), np.full(len(phi), 0.02)
    for seed in range(5):
        values = (
            1 - 2 * phi + change * np.maximum(phi - 0.841, 0) + error * rng.normal(size=len(phi))
        )
        found = kink(phi, values, error, seed)
        if change:  # 4 errors: one false alarm in 10^4, and the seeds are fixed
            assert (
                abs(found.at - 0.841) < 4 * found.at_error + 0.002
                and abs(found.change - change) < 4 * found.change_error
            )
            assert found.known and found.improvement > 50
        else:  # two more numbers fitted, one of them out of many places: chi^2 falls by less than 20
            assert found.improvement < 20 and found.at_error > 0.03


def test_fig4_goes_on_where_it_was_and_has_its_panels(tmp_path, monkeypatch):
    asked = iter([False] * 2 + [True] * 10**6)
    with pytest.raises(Stopped):
        fig4.study(tmp_path, TINY, seed=1, threads=1, stop=lambda: next(asked))
    told = []
    data = fig4.study(
        tmp_path,
        TINY,
        seed=1,
        threads=1,
        progress=lambda done, total, text: told.append((done, total)),
    )
    assert all(0 <= done <= total == 5 for done, total in told) and told == sorted(told)
    monkeypatch.setattr(fig4, "estimate_excess_entropy", None)  # nothing is estimated again
    monkeypatch.setattr(fig4, "information_of", None)
    again = fig4.study(tmp_path, TINY, seed=1)
    assert again.identical(data)
    assert data.sizes["phi"] == 4 and float(data.jammed[0]) == 0 and float(data.jammed[-1]) == 1
    assert np.isfinite(data.excess_entropy).all() and (data.error > 0).all()
    assert (
        data.compression_hilbert < data.compression
    ).all()  # who lies next to whom is seen along the curve only
    drawn = fig4.draw(data)
    assert [
        axes.get_title(loc="left") for axes in drawn.axes if axes.get_title(loc="left")
    ] == list("ABCDEF")


def test_the_command_writes_data_and_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fig4.Effort, "quick", classmethod(lambda cls: TINY))

    def run(*words) -> SimpleNamespace:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        return SimpleNamespace(code=end.value.code, **capsys.readouterr()._asdict())

    done = run("reproduce", "fig4", "--quick", "--out", tmp_path)
    with xarray.open_dataset(tmp_path / "fig4.nc", engine="h5netcdf") as data:
        said = fig4.verdict(data)
    assert done.code == 0 and said in " ".join(done.out.split()) and "fig4" in FIGURES
    assert {"fig4.nc", "fig4.csv", "fig4.png", "fig4.pdf"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert "excess_entropy" in (tmp_path / "fig4.csv").read_text().splitlines()[0]
    assert run("reproduce", "fig9", "--out", tmp_path).code == 2
    (tmp_path / "file").write_text("")
    assert run("reproduce", "fig4", "--out", tmp_path / "file").code == 2
