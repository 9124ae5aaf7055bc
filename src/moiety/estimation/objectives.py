r"""Losses that train a critic, and bounds on the mutual information that are read from it.

A critic F scores joint pairs, shape `(n,)`, and product pairs, shape `(K, n)`.  Training minimises
an objective, which passes a state from batch to batch.  A bound is evaluated on held-out pairs in
double precision.  The two need not match: training on the Donsker-Varadhan (DV) bound itself
fails above about 3 nats, while the same bound evaluated with a trained classifier does not.

    Donsker-Varadhan   <F>_joint - log <e^F>_product                        (Eq. 5)
    NWJ                <F>_joint - <e^F>_product + 1
    Jensen-Shannon     classify joint against product pairs: F -> log p(a,b)/p(a)p(b)
    InfoNCE            identify the partner of a among K others
    SMILE              gradient of Jensen-Shannon, value of DV with F clipped to ±clip

References:
    Belghazi et al., MINE, ICML 2018, arXiv:1801.04062 (moving average);
    Nguyen, Wainwright and Jordan, IEEE Trans. Inf. Theory 56, 5847 (2010), arXiv:0809.0853;
    van den Oord et al., arXiv:1807.03748 (InfoNCE);
    Song and Ermon, ICLR 2020, arXiv:1910.06222 (SMILE);
    Poole et al., ICML 2019, arXiv:1905.06922 (comparison).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = [
    "BOUNDS",
    "OBJECTIVES",
    "Bound",
    "DonskerVaradhan",
    "DonskerVaradhanBound",
    "InfoNCE",
    "JensenShannon",
    "MeanLogOdds",
    "NWJ",
    "NWJBound",
    "Objective",
    "SMILE",
    "State",
]

State = Tensor | None
"""What an objective remembers of earlier batches; None at first, and always if it has no memory."""


class Objective(Protocol):
    """A loss that training minimises."""

    @property
    def products(self) -> int:
        """K: product pairs per joint pair."""

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """Loss of a batch.

        Args:
            joint: Scores of the joint pairs, shape `(n,)`.
            product: Scores of the product pairs, shape `(K, n)`.
            state: State after the previous batch; None for the first batch.

        Returns:
            The loss, a scalar, and the state for the next batch.
        """


class Bound(Protocol):
    """A value for the mutual information from the scores of a trained critic."""

    @property
    def name(self) -> str:
        """Name in results and reports."""

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        """The value in nats.

        Args:
            joint: Scores of all held-out joint pairs, shape `(n,)`.
            product: Scores of all held-out product pairs, any shape.
        """

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        """How much each score moves the value, per unit weight.

        The means are zero.  Sums over the pairs of each sample give the error of the value.

        Args:
            joint: Scores of the joint pairs; their weights sum to 1.
            product: Scores of the product pairs; their weights sum to 1.

        Returns:
            Influences in nats, of the same shapes as the scores.
        """


@dataclass(frozen=True)
class DonskerVaradhan:
    """Minus Eq. 5; a moving average corrects the gradient of the logarithm.

    The gradient of log <e^F> over a small batch is biased because it is divided by the mean of
    that batch.  Here it is divided by a moving average of <e^F>, whose logarithm is the state.

    Args:
        rate: Weight of a new batch in the moving average.
        products: K, product pairs per joint pair.

    Raises:
        ValueError: An argument is out of range.
    """

    rate: float = 0.1
    products: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1 or self.products < 1:
            raise ValueError(f"rate must lie between 0 and 1, products must be positive: {self}")

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """Minus Eq. 5, and the logarithm of the moving average of <e^F>_product."""
        log_mean = _log_mean_exp(product)
        state = log_mean.detach() if state is None else _mixed(state, log_mean.detach(), self.rate)
        ratio = torch.exp(product - state).mean()  # its gradient is <F' e^F> / moving average
        value = joint.mean() - log_mean.detach() - (ratio - ratio.detach())
        return -value, state


@dataclass(frozen=True)
class JensenShannon:
    """Binary cross-entropy between joint and product pairs; F becomes the log-odds.

    Args:
        products: K, product pairs per joint pair.
    """

    products: int = 1

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """<log(1 + e^-F)>_joint + <log(1 + e^F)>_product; there is no state."""
        return softplus(-joint).mean() + softplus(product).mean(), None


@dataclass(frozen=True)
class NWJ:
    """Minus the bound of Nguyen, Wainwright and Jordan.

    Args:
        products: K, product pairs per joint pair.
    """

    products: int = 1

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """<e^F>_product - <F>_joint - 1; there is no state."""
        return torch.exp(product).mean() - joint.mean() - 1, None


@dataclass(frozen=True)
class InfoNCE:
    """Cross-entropy of identifying the joint partner among K others.

    Minus the loss is at most log(K + 1) nats.

    Args:
        products: K, product pairs per joint pair.
    """

    products: int = 15

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """<log [(e^F + sum_product e^F) / (K + 1)] - F>_joint; there is no state."""
        candidates = torch.cat([joint[None], product])  # (K + 1, n)
        return (torch.logsumexp(candidates, dim=0) - log(len(candidates)) - joint).mean(), None


@dataclass(frozen=True)
class SMILE:
    """Value of DV with clipped product scores, gradient of Jensen-Shannon.

    Args:
        clip: Product scores are clipped to ±clip nats in the value.
        products: K, product pairs per joint pair.
    """

    clip: float = 5.0
    products: int = 1

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """Minus Eq. 5 with clipped product scores; there is no state."""
        classifier, _ = JensenShannon().loss(joint, product, None)
        value = joint.mean() - _log_mean_exp(product.clamp(-self.clip, self.clip))
        return classifier - classifier.detach() - value.detach(), None


@dataclass(frozen=True)
class DonskerVaradhanBound:
    """Eq. 5 with one log-mean-exp over all held-out product pairs."""

    name: str = "donsker-varadhan"

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        """Value in nats; see `Bound`."""
        return float(joint.double().mean() - _log_mean_exp(product.double()))

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        """F - <F>_joint and 1 - e^F / <e^F>_product; see `Bound.influence`."""
        product = product.double()
        return _centred(joint.double()), 1 - torch.exp(product - _log_mean_exp(product))


@dataclass(frozen=True)
class NWJBound:
    """<F>_joint - <e^F>_product + 1: DV without its optimum over the offset of F."""

    name: str = "nwj"

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        """Value in nats; see `Bound`."""
        return float(joint.double().mean() - product.double().exp().mean() + 1)

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        """F - <F>_joint and <e^F>_product - e^F; see `Bound.influence`."""
        return _centred(joint.double()), -_centred(product.double().exp())


@dataclass(frozen=True)
class MeanLogOdds:
    """<F>_joint for a critic that is the log-odds: not a bound, but of low variance."""

    name: str = "mean-log-odds"

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        """Value in nats; see `Bound`."""
        return float(joint.double().mean())

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        """F - <F>_joint and 0; see `Bound.influence`."""
        return _centred(joint.double()), torch.zeros_like(product, dtype=torch.float64)


OBJECTIVES: dict[str, type[Objective]] = {
    "donsker-varadhan": DonskerVaradhan,
    "jensen-shannon": JensenShannon,
    "nwj": NWJ,
    "infonce": InfoNCE,
    "smile": SMILE,
}
BOUNDS: dict[str, type[Bound]] = {
    "donsker-varadhan": DonskerVaradhanBound,
    "nwj": NWJBound,
    "mean-log-odds": MeanLogOdds,
}


def _centred(values: Tensor) -> Tensor:
    return values - values.mean()


def _log_mean_exp(scores: Tensor) -> Tensor:
    return torch.logsumexp(scores.flatten(), dim=0) - log(scores.numel())


def _mixed(old: Tensor, new: Tensor, rate: float) -> Tensor:
    """Moving average of e^x, kept as a logarithm to prevent overflow."""
    return torch.logaddexp(old + log(1 - rate), new + log(rate))
