"""States, lattices and networks of the contract tests: every registered critic and objective.

The states are independent but for the two rows at the cut, of which the second is drawn given the
first.  M is therefore known: that of one pair of sites times the sites of a row.
"""

from dataclasses import dataclass
from itertools import product
from math import log

import numpy as np
import pytest
import torch

from moiety.estimation.critics import CRITICS
from moiety.estimation.encoding import Encoding
from moiety.estimation.objectives import OBJECTIVES
from moiety.estimation.pairs import shifts
from moiety.estimation.scores import Batch, scores
from moiety.estimation.windows import Windows
from moiety.geometry.cuts import ladder

KAPPA, CORRELATION = 4.0, 0.9  # of neighbouring angles and of neighbouring real numbers


@dataclass(frozen=True)
class Kind:
    """A kind of state: independent states, their partners, and M of a state and its partner."""

    kind: str
    states: int
    information: float

    def independent(self, shape, rng):
        if self.kind == "discrete":
            return rng.integers(self.states, size=shape)
        return rng.uniform(-np.pi, np.pi, shape) if self.kind == "angle" else rng.normal(size=shape)

    def partner(self, given, rng):
        if self.kind == "discrete":
            return given
        if self.kind == "angle":
            return given + rng.vonmises(0, KAPPA, given.shape)
        return CORRELATION * given + (1 - CORRELATION**2) ** 0.5 * rng.normal(size=given.shape)


def information_of_angles(kappa):
    """log 2 pi minus the entropy of the von Mises density exp(kappa cos x) / 2 pi I0."""
    x = np.linspace(-np.pi, np.pi, 1000, endpoint=False)  # exact for smooth periodic functions
    weight = np.exp(kappa * np.cos(x))
    return float((weight * kappa * np.cos(x)).sum() / weight.sum() - np.log(weight.mean()))


KINDS = {
    "two states": Kind("discrete", 2, log(2)),
    "three states": Kind("discrete", 3, log(3)),
    "angle": Kind("angle", 0, information_of_angles(KAPPA)),
    "real": Kind("real", 0, -0.5 * log(1 - CORRELATION**2)),
}
SPACES = {  # the first axis is the one that is cut
    "1-D": ((4,), (False,)),
    "1-D periodic": ((6,), (True,)),
    "2-D": ((4, 2), (False, True)),
    "2-D odd": ((5, 3), (False, False)),
    "2-D periodic": ((4, 4), (True, True)),
    "3-D": ((4, 2, 2), (False, True, False)),
}

every_critic = pytest.mark.parametrize("critic", CRITICS)
every_objective = pytest.mark.parametrize(
    "objective", [kind() for kind in OBJECTIVES.values()], ids=OBJECTIVES
)
every_kind = pytest.mark.parametrize("kind", KINDS)
every_space = pytest.mark.parametrize("space", SPACES)


def every_two_of(*registries):
    """Combinations in which every two entries of different registries meet at least once."""
    last = len(registries[-1])
    places = [range(len(entries)) for entries in registries[:-1]]
    return [
        (
            *(entries[k] for entries, k in zip(registries, picks, strict=False)),
            registries[-1][sum(picks) % last],
        )
        for picks in product(*places)
    ]


def stream(seed):
    return torch.Generator().manual_seed(seed)


def windows(kind, space, n=64, seed=0, coupled=True):
    """Windows of `n` samples of a lattice whose cut has the coupled rows beside it."""
    kind, (shape, periodic), rng = KINDS[kind], SPACES[space], np.random.default_rng(seed)
    cut = ladder(shape, periodic).cuts[0]
    assert cut.axis == 0
    values = kind.independent((n, *shape), rng)
    if coupled:
        values[:, cut.left[0]] = kind.partner(values[:, cut.left[0] - 1], rng)
    values = values.astype(np.uint8 if kind.kind == "discrete" else np.float32)
    encoding = Encoding.of(kind.kind, kind.states, values)
    return Windows(torch.from_numpy(values), cut, periodic, encoding)


def batch(kind, space, n=64, products=3, seed=0):
    a, b = windows(kind, space, n, seed).draw(torch.arange(n), stream(seed))
    return Batch(a, b, shifts(n, n, 0.5, products, stream(seed)))


def built(critic, shape, seed=0):
    torch.manual_seed(seed)
    return CRITICS[critic]().build(shape)


def network_and_batch(critic, kind, space, products=3, n=64):
    pairs = batch(kind, space, n, products)
    return built(critic, windows(kind, space).shape), pairs


def near(value, expected):
    """Equality to single precision: sums of some hundred terms in an order that may differ."""
    value, expected = torch.as_tensor(value).detach(), torch.as_tensor(expected).detach()
    return torch.allclose(value.double(), expected.double(), rtol=1e-4, atol=1e-5)


def knows_columns(objective):
    """Whether it matters which joint pair a product pair comes with."""
    joint = torch.randn(32, generator=stream(0))
    product = torch.randn(objective.products, 32, generator=stream(1))
    rolled = objective.loss(joint, product.roll(1, 1), None)[0]
    return not near(rolled, objective.loss(joint, product, None)[0])


def knows_offset(objective):
    """Whether a first batch has a gradient along a number that is added to all scores."""
    joint, product = (
        torch.randn(size, 32, generator=stream(size)).double() for size in (1, objective.products)
    )
    offset = torch.zeros((), dtype=torch.float64, requires_grad=True)
    objective.loss(joint[0] + offset, product + offset, None)[0].backward()
    return abs(float(offset.grad)) > 1e-9


@torch.no_grad()
def moved_by_each(network, pairs):
    """By how much a step of each weight moves the scores, `(1 + K, n)`: first halves in columns."""

    def table():
        joint, product = scores(network, pairs)
        return torch.cat([joint[None], product])

    before, moved = table(), {}
    for label, weight in network.named_parameters():
        weight += 0.5
        moved[label] = table() - before
        weight -= 0.5
    return moved


def only_shifts(moved):
    """Whether a weight moves all scores equally, as a bias at the very end does."""
    return bool(moved.abs().min() > 0.1) and near(moved, moved.mean())


def only_sees_first(moved):
    """Whether a weight moves scores by a function of the first half alone."""
    return bool(moved.abs().max() > 1e-3) and near(moved, moved[:1].expand_as(moved))
