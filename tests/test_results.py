"""Results: what they hold, their files, and the keys that scripts read."""

import json
from dataclasses import replace

import numpy as np
import pytest

from moiety import EntropyResult, InputError, estimate_entropy
from moiety.chain_rule.estimate import ChainRule
from moiety.estimation.training import Training
from moiety.results.types import CrossCheck, ScaleEntropy, Source
from moiety.systems import system
from small import SMALL


@pytest.fixture(scope="module")
def result():
    """A brief estimate of a small lattice with its cross-check."""
    samples = system("ising-square", size=8, temperature=4.0).sample(512, seed=1)
    training = Training(steps=100, batch=1024, averaging=0.98, check_every=25)
    rule = ChainRule(width=16, evaluations=2**17, training=training)
    brief = Training(steps=10, batch=128, check_every=5)
    options = {"critic": SMALL, "precision": 1.0, "threads": 1}
    return estimate_entropy(samples, training=brief, chain_rule=rule, **options)


def test_a_result_survives_its_file(result, tmp_path):
    result.save(tmp_path / "result.nc")
    again = EntropyResult.load(tmp_path / "result.nc")
    histories = [level.histories for level in result.levels]
    route = result.cross_check.histories
    assert again == EntropyResult.from_dict(result.to_dict(), histories, route)
    assert [level.histories for level in again.levels] == histories and any(histories)
    assert again.to_dict() == json.loads(json.dumps(result.to_dict()))
    with pytest.raises(InputError, match="exists already"):
        result.save(tmp_path / "result.nc")
    with pytest.raises(InputError, match="netCDF"):
        result.save(tmp_path / "result.json")
    (tmp_path / "other.nc").write_bytes(b"no netCDF")
    with pytest.raises(InputError):
        EntropyResult.load(tmp_path / "other.nc")


def test_the_curves_of_the_cross_check_are_saved(result, tmp_path):
    result.save(tmp_path / "result.nc")
    again = EntropyResult.load(tmp_path / "result.nc").cross_check
    assert again == result.cross_check and len(again.histories) == 2
    ends = [-history.bound[-1] for history in again.histories]
    # 512 samples of 64 sites; a wrong sign is off by twice s
    assert np.mean(ends) == pytest.approx(again.entropy, abs=0.03)
    keys = {"entropy", "error", "difference", "difference_error", "order", "scales"}
    assert result.to_dict()["cross_check"].keys() == keys


def test_the_entropy_by_scale_is_saved(result, tmp_path):
    scales = (
        ScaleEntropy("spacing 8", 1 / 64, 0.69, 0.02),
        ScaleEntropy("spacing 1, odd x", 63 / 64, 0.6, 0.001),
    )
    order = "from coarse to fine"
    crossed = replace(result.cross_check, order=order, scales=scales)
    split = replace(result, cross_check=crossed)
    split.save(tmp_path / "result.nc")
    again = EntropyResult.load(tmp_path / "result.nc")
    assert again.cross_check.scales == scales and again.cross_check.order == order
    data = split.to_xarray()
    assert data.scale_entropy.sel(scale="spacing 1, odd x") == 0.6
    assert data.scale_share.sum() == 1 and data.scale_error.attrs["units"] == "nats/site"
    assert "scale" not in replace(result, cross_check=None).to_xarray().sizes
    old = {key: value for key, value in split.to_dict()["cross_check"].items() if key != "scales"}
    mapping = {**split.to_dict(), "cross_check": old}  # a result of version 0.1.0
    assert EntropyResult.from_dict(mapping).cross_check.scales == ()


def test_json_has_the_keys_that_scripts_read(result):
    mapping = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert {
        "entropy", "error", "unit", "status", "cross_check", "levels", "samples", "timing",
        "provenance",
    } <= set(mapping)  # fmt: skip
    keys = {
        "level", "shape", "volume", "interface", "mutual_information", "error", "source", "status",
    }  # fmt: skip
    assert all(keys <= set(level) for level in mapping["levels"])
    assert {"n", "effective", "tau"} <= set(mapping["samples"])
    assert {"version", "seed", "configuration"} <= set(mapping["provenance"])


def test_a_result_in_a_line(result):
    line = str(result)
    assert line.startswith("s = ") and "nats/site  [6 levels" in line and "cross-check" in line
    tail = replace(result.levels[0], source=Source.EXTRAPOLATED)
    shown = str(replace(result, levels=(tail, *result.levels[1:]), cross_check=None))
    assert "6 levels, 1 from the area law" in shown and "cross-check" not in shown


def test_a_difference_without_an_error_is_infinitely_many_of_them():
    assert CrossCheck(0.5, 0.1, difference=0.1, difference_error=0.0).sigmas > 1e9
    assert CrossCheck(0.5, 0.1, difference=0.0, difference_error=0.0).sigmas == 0.0


def test_networks_are_kept_but_not_stored(result, tmp_path):
    parents = {(8, 8), (4, 8), (8, 4), (4, 4)}
    assert result.networks.cuts.keys() <= parents and len(result.networks.cuts) == 3
    assert all(len(folds) == 2 for folds in result.networks.cuts.values())
    result.save(tmp_path / "result.nc")
    assert EntropyResult.load(tmp_path / "result.nc").networks.cuts == {}
