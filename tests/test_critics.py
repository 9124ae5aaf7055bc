"""One contract for every critic: from pairs of halves of any shape to one score a pair."""

from io import BytesIO
from itertools import product

import pytest
import torch

from moiety.estimation.critics import CRITICS, ConvolutionalCritic, hand_on
from moiety.estimation.pairs import PairShape
from moiety.estimation.training import Batch, scores, scores_of
from moiety.geometry.cuts import ladder

LADDERS = [  # 1-D, 2-D and 3-D, closed and open, with sides that are no powers of two
    *[
        ladder(shape, [closed] * len(shape))
        for shape in [(16,), (8, 8), (7, 5), (4, 4, 4)]
        for closed in (True, False)
    ],
    ladder((2, 6, 3), (False, True, True)),
]
CUTS = [rungs.cuts[k] for rungs in LADDERS for k in (0, -1)]  # the last is one site beside another
SHAPES = [PairShape.of(cut, channels) for cut, channels in zip(CUTS, [1, 2, 3] * 6, strict=True)]


def name(shape):
    sides = "|".join("x".join(map(str, side)) for side in (shape.left, shape.right))
    return f"{sides} {shape.channels} {''.join('.o'[closed] for closed in shape.wraps)}"


pytestmark = pytest.mark.usefixtures("one_thread")
every_critic = pytest.mark.parametrize("critic", CRITICS)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=map(name, SHAPES))


def built(critic, shape, seed=0):
    torch.manual_seed(seed)
    return CRITICS[critic]().build(shape)


def halves(shape, n=16, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(n, shape.channels, *side, generator=rng) for side in (shape.left, shape.right)
    )


def close(found, wanted):
    """To single precision: sums of some hundred terms, in an order that depends on the batch."""
    scale = 1 + wanted.detach().abs().max().item()
    return torch.allclose(found, wanted, rtol=1e-4, atol=1e-5 * scale)


def test_the_shapes_are_all_there():
    assert {len(cut.parent) for cut in CUTS} == {1, 2, 3}
    assert {(shape.channels, shape.wraps[0]) for shape in SHAPES} == set(
        product((1, 2, 3), (True, False))
    )
    assert any(shape.left != shape.right for shape in SHAPES)


# The contract


@every_critic
@every_shape
def test_one_finite_score_a_pair(critic, shape):
    network = built(critic, shape)
    found = network(*halves(shape))
    assert found.shape == (16,) and found.dtype == torch.float32
    assert found.isfinite().all() and found.unique().numel() == 16
    assert network(*halves(shape, n=1)).shape == (1,)


@every_critic
@every_shape
def test_gradient_reaches_every_weight(critic, shape):
    network = built(critic, shape)
    network(*halves(shape, n=64)).square().sum().backward()
    for label, weight in network.named_parameters():
        assert weight.grad is not None and weight.grad.isfinite().all(), label
        assert weight.grad.any(), label


@every_critic
@every_shape
def test_batch_mates_do_not_matter(critic, shape):
    network = built(critic, shape).train()
    a, b = halves(shape)
    found, order = network(a, b), torch.randperm(16, generator=torch.Generator().manual_seed(2))
    assert close(network(a[order], b[order]), found[order])
    assert close(network(a[3:5], b[3:5]), found[3:5])
    assert close(network.eval()(a, b), found)
    assert not close(network(a, b[order]), found)  # negative control: other partners


@every_critic
@every_shape
def test_halves_are_seen_together(critic, shape):
    """A sum of a function of a and one of b would find no mutual information."""
    network = built(critic, shape)
    (a, b), (c, d) = halves(shape), halves(shape, seed=2)
    assert not close(network(c, b), network(a, b)) and not close(network(a, d), network(a, b))
    interaction = network(a, b) - network(c, b) - network(a, d) + network(c, d)
    assert interaction.abs().max() > 1e-4


@every_critic
@every_shape
def test_weights_are_saved_and_loaded(critic, shape):
    network, other = built(critic, shape), built(critic, shape, seed=1)
    pairs, file = halves(shape), BytesIO()
    assert not close(other(*pairs), network(*pairs))  # negative control
    torch.save(network.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(*pairs), network(*pairs))


@every_critic
@every_shape
@pytest.mark.parametrize("size", [0.0, 1e6, -1e6])
def test_extreme_values_are_scored(critic, shape, size):
    network = built(critic, shape)
    a, b = halves(shape, n=4)
    assert network(torch.full_like(a, size), torch.full_like(b, size)).isfinite().all()
    assert network(a * size, -b * size).isfinite().all()


@every_critic
def test_a_seed_is_a_network(critic):
    first, again, other = (built(critic, SHAPES[4], seed) for seed in (1, 1, 2))
    for weights in zip(*(network.parameters() for network in (first, again, other)), strict=True):
        assert torch.equal(weights[0], weights[1])
        assert not weights[0].any() or not torch.equal(
            weights[0], weights[2]
        )  # some start from zero


@every_critic
def test_configurations_are_values(critic):
    config = CRITICS[critic]()
    assert config == CRITICS[critic]() and hash(config) == hash(CRITICS[critic]())
    assert eval(repr(config), {type(config).__name__: type(config)}) == config


@every_critic
@every_shape
def test_partners_by_rolling_are_scored_as_any_pair(critic, shape):
    """Training may code each half once and pair it many times: the scores are the same."""
    network, (a, b) = built(critic, shape), halves(shape)
    joint, product = scores(network, Batch(a, b, rolls=(1, 5)))
    assert close(joint, network(a, b))
    assert close(product, torch.stack([network(a, b.roll(1, 0)), network(a, b.roll(5, 0))]))


@every_critic
@every_shape
def test_batches_of_their_own_rolls_are_scored_at_once(critic, shape):
    network, (a, b) = built(critic, shape), halves(shape, n=24)
    batches = [
        Batch(a[k : k + 8], b[k : k + 8], rolls)
        for k, rolls in ((0, (1, 5)), (8, (2, 3)), (16, (7, 4)))
    ]
    together = scores_of(network, batches)
    for found, batch in zip(together, batches, strict=True):
        assert all(
            close(one, alone) for one, alone in zip(found, scores(network, batch), strict=True)
        )
    other = scores(network, Batch(batches[1].a, batches[1].b, batches[0].rolls))[1]
    assert not close(together[1][1], other)  # negative control: the rolls of another batch


# Handing on weights from size to size


@every_critic
@every_shape
def test_handed_on_weights_give_the_same_scores(critic, shape):
    source, target = built(critic, shape), built(critic, shape, seed=1)
    pairs = halves(shape)
    assert hand_on(source, target) == len(source.state_dict())
    assert torch.equal(target(*pairs), source(*pairs))
    with torch.no_grad():
        next(target.parameters()).add_(1.0)
    assert not torch.equal(target(*pairs), source(*pairs))  # a copy, not the same tensors


@every_critic
def test_what_fits_another_size_is_handed_on(critic):
    small, large = (PairShape(1, (side, side), (side, side), (False, False)) for side in (4, 8))
    source, target = built(critic, small), built(critic, large, seed=1)
    before = {label: weight.clone() for label, weight in target.state_dict().items()}
    copied = hand_on(source, target)
    assert 0 < copied <= len(before)
    after, given = target.state_dict(), source.state_dict()
    taken = [label for label in after if after[label].shape == given[label].shape]
    assert len(taken) == copied
    for label in after:
        assert torch.equal(after[label], given[label] if label in taken else before[label])
    assert target(*halves(large)).isfinite().all()


def test_the_interface_critic_fits_every_size():
    small, large = (PairShape(2, (side, side), (side, side), (False, True)) for side in (2, 40))
    source, target = built("interface", small), built("interface", large, seed=1)
    assert hand_on(source, target) == len(target.state_dict())


@pytest.mark.parametrize(
    ("wraps", "same"), [((False, True), True), ((True, True), True), ((False, False), False)]
)
def test_the_interface_critic_knows_no_place_on_a_closed_interface(wraps, same):
    shape = PairShape(1, (5, 7), (5, 7), wraps)
    network, (a, b) = built("interface", shape), halves(shape)
    assert close(network(a.roll(3, 3), b.roll(3, 3)), network(a, b)) == same
    assert not close(network(a.roll(3, 3), b), network(a, b))  # negative control: one half alone


@pytest.mark.parametrize(("closed", "seen"), [(True, True), (False, False)])
def test_the_interface_critic_sees_both_faces_where_there_are_two(closed, seen):
    """Rows far from the cut are seen one by one only where they touch the second face."""
    shape = PairShape(1, (20, 4), (20, 4), (closed, False))
    network, (a, b) = built("interface", shape), halves(shape)
    swapped = a.clone()
    swapped[:, :, [0, 1]] = a[:, :, [1, 0]]  # the slab that holds both is the same
    assert close(network(swapped, b), network(a, b)) != seen


def test_the_vectors_of_the_interface_critic_do_not_change_when_everything_turns():
    """Its other features do: with their weights at zero, scores of turned angles are the same."""
    shape = PairShape(2, (4, 6), (4, 6), (False, True))
    network, (a, b) = built("interface", shape), halves(shape)
    cosine, sine = 0.6, 0.8
    turn = torch.tensor([[cosine, -sine], [sine, cosine]])
    turned = [torch.einsum("ij,njxy->nixy", turn, half) for half in (a, b)]
    assert not close(network(*turned), network(a, b))  # negative control
    with torch.no_grad():
        network.along.weight[:, : network.width] = 0.0
        for weight in network.phases.parameters():
            weight.zero_()
    assert close(network(*turned), network(a, b))
    assert not close(network(turned[0], b), network(a, b))  # one half alone


@pytest.mark.parametrize(
    ("layers", "growth", "seen"), [(2, 1, 5), (3, 1, 7), (2, 2, 7), (3, 2, 15), (3, 3, 27)]
)
def test_how_far_convolutions_see(layers, growth, seen):
    torch.manual_seed(0)
    shape = PairShape(1, (16, 32), (16, 32), (False, False))
    network = ConvolutionalCritic(layers=layers, growth=growth).build(shape)
    image = torch.rand(1, 1, 32, 32, requires_grad=True)
    network.convolutions(image)[0, :, 16, 16].sum().backward()
    moved = image.grad[0, 0].nonzero()
    assert moved.min() == 16 - seen // 2
    assert moved.max() == 16 + seen // 2
