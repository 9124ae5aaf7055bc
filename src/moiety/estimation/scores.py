r"""Batches of joint and product pairs, and the scores that a critic's network gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

__all__ = ["Batch", "PairNetwork", "batch_scores", "scores"]

Parts = tuple[Tensor, ...]


class PairNetwork(Protocol):
    """The network of a critic."""

    def embed(self, a: Tensor, b: Tensor) -> tuple[Parts, Parts]:
        """Tensors for each half, batch first."""

    def combine(self, a: Parts, b: Parts) -> Parts:
        """Tensors for each pair, from those of its halves."""

    def score(self, pairs: Parts) -> Tensor:
        """A score for each pair, shape `(n,)`."""


@dataclass(frozen=True)
class Batch:
    """Joint pairs, and the rolls of their second halves that make product pairs.

    Args:
        a: Encoded first halves, shape `(n, channels, ...)`.
        b: Encoded second halves.
        rolls: K shifts of `b` along the batch.
    """

    a: Tensor
    b: Tensor
    rolls: tuple[int, ...]


def scores(module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Scores of the joint pairs, shape `(n,)`, and of the product pairs, shape `(K, n)`.

    Each half is embedded once; product pairs cost only a new pairing.
    """
    return batch_scores(module, [batch])[0]


def batch_scores(module: nn.Module, batches: Sequence[Batch]) -> list[tuple[Tensor, Tensor]]:
    """The `scores` of several batches from one pass through the network.

    For small batches this takes a fraction of the time.

    Args:
        module: Network of a critic.
        batches: Batches whose halves have the same shapes and that have equally many rolls.
    """
    first, second = (
        torch.cat(halves) for halves in zip(*((batch.a, batch.b) for batch in batches), strict=True)
    )
    network = cast(PairNetwork, module)
    a, b = network.embed(first, second)
    pairings = [network.combine(a, b)]
    size = len(batches[0].a)
    for rolls in zip(*(batch.rolls for batch in batches), strict=True):
        pairings.append(network.combine(a, tuple(_rolled(part, size, rolls) for part in b)))
    pairs = tuple(torch.cat(parts) for parts in zip(*pairings, strict=True))
    by_pairing = network.score(pairs).view(len(pairings), len(batches), -1)
    return [(values[0], values[1:]) for values in by_pairing.unbind(1)]


def _rolled(part: Tensor, size: int, rolls: Sequence[int]) -> Tensor:
    """Roll every `size` rows by a shift of their own."""
    if len(rolls) == 1:
        return part.roll(rolls[0], 0)
    rows = zip(torch.split(part, size), rolls, strict=True)
    return torch.cat([block.roll(roll, 0) for block, roll in rows])
