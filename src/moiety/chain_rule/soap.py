r"""Adam in the eigenbases of the gradients' covariances, for networks of small matrices.

The gradient G of a weight matrix is rotated by the eigenvectors of the moving averages of G G^T and
G^T G, and Adam works on G's elements there (SOAP: Vyas et al. 2024, https://arxiv.org/abs/2409.11321,
after Shampoo).  For matrices of 64 rows this costs little beside the gradients themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Soap"]

_FIRST = 5  # steps that each renew the bases
_EVERY = 10  # steps between the later renewals


class Soap(torch.optim.Optimizer):
    """The optimiser; parameters that are no matrices, or large ones, are left to plain Adam.

    Args:
        parameters: Parameters of a network.
        lr: Learning rate.
        betas: Weights of the moving averages of gradients and of their squares.
        memory: Weight of the moving average of the covariances.
        largest: Most rows or columns of a rotated matrix.

    Example:
        >>> layer = nn.Linear(3, 2)
        >>> optimiser = Soap(layer.parameters(), lr=0.1)
        >>> for _ in range(200):
        ...     optimiser.zero_grad()
        ...     loss = (layer(torch.eye(3)) - 1.0).square().mean()
        ...     loss.backward()
        ...     optimiser.step()
        >>> loss.item() < 1e-2
        True
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        memory: float = 0.95,
        largest: int = 256,
    ):
        defaults = {"lr": lr, "betas": betas, "memory": memory, "largest": largest}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take one step along the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    move = self._move(parameter, parameter.grad, group)
                    parameter.add_(move, alpha=-group["lr"])

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        state = self.state[parameter]
        if not state:
            rotated = gradient.dim() == 2 and max(gradient.shape) <= group["largest"]
            state.update(
                steps=0,
                mean=torch.zeros_like(gradient),
                square=torch.zeros_like(gradient),
                sides=[_Side(gradient), _Side(gradient.mT)] if rotated else [],
            )
        first, second = group["betas"]
        state["steps"] += 1
        steps, sides = state["steps"], state["sides"]
        for side, rows in zip(sides, (gradient, gradient.mT) if sides else (), strict=True):
            side.follow(rows, group["memory"], renew=steps < _FIRST or steps % _EVERY == 0)
        mean = state["mean"].lerp_(gradient, 1 - first)
        turned, mean = (_turned(matrix, sides) for matrix in (gradient, mean))
        square = state["square"].lerp_(turned.square(), 1 - second)
        size = (square / (1 - second**steps)).sqrt_().add_(1e-8)
        return _turned_back(mean / (1 - first**steps) / size, sides)


class _Side:
    """Covariance of the rows of a gradient, and its eigenvectors."""

    def __init__(self, gradient: Tensor):
        self.covariance = gradient @ gradient.mT
        self.basis = torch.linalg.eigh(self.covariance)[1]

    def follow(self, gradient: Tensor, memory: float, *, renew: bool) -> None:
        """Average a new gradient in; renew the basis by a step of subspace iteration."""
        self.covariance.lerp_(gradient @ gradient.mT, 1 - memory)
        if renew:
            self.basis = torch.linalg.qr(self.covariance @ self.basis)[0]


def _turned(matrix: Tensor, sides: list[_Side]) -> Tensor:
    return sides[0].basis.T @ matrix @ sides[1].basis if sides else matrix


def _turned_back(matrix: Tensor, sides: list[_Side]) -> Tensor:
    return sides[0].basis @ matrix @ sides[1].basis.T if sides else matrix
