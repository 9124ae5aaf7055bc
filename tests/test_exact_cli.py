"""`moiety exact` beyond the entropy: energies, blocks, strips and series."""

import json

import pytest

from moiety.exact import chain, houtappel, kaufman, onsager, triangular_torus, xy
from moiety.exact.high_temperature import cut_information, high_temperature_entropy
from moiety.exact.strips import Strip
from moiety.systems import system

KEYS = ["entropy", "unit", "system", "shape", "parameters"]  # in this order since 0.1
NEW = {
    "energy",
    "heat_capacity",
    "block",
    "block_entropy",
    "strip",
    "mutual_information",
    "bond_information",
    "method",
    "error",
}


@pytest.fixture
def exact(run):
    """`exact("ising-square --temperature 2")` -> code, out, err."""
    return lambda words: run("exact", *words.split())


def result(exact, words: str) -> dict:
    done = exact(f"{words} --json")
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    return json.loads(done.out)


@pytest.mark.parametrize(
    ("words", "energy", "capacity"),
    [
        (
            "ising-square --temperature 2.4",
            onsager.onsager_energy(2.4),
            onsager.onsager_heat_capacity(2.4),
        ),
        (
            "ising-square --temperature 2.4 --size 64",
            kaufman.kaufman_energy(2.4, 64),
            kaufman.kaufman_heat_capacity(2.4, 64),
        ),
        (
            "ising-triangular --temperature 2 --coupling -1",
            houtappel.houtappel_energy(2.0, coupling=-1.0),
            houtappel.houtappel_heat_capacity(2.0, coupling=-1.0),
        ),
        (
            "ising-triangular --temperature 2 --size 64",
            triangular_torus.triangular_torus_energy(2.0, 64),
            triangular_torus.triangular_torus_heat_capacity(2.0, 64),
        ),
        (
            "ising-chain --temperature 1 --size 8",
            chain.chain_energy(1.0, 8),
            chain.chain_heat_capacity(1.0, 8),
        ),
        ("xy-square --temperature 1 --size 1x8", xy.chain_energy(1.0, 8), None),
        ("gaussian-field --temperature 3 --size 8", 1.5, 0.5),
        ("markov-chain --size 8", None, None),
    ],
)
def test_energies_and_heat_capacities(exact, words, energy, capacity):
    output = result(exact, words)
    assert list(output)[:5] == KEYS and set(output) == {*KEYS, *NEW}
    assert (output["energy"], output["heat_capacity"]) == (
        pytest.approx(energy),
        pytest.approx(capacity),
    )
    first, *others = exact(words).out.splitlines()
    assert first.startswith(f"s = {output['entropy']:.7f} nats/site  [exact: ")
    expected = [("u", energy), ("c", capacity)]
    assert others == [
        f"{name} = {value:.7f} per site" for name, value in expected if value is not None
    ]


@pytest.mark.parametrize(
    ("words", "block", "information"),
    [
        # the doctest of block_answers
        ("ising-square --temperature 2 --size 4x4 --block 2x2", [2, 2], 0.6575358),
        ("ising-square --temperature 2 --size 4x4 --block 2", [2, 2], 0.6575358),
        ("ising-chain --temperature 1 --block 5", [5], chain.segment_information(1.0)),
        ("ising-chain --temperature 1 --size 16 --block 8", [8], chain.halves_information(16, 1.0)),
        (
            "markov-chain --stay 0.8 --block 5",
            [5],
            system("markov-chain", size=2, stay=0.8).information(),
        ),
        ("gaussian-field --size 8 --block 4x8", [4, 8], 0.5156127),  # the doctest of GaussianField
        ("xy-square --temperature 0.5 --size 2x1 --block 1", [1, 1], xy.pair_information(0.5, 2.0)),
        (
            "ising-square --temperature 2 --size 8 --block 4x8",
            [4, 8],
            Strip("ising-square", 8, 2.0).information(rows=8),
        ),
    ],
)
def test_blocks(exact, words, block, information):
    output = result(exact, words)
    assert (output["block"], output["method"]) == (block, "exact")
    assert output["mutual_information"] == pytest.approx(information, abs=1e-7)
    name = "x".join(map(str, block))
    out = exact(words).out.splitlines()
    assert out[-2] == f"S = {output['block_entropy']:.7f} nats, of a block of {name}"
    assert (
        out[-1] == f"M = {output['mutual_information']:.7f} nats, between two neighbours of {name}"
    )


def test_rotors_in_a_field_in_the_limit_of_low_temperature(exact):
    words = "xy-square --temperature 0.1 --field 0.5 --size 8 --block 4x8"
    output = result(exact, words)
    assert (output["entropy"], output["block_entropy"]) == (None, None)
    assert output["method"] == "low temperature"
    # the doctest of harmonic_information
    assert output["mutual_information"] == pytest.approx(0.782019, abs=5e-7)
    assert exact(words).out.startswith(
        "M = 0.7820191 nats, between two neighbours of 4x8  [limit of low temperature: "
    )


def test_strips(exact):
    words = "ising-triangular --temperature 1 --coupling -1 --field 0.2 --strip 6"
    closed, free = result(exact, words), result(exact, f"{words} --open")
    for output, periodic in ((closed, True), (free, False)):
        strip = Strip("ising-triangular", 6, 1.0, -1.0, 0.2, periodic=periodic)
        assert output["strip"] == {"width": 6, "periodic": periodic}
        assert output["entropy"] == pytest.approx(strip.entropy())
        assert output["energy"] == pytest.approx(strip.energy())
        assert output["mutual_information"] == pytest.approx(strip.information())
    assert "periodic strip of ising-triangular 6 wide" in exact(words).out
    potts = result(exact, "potts-square --states 4 --temperature 1 --strip 3")
    assert potts["entropy"] == pytest.approx(Strip("potts-square", 3, 1.0, states=4).entropy())


def test_series(exact):
    output = result(exact, "potts-square --states 4 --temperature 5 --high-temperature")
    assert output["entropy"] == pytest.approx(
        high_temperature_entropy("potts-square", 5.0, states=4)
    )
    assert output["bond_information"] == pytest.approx(
        cut_information("potts-square", 1, 5.0, states=4)
    )
    assert (output["method"], output["shape"], output["mutual_information"]) == (
        "high temperature",
        None,
        None,
    )
    out = exact("xy-square --temperature 4 --high-temperature").out
    assert out.startswith("s = 1.8055242 nats/site  [series to order 7 in J/T: ")
    assert out.endswith("M = 0.0156250 nats for every bond cut, to second order\n")  # 1 / (4 T^2)


BAD = {
    "--strip 4 --size 8": "leave out --size",
    "--strip 4 --block 2": "leave out --size",
    "--strip 4 --high-temperature": "one at a time",
    "--strip 13": "too wide",
    "--strip 0": "empty",
    "--open": "give --strip too",
    "--high-temperature --size 8": "leave out --size",
    "--high-temperature --field 1": "leave out --field",
    "--high-temperature": "good for |J| / T below 0.4407",
    "--block 2": "give --size too",
    "--size 4 --block 5": "does not fit",
    "--size 4 --block 0": "does not fit",
    "--size 4 --block 2x2x2": "needs 2 sides",
    "--size 4 --block two": "as in 2x4",
    "--size 4 --block -2": "as in 2x4",
}


@pytest.mark.parametrize("words", BAD)
def test_bad_combinations_are_refused_in_one_line(exact, words):
    done = exact(f"ising-square --temperature 2 {words}")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("error: ") and BAD[words] in done.err


@pytest.mark.parametrize("words", ["xy-square --strip 4", "ising-cubic --high-temperature"])
def test_systems_without_strips_or_series(exact, words):
    done = exact(f"{words} --temperature 5")
    assert (done.code, done.out) == (2, "") and "choose from ising-square, " in done.err


@pytest.mark.parametrize(
    "words", ["ising-square --size 16 --block 4", "xy-square --size 8 --block 4x8"]
)
def test_unsolved_blocks(exact, words):
    done = exact(f"{words} --temperature 2")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: no answer for such a block ")


def test_help(exact):
    done = exact("--help")
    assert done.code == 0 and max(map(len, done.out.splitlines())) <= 80
    assert all(
        f"  {option} " in done.out
        for option in ("--block", "--strip", "--open", "--high-temperature")
    )


def test_the_table_of_rotors_has_errors(exact):
    from moiety.exact.xy_reference import xy_reference_entropy

    entropy, error = xy_reference_entropy(0.9, 0.1)
    words = "xy-square --size 64 --temperature 0.9 --field 0.1"
    line = exact(words).out
    assert line.startswith(
        f"s = {entropy:.5f} ± {error:.5f} nats/site  "
        "[thermodynamic integration: xy-square of 64x64,"
    )
    output = result(exact, words)
    assert (output["entropy"], output["error"], output["method"]) == (
        entropy,
        error,
        "thermodynamic integration",
    )
    assert exact(words.replace("--field 0.1", "--field 0.2")).code == 1  # not in the table
    assert exact("xy-square --size 32 --temperature 0.9").code == 1
