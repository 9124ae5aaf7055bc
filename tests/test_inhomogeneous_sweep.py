"""A sweep over files whose sites differ: results without levels in every table and page."""

import numpy as np
import pytest
import xarray

from moiety import Samples, io
from moiety.report.sweep import render_sweep_report
from moiety.sweep import Store, collect, read_plan, sweep
from sweeps import here, write_plan

PLAN = """
[[files]]
glob = "runs/T{temperature}.npz"
boundary = "free"
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Independent spins, each with its own probability, at two temperatures."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "runs").mkdir()
    rng = np.random.default_rng(0)
    for temperature in (1.0, 2.0):
        p = 1 / (1 + np.exp(-rng.normal(size=6) / temperature))
        spins = (rng.random((64, 6)) < p).astype(int)
        samples = Samples.from_array(spins, axes="draw,x", boundary="free")
        io.save(samples, folder / f"runs/T{temperature}.npz")
    plan = read_plan(write_plan(folder, PLAN))
    store = Store(folder / "store")
    outcome = sweep(plan, store, here)
    assert not outcome.errors
    return store


def test_a_dataset_without_levels(store, tmp_path):
    data = collect(store)
    assert data.sizes["level"] == 0 and data["entropy"].count() == 2
    assert float((data["entropy"] - 3 * data["error"]).max()) < np.log(2)
    data.to_netcdf(tmp_path / "all.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "all.nc", engine="h5netcdf") as again:
        assert again["entropy"].equals(data["entropy"])


def test_a_page_without_levels(store):
    page = render_sweep_report(store)
    assert page.count("effective sample size") >= 2
