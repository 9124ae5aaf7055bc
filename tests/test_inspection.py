"""Samples that break an assumption of the method are recognised, and others are not.

Each kind has a control: the same system as it should be.  Limits of the checks are such that
`validation/false_alarms.py` sees fewer than 1% false alarms.
"""

from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from moiety import Samples, inspect, system
from moiety.exact.enumeration import all_states
from moiety.inspection.pairs import pair_field
from moiety.inspection.parities import parities
from moiety.inspection.units import units_of


def rng(seed=0):
    return np.random.default_rng(seed)


def spins(values, **options):
    return Samples.from_array(values, **{"periodic": True, **options})


def ising(temperature, size=8, number=1024):
    """Practically independent draws of an Ising model as ±1, shape `(n, size, size)`."""
    return drawn("ising-square", size, number, temperature=temperature).copy()


@cache
def drawn(name, size, number, **parameters):
    values = system(name, size=size, **parameters).sample(number, seed=1).values
    return 2 * values.reshape(-1, size, size).astype(int) - 1


def heat_bath(field_of, size=8, number=1024, temperature=2.2, sweeps=200, seed=5):
    """Ising spins in the local field `field_of(spins)`, by heat baths on a checkerboard."""
    generator = rng(seed)
    values = generator.choice([-1, 1], size=(number, size, size))
    colour = np.indices((size, size)).sum(0) % 2
    for _ in range(sweeps):
        for now in (0, 1):
            up = generator.random(values.shape) < 1 / (
                1 + np.exp(-2 * field_of(values) / temperature)
            )
            values = np.where(colour == now, np.where(up, 1, -1), values)
    return values


def free_ends(values):
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
    return padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1] + padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2]


def glass(size, seed=5):
    along, across = rng(seed).choice([-1, 1], size=(2, size, size))
    return lambda values: (
        along * np.roll(values, -1, 1)
        + np.roll(along * values, 1, 1)
        + across * np.roll(values, -1, 2)
        + np.roll(across * values, 1, 2)
    )


def failed(samples):
    return [finding.name for finding in inspect(samples).findings if not finding.passed]


def message(samples, name):
    return next(one.message for one in inspect(samples).findings if one.name == name)


def own_probabilities():
    return (rng().random((1024, 8, 8)) < rng(1).choice([0.35, 0.65], size=(8, 8))) * 2 - 1


def frozen_site():
    values = rng().choice([-1, 1], size=(512, 8, 8))
    values[:, 3, 4] = 1
    return values


def vacancies():
    values = rng().choice([-1, 1], size=(1024, 8, 8))
    values[:, rng(1).random((8, 8)) < 0.1] = 0
    return values


INHOMOGENEOUS = {
    "own probabilities": own_probabilities,
    "one frozen site": frozen_site,
    "fixed vacancies": vacancies,
    "a glass": lambda: heat_bath(glass(8), temperature=2.0),
    "an image": lambda: rng().random((256, 12, 12)) < np.hypot(*np.mgrid[-1:1:12j, -1:1:12j]) / 2,
}


@pytest.mark.parametrize("kind", INHOMOGENEOUS)
def test_positions_that_differ(kind):
    values = INHOMOGENEOUS[kind]()
    assert failed(spins(values)) == ["homogeneous"]
    assert "--inhomogeneous" in message(spins(values), "homogeneous")
    assert failed(spins(values, homogeneous=False)) == []


def test_one_frozen_site_of_many():
    """One of 1,024 sites: the spread over all positions would not show it."""
    values = rng().choice([-1, 1], size=(256, 32, 32))
    assert failed(spins(values)) == []
    values[:, 3, 4] = 1
    assert "at position (3, 4)" in message(spins(values), "homogeneous")


def test_two_distant_sites_that_are_equal():
    values = rng().choice([-1, 1], size=(512, 8, 8))
    values[:, 6, 7] = values[:, 1, 2]
    assert "sites 10 and 55" in message(spins(values), "homogeneous")


@pytest.mark.parametrize("kind", ["discrete", "angle", "real"])
@pytest.mark.parametrize("periodic", [True, False])
def test_pairs_with_one_displacement_have_the_same_likeness(kind, periodic):
    """Against a loop over all pairs: the deviations of one displacement add up to zero."""
    values = (
        rng().choice([0, 1, 2], size=(64, 3, 4))
        if kind == "discrete"
        else rng().normal(size=(64, 3, 4))
    )
    samples = Samples.from_array(values, periodic=periodic, kind=kind, axes="draw,x,y")
    field = pair_field(samples, units_of(samples))
    sums = defaultdict(float)
    for (first, second), mean in zip(field.pairs, field.means.mean(axis=0), strict=True):
        step = np.subtract(divmod(second, 4), divmod(first, 4))
        step = step % (3, 4) if periodic else step
        other = -step % (3, 4) if periodic else -step
        sums[min(tuple(step), tuple(other))] += mean
    assert len(sums) == (
        6 if periodic else 17
    )  # (11 + 1 that is its opposite) / 2; (5 * 7 - 1) / 2
    assert max(map(abs, sums.values())) < 1e-6


def test_a_lattice_of_plaquettes_with_own_signs():
    """Four spins of every second plaquette have a product of either sign: pairs see nothing."""
    values = rng().choice([-1, 1], size=(1024, 8, 8))
    signs = rng(1).choice([-1, 1], size=(4, 4))
    product = values[:, ::2, 1::2] * values[:, 1::2, ::2] * values[:, 1::2, 1::2]
    values[:, ::2, ::2] = product * signs
    assert failed(spins(values)) == ["homogeneous"]
    found = message(spins(values), "homogeneous")
    assert "the parity of the sites (0, 0), (1, 0), (0, 1), (1, 1) varies" in found
    assert failed(spins(rng().permuted(values, axis=0))) == []  # the same sites, independent


@pytest.mark.parametrize("shape", [(12,), (5, 6), (3, 4, 5)])
@pytest.mark.parametrize("periodic", [True, False])
def test_parities_are_products_of_spins(shape, periodic):
    there = rng().random((3, *shape)) < 0.5
    sign = np.where(there, -1, 1)
    found = list(parities(there, (periodic,) * len(shape)))
    squares = len(shape) * (len(shape) - 1) // 2
    rows = sum(side > 3 or not periodic for side in shape)
    assert len(found) == rows + 5 * squares
    for name, number, values in found:
        offsets = np.array(eval(f"[{name.removeprefix('the parity of the sites ')}]"))
        assert len(offsets) == number
        for place in np.ndindex(values.shape[1:]):
            sites = (place + offsets.reshape(number, -1)) % shape
            product = np.prod([sign[(slice(None), *site)] for site in sites], axis=0)
            assert np.array_equal(values[(slice(None), *place)], product < 0)
        inside = (
            np.array(shape) if periodic else np.array(shape) - offsets.reshape(number, -1).max(0)
        )
        assert values.shape[1:] == tuple(inside)


def test_units_with_own_rates():
    rates = rng(1).uniform(0.02, 0.4, size=64)
    values = rng().random((1024, 64)) < rates
    samples = Samples.from_array(values, periodic=False, axes="draw,x")
    assert failed(samples) == ["homogeneous"]
    control = rng().random((1024, 64)) < 0.2
    assert failed(Samples.from_array(control, periodic=False, axes="draw,x")) == []


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5, 1.8, 2.269, 5.0])
def test_equivalent_positions_pass(temperature):
    assert failed(spins(ising(temperature))) == []


def test_reals_and_angles_with_own_means():
    offset = rng(1).normal(size=(8, 8)) / 3
    normal = rng().normal(size=(512, 8, 8))
    assert failed(spins(normal + offset, kind="real")) == ["homogeneous"]
    assert failed(spins(normal, kind="real")) == []
    # offsets of a disordered rotor move its mean direction at each site
    assert failed(spins(normal + 3 * offset, kind="angle")) == ["homogeneous"]
    assert failed(spins(normal, kind="angle")) == []


def test_chains_are_units_of_their_own():
    """Chains frozen in either phase of an antiferromagnet: together all sites are equivalent."""
    phase = rng(1).choice([-1, 1], size=(32, 1, 1, 1))
    checkerboard = 1 - 2 * (np.indices((8, 8)).sum(0) % 2)
    noise = np.where(rng().random((32, 16, 8, 8)) < 0.05, -1, 1)
    both = Samples.from_array(phase * checkerboard * noise, periodic=True, axes="chain,draw,x,y")
    assert inspect(both).findings[0].passed
    one = Samples.from_array(checkerboard * noise, periodic=True, axes="chain,draw,x,y")
    assert "2 sublattices" in message(one, "homogeneous")


PATTERNS = {  # probability of a state at (x, y); number of sublattices and of translations
    "checkerboard": (lambda x, y: np.where((x + y) % 2, 0.7, 0.3), 2, 2),
    "stripes": (lambda x, y: np.where(y % 4 < 2, 0.7, 0.3), 2, 4),
    "four sublattices": (lambda x, y: 0.2 + 0.2 * (2 * (x % 2) + y % 2), 4, 4),
    "three sublattices": (lambda x, y: 0.2 + 0.3 * ((x + y) % 3), 3, 3),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_sublattices_are_counted(name):
    probability, groups, phases = PATTERNS[name]
    side = 9 if groups == 3 else 8
    values = rng().random((1024, side, side)) < probability(*np.indices((side, side)))
    text = message(spins(values), "homogeneous")
    assert f"{groups} sublattices" in text
    assert f"one of {phases} equivalent phases" in text


def test_free_ends_read_as_periodic():
    samples = spins(heat_bath(free_ends))
    assert failed(samples) == ["homogeneous", "boundaries"]
    assert "--boundary free" in message(samples, "boundaries")


def test_free_ends_are_no_window():
    values = heat_bath(free_ends)
    assert "boundaries" in failed(spins(values, periodic=False))
    assert failed(spins(values, periodic=False, homogeneous=False)) == []
    window = ising(2.2, size=16)[:, :8, :8]
    assert failed(spins(window, periodic=False)) == []


def permutations(sites, number, up):
    row = np.where(np.arange(sites) < up, 1, -1)
    side = int(np.sqrt(sites))
    return np.stack([rng(k).permutation(row) for k in range(number)]).reshape(-1, side, side)


def test_a_conserved_total():
    samples = spins(permutations(256, 1024, 128))
    assert failed(samples) == ["conserved"]
    assert inspect(samples).conserved
    control = spins(rng().choice([-1, 1], size=(1024, 16, 16)))
    assert not inspect(control).conserved


def test_a_total_that_each_chain_conserves():
    values = np.stack([permutations(64, 32, 20 + chain) for chain in range(8)])
    samples = Samples.from_array(values, periodic=True, axes="chain,draw,x,y")
    assert "all draws of each chain" in message(samples, "conserved")


def test_a_total_up_to_its_sign():
    values = permutations(64, 512, 40) * rng().choice([-1, 1], size=(512, 1, 1))
    assert failed(spins(values)) == ["conserved"]
    assert inspect(spins(values)).conserved


def test_angles_measured_from_their_mean_direction():
    angles = rng().normal(size=(512, 8, 8))
    mean = np.angle(np.exp(1j * angles).mean(axis=(1, 2)))
    turned = angles - mean[:, None, None]
    assert "sum of sines" in message(spins(turned, kind="angle"), "conserved")
    assert failed(spins(angles, kind="angle")) == []


def test_centred_reals_have_a_conserved_sum():
    values = rng().normal(size=(512, 8, 8))
    centred = values - values.mean(axis=(1, 2), keepdims=True)
    assert failed(spins(centred, kind="real")) == ["conserved"]


@pytest.mark.parametrize("sign", [1, -1])
def test_ground_states_are_not_a_conserved_quantity(sign):
    """At T = 0.3 nearly all samples are one of two ground states."""
    samples = system("ising-square", size=8, temperature=0.3, coupling=sign).sample(512, seed=1)
    assert not inspect(samples).conserved


def images(values):
    """Eight configurations for each one: reflected, turned, shifted, reversed."""
    return [
        values,
        -values,
        values[:, ::-1],
        values.transpose(0, 2, 1),
        np.rot90(values, axes=(1, 2)),
        np.roll(values, 3, 1),
        np.roll(values, (1, 2), (1, 2)),
        -values[:, :, ::-1],
    ]


COPIES = {
    "eight times": lambda x: np.concatenate([x[:128]] * 8),
    "images": lambda x: np.concatenate(images(x[:128])),
    "images in turn": lambda x: np.stack(images(x[:128]), axis=1).reshape(-1, *x.shape[1:]),
    "bootstrap of 128": lambda x: x[rng().integers(0, 128, size=1024)],
    "bootstrap of 1024": lambda x: x[rng().integers(0, 1024, size=1024)],
    "a restart": lambda x: np.concatenate([x[:500], x[400:]]),
}


@pytest.mark.parametrize("temperature", [1.8, 2.2])
@pytest.mark.parametrize("kind", COPIES)
def test_copies(kind, temperature):
    assert failed(spins(COPIES[kind](ising(temperature)))) == ["copies"]


@pytest.mark.parametrize("kind", COPIES)
@pytest.mark.parametrize("name", ["xy-square", "gaussian-field"])
def test_copies_of_continuous_states(name, kind):
    parameters = {"temperature": 0.9} if name == "xy-square" else {"mass": 0.5}
    samples = system(name, size=6, **parameters).sample(1024, seed=1)
    values = samples.values.reshape(-1, 6, 6)
    if "images" in kind and name == "xy-square":
        values = np.mod(values, 2 * np.pi)
    assert failed(spins(values, kind=samples.kind)) == []
    assert failed(spins(COPIES[kind](values), kind=samples.kind)) == ["copies"]


def test_rotors_that_were_turned():
    values = system("xy-square", size=6, temperature=0.9).sample(128, seed=1).values
    turns = rng().uniform(0, 2 * np.pi, size=(8, 1, 1, 1))
    turned = np.mod(values.reshape(1, 128, 6, 6) + turns, 2 * np.pi)
    assert failed(spins(turned.reshape(-1, 6, 6), kind="angle")) == ["copies"]


def test_originals_of_copies():
    found = inspect(spins(np.concatenate([ising(2.2)[:128]] * 8)))
    assert found.originals.tolist() == list(range(128)) * 8
    assert "only 128 of 1,024 samples differ" in found.warnings[0]


COLD = [
    ("ising-square", {"size": 4, "temperature": 1.5}),
    ("ising-square", {"size": 4, "temperature": 2.5}),
    ("ising-square", {"size": 8, "temperature": 1.2, "field": 0.1}),
    ("ising-square", {"size": 8, "temperature": 1.5, "coupling": -1.0}),
    ("potts-square", {"size": 4, "temperature": 0.5, "states": 3}),
    ("ising-chain", {"size": 8, "temperature": 0.6}),
    ("ising-chain", {"size": 16, "temperature": 1.0}),
    ("ising-cubic", {"size": 4, "temperature": 3.0}),
    ("markov-chain", {"size": 8, "stay": 0.9, "states": 20}),
    ("potts-square", {"size": 6, "temperature": 0.6, "states": 4}),
    ("potts-square", {"size": 6, "temperature": 0.9, "states": 5}),
]


@pytest.mark.parametrize(("name", "parameters"), COLD)
def test_low_entropy_repeats_itself(name, parameters):
    samples = system(name, **parameters).sample(1024, seed=3)
    rows = samples.values.reshape(1024, -1)
    assert len(np.unique(rows, axis=0)) < 1000  # there are repeats
    assert failed(samples) == []


def test_ground_states_of_a_small_frustrated_lattice():
    """42 configurations of 16 sites, which no local model describes."""
    model = system("ising-triangular", size=4, temperature=1.0, coupling=-1.0)
    states = all_states(model.shape, 2)
    energy = model.energy(states)[0]
    ground = states[0][np.flatnonzero(energy == energy.min())]
    assert len(ground) == 42
    assert failed(spins(2 * rng().choice(ground, size=512).astype(int) - 1)) == []


def test_a_chain_that_stands_still_has_no_copies():
    values = np.repeat(ising(2.2, number=256), 4, axis=0)
    assert failed(spins(values)) == []


def test_equal_samples_are_no_copies():
    assert failed(spins(np.ones((64, 8, 8), dtype=int), states=2)) == []


def test_draws_that_were_never_written():
    values = ising(2.2)
    values[-41:] = 0
    assert failed(spins(values)) == ["equal draws"]
    assert "draws 983 to 1,023 are all 0" in message(spins(values), "equal draws")
    values[341:] = -1
    assert "equal draws" in failed(spins(values))
    fields = rng().normal(size=(512, 8, 8))
    fields[100:120] = fields[100]
    assert "draws 100 to 119 are the same" in message(spins(fields, kind="real"), "equal draws")


def test_empty_draws_of_a_chain():
    values = ising(2.2).reshape(4, 256, 8, 8)
    values[2, 200:] = -1
    samples = Samples.from_array(values, periodic=True, axes="chain,draw,x,y")
    assert "draws 200 to 255 of chain 2 are all -1" in message(samples, "equal draws")


def test_empty_draws_here_and_there():
    values = ising(2.2)
    values[rng().choice(1024, size=41, replace=False)] = 0
    assert failed(spins(values)) == ["equal draws"]
    assert "41 draws are all 0" in message(spins(values), "equal draws")


def test_ordered_draws_are_not_empty():
    """At T = 1 most draws of a cold lattice hold one value, at T = 5 none."""
    values = np.concatenate([ising(1.0, number=512), ising(5.0, number=512)])
    assert "equal draws" not in failed(spins(rng().permutation(values)))


def test_a_start_that_was_left_in():
    """The first 60 of 1,024 draws are hotter; a straight line hardly sees them."""
    values = ising(2.2)
    values[:60] = ising(2.8, number=60)[:60]
    assert failed(spins(values)) == ["drift"]


def test_short_chains_that_drift():
    probability = np.linspace(0.45, 0.55, 8)[None, :, None, None]
    values = rng().random((64, 8, 8, 8)) < probability
    drifting = Samples.from_array(values, periodic=True, axes="chain,draw,x,y")
    assert failed(drifting) == ["drift"]
    steady = Samples.from_array(
        rng().random((64, 8, 8, 8)) < 0.5, periodic=True, axes="chain,draw,x,y"
    )
    assert failed(steady) == []


def test_a_drift():
    drifting = rng().random((1024, 8, 8)) < np.linspace(0.45, 0.55, 1024)[:, None, None]
    assert failed(spins(drifting)) == ["drift"]
    steady = rng().random((1024, 8, 8)) < 0.5
    assert failed(spins(steady)) == []


def test_a_value_with_a_finite_probability():
    values = rng().normal(size=(1024, 8, 8))
    assert failed(spins(values, kind="real")) == []
    values[rng(1).random(values.shape) < 0.005] = 0
    assert failed(spins(values, kind="real")) == ["density"]
    assert "exactly 0" in message(spins(values, kind="real"), "density")


def test_rounded_values():
    values = np.round(rng().normal(size=(256, 8, 8)), 2)
    assert "multiples of 0.01" in message(spins(values, kind="real"), "density")
    single = rng().normal(size=(256, 32, 32)).astype(np.float32)  # chance makes a few equal
    assert failed(spins(single, kind="real")) == []


def test_chains_in_opposite_phases():
    phase = np.array([1, -1] * 4)[:, None, None, None]
    values = phase * np.where(rng().random((8, 64, 8, 8)) < 0.02, -1, 1)
    apart = Samples.from_array(values, periodic=True, axes="chain,draw,x,y")
    assert failed(apart) == ["phases"]
    mixed = values.reshape(8, 64, 8, 8).swapaxes(0, 1).reshape(8, 64, 8, 8)
    assert failed(Samples.from_array(mixed, periodic=True, axes="chain,draw,x,y")) == []


@pytest.mark.parametrize("chains", [1, 4, 32])
def test_chains_in_opposite_phases_of_an_antiferromagnet(chains):
    """The mean state is the same in both phases."""
    checkerboard = 1 - 2 * (np.indices((8, 8)).sum(0) % 2)
    noise = np.where(rng().random((chains, 1024 // chains, 8, 8)) < 0.05, -1, 1)
    phase = np.ones(noise.shape[:2], dtype=int)
    phase.flat[: phase.size // 2] = -1
    apart = phase[..., None, None] * checkerboard * noise
    assert "phases" in failed(Samples.from_array(apart, periodic=True, axes="chain,draw,x,y"))
    crossing = rng(1).choice([-1, 1], size=phase.shape)
    mixed = crossing[..., None, None] * checkerboard * noise
    assert failed(Samples.from_array(mixed, periodic=True, axes="chain,draw,x,y")) == []


def test_one_chain_that_changes_its_phase_once():
    values = np.ones((1024, 8, 8), dtype=int)
    values[512:] = -1
    assert "phases" in failed(spins(values))
    assert failed(spins(rng(1).permutation(values))) == []


def test_an_inspection_prints_a_line_for_each_check():
    found = inspect(spins(frozen_site()))
    assert len(str(found).splitlines()) == len(found.findings)
    assert "look" in str(found)
