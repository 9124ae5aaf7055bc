"""Orders of the chain rule: row by row and from coarse to fine."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import InputError, Samples, ladder
from moiety.chain_rule import choice
from moiety.chain_rule.arranged import ArrangedSites
from moiety.chain_rule.batches import Reading
from moiety.chain_rule.choice import batches_in, better_order
from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule
from moiety.chain_rule.network import build_network
from moiety.chain_rule.orders import CoarseToFine, RowByRow
from moiety.chain_rule.pool import SamplePool
from moiety.estimation.execution import Execution
from moiety.estimation.training import Training
from moiety.systems import system
from test_chain_rule import QUICK, assert_entropy

ORDERS = (RowByRow(), CoarseToFine())
AXES = {1: "draw,x", 2: "draw,x,y", 3: "draw,x,y,z"}


def samples_of(values, periodic=True, **options):
    return Samples.from_array(values, periodic=periodic, axes=AXES[values.ndim - 1], **options)


def arranged(values, order, periodic=True, **options):
    return ArrangedSites(SamplePool([samples_of(values, periodic, **options)], None), order, "cpu")


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.data())
def test_every_site_comes_once_and_coarse_ones_first(shape, data):
    shape, periodic = tuple(shape), tuple(data.draw(st.booleans()) for _ in shape)
    found = CoarseToFine().arrange(shape, periodic)
    sites = np.prod(shape)
    assert sorted(found.rank) == list(range(sites))
    assert found.kind.max() == len(found.names) - 1 and set(found.kind) == set(
        range(len(found.names))
    )
    in_order = found.spacing[np.argsort(found.rank)]
    assert (np.diff(in_order) <= 0).all()
    places = np.stack(np.unravel_index(np.arange(sites), shape), axis=1)
    assert (places % found.spacing[:, None] == 0).all()
    coarse = found.spacing == found.spacing.max()
    for side, closed, along in zip(shape, periodic, places[coarse].T, strict=True):
        if closed and found.spacing.max() < side:  # the coarse lattice closes, too
            assert side % found.spacing.max() == 0
        assert along.min() == 0


@pytest.mark.parametrize("shape", [(8, 8), (16,), (4, 8), (8, 8, 4), (12, 8)])
def test_the_last_sites_know_all_their_neighbours(shape):
    """Half of the sites, in any number of dimensions: those with one odd coordinate."""
    order = CoarseToFine(radius=1)
    sites = arranged(np.zeros((16, *shape), np.int8), order, states=2)
    known = sites._neighbours < int(np.prod(shape))  # else an empty site
    steps = order.neighbourhood(len(shape)).steps
    nearest = np.abs(steps).sum(axis=1) == 1
    places = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1)
    last = (places % 2).sum(axis=1) == 1
    assert last.sum() == len(shape) * np.prod(shape) // 2 ** len(shape)
    assert known.numpy()[last][:, nearest].all()
    assert not known.numpy()[~last][:, nearest].all()  # negative control
    assert not known.numpy()[:, (steps == 0).all(axis=1)].any()  # never the site itself


def test_sides_that_cannot_be_halved_are_visited_row_by_row():
    for shape in ((7, 8), (9, 9)):
        found = CoarseToFine().arrange(shape, (True, True))
        assert len(found.names) == 1 and (found.rank == np.arange(np.prod(shape))).all()
    found = CoarseToFine().arrange((7, 8), (False, False))  # free ends need not close
    assert found.spacing.max() == 8
    assert CoarseToFine().arrange((12, 8), (True, True)).spacing.max() == 4
    assert CoarseToFine().arrange((2, 16), (True, True)).spacing.max() == 16


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("shape", "periodic"),
    [((8, 8), True), ((6, 4), (True, False)), ((4, 4, 6), True), ((12,), False)],
)
def test_contexts_hold_the_sites_before_at_their_own_scale(order, shape, periodic):
    """Every value of these samples occurs once, so that it tells where it came from."""
    count = int(np.prod(shape))
    values = np.arange(16 * count, dtype=float).reshape(16, *shape)
    sites = arranged(values, order, periodic, kind="real")
    arrangement, steps = sites.arrangement, sites.around.steps
    closed = np.array([periodic] * len(shape) if isinstance(periodic, bool) else periodic)
    generator = torch.Generator().manual_seed(3)
    picks = torch.randint(count, (4, 32), generator=generator)
    samples = torch.tensor([2, 5, 5, 11])
    context, known, target, *_ = sites.draw(samples, picks, generator)
    encoding, side = sites.pool.encoding, np.array(shape)

    def place(encoded):
        number = np.rint(encoded.double().numpy() * encoding.scale + encoding.mean).astype(int)
        return number // count, np.stack(np.unravel_index(number % count, shape), axis=-1)

    owner, there = place(target[:, 0])
    assert (owner == samples.repeat_interleave(32).numpy()).all()
    site = picks.flatten().numpy()
    start = np.stack(np.unravel_index(site, shape), axis=1)
    moved = (there - start) % side
    assert (moved.reshape(4, 32, -1) == moved.reshape(4, 32, -1)[:, :1]).all()  # one place a sample
    assert (moved[:, ~closed] == 0).all()
    neighbours = start[:, None] + steps * arrangement.spacing[site, None, None]
    inside = (closed | ((neighbours >= 0) & (neighbours < side))).all(axis=-1)
    numbers = np.ravel_multi_index(tuple(np.moveaxis(neighbours % side, -1, 0)), shape)
    expected = inside & (arrangement.rank[numbers] < arrangement.rank[site, None])
    assert (known[:, 0].numpy().astype(bool) == expected).all()
    holder, found = place(context[:, 0])
    assert (
        holder[expected] == np.repeat(owner, len(steps)).reshape(expected.shape)[expected]
    ).all()
    assert (found[expected] == ((neighbours + moved[:, None]) % side)[expected]).all()
    assert (context[:, 0].numpy()[~expected] == 0).all()


@pytest.mark.parametrize("order", ORDERS)
def test_images_are_those_of_the_lattice(order):
    """With all symmetries, contexts are the offsets turned or mirrored, all in the same way."""
    values = np.arange(16 * 64, dtype=float).reshape(16, 8, 8)
    sites = arranged(values, order, kind="real", symmetries=("reflect", "transpose"))
    assert len(sites.images) == 8
    encoding, seen = sites.pool.encoding, set()
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        picks = torch.arange(64)[None]
        context, known, target, *_ = sites.draw(torch.tensor([3]), picks, generator, augment=True)

        def place(encoded):
            number = np.rint(encoded.double().numpy() * encoding.scale + encoding.mean).astype(int)
            return np.stack(np.unravel_index(number % 64, (8, 8)), axis=-1)

        offsets = sites.around.steps * sites.arrangement.spacing[:, None, None]
        there = (place(context[:, 0]) - place(target[:, 0])[:, None]) % 8
        fits = [
            k
            for k, image in enumerate(sites.images)
            if (
                (there == (offsets @ image.numpy()) % 8).all(axis=-1) | (known[:, 0].numpy() == 0)
            ).all()
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) == 8


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("shape", "states", "periodic"),
    [
        ((3, 3), 2, False),
        ((2, 4), 2, True),
        ((4, 2), 2, (True, False)),
        ((2, 3), 3, False),
        ((8,), 2, True),
    ],
)
def test_the_probabilities_of_all_configurations_add_up_to_one(order, shape, states, periodic):
    """For any weights: no site may see one that comes later."""
    count = int(np.prod(shape))
    every = np.array(list(product(range(states), repeat=count)), np.int8).reshape(-1, *shape)
    sites = arranged(every, order, periodic, states=states)
    torch.manual_seed(1)
    network = build_network(sites, 16)
    with torch.no_grad():
        for weights in network.parameters():
            weights.normal_(std=0.5)
        total = 0.0
        for sample in range(len(every)):
            generator = torch.Generator().manual_seed(7)  # the same place for all
            picks = torch.arange(count)[None]
            total += float(
                network(*sites.draw(torch.tensor([sample]), picks, generator)).sum().exp()
            )
    assert total == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("count", [127, 128, 129])
def test_any_number_of_samples_can_be_read(count):
    """128 whole samples of 8x8 sites are read at once, so that one is left of 129."""
    samples = system("ising-square", size=8, temperature=3.0).sample(256, seed=1)
    sites = ArrangedSites(SamplePool([samples], None), CoarseToFine(), "cpu")
    generator, network = torch.Generator().manual_seed(0), build_network(sites, 8)
    reading = sites.read(network, torch.arange(count), 64, generator, lambda: None)
    assert reading.by_kind.shape == (count, len(sites.names))
    assert np.isfinite(reading.surprise).all() and (reading.surprise > 0).all()


def test_sites_are_spread_evenly_over_the_order():
    sites = arranged(np.zeros((16, 16, 16), np.int8), CoarseToFine(), states=2)
    every = sites.spread(3, 256, torch.Generator().manual_seed(0))
    assert (every.sort(dim=1).values == torch.arange(256)).all()
    few = sites.spread(2000, 16, torch.Generator().manual_seed(0))
    shares = np.bincount(sites.kind[few].flatten(), minlength=len(sites.names)) / few.numel()
    # each kind as often as its share, within 5 errors of 32,000 sites
    assert shares == pytest.approx(sites.shares, abs=5 * (0.25 / few.numel()) ** 0.5)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ising-square", {"size": (4, 4), "temperature": 2.5}),
        ("potts-square", {"size": (3, 3), "temperature": 1.0, "states": 3}),
        ("ising-chain", {"size": 16, "temperature": 1.0}),
        ("gaussian-field", {"size": (6, 6)}),
        ("xy-square", {"size": (1, 16), "temperature": 0.5}),
    ],
)
def test_both_orders_find_the_exact_entropy(order, name, parameters):
    model = system(name, **parameters)
    estimate = estimate_chain_rule(model.sample(1024, seed=1), in_order(order))
    assert estimate.order == order
    assert_entropy(estimate, model.exact_entropy())
    assert sum(one.share for one in estimate.scales) == pytest.approx(1)
    total = sum(one.share * one.entropy for one in estimate.scales)
    assert total == pytest.approx(estimate.bound, abs=1e-9)


def in_order(order):
    return replace(QUICK, order=order)


def test_the_entropy_of_each_scale_of_a_chain():
    """A site between two known ones at distance h, whose correlation with each is tanh(J / T)^h."""
    model = system("ising-chain", size=16, temperature=1.0)
    estimate = estimate_chain_rule(model.sample(2048, seed=1), in_order(CoarseToFine()))
    for one in estimate.scales[2:]:
        step = int(one.name.split(",")[0].removeprefix("spacing "))
        exact = between(np.tanh(1.0) ** step, ends=16 // step > 2)
        assert abs(one.entropy - exact) < 4 * one.error + 0.01
    entropies = [one.entropy for one in estimate.scales]
    assert entropies[-1] < entropies[2] - 0.2  # negative control: scales differ


def between(correlation, ends):
    """Entropy of a spin between two, each with this correlation with it."""
    total = 0.0
    for left, right in product((-1, 1), repeat=2):
        weights = np.array(
            [(1 + s * left * correlation) * (1 + s * right * correlation) for s in (-1, 1)]
        )
        p = weights / weights.sum()
        total += weights.sum() / 8 * -(p * np.log(p)).sum()
    return total


def pool_of(shape, points=1):
    rng = np.random.default_rng(0)
    sweep = [samples_of(rng.integers(0, 2, (64, *shape))) for _ in range(points)]
    return SamplePool(sweep, [[float(k)] for k in range(points)] if points > 1 else None)


@pytest.fixture
def trial(monkeypatch):
    """Replaces trainings: entropies of the compared samples by order; returns steps that it saw."""

    def replaced(coarse, rows):
        tried = []

        def fit(sites, training, evaluations, fold):
            tried.append(training.steps)
            points = np.searchsorted(sites.pool.starts, fold.split.test, side="right") - 1
            values = np.asarray(coarse if len(sites.names) > 1 else rows)[points]
            return None, Reading(values, {}, values[:, None])

        monkeypatch.setattr(choice, "fit", fit)
        return tried

    return replaced


@pytest.mark.parametrize("best", ORDERS)
def test_the_order_with_the_lower_entropy_is_chosen(trial, best):
    tried = trial(*([0.5 if order == best else 0.51] for order in (CoarseToFine(), RowByRow())))
    found = better_order(pool_of((8, 8)), 8, Training(steps=100), Execution(threads=1))
    assert found.order == best and tried == [25, 25]


def test_half_of_the_lead_of_row_by_row_is_missing(trial):
    trial([0.55, 0.60, 0.50], [0.53, 0.50, 0.51])
    found = better_order(pool_of((8, 8), points=3), 8, Training(), Execution(threads=1))
    assert [found.unseen(k) for k in range(3)] == pytest.approx([0.01, 0.05, 0.0])


@pytest.mark.parametrize(
    ("shape", "coarse", "rows"), [((8, 8), 0.50, 0.55), ((64,), 0.55, 0.50)], ids=["coarse", "1-D"]
)
def test_nothing_is_unseen(trial, shape, coarse, rows):
    """Where coarse to fine is better, and in one dimension."""
    trial([coarse], [rows])
    assert better_order(pool_of(shape), 8, Training(), Execution(threads=1)).unseen(0) == 0


def test_a_warm_start_row_by_row_is_compared_again(trial):
    rows = [{"first.weight": np.zeros(1)}]
    options = {"warm_start": rows}
    tried = trial([0.55], [0.50])
    found = better_order(pool_of((8, 8)), 8, Training(steps=100), Execution(threads=1), **options)
    assert found.order == RowByRow() and found.unseen(0) == pytest.approx(0.025) and len(tried) == 2
    trial([0.50], [0.55])
    found = better_order(pool_of((8, 8)), 8, Training(steps=100), Execution(threads=1), **options)
    assert found.order == RowByRow() and found.unseen(0) == 0  # its networks fit no other order


@pytest.mark.parametrize("order", [None, RowByRow()])
def test_what_no_order_sees_is_missing(monkeypatch, order):
    """An order that was asked for is not compared with another."""
    monkeypatch.setattr(choice.Choice, "unseen", lambda self, point: 0.25 if self.leads else 0.0)
    monkeypatch.setattr(
        "moiety.chain_rule.estimate.better_order",
        lambda *_, **__: choice.Choice(RowByRow(), (0.5,)),
    )
    samples = system("ising-square", size=8, temperature=3.0).sample(64, seed=1)
    short = {"width": 8, "evaluations": 2**12, "training": Training(steps=4, batch=64)}
    found = estimate_chain_rule(samples, ChainRule(order=order, **short), seed=1, threads=1)
    assert found.entropy == pytest.approx(found.bound - found.missing)
    assert (found.missing > 0.25) == (order is None)


def test_a_warm_start_keeps_the_order_of_its_networks():
    model = system("ising-square", size=8, temperature=3.0)
    short = ChainRule(
        order=CoarseToFine(), width=8, evaluations=2**12, training=Training(steps=4, batch=64)
    )
    first = estimate_chain_rule(model.sample(64, seed=1), short, threads=1)
    free = ChainRule(width=8, evaluations=2**12, training=Training(steps=4, batch=64))
    second = estimate_chain_rule(
        model.sample(64, seed=2), free, warm_start=first.modules, threads=1
    )
    assert second.order == CoarseToFine()


def test_what_is_read_row_by_row_only():
    model = system("ising-square", size=4, temperature=3.0)
    samples = model.sample(64, seed=1)
    cuts = ladder(model.shape, model.periodic).cuts[:1]
    for wanted, these in ((samples, cuts), (samples.replace(homogeneous=False), ())):
        pool = SamplePool([wanted], None)
        with pytest.raises(InputError, match="row by row only"):
            batches_in(CoarseToFine(), pool, these, "cpu")
        batches_in(RowByRow(), pool, these, "cpu")


@pytest.mark.parametrize("wrong", [{"radius": 0}, {"radius": -1}])
def test_radii_are_positive(wrong):
    for order in (RowByRow, CoarseToFine):
        with pytest.raises(ValueError, match="must be positive"):
            order(**wrong)
