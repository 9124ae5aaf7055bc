"""Views and contexts of the chain rule: which neighbours of a site are known, and where."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety.chain_rule.contexts import Contexts
from moiety.chain_rule.views import (
    Neighbourhood,
    conditional_view,
    marginal_view,
    near_cut,
    whole_view,
)
from moiety.estimation.encoding import Encoding
from moiety.geometry.cuts import ladder


def by_site(view):
    """Places and masks of all sites, shapes `(sites, dimensions)` and `(sites, k)`."""
    return view.places.reshape(view.sites, -1), view.known.reshape(view.sites, -1)


def generator(seed):
    return torch.Generator().manual_seed(seed)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data())
def test_every_site_knows_the_neighbours_before_it(shape, data):
    shape = tuple(shape)
    periodic = tuple(data.draw(st.booleans()) for _ in shape)
    around = Neighbourhood(len(shape), 1, data.draw(st.integers(0, 3)), data.draw(st.booleans()))
    places, known = by_site(whole_view(shape, periodic, around))
    rank = {tuple(place): i for i, place in enumerate(places.tolist())}
    assert len(rank) == len(places) == np.prod(shape)
    for i, place in enumerate(places):
        neighbours = np.where(periodic, (place + around.steps) % shape, place + around.steps)
        ranks = [rank.get(tuple(neighbour), np.inf) for neighbour in neighbours.tolist()]
        np.testing.assert_array_equal(known[i], np.array(ranks) < i)


def inward_order(cut):
    """The sites of the second half, layer by layer from the cut, with their ranks."""
    layers = list(range(cut.left[cut.axis], cut.parent[cut.axis]))
    if cut.faces == 2:  # from both ends in turn
        layers = [layers[k // 2] if k % 2 == 0 else layers[-1 - k // 2] for k in range(len(layers))]
    others = range(cut.parent[1 - cut.axis])
    sites = [
        (layer, other) if cut.axis == 0 else (other, layer) for layer in layers for other in others
    ]
    return {site: rank for rank, site in enumerate(sites)}


@pytest.mark.parametrize("periodic", [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (5, 4)])
def test_conditional_views_add_the_first_half_to_marginal_ones(shape, periodic):
    around = Neighbourhood(2, 2)
    for cut in ladder(shape, periodic).cuts:
        conditional, marginal = conditional_view(cut, around), marginal_view(cut, around)
        assert conditional.window == marginal.window == cut.parent
        np.testing.assert_array_equal(conditional.places, marginal.places)
        places, known = by_site(conditional)
        _, known_alone = by_site(marginal)
        rank, beyond = inward_order(cut), len(places)
        assert {tuple(place) for place in places.tolist()} == rank.keys()
        for i, place in enumerate(places):
            outside = place + around.steps
            ends = np.where(cut.wraps, outside % cut.parent, outside)
            inside = ((ends >= 0) & (ends < cut.parent)).all(axis=1)
            in_first = inside & (ends[:, cut.axis] < cut.left[cut.axis])
            ranks = np.array([rank.get(tuple(end), beyond) for end in ends.tolist()])
            before = inside & (ranks < rank[tuple(place.tolist())])
            np.testing.assert_array_equal(known[i], in_first | before)
            # alone, the second half is not closed along the axis of the cut
            along = outside[:, cut.axis]
            crosses = cut.wraps[cut.axis] & ((along < 0) | (along >= cut.parent[cut.axis]))
            np.testing.assert_array_equal(known_alone[i], before & ~crosses)


@pytest.mark.parametrize("layers", [1, 2])
def test_sites_near_a_cut_are_those_near_the_first_half(layers):
    around = Neighbourhood(2, 2)
    for cut in ladder((8, 6), (True, False)).cuts:
        view = conditional_view(cut, around)
        known = {
            tuple(place): mask
            for place, mask in zip(by_site(view)[0].tolist(), by_site(view)[1], strict=True)
        }
        ends = [cut.left[cut.axis] - 1, *([cut.parent[cut.axis]] if cut.wraps[cut.axis] else [])]
        near = {
            place for place in known if min(abs(place[cut.axis] - end) for end in ends) <= layers
        }
        places, masks = by_site(near_cut(view, cut, layers))
        assert {tuple(place) for place in places.tolist()} == near and len(places) == len(near)
        for place, mask in zip(places.tolist(), masks, strict=True):
            np.testing.assert_array_equal(mask, known[tuple(place)])


def test_a_neighbourhood_is_symmetric_and_reaches_as_far_as_it_says():
    for around in (
        Neighbourhood(1, 3),
        Neighbourhood(2, 1, 4),
        Neighbourhood(2, 2, 5, star=True),
        Neighbourhood(3, 1, 3, star=True),
    ):
        steps = {tuple(step) for step in around.steps.tolist()}
        assert len(steps) == len(around.steps)
        assert steps == {tuple(-x for x in step) for step in steps}
        arm = (*[0] * (around.dimensions - 1), max(around.reach, around.radius))
        assert arm in steps and (arm[::-1] in steps) == (around.star or around.dimensions == 1)
        assert tuple([around.radius] * around.dimensions) in steps


# --- Contexts


def expected_context(values, target, steps, known):
    """The neighbours of the site that holds the target value, which names its own place."""
    sample, *place = np.unravel_index(int(target), values.shape)
    neighbours = (np.array(place) + steps) % values.shape[1:]
    return int(sample), np.where(known, values[(sample, *neighbours.T)], 0.0)


@pytest.mark.parametrize("periodic", [(True, True), (True, False), (False, False)])
def test_contexts_hold_the_values_of_the_known_neighbours(periodic):
    values = np.arange(3 * 5 * 4, dtype=np.float64).reshape(3, 5, 4)  # each names its place
    around = Neighbourhood(2, 1, 2)
    contexts = Contexts(values, periodic, Encoding("real"), (), around)
    assert len(contexts.images) == 1
    cut, samples = ladder((5, 4), periodic).cuts[1], torch.arange(300) % 3
    for view in (whole_view((5, 4), periodic, around), conditional_view(cut, around)):
        runs, length = torch.arange(300) % len(view.places), view.places.shape[1]
        context, known, target = contexts.draw(view, samples, runs, generator(1))
        assert len(context) == len(known) == len(target) == 300 * length
        for n in range(300 * length):
            mask = view.known[runs[n // length], n % length]
            np.testing.assert_array_equal(known[n, 0].bool(), mask)
            sample, expected = expected_context(values, target[n, 0], around.steps, mask)
            assert sample == samples[n // length]
            np.testing.assert_array_equal(context[n, 0], expected)


def test_images_are_symmetries_of_the_lattice():
    values, around = np.arange(16.0).reshape(1, 4, 4), Neighbourhood(2, 1)
    contexts = Contexts(values, (True, True), Encoding("real"), ("reflect", "transpose"), around)
    images = {tuple((around.steps @ image.numpy()).ravel()) for image in contexts.images}
    assert len(contexts.images) == len(images) == 8
    view, sample = whole_view((4, 4), (True, True), around), torch.zeros(1, dtype=int)
    for k, image in enumerate(contexts.images):
        drawn = contexts.draw(view, sample, sample + 2, generator(2), k)
        for context, known, target in zip(*drawn, strict=True):
            steps = around.steps @ image.numpy()
            _, expected = expected_context(values, target[0], steps, known[0].bool())
            np.testing.assert_array_equal(context[0], expected)
    open_along_y = Contexts(values, (True, False), Encoding("real"), ("reflect",), around)
    assert len(open_along_y.images) == 1  # open boundaries
