"""A contract for all critics: pairs of halves of any shape get a score each."""

from io import BytesIO
from itertools import product

import pytest
import torch

from moiety.estimation.critics import CRITICS, ConvolutionalCritic
from moiety.estimation.networks import copy_weights
from moiety.estimation.pairs import PairShape
from moiety.estimation.scores import Batch, batch_scores, scores
from moiety.geometry.cuts import ladder

LADDERS = [  # 1-D, 2-D and 3-D, periodic and open, with sides that are not powers of two
    *[
        ladder(shape, [closed] * len(shape))
        for shape in [(16,), (8, 8), (7, 5), (4, 4, 4)]
        for closed in (True, False)
    ],
    ladder((2, 6, 3), (False, True, True)),
]
CUTS = [cuts.cuts[k] for cuts in LADDERS for k in (0, -1)]  # the last joins two single sites
SHAPES = [PairShape.of(cut, channels) for cut, channels in zip(CUTS, [1, 2, 3] * 6, strict=True)]


def name(shape):
    sides = "|".join("x".join(map(str, side)) for side in (shape.left, shape.right))
    return f"{sides} {shape.channels} {''.join('.o'[closed] for closed in shape.wraps)}"


pytestmark = pytest.mark.usefixtures("one_thread")
every_critic = pytest.mark.parametrize("critic", CRITICS)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=map(name, SHAPES))
FEW = [SHAPES[k] for k in (0, 4, 8, 12)]  # a chain, lattices with even and odd sides, a cube
few_shapes = pytest.mark.parametrize("shape", FEW, ids=map(name, FEW))


def built(critic, shape, seed=0):
    torch.manual_seed(seed)
    return CRITICS[critic]().build(shape)


def halves(shape, n=16, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(n, shape.channels, *side, generator=rng) for side in (shape.left, shape.right)
    )


def close(scores, expected):
    """To single precision: sums of some hundred terms, in an order that depends on the batch."""
    scale = 1 + expected.detach().abs().max().item()
    return torch.allclose(scores, expected, rtol=1e-4, atol=1e-5 * scale)


def test_shapes_of_all_kinds_occur():
    assert {len(cut.parent) for cut in CUTS} == {1, 2, 3}
    assert {(shape.channels, shape.wraps[0]) for shape in SHAPES} == set(
        product((1, 2, 3), (True, False))
    )
    assert any(shape.left != shape.right for shape in SHAPES)
    assert {len(shape.left) for shape in FEW} == {2, 3}
    assert any(shape.left != shape.right for shape in FEW)


# The contract


@every_critic
@every_shape
def test_a_finite_score_for_each_pair(critic, shape):
    network = built(critic, shape)
    values = network(*halves(shape))
    assert values.shape == (16,) and values.dtype == torch.float32
    assert values.isfinite().all() and values.unique().numel() == 16
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
def test_scores_do_not_depend_on_the_rest_of_the_batch(critic, shape):
    network = built(critic, shape).train()
    a, b = halves(shape)
    known, order = network(a, b), torch.randperm(16, generator=torch.Generator().manual_seed(2))
    assert close(network(a[order], b[order]), known[order])
    assert close(network(a[3:5], b[3:5]), known[3:5])
    assert close(network.eval()(a, b), known)
    assert not close(network(a, b[order]), known)  # negative control: other partners


@every_critic
@every_shape
def test_a_score_is_not_a_sum_over_halves(critic, shape):
    """A function of a plus a function of b would give no mutual information."""
    network = built(critic, shape)
    (a, b), (c, d) = halves(shape), halves(shape, seed=2)
    assert not close(network(c, b), network(a, b)) and not close(network(a, d), network(a, b))
    interaction = network(a, b) - network(c, b) - network(a, d) + network(c, d)
    assert interaction.abs().max() > 1e-4


@every_critic
@few_shapes
def test_weights_are_saved_and_loaded(critic, shape):
    network, other = built(critic, shape), built(critic, shape, seed=1)
    pairs, file = halves(shape), BytesIO()
    assert not close(other(*pairs), network(*pairs))  # negative control
    torch.save(network.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(*pairs), network(*pairs))


@every_critic
@few_shapes
def test_extreme_values_have_finite_scores(critic, shape):
    network = built(critic, shape)
    a, b = halves(shape, n=4)
    for size in (0.0, 1e6, -1e6):
        assert network(torch.full_like(a, size), torch.full_like(b, size)).isfinite().all()
        assert network(a * size, -b * size).isfinite().all()


@every_critic
def test_a_seed_determines_the_network(critic):
    first, again, other = (built(critic, SHAPES[4], seed) for seed in (1, 1, 2))
    for weights in zip(*(network.parameters() for network in (first, again, other)), strict=True):
        assert torch.equal(weights[0], weights[1])
        starts_at_zero = not weights[0].any()
        assert starts_at_zero or not torch.equal(weights[0], weights[2])


@every_critic
def test_configurations_are_values(critic):
    config = CRITICS[critic]()
    assert config == CRITICS[critic]() and hash(config) == hash(CRITICS[critic]())
    assert eval(repr(config), {type(config).__name__: type(config)}) == config
    assert config.sees == "image" and "sees" not in repr(config)


@every_critic
@every_shape
def test_rolled_pairs_have_the_scores_of_any_pair(critic, shape):
    """Each half may be embedded once and paired many times."""
    network, (a, b) = built(critic, shape), halves(shape)
    joint, product = scores(network, Batch(a, b, rolls=(1, 5)))
    assert close(joint, network(a, b))
    assert close(product, torch.stack([network(a, b.roll(1, 0)), network(a, b.roll(5, 0))]))


@every_critic
@every_shape
def test_batches_with_different_rolls_are_scored_together(critic, shape):
    network, (a, b) = built(critic, shape), halves(shape, n=24)
    batches = [
        Batch(a[k : k + 8], b[k : k + 8], rolls)
        for k, rolls in ((0, (1, 5)), (8, (2, 3)), (16, (7, 4)))
    ]
    together = batch_scores(network, batches)
    for values, batch in zip(together, batches, strict=True):
        alone = scores(network, batch)
        assert all(close(*parts) for parts in zip(values, alone, strict=True))
    other = scores(network, Batch(batches[1].a, batches[1].b, batches[0].rolls))[1]
    assert not close(together[1][1], other)  # negative control: the rolls of another batch


# Weights are copied from size to size


@every_critic
@few_shapes
def test_copied_weights_give_the_same_scores(critic, shape):
    source, target = built(critic, shape), built(critic, shape, seed=1)
    pairs = halves(shape)
    assert copy_weights(source, target) == len(source.state_dict())
    assert torch.equal(target(*pairs), source(*pairs))
    with torch.no_grad():
        next(target.parameters()).add_(1.0)
    assert not torch.equal(target(*pairs), source(*pairs))  # a copy, not the same tensors


@every_critic
def test_weights_that_fit_another_size_are_copied(critic):
    small, large = (PairShape(1, (side, side), (side, side), (False, False)) for side in (4, 8))
    source, target = built(critic, small), built(critic, large, seed=1)
    before = {label: weight.clone() for label, weight in target.state_dict().items()}
    copied = copy_weights(source, target)
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
    assert copy_weights(source, target) == len(target.state_dict())


@pytest.mark.parametrize(
    ("wraps", "same"), [((False, True), True), ((True, True), True), ((False, False), False)]
)
def test_the_interface_critic_is_translation_invariant_along_a_periodic_interface(wraps, same):
    shape = PairShape(1, (5, 7), (5, 7), wraps)
    network, (a, b) = built("interface", shape), halves(shape)
    assert close(network(a.roll(3, 3), b.roll(3, 3)), network(a, b)) == same
    assert not close(network(a.roll(3, 3), b), network(a, b))  # negative control: only one half


@pytest.mark.parametrize(("closed", "seen"), [(True, True), (False, False)])
def test_the_interface_critic_sees_both_faces_where_there_are_two(closed, seen):
    """Single rows far from the cut are seen only if they touch the second face."""
    shape = PairShape(1, (20, 4), (20, 4), (closed, False))
    network, (a, b) = built("interface", shape), halves(shape)
    swapped = a.clone()
    swapped[:, :, [0, 1]] = a[:, :, [1, 0]]  # the slab that holds both is the same
    assert close(network(swapped, b), network(a, b)) != seen


def test_the_vectors_of_the_interface_critic_are_rotation_invariant():
    """Its other features are not; with their weights at zero, the scores are."""
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
    assert not close(network(turned[0], b), network(a, b))  # only one half


@pytest.mark.parametrize(
    ("layers", "growth", "seen"), [(2, 1, 5), (3, 1, 7), (2, 2, 7), (3, 2, 15), (3, 3, 27)]
)
def test_receptive_fields(layers, growth, seen):
    torch.manual_seed(0)
    shape = PairShape(1, (16, 32), (16, 32), (False, False))
    network = ConvolutionalCritic(layers=layers, growth=growth).build(shape)
    image = torch.rand(1, 1, 32, 32, requires_grad=True)
    network.convolutions(image)[0, :, 16, 16].sum().backward()
    moved = image.grad[0, 0].nonzero()
    assert moved.min() == 16 - seen // 2
    assert moved.max() == 16 + seen // 2
