r"""Reading trained critics out: calibrated scores of held-out pairs, and whom they are about.

A critic may overrate a pair of a kind that it has hardly met, and one e^F can then
outweigh all others; trained on few samples it overrates them all.  Its scores are
therefore calibrated on the validation pairs before they are read out,

    F -> r min(F, largest joint F) + c,    r in [0, 1.2] of the largest DV, <e^F> = 1,

which leaves F = 0 where nothing was learnt.  Any function of the pair is a critic: the
bounds still hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from torch import Tensor, nn

from .objectives import Bound, DonskerVaradhanBound
from .pairs import Source, shifts
from .training import Batch, scores, scores_of

__all__ = ["CHUNK", "Scores", "calibration", "held_out", "read_out", "sample_influence", "support"]

CHUNK = 256  # samples scored at once, more where interfaces are short
_PRODUCTS = 4  # product pairs for each held-out joint pair
_SCORED = 4096  # places of the interface scored at once
_SCALES, _LARGEST_SCALE = 25, 1.2  # of the calibration


def held_out(
    source: Source,
    indices: np.ndarray,
    tau: float,
    generator: torch.Generator,
    look: Callable[[], None],
) -> Iterator[tuple[Tensor, Batch]]:
    """Batches that hold every sample equally often, each spread over all of them."""
    strides = ceil(len(indices) / max(CHUNK, _SCORED // source.interface))
    for _ in range(source.reads):
        look()
        for start in range(strides):
            picks = torch.from_numpy(indices[start::strides])
            a, b = source.draw(picks, generator)
            yield picks, Batch(a, b, shifts(len(picks), len(indices), tau, _PRODUCTS, generator))


@dataclass(frozen=True, eq=False)
class Scores:
    """Held-out scores, all flat, with the samples that each is about."""

    joint: Tensor
    product: Tensor
    samples: Tensor  # of the joint pairs
    first: Tensor  # of the product pairs
    second: Tensor


@torch.no_grad()
def calibration(
    module: nn.Module, batches: Sequence[Batch]
) -> tuple[Callable[[Tensor], Tensor], float]:
    """The map of scores that does best on the validation pairs, and by how many nats it is better."""
    parts = [scores(module, batch) for batch in batches]
    joint, product = (
        torch.cat([part.flatten() for part in column]) for column in zip(*parts, strict=True)
    )
    most = joint.max()
    joint, product = joint.double(), product.clamp(max=most).double()

    def value(scale: float) -> float:
        return DonskerVaradhanBound()(scale * joint, scale * product)

    scale = max(torch.linspace(0.0, _LARGEST_SCALE, _SCALES).tolist(), key=value)
    offset = value(scale) - scale * float(joint.mean())
    return lambda values: scale * values.clamp(max=most) + offset, value(scale) - value(1.0)


@torch.no_grad()
def read_out(
    module: nn.Module,
    batches: Iterator[tuple[Tensor, Batch]],
    calibrate: Callable[[Tensor], Tensor],
) -> Scores:
    columns: tuple[list[Tensor], ...] = ([], [], [], [], [])
    for group in _together(batches):
        for (picks, batch), (joint, product) in zip(
            group, scores_of(module, [batch for _, batch in group]), strict=True
        ):
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
    return Scores(*map(torch.cat, columns))


def _together(batches: Iterator[tuple[Tensor, Batch]]) -> Iterator[list[tuple[Tensor, Batch]]]:
    """Batches of few samples in groups that can be scored at once."""
    group: list[tuple[Tensor, Batch]] = []
    for one in batches:
        alike = [(batch.a.shape, batch.b.shape, len(batch.rolls)) for _, batch in (*group[:1], one)]
        if group and (alike[0] != alike[1] or (len(group) + 1) * len(one[0]) > CHUNK):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def sample_influence(found: Scores, bound: Bound, indices: np.ndarray) -> np.ndarray:
    """How much each of the samples `indices` moves the bound, shape `(len(indices),)`."""
    joint, product = bound.influence(found.joint, found.product)

    def by_sample(pairs: Tensor, samples: Tensor) -> np.ndarray:
        size = int(indices.max()) + 1
        total = np.bincount(samples.numpy(), pairs.numpy(), minlength=size)[indices]
        return total * len(indices) / len(pairs)

    return (
        by_sample(joint, found.samples)
        + by_sample(product, found.first)
        + by_sample(product, found.second)
    )


def support(product: Tensor) -> float:
    """(sum e^F)^2 / sum e^2F."""
    product = product.double()
    return float(torch.exp(2 * torch.logsumexp(product, 0) - torch.logsumexp(2 * product, 0)))
