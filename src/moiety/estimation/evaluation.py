r"""Evaluate trained critics on held-out pairs.

A critic may overrate a kind of pair that it has hardly met, and a single e^F can then outweigh
all others; trained on few samples it overrates all pairs.  If it never met a kind as a joint pair,
nothing stops it from scoring that kind ever lower, and one held-out pair of the kind can then cost
more than all others gain.  Its scores are therefore calibrated on the n validation pairs,

    F -> max(floor, r min(F, largest joint F)) + c,    r in [0, 1.2] of the largest DV, <e^F> = 1,

which gives F = 0 where nothing was learnt.  The floor is the best one if one more joint pair had
the lowest score of all: with q the share of product pairs below it, q e^floor = <e^F> / n.  It
costs less than 1 / n nats.  Any function of the pair is a critic, so the bounds still hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
import torch
from torch import Tensor, nn

from .objectives import Bound, DonskerVaradhanBound
from .pairs import Source, shifts
from .scores import Batch, batch_scores, scores

__all__ = [
    "CHUNK", "HeldOutScores", "calibration", "effective_pairs", "evaluate", "held_out_batches",
    "sample_influence",
]  # fmt: skip

CHUNK = 256  # samples scored together, more where interfaces are short
_PRODUCTS = 4  # product pairs per held-out joint pair
_SCORED_PLACES = 4096  # interface sites scored together
_SCALES, _LARGEST_SCALE = 25, 1.2  # of the calibration


@dataclass(frozen=True, eq=False)
class HeldOutScores:
    """Held-out scores, all flat, with the samples that each depends on.

    Args:
        joint: Scores of joint pairs.
        product: Scores of product pairs.
        samples: Sample of each joint pair.
        first: Sample of the first half of each product pair.
        second: Sample of the second half of each product pair.
    """

    joint: Tensor
    product: Tensor
    samples: Tensor
    first: Tensor
    second: Tensor


def held_out_batches(
    source: Source,
    indices: np.ndarray,
    tau: float,
    generator: torch.Generator,
    tick: Callable[[], None],
) -> Iterator[tuple[Tensor, Batch]]:
    """Batches that hold every sample equally often, each spread over all samples.

    Args:
        source: Source of the pairs.
        indices: Held-out samples.
        tau: Autocorrelation time in draws; see `shifts`.
        generator: Source of random numbers.
        tick: Called before each round over the samples.

    Yields:
        The samples of a batch and the batch.
    """
    strides = ceil(len(indices) / max(CHUNK, _SCORED_PLACES // source.interface))
    for _ in range(source.reads):
        tick()
        for start in range(strides):
            picks = torch.from_numpy(indices[start::strides])
            a, b = source.draw(picks, generator)
            rolls = shifts(len(picks), len(indices), tau, _PRODUCTS, generator)
            yield picks, Batch(a, b, rolls)


@torch.no_grad()
def calibration(
    module: nn.Module, batches: Sequence[Batch]
) -> tuple[Callable[[Tensor], Tensor], float]:
    """The map of scores with the largest bound on the validation pairs.

    Args:
        module: Trained network.
        batches: Validation pairs.

    Returns:
        The map, and by how many nats it raises the bound.
    """
    parts = [scores(module, batch) for batch in batches]
    columns = zip(*parts, strict=True)
    joint, product = (torch.cat([part.flatten() for part in column]) for column in columns)
    largest, ordered = joint.max(), product.clamp(max=joint.max()).double().sort().values
    joint, product = joint.double(), product.double()

    def scaled(values: Tensor, scale: float, floor: float) -> Tensor:
        return (scale * values.clamp(max=largest)).clamp(min=floor)

    def bound(scale: float) -> float:
        floor = _floor(scale * ordered, len(joint))
        return DonskerVaradhanBound()(*(scaled(part, scale, floor) for part in (joint, product)))

    scale = max(torch.linspace(0.0, _LARGEST_SCALE, _SCALES).tolist(), key=bound)
    floor, best = _floor(scale * ordered, len(joint)), bound(scale)
    offset = best - float(scaled(joint, scale, floor).mean())
    return lambda values: scaled(values, scale, floor) + offset, best - bound(1.0)


def _floor(ordered: Tensor, pairs: int) -> float:
    """The lowest score that as many joint pairs can tell from a lower one; see above.

    Args:
        ordered: Scores of product pairs in ascending order.
        pairs: Number of joint pairs.
    """
    count = len(ordered)
    level = float(torch.logsumexp(ordered, 0)) - log(count) - log(pairs)
    shares = torch.arange(1, count + 1, dtype=ordered.dtype, device=ordered.device) / count
    below = int((shares.log() + ordered < level).sum())
    lowest = float(ordered[below])
    return min(level - log(below / count), lowest) if below else lowest


@torch.no_grad()
def evaluate(
    module: nn.Module,
    batches: Iterator[tuple[Tensor, Batch]],
    calibrate: Callable[[Tensor], Tensor],
) -> HeldOutScores:
    """Score held-out pairs.

    Args:
        module: Trained network.
        batches: See `held_out_batches`.
        calibrate: See `calibration`.
    """
    columns: tuple[list[Tensor], ...] = ([], [], [], [], [])
    for group in _grouped(batches):
        both = batch_scores(module, [batch for _, batch in group])
        for (picks, batch), (joint, product) in zip(group, both, strict=True):
            partners = [picks.roll(roll) for roll in batch.rolls]
            row = (
                calibrate(joint).cpu(),
                calibrate(product).flatten().cpu(),
                picks,
                picks.repeat(len(partners)),
                torch.cat(partners),
            )
            for column, entry in zip(columns, row, strict=True):
                column.append(entry)
    return HeldOutScores(*map(torch.cat, columns))


def _grouped(batches: Iterator[tuple[Tensor, Batch]]) -> Iterator[list[tuple[Tensor, Batch]]]:
    """Group small batches that can be scored together."""
    group: list[tuple[Tensor, Batch]] = []
    for picks, batch in batches:
        if group:
            fits = _signature(group[0][1]) == _signature(batch)
            if not fits or (len(group) + 1) * len(picks) > CHUNK:
                yield group
                group = []
        group.append((picks, batch))
    if group:
        yield group


def _signature(batch: Batch) -> tuple[object, ...]:
    return batch.a.shape, batch.b.shape, len(batch.rolls)


def sample_influence(scored: HeldOutScores, bound: Bound, indices: np.ndarray) -> np.ndarray:
    """By how much each held-out sample moves the bound.

    Args:
        scored: Held-out scores.
        bound: The bound.
        indices: The held-out samples.

    Returns:
        Influences with mean zero, shape `(len(indices),)`.
    """
    joint, product = bound.influence(scored.joint, scored.product)

    def by_sample(pairs: Tensor, samples: Tensor) -> np.ndarray:
        size = int(indices.max()) + 1
        total = np.bincount(samples.numpy(), pairs.numpy(), minlength=size)[indices]
        by_pair: np.ndarray = total * len(indices) / len(pairs)
        return by_pair

    first, second = by_sample(product, scored.first), by_sample(product, scored.second)
    influence: np.ndarray = by_sample(joint, scored.samples) + first + second
    return influence


def effective_pairs(product: Tensor) -> float:
    """Effective number of product pairs that carry <e^F>: (sum e^F)^2 / sum e^2F.

    Args:
        product: Scores of product pairs, any shape.
    """
    product = product.double()
    log_ratio = 2 * torch.logsumexp(product, 0) - torch.logsumexp(2 * product, 0)
    return float(torch.exp(log_ratio))
