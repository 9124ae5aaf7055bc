"""The chain rule: scenes, densities, and entropies and M where they are known."""

from math import pi

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moiety import InputError, Samples, estimate_entropy, ladder
from moiety.chain_rule.contexts import Contexts, Neighbourhood, alone, beside, given_first, whole
from moiety.chain_rule.densities import density_for
from moiety.chain_rule.estimate import ChainRule, estimate_conditional, estimate_conditionals
from moiety.data.statistics import standard_error
from moiety.estimation.pairs import Encoding
from moiety.estimation.training import Training
from moiety.exact.chain import segment_information
from moiety.systems import system
from small import SMALL

QUICK = ChainRule(
    width=32,
    evaluations=2**16,
    training=Training(steps=250, batch=1024, learning_rate=1e-2, averaging=0.97, check_every=25),
)


def error_of(found):
    return np.hypot(standard_error(found.influence), found.missing)


# ------------------------------------------------------------------------------ scenes


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data())
def test_of_two_neighbours_one_comes_first(shape, data):
    shape = tuple(shape)
    periodic = tuple(data.draw(st.booleans()) for _ in shape)
    around = Neighbourhood(len(shape), 1, data.draw(st.integers(0, 3)), data.draw(st.booleans()))
    scene = whole(shape, periodic, around)
    places, masks = scene.places.reshape(-1, len(shape)), scene.known.reshape(scene.sites, -1)
    rank = {tuple(place): i for i, place in enumerate(places.tolist())}
    assert len(rank) == len(places) == np.prod(shape)
    for i, place in enumerate(places):
        for known, step in zip(masks[i], around.steps, strict=True):
            end = [
                (p % side) if wraps else p
                for p, side, wraps in zip(place + step, shape, periodic, strict=True)
            ]
            assert known == (tuple(end) in rank and rank[tuple(end)] < i)


@pytest.mark.parametrize("periodic", [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (5, 4)])
def test_the_first_half_adds_what_lies_in_it(shape, periodic):
    around = Neighbourhood(2, 2)
    for cut in ladder(shape, periodic).cuts:
        with_first, without = given_first(cut, around), alone(cut, around)
        assert with_first.window == without.window == cut.parent
        np.testing.assert_array_equal(with_first.places, without.places)
        places = with_first.places.reshape(-1, 2)
        all_known, known_alone = (
            scene.known.reshape(scene.sites, -1) for scene in (with_first, without)
        )
        layers = list(range(cut.left[cut.axis], cut.parent[cut.axis]))
        if cut.faces == 2:  # from either end in turn
            layers = [
                layers[k // 2] if k % 2 == 0 else layers[-1 - k // 2] for k in range(len(layers))
            ]
        layer_by_layer = sorted(
            places.tolist(), key=lambda place: (layers.index(place[cut.axis]), place)
        )
        rank = {tuple(place): i for i, place in enumerate(layer_by_layer)}
        sides, wraps = np.array(cut.parent), np.array(cut.wraps)
        for i, place in enumerate(places):
            for k, step in enumerate(around.steps):
                end = np.where(wraps, (place + step) % sides, place + step)
                inside = bool(((end >= 0) & (end < sides)).all())
                in_first = inside and end[cut.axis] < cut.left[cut.axis]
                before = (
                    inside and rank.get(tuple(end.tolist()), 10**9) < rank[tuple(place.tolist())]
                )
                assert all_known[i, k] == (in_first or before)
                beyond = wraps[cut.axis] and not 0 <= (place + step)[cut.axis] < sides[cut.axis]
                assert known_alone[i, k] == (before and not beyond)


@pytest.mark.parametrize("layers", [1, 2])
def test_sites_beside_a_cut_are_those_near_the_first_half(layers):
    around = Neighbourhood(2, 2)
    for cut in ladder((8, 6), (True, False)).cuts:
        scene = given_first(cut, around)
        found = beside(scene, cut, layers)
        known = {
            tuple(place): mask
            for place, mask in zip(
                scene.places.reshape(-1, 2).tolist(), scene.known.reshape(scene.sites, -1)
            )
        }
        ends = [cut.left[cut.axis] - 1, *([cut.parent[cut.axis]] if cut.wraps[cut.axis] else [])]
        near = {
            place for place in known if min(abs(place[cut.axis] - end) for end in ends) <= layers
        }
        assert {
            tuple(place) for place in found.places.reshape(-1, 2).tolist()
        } == near and found.sites == len(near)
        for place, mask in zip(
            found.places.reshape(-1, 2).tolist(), found.known.reshape(found.sites, -1), strict=True
        ):
            np.testing.assert_array_equal(mask, known[tuple(place)])


@pytest.mark.parametrize("periodic", [(True, True), (True, False), (False, False)])
def test_contexts_are_read_from_where_they_are(periodic):
    values = np.arange(3 * 5 * 4, dtype=np.float64).reshape(
        3, 5, 4
    )  # every entry tells where it stands
    encoding, around = Encoding("real", mean=0.0, scale=1.0), Neighbourhood(2, 1, 2)
    cut = ladder((5, 4), periodic).cuts[1]
    for scene in (whole((5, 4), periodic, around), given_first(cut, around)):
        contexts, runs = (
            Contexts(values, periodic, encoding, (), around),
            torch.arange(300) % len(scene.places),
        )
        context, known, target = contexts.draw(
            scene, torch.arange(300) % 3, runs, torch.Generator().manual_seed(1)
        )
        length = scene.places.shape[1]
        assert len(context) == len(known) == len(target) == 300 * length
        for n in range(300 * length):
            sample, x, y = np.unravel_index(int(target[n, 0]), values.shape)
            assert sample == n // length % 3
            mask = scene.known[runs[n // length], n % length]
            np.testing.assert_array_equal(known[n, 0].bool(), mask)
            for k, (dx, dy) in enumerate(around.steps):
                assert context[n, 0, k] == (
                    values[sample, (x + dx) % 5, (y + dy) % 4] if mask[k] else 0.0
                )
    assert len(contexts.images) == 1


def test_images_are_symmetries_of_the_lattice():
    values, around = np.arange(16.0).reshape(1, 4, 4), Neighbourhood(2, 1)
    contexts = Contexts(values, (True, True), Encoding("real"), ("reflect", "transpose"), around)
    assert len(contexts.images) == 8
    everything = {tuple((around.steps @ image.numpy()).ravel()) for image in contexts.images}
    assert len(everything) == 8
    scene, one = whole((4, 4), (True, True), around), torch.zeros(1, dtype=int)
    for k, image in enumerate(contexts.images):
        context, known, target = contexts.draw(
            scene, one, one + 2, torch.Generator().manual_seed(2), k
        )
        for n in range(4):
            x, y = np.unravel_index(int(target[n, 0]), (4, 4))
            for j, step in enumerate(around.steps @ image.numpy()):
                assert context[n, 0, j] == (
                    values[0, (x + step[0]) % 4, (y + step[1]) % 4] if known[n, 0, j] else 0
                )
    assert (
        len(Contexts(values, (True, False), Encoding("real"), ("reflect",), around).images) == 1
    )  # edges


def test_a_neighbourhood_is_symmetric_and_as_large_as_it_says():
    for around in (
        Neighbourhood(1, 3),
        Neighbourhood(2, 1, 4),
        Neighbourhood(2, 2, 5, star=True),
        Neighbourhood(3, 1, 3, star=True),
    ):
        steps = {tuple(step) for step in around.steps.tolist()}
        assert steps == {tuple(-x for x in step) for step in steps} and len(steps) == len(
            around.steps
        )
        arm = (*[0] * (around.dimensions - 1), max(around.reach, around.radius))
        assert arm in steps and (arm[::-1] in steps) == (around.star or around.dimensions == 1)
        assert tuple([around.radius] * around.dimensions) in steps


# --------------------------------------------------------------------------- densities


ENCODINGS = [
    Encoding("discrete", 2),
    Encoding("discrete", 3),
    Encoding("angle"),
    Encoding("real", mean=1.0, scale=2.0),
]


@pytest.mark.parametrize(
    "encoding", ENCODINGS, ids=lambda encoding: f"{encoding.kind}{encoding.states}"
)
def test_densities_add_up_to_one(encoding):
    around = Neighbourhood(2, 1)
    torch.manual_seed(0)
    density = density_for(encoding, around, ("flip",))
    if encoding.kind == "discrete":
        states, weight = torch.arange(encoding.states, dtype=torch.uint8), 1.0
    elif encoding.kind == "angle":
        states, weight = torch.arange(2000) * 2 * pi / 2000, 2 * pi / 2000
    else:
        states, weight = torch.linspace(-60, 60, 6001), 120 / 6000
    target = encoding(states[:, None])[:, :, 0]
    around = {
        "discrete": torch.zeros(1, 9, dtype=torch.uint8),
        "angle": torch.rand(1, 9) * 6,
        "real": torch.randn(1, 9),
    }
    context = encoding(around[encoding.kind]).expand(len(target), -1, -1)
    features, frame = density.frame(context, torch.ones(len(target), 1, 9))
    assert features.shape == (len(target), density.features)
    scores = torch.randn(1, density.outputs).expand(len(target), -1)
    log_p = density.log_density(scores, target, frame) + density.log_volume
    assert float(log_p.exp().sum().detach() * weight) == pytest.approx(1.0, abs=1e-4)
    assert float((2 * log_p).exp().sum().detach() * weight) != pytest.approx(
        1.0, abs=1e-2
    )  # negative control


@pytest.mark.parametrize(
    "encoding", ENCODINGS, ids=lambda encoding: f"{encoding.kind}{encoding.states}"
)
def test_gradients_reach_every_parameter(encoding):
    from moiety.chain_rule.estimate import _Network

    around = Neighbourhood(2, 1)
    torch.manual_seed(0)
    network = _Network(density_for(encoding, around, ()), 8, parameters=2)
    raw = (
        torch.randint(0, 2, (64, 10), dtype=torch.uint8)
        if encoding.kind == "discrete"
        else torch.randn(64, 10)
    )
    coded = encoding(raw)
    log_p = network(coded[:, :, 1:], torch.ones(64, 1, 9), coded[:, :, 0], torch.randn(64, 2))
    log_p.mean().backward()
    assert all(
        parameter.grad is not None and parameter.grad.abs().max() > 0
        for parameter in network.parameters()
    )


@torch.no_grad()
def test_frames_make_symmetries_exact():
    around = Neighbourhood(2, 1)
    spins = density_for(Encoding("discrete", 2), around, ("flip",))
    context, target = torch.randint(0, 2, (50, 1, 9)) * 2.0 - 1, torch.ones(50, 1)
    for sign in (1.0, -1.0):
        features, frame = spins.frame(sign * context, None)
        np.testing.assert_array_equal(features, spins.frame(context, None)[0])
        found = spins.log_density(features[:, :1], sign * target, frame)
        np.testing.assert_allclose(
            found,
            spins.log_density(
                spins.frame(context, None)[0][:, :1], target, spins.frame(context, None)[1]
            ),
        )
    rotors, angles = density_for(Encoding("angle"), around, ()), torch.rand(50, 9) * 6
    coded = Encoding("angle")
    one, turned = (rotors.frame(coded(angles + shift), None)[0][:, :-2] for shift in (0.0, 1.0))
    np.testing.assert_allclose(one, turned, atol=1e-5)


@torch.no_grad()
def test_bonds_are_products_along_rows():
    around = Neighbourhood(2, 1)  # three rows of three
    spins = density_for(Encoding("discrete", 2), around, ())
    row = torch.tensor([1.0, -1.0, -1.0, 1.0, 0.0, 1.0, -1.0, -1.0, -1.0])
    bonds = torch.tensor(
        [-1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    )  # none across the ends of rows, or with what is unknown
    features, _ = spins.frame(row[None, None], None)
    np.testing.assert_allclose(features[0, 9:], spins.bonds.weight @ bonds, rtol=1e-6)


# ---------------------------------------------------------------------- known answers


def test_independent_and_frozen_sites():
    spins = np.random.default_rng(0).choice([-1, 1], size=(2048, 8, 8))
    found = estimate_conditional(Samples.from_array(spins, periodic=True), QUICK)
    assert abs(found.entropy - np.log(2)) < 4 * error_of(found)
    few = estimate_conditional(Samples.from_array(spins[:128], periodic=True), QUICK)
    assert few.bound > np.log(2) + 0.002  # 8,192 sites teach noise, which the folds do not share
    assert abs(few.entropy - np.log(2)) < min(few.bound - np.log(2), 4 * error_of(few))
    frozen = estimate_conditional(
        Samples.from_array(np.ones((512, 8, 8), int), states=2, periodic=True), QUICK
    )
    assert abs(frozen.entropy) < 1e-3 and 0 <= frozen.bound < 0.01


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ising-square", {"size": (3, 4), "temperature": 2.0}),
        ("ising-square", {"size": (4, 4), "temperature": 2.5, "field": 0.2}),
        ("potts-square", {"size": (3, 4), "temperature": 1.0, "states": 3}),
        ("ising-triangular", {"size": (4, 4), "temperature": 0.8, "coupling": -1.0}),
        ("ising-chain", {"size": 16, "temperature": 1.0}),
        ("ising-cubic", {"size": (2, 3, 3), "temperature": 4.0}),
        ("markov-chain", {"size": 32, "states": 3}),
        ("gaussian-field", {"size": (6, 6)}),
        ("xy-square", {"size": (1, 16), "temperature": 0.5}),
        ("xy-square", {"size": (2, 2), "temperature": 0.5}),
    ],
)
def test_entropies_against_exact_ones(name, parameters):
    model = system(name, **parameters)
    found = estimate_conditional(model.sample(2048, seed=1), QUICK)
    exact = model.exact_entropy()
    # 4 of the stated errors: one false alarm in 10^4 if they hold, and the seeds are fixed
    assert abs(found.entropy - exact) < 4 * error_of(found), (
        f"{found.entropy:.5f} ± {error_of(found):.5f}, exact {exact:.5f}"
    )
    wrong = system(
        name,
        **{
            **parameters,
            **({"mass": 1.3} if "field" in name else {"stay": 0.6} if "markov" in name else {}),
        },
    )
    if wrong != model:  # negative control: the numbers tell neighbouring models apart
        assert abs(found.entropy - wrong.exact_entropy()) > 4 * error_of(found)


def test_information_of_a_chain_is_one_number_a_face_at_all_sizes():
    model = system("ising-chain", size=64, temperature=1.0)
    cuts = ladder(model.shape, model.periodic).cuts[:4]
    assert [cut.faces for cut in cuts] == [2, 1, 1, 1]
    found = estimate_conditional(model.sample(2048, seed=2), QUICK, cuts=cuts)
    for cut in cuts:
        value, influence = found.informations[cut.parent]
        assert abs(value - cut.faces * segment_information(1.0)) < 4 * np.hypot(
            standard_error(influence), 0.01
        )
        assert value > 0.1


def test_information_of_a_field_at_every_cut():
    model, heavier = (system("gaussian-field", size=8, mass=mass) for mass in (0.3, 0.6))
    cuts = ladder(model.shape, model.periodic).cuts
    found = estimate_conditional(model.sample(2048, seed=2), QUICK, cuts=cuts).informations
    off = 0.0
    for cut in cuts:
        value, influence = found[cut.parent]
        exact, other = (
            field.information(cut.left, cut.right, cut.axis) for field in (model, heavier)
        )
        assert (
            abs(value - exact) < 4 * standard_error(influence) + 0.05 * exact
        )  # 300 steps are few
        off = max(off, abs(value - other) / (4 * standard_error(influence) + 0.05 * other))
    assert off > 1  # negative control


def test_a_seed_gives_the_same_numbers_again_on_any_number_of_threads():
    samples = system("ising-square", size=8, temperature=3.0).sample(256, seed=1)
    quick = ChainRule(evaluations=2**14, training=Training(steps=20, batch=256))
    first, alone_, other = (
        estimate_conditional(
            samples,
            ChainRule(evaluations=2**14, training=quick.training, seed=seed, threads=threads),
        ).entropy
        for seed, threads in ((1, 2), (1, 1), (2, 2))
    )
    assert first == alone_ != other


def test_warm_starts_agree_with_cold_ones_and_need_less():
    near, far = (
        system("ising-square", size=8, temperature=t).sample(1024, seed=1) for t in (2.6, 2.5)
    )
    before = estimate_conditional(near, QUICK)
    cold = estimate_conditional(far, QUICK)
    warm = estimate_conditional(far, QUICK, warm=before.modules)
    assert (
        abs(warm.entropy - cold.entropy) < 4 * np.hypot(cold.missing, warm.missing) + 1e-3
    )  # on the same samples
    assert warm.histories[0].bound[0] > cold.histories[0].bound[0]


def test_one_network_serves_a_sweep():
    models = [system("ising-square", size=(3, 4), temperature=t) for t in (1.5, 2.5, 4.0)]
    sweep = [
        model.sample(n, seed=k)
        for k, (model, n) in enumerate(zip(models, (1024, 2048, 1024), strict=True))
    ]
    found = estimate_conditionals(sweep, [[model.temperature] for model in models], config=QUICK)
    assert {one.modules for one in found} == {found[0].modules}
    for one, samples, model in zip(found, sweep, models, strict=True):
        assert len(one.influence) == samples.n and np.mean(one.influence) == pytest.approx(
            one.bound
        )
        assert abs(one.entropy - model.exact_entropy()) < 4 * error_of(one)
    with pytest.raises(
        AssertionError
    ):  # negative control: the numbers are not those of the next state point
        for one, model in zip(found, models[1:], strict=False):
            assert abs(one.entropy - model.exact_entropy()) < 4 * error_of(one)


def test_what_a_network_is_told_matters():
    models = [system("ising-square", size=(3, 4), temperature=t) for t in (1.5, 4.0)]
    sweep = [model.sample(1024, seed=1) for model in models]
    told = estimate_conditionals(sweep, [[1.5], [4.0]], config=QUICK)
    mixed = np.concatenate([samples.values.reshape(1024, 3, 4) for samples in sweep])
    untold = estimate_conditional(
        Samples.from_array(mixed, states=2, axes="draw,x,y", periodic=True), QUICK
    )
    assert untold.bound > np.mean([one.bound for one in told]) + 0.02


def test_networks_go_from_a_sweep_to_a_state_point():
    models = [system("ising-square", size=8, temperature=t) for t in (2.4, 2.6)]
    sweep = [model.sample(512, seed=1) for model in models]
    before = estimate_conditionals(sweep, [[2.4], [2.6]], config=QUICK)[0]
    fresh = system("ising-square", size=8, temperature=2.5).sample(512, seed=2)
    warm, cold = (
        estimate_conditional(fresh, QUICK, warm=before.modules),
        estimate_conditional(fresh, QUICK),
    )
    assert warm.histories[0].bound[0] > cold.histories[0].bound[0]


def test_bad_sweeps():
    spins, larger = (
        Samples.from_array(np.ones((64, side, 4), int), states=2, axes="draw,x,y", periodic=True)
        for side in (4, 6)
    )
    for sweep, points, text in (
        ([spins, larger], [[1.0], [2.0]], "must agree"),
        ([spins, spins], [[1.0]], "as many different state points"),
        ([spins, spins], [[1.0], [1.0]], "as many different state points"),
        ([spins, spins], None, "as many different state points"),
        ([], [], "folds must be at most 0"),
    ):
        with pytest.raises(InputError, match=text):
            estimate_conditionals(sweep, points, config=QUICK)


def test_the_cross_check_of_an_estimate():
    model = system("ising-square", size=8, temperature=3.0)
    samples = model.sample(512, seed=1)
    options = {
        "training": Training(steps=100, batch=128),
        "precision": 1.0,
        "critic": SMALL,
    }  # no refining
    result = estimate_entropy(samples, chain_rule=QUICK, **options)
    check = next(check for check in result.status.checks if check.name == "cross-check")
    assert check.passed and "no proof" in check.message
    assert abs(result.cross_check.entropy - model.exact_entropy()) < 4 * result.cross_check.error
    assert "cross-check" in str(result)
    # negative control: a chain rule that has learnt nothing is told from the estimate
    idle = ChainRule(evaluations=2**14, training=Training(steps=1, learning_rate=1e-9, batch=64))
    doubtful = estimate_entropy(samples, chain_rule=idle, **options)
    assert not doubtful.status.ok and any(
        "the chain rule has missed something" in text for text in doubtful.status.warnings
    )
    untrained = {**options, "training": Training(steps=8, batch=128)}
    assert estimate_entropy(samples, cross_check=False, **untrained).cross_check is None
    known = estimate_conditional(samples, QUICK)  # of a sweep, for example
    assert (
        estimate_entropy(samples, cross_check=known, **untrained).cross_check.entropy
        == known.entropy
    )
    with pytest.raises(InputError, match="512 samples, not of these 256"):
        estimate_entropy(model.sample(256, seed=1), cross_check=known)


def test_bad_input():
    with pytest.raises(ValueError):
        ChainRule(folds=1)
    with pytest.raises(InputError):
        estimate_conditional(
            Samples.from_array(np.ones((16, 4, 4), int), axes="draw,x,y", periodic=True),
            ChainRule(folds=5),
        )
