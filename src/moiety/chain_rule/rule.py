"""Settings of the chain rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..estimation.estimator import described
from ..estimation.training import Training
from .orders import Order

__all__ = ["ChainRule"]


@dataclass(frozen=True)
class ChainRule:
    """How the chain rule is estimated.

    Args:
        order: Order of the sites, `RowByRow()` or `CoarseToFine()`; by default both are tried with
            a short training, and the better one is trained to the end.  M of cuts, and samples
            whose sites differ, are read row by row.
        width: Width of the two hidden layers.
        evaluations: Number of held-out sites that each entropy, and each M, is read from.
        training: Training; its `batch` counts sites.
        precision: Error of the entropy, in nats per site, that is good enough: training ends when
            what it may still gain is a quarter of it.  By default it goes on to its end.

    Raises:
        ValueError: A number below one, or a precision that is not positive.
    """

    order: Order | None = None
    width: int = 64
    evaluations: int = 2**21
    training: Training = field(
        default_factory=lambda: Training(
            steps=1000,
            batch=4096,
            learning_rate=1e-2,
            averaging=0.99,
            check_every=50,
            patience=6,
            gain=5e-5,
        )
    )

    precision: float | None = None

    def __post_init__(self) -> None:
        if self.precision is not None and not self.precision > 0:
            raise ValueError(f"precision must be positive: {self}")
        if min(self.width, self.evaluations) < 1:
            raise ValueError(f"width and evaluations must be positive: {self}")

    def described(self) -> dict[str, Any]:
        """The settings as plain mappings; an order has its name.

        Example:
            >>> from .orders import RowByRow
            >>> ChainRule(order=RowByRow(radius=2)).described()["order"]
            {'name': 'RowByRow', 'radius': 2, 'reach': None}
        """
        order = described(self.order) if self.order else None
        return described(self) | {"order": order}
