"""One contract for every registered critic, with every objective on every kind of state.

Gradients reach every weight, the order of a batch does not matter, and a critic that claims to be
symmetric is.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from battery import (
    KINDS,
    SPACES,
    batch,
    built,
    every_critic,
    every_kind,
    every_objective,
    every_space,
    every_two_of,
    knows_columns,
    knows_offset,
    moved_by_each,
    near,
    network_and_batch,
    only_sees_first,
    only_shifts,
    stream,
    windows,
)
from moiety.estimation.critics import CRITICS
from moiety.estimation.objectives import BOUNDS, OBJECTIVES, DonskerVaradhan
from moiety.estimation.scores import Batch, scores

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_states_are_of_every_kind():
    views = [windows(kind, space) for space in SPACES for kind in KINDS]
    assert {view.encoding.channels for view in views} == {1, 2, 3}
    assert {len(view.cut.parent) for view in views} == {1, 2, 3}
    assert {view.cut.faces for view in views} == {1, 2}
    for kind in KINDS:  # coupled at the cut, and nowhere else
        a, b = windows(kind, "2-D", n=4000).draw(torch.arange(4000), stream(0))
        at_cut, beyond = (
            float((a[:, 0, -1] * b[:, 0, row]).mean() - a[:, 0, -1].mean() * b[:, 0, row].mean())
            for row in (0, 1)
        )
        # 4 sigma, of products of unit variance or less
        assert at_cut > 0.15 and abs(beyond) < 4 / 8000**0.5


def test_every_two_entries_of_the_registries_meet():
    names = [tuple("abcde"), tuple("wxyz"), tuple("12")]
    chosen = every_two_of(*names)
    assert len(chosen) == 20
    for first in range(3):
        for second in range(first):
            pairs = {(entry[first], entry[second]) for entry in chosen}
            assert len(pairs) == len(names[first]) * len(names[second])


# Gradients


@every_critic
@every_kind
@every_space
def test_gradient_reaches_every_weight(critic, kind, space):
    """With every objective, but for the weights that the objective cannot see.

    Some objectives do not depend on an offset of all scores, hence not on the last biases.  InfoNCE
    does not depend on any function of the first half alone.
    """
    network, pairs = network_and_batch(critic, kind, space, n=16)
    network, pairs = network.double(), replace(pairs, a=pairs.a.double(), b=pairs.b.double())
    weights, moved = dict(network.named_parameters()), moved_by_each(network, pairs)
    shifting = {label for label, by in moved.items() if only_shifts(by)}
    one_sided = {label for label, by in moved.items() if only_sees_first(by)}
    for name, objective in ((name, kind()) for name, kind in OBJECTIVES.items()):
        network.zero_grad()
        objective.loss(*scores(network, pairs), None)[0].backward()
        unseen = set() if knows_offset(objective) else set(shifting)
        unseen |= one_sided if knows_columns(objective) else set()
        largest = max(float(weight.grad.abs().max()) for weight in weights.values())
        for label, weight in weights.items():
            assert weight.grad.isfinite().all(), (name, label)
            # what rounding leaves is below 1e-12
            reached = float(weight.grad.abs().max()) > 1e-8 * largest
            assert reached == (label not in unseen), (name, label)


def test_only_the_last_biases_and_one_sided_weights_are_exempt():
    """Negative control: two objectives do not know the offset, and few weights are exempt."""
    knowing = {name for name, kind in OBJECTIVES.items() if knows_offset(kind())}
    assert knowing >= {"jensen-shannon", "nwj", "smile"}
    assert not knowing & {"donsker-varadhan", "infonce"}
    for critic, exempt in {
        "interface": {"phases.4.bias", "total.bias"},
        "convolutional": {"dense.3.bias"},
    }.items():
        moved = moved_by_each(*network_and_batch(critic, "two states", "2-D"))
        assert {label for label, by in moved.items() if only_shifts(by)} == exempt
        one_sided = {label for label, by in moved.items() if only_sees_first(by)}
        assert one_sided == exempt | ({"squares.0.weight"} if critic == "interface" else set())


def test_infonce_depends_on_columns_and_others_do_not():
    depending = {name for name, kind in OBJECTIVES.items() if knows_columns(kind())}
    assert "infonce" in depending
    assert not depending & {"donsker-varadhan", "jensen-shannon", "nwj", "smile"}


@every_critic
def test_a_state_has_no_gradient_along_the_network_before(critic):
    """A batch's gradient is the same for a state from another network and for its bare value."""
    objective, (network, pairs) = DonskerVaradhan(), network_and_batch(critic, "real", "1-D")
    other = built(critic, windows("real", "1-D").shape, seed=1)
    _, state = objective.loss(*scores(other, pairs), None)
    gradients = []
    for before in (state, torch.tensor(float(state))):
        network.zero_grad()
        objective.loss(*scores(network, pairs), before)[0].backward()
        gradients.append([weight.grad.clone() for weight in network.parameters()])
    assert all(torch.equal(*both) for both in zip(*gradients, strict=True))
    assert all(weight.grad is None for weight in other.parameters())


# Order


def scores_in_order(network, pairs, partners, order):
    """Joint and product scores of reordered pairs; `partners` indexes the rolled halves."""
    joint = network(pairs.a[order], pairs.b[order])
    return joint, torch.stack([network(pairs.a[order], pairs.b[row[order]]) for row in partners])


@every_critic
@every_kind
@every_space
def test_the_order_of_a_batch_does_not_matter(critic, kind, space):
    network, pairs = network_and_batch(critic, kind, space)
    n = len(pairs.a)
    partners = torch.stack([torch.arange(n).roll(roll) for roll in pairs.rolls])
    order = torch.randperm(n, generator=stream(3))
    rolled = Batch(pairs.a.roll(5, 0), pairs.b.roll(5, 0), pairs.rolls[::-1])
    with torch.no_grad():
        joint, product = scores(network, pairs)
        reordered = scores_in_order(network, pairs, partners, order)
        assert near(reordered[0], joint[order]) and near(reordered[1], product[:, order])
        for again in (reordered, scores(network, rolled)):
            for objective in (kind() for kind in OBJECTIVES.values()):
                loss, state = objective.loss(joint, product, None)
                loss_again, state_again = objective.loss(*again, None)
                assert near(loss_again, loss), objective
                assert state is None or near(state_again, state)
            for bound in BOUNDS.values():
                assert bound()(*again) == pytest.approx(bound()(joint, product), abs=1e-5)
        # negative control: one half alone in another order, so that strangers count as joint pairs
        assert not near(scores(network, Batch(pairs.a, pairs.b[order], pairs.rolls))[0], joint)


# Exchange of the halves


class Sided(nn.Module):
    """A score of both halves' features; symmetric or not."""

    def __init__(self, shape, symmetric):
        super().__init__()
        self.symmetric = symmetric
        self.features = nn.Sequential(
            nn.Flatten(), nn.Linear(shape.channels * int(np.prod(shape.left)), 8), nn.Tanh()
        )
        self.last = nn.Linear(16, 1)

    def forward(self, a, b):
        return self.score(self.combine(*self.embed(a, b)))

    def embed(self, a, b):
        return (self.features(a),), (self.features(b),)

    def combine(self, a, b):
        second = a[0] + b[0] if self.symmetric else a[0] - 2 * b[0]
        return (torch.cat([a[0] * b[0], second], dim=1),)

    def score(self, pairs):
        return self.last(pairs[0])[:, 0]


@dataclass(frozen=True)
class SidedCritic:
    symmetric: bool

    def build(self, shape):
        return Sided(shape, self.symmetric)


EQUAL = [space for space in SPACES if space != "2-D odd"]  # halves that can be exchanged
CLAIMING = {name: kind for name, kind in CRITICS.items() if getattr(kind(), "symmetric", False)}
SYMMETRIC = {"local": lambda: SidedCritic(True), **CLAIMING}
every_symmetric = pytest.mark.parametrize(
    "critic", [kind() for kind in SYMMETRIC.values()], ids=SYMMETRIC
)


def exchanged(pairs):
    """The same joint and product pairs with halves exchanged: a_j meets b_i, i = j + roll."""
    return Batch(pairs.b, pairs.a, tuple(-roll for roll in pairs.rolls))


def network_of(critic, kind, space, products=3, n=64):
    torch.manual_seed(0)
    return critic.build(windows(kind, space).shape), batch(kind, space, n, products)


@every_symmetric
@every_kind
@pytest.mark.parametrize("space", EQUAL)
def test_a_critic_that_claims_symmetry_has_it(critic, kind, space):
    network, pairs = network_of(critic, kind, space)
    assert near(network(pairs.b, pairs.a), network(pairs.a, pairs.b))
    other = network(pairs.b.roll(1, 0), pairs.a)
    assert not near(other, network(pairs.a, pairs.b))  # negative control


@pytest.mark.parametrize(
    "critic",
    [SidedCritic(False), *[CRITICS[name]() for name in CRITICS if name not in CLAIMING]],
    ids=repr,
)
def test_a_critic_that_claims_nothing_may_distinguish_the_halves(critic):
    """Negative control of the test above."""
    network, pairs = network_of(critic, "real", "2-D")
    assert not near(network(pairs.b, pairs.a), network(pairs.a, pairs.b))


@every_symmetric
@every_objective
@every_kind
def test_exchange_changes_no_value_of_a_symmetric_critic(critic, objective, kind):
    """InfoNCE looks for partners of a, not of b: exchanged, it is another mean over these pairs."""
    network, pairs = network_of(critic, kind, "2-D", objective.products, n=256)
    with torch.no_grad():
        there, back = scores(network, pairs), scores(network, exchanged(pairs))
        assert near(back[0], there[0])
        assert near(back[1].flatten().sort()[0], there[1].flatten().sort()[0])
        for bound in BOUNDS.values():
            assert bound()(*back) == pytest.approx(bound()(*there), abs=1e-5)
        if knows_columns(objective):
            spread = column_losses(objective, *there) - column_losses(objective, *back)
            # 4 sigma of 256 columns
            assert abs(float(spread.mean())) < 4 * float(spread.std()) / 16
        else:
            assert near(objective.loss(*back, None)[0], objective.loss(*there, None)[0])
        wrong = Batch(pairs.b, pairs.a.roll(1, 0), pairs.rolls)
        assert not near(scores(network, wrong)[0], there[0])  # negative control


def column_losses(objective, joint, product):
    """The loss of each joint pair with its own product pairs."""
    columns = [(joint[k : k + 1], product[:, k : k + 1]) for k in range(len(joint))]
    return torch.stack([objective.loss(*column, None)[0] for column in columns])
