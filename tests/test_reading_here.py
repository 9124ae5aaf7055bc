"""Systems without Linux's limits read binary files in the process itself."""

import h5py
import numpy as np
import pytest

import moiety
from moiety.io import _isolation


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch):
    def no_process(owner):
        raise AssertionError("another process was started")

    monkeypatch.setattr(_isolation, "_IS_LINUX", False)
    monkeypatch.setattr(_isolation, "_process", no_process)


@pytest.mark.parametrize("suffix", ["h5", "nc", "zarr"])
def test_the_samples_are_the_same(suffix, tmp_path):
    spins = np.random.default_rng(0).choice([-1, 1], size=(32, 6, 6))
    samples = moiety.Samples.from_array(spins, boundary="periodic")
    moiety.save(samples, tmp_path / f"spins.{suffix}")
    read = moiety.load(tmp_path / f"spins.{suffix}")
    assert (read.values == samples.values).all() and read.labels == samples.labels


def test_a_refusal_is_one_line(tmp_path):
    with h5py.File(tmp_path / "words.h5", "w") as file:
        file["words"] = np.full((32, 4), b"up")
    with pytest.raises(moiety.InputError, match=r"^[^\n]+words\.h5[^\n]+$"):
        moiety.load(tmp_path / "words.h5", boundary="periodic")
