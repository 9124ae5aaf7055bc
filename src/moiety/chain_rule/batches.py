"""What the network of the chain rule is trained on and read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..geometry.cuts import Shape
from .pool import SamplePool
from .views import Neighbourhood

__all__ = ["CHUNK", "ORIGINS", "Batches", "Reading"]

CHUNK = 8192  # sites evaluated together
ORIGINS = 8  # how often a site of a sample is read on average, at most


@dataclass(frozen=True, eq=False)
class Reading:
    """Values that one fold's network gives to its held-out samples, sample by sample.

    Args:
        surprise: Mean of -log p per site, shape `(n,)`.
        by_cut: M in nats, by the sides of the block that is cut.
        by_kind: What the sites of each kind add to `surprise`, shape `(n, kinds)`.
    """

    surprise: np.ndarray
    by_cut: Mapping[Shape, np.ndarray]
    by_kind: np.ndarray


class Batches(Protocol):
    """Sites of a lattice in an order: their contexts, and their states as targets."""

    pool: SamplePool
    around: Neighbourhood
    fixed: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the kinds of site that the network is told."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of the kinds in all sites."""

    def batch(
        self, indices: Tensor, size: int, generator: torch.Generator, *, augment: bool
    ) -> tuple[Tensor, ...]:
        """Random sites, as arguments of the network.

        Args:
            indices: Samples to read.
            size: Number of sites.
            generator: Source of random numbers.
            augment: Whether to read a random image of the lattice.
        """

    def read(
        self,
        module: nn.Module,
        indices: Tensor,
        per_sample: float,
        generator: torch.Generator,
        tick: Callable[[], None],
    ) -> Reading:
        """Evaluate a trained network.

        Args:
            module: The network.
            indices: Held-out samples.
            per_sample: Number of sites to read in each.
            generator: Source of random numbers.
            tick: Called often.
        """
