"""Pair entropy, nearest neighbours and compression of particles against exact answers."""

import json
from math import lgamma, log

import numpy as np
import pytest

from moiety import InputError, Particles, Samples, system
from moiety.baselines import neighbour_entropy, pair_entropy, particle_compression_entropy
from moiety.baselines.pair_counts import PairCounts
from moiety.baselines.voxels import voxels
from moiety.io import save

EVERY = (pair_entropy, neighbour_entropy, particle_compression_entropy)
CORRELATED = {"hard-rods": {"density": 0.5}, "hard-disks": {"packing_fraction": 0.4}}


def frames_of(name, particles=256, frames=64, seed=1, **parameters):
    return system(name, particles=particles, **parameters).sample(frames, seed=seed)


def scattered(particles, seed=0):
    """Each particle from another frame, which leaves uniform positions without correlations."""
    positions = particles.positions.reshape(particles.n, -1, particles.dimensions)
    rng = np.random.default_rng(seed)
    return particles.replace(
        positions=rng.permuted(positions, axis=0).reshape(particles.positions.shape)
    )


def sigmas(estimate, exact):
    return (estimate.entropy - exact) / estimate.error


def mixed_rods(density, lengths=(0.5, 1.5), number=200, frames=100, seed=1):
    """Rods of two lengths in random order: s = log(1 - covered) in excess of the ideal mixture."""
    rng, side = np.random.default_rng(seed), number / density
    kinds = np.stack([rng.permutation(number) % 2 for _ in range(frames)])
    sizes = np.asarray(lengths)[kinds]
    centres = np.cumsum((sizes + np.roll(sizes, 1, axis=1)) / 2, axis=1)
    gaps = np.sort(rng.random((frames, number)), axis=1) * (side - sizes.sum(1, keepdims=True))
    positions = (centres + gaps + side * rng.random((frames, 1))) % side
    return Particles.from_frames(positions[..., None], cells=side, periodic=True, types=list(kinds))


# all three


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("baseline", EVERY)
def test_an_ideal_gas_has_no_excess(baseline, dimensions):
    gas = frames_of("ideal-gas", particles=216, density=0.5, dimensions=dimensions)
    # 4 sigma: nine cases with errors from 16 parts
    assert abs(sigmas(baseline(gas), 0.0)) < 4


@pytest.mark.parametrize("baseline", EVERY)
@pytest.mark.parametrize("name", CORRELATED)
def test_only_correlations_are_seen(baseline, name):
    frames = frames_of(name, **CORRELATED[name])
    exact = system(name, particles=256, **CORRELATED[name]).exact_excess_entropy()
    found = baseline(frames)
    assert found.entropy < -4 * found.error or name == "hard-disks"  # rows hide most of the disks
    assert found.entropy > exact - 4 * found.error
    assert abs(sigmas(baseline(scattered(frames)), 0.0)) < 4  # negative control


@pytest.mark.parametrize("baseline", EVERY)
def test_errors_are_the_spread_of_runs(baseline):
    runs = [
        baseline(frames_of("hard-rods", particles=64, seed=seed, density=0.5)) for seed in range(20)
    ]
    spread = np.std([run.entropy for run in runs], ddof=1)
    # the spread of 20 runs scatters by 16%, the mean error by 4%: 0.6 and 1.6 are 3 sigma
    assert 0.6 < np.mean([run.error for run in runs]) / spread < 1.6


@pytest.mark.parametrize("baseline", [pair_entropy, neighbour_entropy])
def test_boxes_and_numbers_may_vary(baseline):
    parts = [
        frames_of("hard-rods", particles=n, frames=48, seed=n, density=0.5) for n in (100, 150)
    ]
    frames = [part.frame(k) for k in range(48) for part in parts]
    cells = np.stack([part.cells[k] for k in range(48) for part in parts])
    found = baseline(Particles.from_frames(frames, cells=cells, periodic=True))
    whole = baseline(frames_of("hard-rods", particles=250, frames=64, density=0.5))
    error = np.hypot(found.error, whole.error)
    assert abs(found.entropy - whole.entropy) < 4 * error
    assert error < 0.05


@pytest.mark.parametrize("baseline", EVERY)
def test_lattices_and_open_boundaries_are_refused(baseline):
    points = np.random.default_rng(0).random((16, 60, 2)) * 9
    for frames, message in (
        (
            Samples.from_array(np.tile([0, 1], (64, 8)), axes="draw,x", periodic=True),
            "not a lattice",
        ),
        (Particles.from_frames(points, cells=9.0, periodic=(True, False)), "along every edge"),
        (Particles.from_frames(points[:, :1], cells=9.0, periodic=True), "fewer than 2"),
        (Particles.from_frames(points, cells=9.0, periodic=True, types=np.arange(60)), "at most 8"),
    ):
        with pytest.raises(InputError, match=message) as raised:
            baseline(frames)
        assert "\n" not in str(raised.value)


# pair entropy


def tonks_pair_entropy(density, reach=30.0, steps=300_000):
    """The integral over the exact g(r) of hard rods of length 1."""
    rate = density / (1 - density)
    r = (np.arange(steps) + 0.5) * reach / steps
    g = np.zeros(steps)
    for k in range(1, int(reach)):
        gap = np.where(r > k, r - k, 1.0)
        term = k * log(rate) + (k - 1) * np.log(gap) - rate * gap - lgamma(k)
        g += np.where(r > k, np.exp(term), 0.0) / density
    positive = np.where(g > 0, g, 1.0)
    return -density * float((g * np.log(positive) - g + 1).sum()) * reach / steps


@pytest.mark.parametrize("density", [0.2, 0.5, 0.7])
def test_pair_entropy_of_rods_equals_the_integral_over_their_exact_g(density):
    found = pair_entropy(frames_of("hard-rods", particles=512, frames=200, density=density))
    exact = tonks_pair_entropy(density)
    assert found.error < 0.01 * abs(exact)
    assert abs(sigmas(found, exact)) < 4
    # negative control: the pair entropy is not the whole entropy
    assert abs(sigmas(found, log(1 - density))) > 10


def test_fixed_numbers_do_not_look_like_correlations():
    # with 6 points, g = 1 - 1/6 from N^2: s_2 = -(1/2N) N^2 / 2 (ln(5/6) 5/6 + 1/6) = -0.022
    gas = frames_of("ideal-gas", particles=6, frames=1000, density=0.5)
    found = pair_entropy(gas, width=0.7)
    assert found.error < 0.022 / 5
    assert abs(sigmas(found, 0.0)) < 4


def test_noise_does_not_look_like_correlations():
    gas = frames_of("ideal-gas", particles=100, frames=16, density=0.5)
    fine = pair_entropy(gas, width=0.005)
    assert abs(sigmas(fine, 0.0)) < 4
    # negative control: the same histogram without the jackknife
    counts = PairCounts.of(gas, np.zeros(len(gas.positions), int), 5.6, 0.005)
    n, e, bulk = (part.sum(axis=0) for part in (counts.pairs, counts.outside, counts.bulk))
    g = n / e
    plain = -(bulk * (g * np.log(np.where(g > 0, g, 1)) - g + 1)).sum() / (2 * gas.counts.sum())
    assert plain < -10 * fine.error


def test_repeated_frames_do_not_shrink_the_error():
    frames = frames_of("hard-rods", particles=100, frames=100, density=0.5)
    once = frames.replace(chains=1)
    positions = [once.frame(k) for k in range(once.n) for _ in range(4)]
    often = Particles.from_frames(positions, cells=once.cells[0], periodic=True)
    # the errors of both scatter by 10 to 20%; four times the frames would halve the second
    assert 0.75 < pair_entropy(often).error / pair_entropy(once).error < 1.5


def test_names_without_meaning_change_nothing():
    frames = frames_of("hard-rods", particles=256, frames=100, density=0.5)
    plain = pair_entropy(frames)
    labels = np.random.default_rng(0).integers(0, 2, len(frames.positions))
    named = pair_entropy(frames.replace(types=labels))
    assert abs(named.entropy - plain.entropy) < 4 * np.hypot(named.error, plain.error)
    # negative control: in a mixture the kinds matter
    mixture = mixed_rods(0.5)
    assert pair_entropy(mixture).entropy < pair_entropy(mixture.replace(types=None)).entropy - 0.05


@pytest.mark.parametrize(
    "options", [{"reach": 1e3}, {"reach": -1.0}, {"width": 0.0}, {"reach": 1.0, "width": 2.0}]
)
def test_pair_entropy_refuses_lengths_that_do_not_fit(options):
    with pytest.raises(InputError, match="reach|width"):
        pair_entropy(frames_of("hard-rods", particles=100, density=0.5), **options)


def test_kinds_that_never_meet_are_refused():
    frames = frames_of("ideal-gas", particles=100, density=0.5)
    lonely = frames.replace(types=np.tile(np.arange(100) == 0, frames.n).astype(int))
    with pytest.raises(InputError, match="closer than"):
        pair_entropy(lonely)


# nearest neighbours


@pytest.mark.parametrize("density", [0.2, 0.4, 0.6, 0.8])
def test_neighbours_of_rods_are_exact(density):
    found = neighbour_entropy(frames_of("hard-rods", particles=512, frames=100, density=density))
    assert found.error < 0.01
    assert abs(sigmas(found, log(1 - density))) < 4


def test_neighbours_of_a_mixture_of_rods_are_exact():
    rods = mixed_rods(0.5)
    found = neighbour_entropy(rods)
    assert abs(sigmas(found, log(0.5))) < 4
    # negative control: without types, which rod is how long is not known
    assert neighbour_entropy(rods.replace(types=None)).entropy > found.entropy + 10 * found.error


def test_neighbours_of_disks_are_an_upper_bound():
    for phi, most in ((0.2, 0.03), (0.5, 0.08)):
        disks = frames_of("hard-disks", frames=100, packing_fraction=phi)
        exact = system("hard-disks", particles=256, packing_fraction=phi).exact_excess_entropy()
        found = neighbour_entropy(disks)
        assert -4 * found.error < found.entropy - exact < most


def test_sheared_boxes_hold_the_same_particles():
    disks = frames_of("hard-disks", frames=16, packing_fraction=0.3)
    side = disks.cells[0, 0, 0]
    sheared = Particles.from_frames(
        [disks.frame(k) for k in range(disks.n)],
        cells=np.array([[side, 0.0], [side, side]]),
        periodic=True,
    )
    same = pair_entropy(disks, reach=4.0, width=0.05), pair_entropy(sheared, reach=4.0, width=0.05)
    assert same[0].entropy == pytest.approx(same[1].entropy, abs=1e-6)
    # the random points differ
    one, two = neighbour_entropy(disks), neighbour_entropy(sheared)
    assert abs(one.entropy - two.entropy) < 4 * np.hypot(one.error, two.error)


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        (frames_of("ideal-gas", density=0.5), {"neighbours": 0}, "1 to 8"),
        (frames_of("ideal-gas", density=0.5), {"environments": 9}, "environments"),
        (frames_of("hard-rods", particles=6, density=0.5), {"neighbours": 8}, "too small"),
        (
            Particles.from_frames([np.arange(60.0)[:, None]] * 16, cells=60.0, periodic=True),
            {},
            "repeat exactly",
        ),
    ],
)
def test_neighbours_refuse(frames, options, message):
    with pytest.raises(InputError, match=message) as raised:
        neighbour_entropy(frames, **options)
    assert "\n" not in str(raised.value)


def test_too_many_kinds_of_environments_are_refused():
    frames = frames_of("ideal-gas", particles=32, frames=16, density=0.5)
    eight = frames.replace(types=np.tile(np.arange(32) % 8, 16))
    with pytest.raises(InputError, match="too many"):
        neighbour_entropy(eight, neighbours=3)


# compression


def test_finer_voxels_show_more_of_the_rods():
    rods = frames_of("hard-rods", particles=512, frames=100, density=0.6)
    coarse, fine = (particle_compression_entropy(rods, resolution=r) for r in (2.0, 8.0))
    assert log(0.4) < fine.entropy < coarse.entropy - 4 * np.hypot(fine.error, coarse.error)


def test_hilberts_curve_shows_more_of_the_disks():
    disks = frames_of("hard-disks", particles=512, packing_fraction=0.5)
    rows, curve = (particle_compression_entropy(disks, order=o) for o in ("rows", "hilbert"))
    assert curve.entropy < rows.entropy - 0.2


def test_voxels_tell_kinds_apart_in_sheared_boxes():
    points = np.array([[0.1, 0.1], [3.6, 1.9]])
    frames = Particles.from_frames(
        [points] * 8, cells=np.array([[2.0, 0.0], [2.0, 2.0]]), periodic=True, types=np.arange(2)
    )
    images = voxels(frames, (2, 4))
    # the second point is 0.85 of the first edge and 0.95 of the second
    assert images.values[0, 0].tolist() == [[1, 0, 0, 0], [0, 0, 0, 2]]
    assert images.states == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 0.0}, "positive"),
        ({"resolution": 1e9}, "too many voxels"),
        ({"order": "peano"}, "rows, hilbert"),
    ],
)
def test_compression_of_particles_refuses(options, message):
    with pytest.raises(InputError, match=message):
        particle_compression_entropy(frames_of("ideal-gas", density=0.5), **options)


# command line


@pytest.fixture
def rods(tmp_path):
    path = tmp_path / "rods.nc"
    save(frames_of("hard-rods", particles=100, density=0.5), path)
    return path


@pytest.mark.parametrize(
    ("words", "baseline", "options"),
    [
        (("pair-entropy",), pair_entropy, {}),
        (("pair-entropy", "--reach", 3), pair_entropy, {"reach": 3.0}),
        (("neighbours", "--neighbours", 2), neighbour_entropy, {"neighbours": 2}),
        (("compression", "--resolution", 2), particle_compression_entropy, {"resolution": 2.0}),
    ],
)
def test_particles_on_the_command_line(run, rods, words, baseline, options):
    shown = run("baseline", words[0], rods, *words[1:])
    assert shown.code == 0 and "nats/particle" in shown.out and "exact -0.69315" in shown.out
    row = json.loads(run("baseline", words[0], rods, *words[1:], "--json").out)
    found = baseline(frames_of("hard-rods", particles=100, density=0.5), **options)
    assert (row["entropy"], row["error"]) == (found.entropy, found.error)
    assert (row["unit"], row["exact"]) == ("nats/particle", pytest.approx(log(0.5)))
    assert row["read_as"]["particles"] == [100, 100]


def test_each_baseline_takes_its_own_kind_of_samples_and_options(run, rods, tmp_path):
    spins = tmp_path / "spins.nc"
    save(system("ising-square", size=4, temperature=3.0).sample(64, seed=1), spins)
    for words, message in (
        (("naive", rods), "naive is for lattices"),
        (("heat-capacity", rods), "heat-capacity is for lattices"),
        (("pair-entropy", spins), "pair-entropy is for particles"),
        (("neighbours", spins), "neighbours is for particles"),
        (("compression", spins, "--resolution", 4), "--resolution is for particles"),
        (("neighbours", rods, "--reach", 4), "--reach is for pair-entropy"),
        (("compression", rods, "--neighbours", 4), "--neighbours is for neighbours"),
        (("pair-entropy", rods, "--resolution", 4), "--resolution is for compression"),
    ):
        refused = run("baseline", *words)
        assert refused.code == 2 and message in refused.err
        assert len(refused.err.strip().splitlines()) == 1
