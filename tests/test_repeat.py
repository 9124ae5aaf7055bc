"""`moiety repeat` makes a result again, bit by bit, or says what is different."""

import json
from dataclasses import replace

import numpy as np
import pytest

import moiety
from moiety import EntropyResult, InputError, Samples, io
from moiety.chain_rule.estimate import ChainRule
from moiety.chain_rule.orders import CoarseToFine
from moiety.data.digest import digest_of
from moiety.entropy.choices import objects_of
from moiety.entropy.repeat import Repetition, repeat_result, samples_of
from moiety.estimation.critics import ConvolutionalCritic, InterfaceCritic
from moiety.estimation.objectives import NWJ, NWJBound
from moiety.estimation.training import Training
from small import SMALL

QUICK = ("--steps", "10", "--no-cross-check", "--precision", "1")
CHEAP = {"cross_check": False, "precision": 1.0, "training": Training(steps=10)}
HERE = ("system", "ising-square", "--size", "4")


@pytest.fixture
def made(run, ising, tmp_path):
    """A result in a file, by the command line, from samples that moiety drew."""
    done = run("estimate", ising, "--out", tmp_path / "r.nc", *QUICK, "--seed", "5", "--quiet")
    assert done.code == 0
    return tmp_path / "r.nc"


def test_samples_that_moiety_drew_are_drawn_again(run, made, ising):
    done = run("repeat", made)
    assert (done.code, done.err) == (0, "")
    first, second, verdict = done.out.splitlines()
    assert first.removeprefix("recorded") == second.removeprefix("repeated")
    assert "s = " in first and "seed 5" in first
    assert verdict == "every number is bitwise the same"
    again = samples_of(EntropyResult.load(made))
    assert again.values.tobytes() == io.load(ising).values.tobytes()


def test_other_samples_are_noticed(run, made, tmp_path):
    other = tmp_path / "other.nc"
    model = moiety.system("ising-square", size=4, temperature=3.0)
    io.save(model.sample(256, seed=2, algorithm="swendsen-wang"), other)
    done = run("repeat", made, "--samples", other, "--json")
    answer = json.loads(done.out)
    assert (done.code, answer["same"], answer["same_samples"]) == (1, False, False)
    assert answer["difference"] == answer["repeated"]["entropy"] - answer["recorded"]["entropy"]
    assert "the samples are not those of the result" in done.err


def test_a_changed_number_is_noticed(run, made, tmp_path):
    result = EntropyResult.load(made)
    changed = replace(result, entropy=np.nextafter(result.entropy, 1.0))
    changed.save(tmp_path / "changed.nc")
    done = run("repeat", tmp_path / "changed.nc")
    assert done.code == 1 and "not the same: the entropies differ by" in done.err
    assert len(done.err.splitlines()) == 1


def test_samples_of_other_programs_are_asked_for(run, tmp_path):
    spins = np.random.default_rng(0).choice([-1, 1], size=(64, 2, 2))
    np.save(tmp_path / "spins.npy", spins)
    words = (tmp_path / "spins.npy", "--periodic", "--symmetries", "flip", "--axes", "draw,x,y")
    made = tmp_path / "r.nc"
    assert run("estimate", *words, *QUICK, "--out", made).code == 0
    refused = run("repeat", made)
    assert refused.code == 2 and f"--samples {tmp_path / 'spins.npy'}" in refused.err
    assert run("repeat", made, "--samples", tmp_path / "spins.npy").code == 0  # read as recorded


def test_how_a_file_was_read_counts(run, ising, tmp_path):
    """Open boundaries, against what the file says."""
    made = tmp_path / "r.nc"
    assert run("estimate", ising, "--no-periodic", *QUICK, "--out", made).code == 0
    assert EntropyResult.load(made).provenance["periodic"] == [False, False]
    assert run("repeat", made).code == 0


@pytest.mark.parametrize("suffix", [".gsd", ".nc"])
def test_particles_are_rounded_as_their_file_rounds(run, tmp_path, suffix):
    frames, made = tmp_path / f"x{suffix}", tmp_path / "r.nc"
    words = "--particles 36 --density 0.3 --samples 16 --seed 2"
    assert run("sample", "ideal-gas", *words.split(), "--out", frames).code == 0
    words = ("--largest", "0.5", "--resolution", "10", "--steps", "5", "--out", made)
    assert run("estimate", frames, *words).code == 0
    done = run("repeat", made)
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("name", "parameters", "options"),
    [
        ("ising-square", {"size": 4, "temperature": 2.0}, {"algorithm": "wolff", "chains": 3}),
        ("ising-square", {"size": 4, "temperature": 2.0}, {"thinning": 3, "burn_in": 300}),
        ("ising-square", {"size": 4, "temperature": 2.0}, {"thinning": 2}),
        ("xy-square", {"size": 4, "temperature": 1.0}, {}),
        ("markov-chain", {"size": 8}, {"samples": 65}),
        ("gaussian-field", {"size": 4}, {}),
        ("potts-square", {"size": 4, "temperature": 1.0}, {}),
        ("soft-disks", {"particles": 16, "packing_fraction": 0.5}, {"samples": 9}),
        ("hard-rods", {"particles": 8, "density": 0.3}, {}),
    ],
)
def test_the_same_draws_are_taken_again(name, parameters, options):
    drawn = moiety.system(name, **parameters).sample(**{"samples": 64, "seed": 4, **options})
    origin = {"samples": dict(drawn.provenance), "n": drawn.n}
    again = samples_of(_result_with(origin))
    assert digest_of(again) == digest_of(drawn)
    origin["samples"]["seed"] = 5  # negative control
    assert digest_of(samples_of(_result_with(origin))) != digest_of(drawn)


def _result_with(provenance):
    """A result with nothing but this provenance."""
    return EntropyResult(0.5, 0.1, {}, (), (), None, {}, provenance=provenance)


def test_changes_made_in_python_are_applied():
    model = moiety.system("ising-square", size=4, temperature=3.0)
    drawn = model.sample(64, seed=1).replace(symmetries=("flip",), periodic=(False, False))
    result = moiety.estimate_entropy(drawn, critic=SMALL, **CHEAP)
    assert digest_of(samples_of(result)) == result.provenance["digest"] == digest_of(drawn)


def test_algorithms_are_made_again():
    model = moiety.system("ising-chain", size=8, temperature=1.0)
    samples, order = model.sample(64, seed=1), CoarseToFine(radius=2)
    rule = ChainRule(order=order, width=8, training=Training(steps=20))
    options = {
        "critic": InterfaceCritic(width=8, products=4, vectors=4, means=4, reach=(5, 3)),
        "objective": NWJ(),
        "bound": NWJBound(),
        "training": Training(steps=10, batch=64),
        "chain_rule": rule,
    }
    result = moiety.estimate_entropy(samples, **options, folds=3, seed=2, precision=1.0)
    stored = EntropyResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert objects_of(stored.provenance["configuration"]) == options
    assert repeat_result(stored, samples).is_same
    other = replace(stored, provenance={**stored.provenance, "configuration": {"seed": 3}})
    assert not repeat_result(other, samples).is_same  # negative control


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"configuration": None}, "does not record its configuration"),
        ({"configuration": {"warm_start": True}}, "repeat the sweep that it belongs to"),
        ({"configuration": {"critic": {"name": "Mine"}}}, "'Mine' is not part of moiety"),
        (
            {"configuration": {"critic": {"name": "InterfaceCritic", "colour": 3}}},
            "has other fields in this version",
        ),
    ],
)
def test_what_cannot_be_repeated_is_said(changes, message):
    samples = Samples.from_array(np.ones((16, 2, 2), int), periodic=True, axes="draw,x,y")
    with pytest.raises(InputError, match=message) as caught:
        repeat_result(_result_with(changes), samples)
    assert len(str(caught.value).splitlines()) == 1


def test_a_difference_is_explained():
    samples = Samples.from_array(np.ones((16, 2, 2), int), periodic=True, axes="draw,x,y")
    result = moiety.estimate_entropy(samples, cross_check=False)
    moved = replace(result, entropy=0.25, error=0.1)
    assert "0.25, 2.5 errors; another machine" in str(Repetition(moved, result, ("a", "a")))
    assert "samples are not those" in str(Repetition(moved, result, ("a", "b")))
    assert "the clock or the user" in str(
        Repetition(replace(moved, ended="time limit"), result, ("", "b"))
    )
    older = replace(moved, provenance={**moved.provenance, "version": "0.0.1"})
    assert "moiety 0.0.1" in str(Repetition(older, result, ("", "b")))


def test_objects_with_defaults():
    described = {"critic": {"name": "ConvolutionalCritic", "growth": 2}}
    assert objects_of(described) == {"critic": ConvolutionalCritic(growth=2)}
    assert objects_of({}) == {}
