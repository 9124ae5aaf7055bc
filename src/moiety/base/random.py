"""Independent random streams from one seed.

Every random number in moiety comes from a stream that is named by the user's seed and a
key, such as `("level", 3, "fold", 1)`.  A stream depends only on its own key: an additional
level or chain leaves the numbers of all others unchanged.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["Streams"]


@dataclass(frozen=True)
class Streams:
    """Random streams derived from one seed.

    Args:
        seed: Seed for all streams, a non-negative integer.

    Example:
        >>> streams = Streams(1)
        >>> streams.integer("chain", 0) == Streams(1).integer("chain", 0)
        True
        >>> streams.integer("chain", 0) == streams.integer("chain", 1)
        False
    """

    seed: int = 0

    def integer(self, *key: object) -> int:
        """A 63-bit integer for the stream named `key`, to seed another generator."""
        text = repr((self.seed, *key)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1

    def numpy(self, *key: object) -> np.random.Generator:
        """A NumPy generator for the stream named `key`."""
        return np.random.default_rng(self.integer(*key))

    def torch(self, *key: object, device: str = "cpu") -> torch.Generator:
        """A torch generator on `device` for the stream named `key`."""
        import torch

        return torch.Generator(device=device).manual_seed(self.integer(*key))
