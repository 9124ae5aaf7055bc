"""Fig. 4 with little work: it resumes, has its panels, and the command writes data and pictures."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray

from moiety.base.errors import Stopped
from moiety.estimation.training import Training
from moiety.geometry.space import BlockCut
from moiety.paper import FIGURES, fig4

TINY = fig4.Effort(
    particles=128, packings=8, largest=0.5, densities=(0.5, 0.6, 0.7, 0.88),
    resolutions=(2.0, 10.0), studied=(0.6,), blocks=(BlockCut((0.5, 0.5)),),
    small=(BlockCut((0.5, 0.5)), BlockCut((0.5, 1.0))), transition=(0.6, 0.7, 0.84, 0.88),
    training=Training(steps=4, batch=64),
)  # fmt: skip


@pytest.fixture(scope="module")
def studied(tmp_path_factory, one_thread) -> SimpleNamespace:
    """A study that was stopped once and resumed, in the folder where the command looks for it."""
    out: Path = tmp_path_factory.mktemp("figures")
    folder = out / "fig4-quick-0"
    folder.mkdir()
    answers = iter([False] * 2 + [True] * 10**6)
    with pytest.raises(Stopped, match="same command"):
        fig4.study(folder, TINY, threads=1, should_stop=lambda: next(answers))
    calls: list[tuple[float, float]] = []

    def progress(done, total, text):
        calls.append((done, total))

    data = fig4.study(folder, TINY, threads=1, progress=progress)
    return SimpleNamespace(out=out, folder=folder, data=data, calls=calls)


@pytest.fixture
def no_estimates(monkeypatch):
    for name in ("estimate_excess_entropy", "mutual_information_of"):
        monkeypatch.setattr(fig4, name, None)


def test_progress_increases_to_the_number_of_densities(studied):
    assert all(0 <= done <= total == 9 for done, total in studied.calls)
    assert studied.calls == sorted(studied.calls)


def test_a_finished_study_is_read_from_its_folder(studied, no_estimates):
    assert fig4.study(studied.folder, TINY).identical(studied.data)


def test_values_of_fig4(studied):
    data = studied.data
    assert data.sizes["phi"] == 4
    assert (float(data.jammed[0]), float(data.jammed[-1])) == (0, 1)
    assert np.isfinite(data.excess_entropy).all()
    assert (data.error > 0).all()
    # only the Hilbert curve keeps neighbours together
    assert (data.compression_hilbert < data.compression).all()
    assert data.small.dims == ("small_block", "transition")
    assert (data.small_error > 0).all() and np.isfinite(data.small_fit).all()


def test_fig4_has_its_panels(studied):
    titles = [axes.get_title(loc="left") for axes in fig4.draw(studied.data).axes]
    assert [title for title in titles if title] == list("ABCDEFG")


def test_the_command_writes_data_and_pictures(studied, no_estimates, monkeypatch, run):
    monkeypatch.setattr(fig4.Effort, "quick", classmethod(lambda cls: TINY))
    done = run("reproduce", "fig4", "--quick", "--out", studied.out)
    with xarray.open_dataset(studied.out / "fig4.nc", engine="h5netcdf") as data:
        verdict = fig4.verdict(data)
    assert done.code == 0
    assert verdict in " ".join(done.out.split())
    assert {"fig4.nc", "fig4.csv", "fig4.png", "fig4.pdf"} <= {
        path.name for path in studied.out.iterdir()
    }
    assert "excess_entropy" in (studied.out / "fig4.csv").read_text().splitlines()[0]


def test_the_command_refuses_unknown_figures_and_files(tmp_path, run):
    assert "fig4" in FIGURES
    assert run("reproduce", "fig9", "--out", tmp_path).code == 2
    (tmp_path / "file").write_text("")
    assert run("reproduce", "fig4", "--out", tmp_path / "file").code == 2
