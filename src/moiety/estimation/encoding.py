"""States of a site as numbers for a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..base import scratch

__all__ = ["Encoding"]


@dataclass(frozen=True)
class Encoding:
    """States as floats for a network.

    Two states become ±1, q > 2 states one-hot, an angle (cos, sin) so that there is no branch
    cut, a real number its distance from the mean in standard deviations.

    Args:
        kind: Kind of the samples.
        states: Number q of discrete states.
        mean: Mean of real samples.
        scale: Standard deviation of real samples.
    """

    kind: str
    states: int = 0
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, kind: str, states: int, values: np.ndarray) -> Encoding:
        """The encoding of some samples.

        Args:
            kind: Kind of the samples.
            states: Number q of discrete states.
            values: The samples, any shape.
        """
        if kind != "real":
            return cls(kind, states)
        slabs = [values[part] for part in scratch.slabs(values.shape, values.itemsize)]
        mean = sum(part.sum(dtype=float) for part in slabs) / values.size
        square = sum(((part - mean) ** 2).sum(dtype=float) for part in slabs) / values.size
        return cls(kind, states, float(mean), float(square) ** 0.5 or 1.0)

    @property
    def channels(self) -> int:
        """Numbers that encode one site."""
        if self.kind == "angle":
            return 2
        return self.states if self.kind == "discrete" and self.states > 2 else 1

    def __call__(self, block: Tensor) -> Tensor:
        """Encode states of shape `(n, *sides)` as `(n, channels, *sides)`.

        Example:
            >>> Encoding("discrete", 2)(torch.tensor([[0, 1]], dtype=torch.uint8))
            tensor([[[-1.,  1.]]])
        """
        if self.kind == "angle":
            return torch.stack([block.cos(), block.sin()], dim=1).float()
        if self.kind == "real":
            return ((block - self.mean) / self.scale).float()[:, None]
        if self.states > 2:
            codes = torch.arange(self.states, dtype=torch.uint8, device=block.device)
            return (block[:, None] == codes.view(-1, *[1] * (block.ndim - 1))).float()
        return block.float().mul_(2).sub_(1)[:, None]

    def decoded(self, encoded: Tensor) -> np.ndarray:
        """The states of encoded sites; the inverse of a call.

        Args:
            encoded: Shape `(n, channels, *sides)`.

        Example:
            >>> Encoding("discrete", 2).decoded(torch.tensor([[[-1.0, 1.0]]]))
            array([[0., 1.]], dtype=float32)
        """
        if self.kind == "angle":
            states = torch.atan2(encoded[:, 1], encoded[:, 0]).remainder(2 * np.pi)
        elif self.kind == "real":
            states = encoded[:, 0] * self.scale + self.mean
        else:
            states = encoded.argmax(dim=1) if self.states > 2 else (encoded[:, 0] + 1) / 2
        decoded: np.ndarray = states.numpy()
        return decoded

    def flipped(self, block: Tensor) -> Tensor:
        """Apply the global relabelling of the symmetry `flip`."""
        return max(self.states - 1, 0) - block if self.kind == "discrete" else -block
