"""`moiety probe` on a sweep with known peaks and area laws."""

import json

import numpy as np
import pytest
import xarray

from moiety import InputError
from moiety.probe import area_laws, find_peaks

CENTRE, WIDTH = 2.3, 0.4
TEMPERATURES = np.arange(1.5, 3.2, 0.1)
INTERFACES = np.array([64.0, 32.0, 32.0, 16.0, 16.0, 8.0])
ALPHA, ERROR = 0.05, 1e-3


@pytest.fixture(scope="module")
def sweep():
    """M = alpha l (1 + peak at T = 2.3): every scale peaks there, and alpha is known everywhere."""
    shape = 1 + np.exp(-(((TEMPERATURES - CENTRE) / WIDTH) ** 2))
    m = ALPHA * INTERFACES[None, :] * shape[:, None]
    volume = np.broadcast_to([2048.0, 1024.0, 512.0, 256.0, 128.0, 64.0], m.shape)
    over = ("temperature", "level")
    data = {
        "mutual_information": (over, m),
        "mutual_information_error": (over, np.full(m.shape, ERROR)),
        "volume": (over, volume),
        "interface": (over, np.broadcast_to(INTERFACES, m.shape)),
        "entropy": ("temperature", 0.3 + 0.1 * TEMPERATURES),
        "error": ("temperature", np.full(len(TEMPERATURES), ERROR)),
    }
    coordinates = {"temperature": TEMPERATURES, "level": np.arange(1, 7)}
    return xarray.Dataset(data, coordinates)


def test_every_scale_peaks_at_the_known_temperature(sweep):
    peaks = find_peaks(sweep)
    assert [peak.volume for peak in peaks] == [2048, 1024, 512, 256, 128, 64]
    assert all(abs(peak.highest.at - CENTRE) < 0.05 for peak in peaks)
    steepest = CENTRE - WIDTH / np.sqrt(2)  # where a Gaussian rises fastest
    assert all(abs(peak.steepest.at - steepest) < 0.05 for peak in peaks)


def test_the_area_law_of_every_state_point(sweep):
    laws = area_laws(sweep)
    assert len(laws) == len(TEMPERATURES)
    at_peak = next(law for labels, law in laws if abs(labels["temperature"] - CENTRE) < 1e-6)
    assert at_peak.alpha == pytest.approx(2 * ALPHA, abs=3 * at_peak.alpha_error + 1e-9)


def test_the_command_prints_writes_and_draws(sweep, run, tmp_path):
    source, picture = tmp_path / "sweep.nc", tmp_path / "phases.png"
    sweep.to_netcdf(source, engine="h5netcdf")
    shown = run("probe", source, "--out", picture)
    assert shown.code == 0 and "2.30" in shown.out and "area law" in shown.out
    assert picture.stat().st_size > 10_000
    values = json.loads(run("probe", source, "--json").out)
    assert len(values["peaks"]) == 6 and values["along"] == "temperature"


def test_a_short_curve_and_an_unknown_axis_are_refused(sweep, run, tmp_path):
    with pytest.raises(InputError, match="at least four points"):
        find_peaks(sweep.isel(temperature=slice(3)))
    with pytest.raises(InputError, match="no M along field"):
        find_peaks(sweep, along="field")
    missing = run("probe", tmp_path / "none.nc")
    assert missing.code == 2 and "no such file" in missing.err
