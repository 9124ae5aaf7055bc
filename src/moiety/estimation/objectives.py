r"""Scores to losses, and scores to bounds on the mutual information.

A critic F scores joint pairs, shape `(n,)`, and product pairs, shape `(K, n)`.  An
objective is what training minimises; it carries its state from batch to batch.  A
bound is what is read out on held-out pairs, in double precision.  The two are
different things: training straight on Donsker-Varadhan breaks above some 3 nats,
while the same bound read out of a classifier does not.

    Donsker-Varadhan   <F>_joint - log <e^F>_product                        (Eq. 5)
    NWJ                <F>_joint - <e^F>_product + 1
    Jensen-Shannon     classify joint against product: F -> log p(a,b)/p(a)p(b)
    InfoNCE            classify the partner of a among its K product partners
    SMILE              Jensen-Shannon's gradient, DV with F clipped to ±clip

References:
    Belghazi et al., MINE, ICML 2018 (moving average); Nguyen, Wainwright, Jordan,
    IEEE Trans. Inf. Theory 56 (2010); van den Oord et al., arXiv 1807.03748; Song and
    Ermon, ICLR 2020 (SMILE); Poole et al., ICML 2019.
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
]

State = Tensor | None


class Objective(Protocol):
    """What training minimises."""

    products: int
    """K: product pairs for each joint pair."""

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        """Loss of a batch (scalar) and the state for the next one; the first state is None."""


class Bound(Protocol):
    """What is read out of a trained critic."""

    name: str

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        """Nats, from all held-out scores at once, shapes `(n,)` and any."""

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        """By how much each score moves the bound, for weights summing to one over each tensor.

        Means are zero; the spread of the sums over a sample's pairs is the bound's error.
        """


@dataclass(frozen=True)
class DonskerVaradhan:
    """Minus Eq. 5, with the gradient of the logarithm corrected by a moving average.

    The gradient of log <e^F> over a small batch is biased, for it divides by the
    batch's own mean; here it divides by a moving average of <e^F>, the state.

    Arguments:
        rate: Weight of a new batch in the moving average.
        products: Product pairs for each joint pair.
    """

    rate: float = 0.1
    products: int = 1

    def __post_init__(self):
        if not 0 < self.rate < 1 or self.products < 1:
            raise ValueError(f"rate must lie between 0 and 1, products must be positive: {self}")

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        log_mean = _log_mean_exp(product)
        state = log_mean.detach() if state is None else _mixed(state, log_mean.detach(), self.rate)
        ratio = torch.exp(product - state).mean()  # its gradient is <F' e^F> / moving average
        value = joint.mean() - log_mean.detach() - (ratio - ratio.detach())
        return -value, state


@dataclass(frozen=True)
class JensenShannon:
    """Binary cross-entropy of joint against product pairs; F becomes the log-odds.

    Arguments:
        products: Product pairs for each joint pair.
    """

    products: int = 1

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        return softplus(-joint).mean() + softplus(product).mean(), None


@dataclass(frozen=True)
class NWJ:
    """Minus the bound of Nguyen, Wainwright and Jordan, with F - 1 as its critic.

    Arguments:
        products: Product pairs for each joint pair.
    """

    products: int = 1

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        return torch.exp(product).mean() - joint.mean() - 1, None


@dataclass(frozen=True)
class InfoNCE:
    """Cross-entropy of finding the joint partner among K strangers; at most log(K+1) nats.

    Arguments:
        products: K.
    """

    products: int = 15

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        everyone = torch.cat([joint[None], product])  # (K + 1, n)
        return (torch.logsumexp(everyone, dim=0) - log(len(everyone)) - joint).mean(), None


@dataclass(frozen=True)
class SMILE:
    """DV with clipped product scores for its value, Jensen-Shannon for its gradient.

    Arguments:
        clip: Product scores are clipped to ±clip nats in the value.
        products: Product pairs for each joint pair.
    """

    clip: float = 5.0
    products: int = 1

    def loss(self, joint: Tensor, product: Tensor, state: State) -> tuple[Tensor, State]:
        classifier, _ = JensenShannon().loss(joint, product, None)
        value = joint.mean() - _log_mean_exp(product.clamp(-self.clip, self.clip))
        return classifier - classifier.detach() - value.detach(), None


@dataclass(frozen=True)
class DonskerVaradhanBound:
    """Eq. 5 with one log-mean-exp over the whole held-out set."""

    name: str = "donsker-varadhan"

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        return float(joint.double().mean() - _log_mean_exp(product.double()))

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        return _centred(joint.double()), 1 - torch.exp(
            product.double() - _log_mean_exp(product.double())
        )


@dataclass(frozen=True)
class NWJBound:
    """<F> - <e^F> + 1: DV without its optimisation over the offset of F."""

    name: str = "nwj"

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        return float(joint.double().mean() - product.double().exp().mean() + 1)

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        return _centred(joint.double()), -_centred(product.double().exp())


@dataclass(frozen=True)
class MeanLogOdds:
    """<F> over joint pairs, for a critic that is the log-odds; no bound, but light on variance."""

    name: str = "mean-log-odds"

    def __call__(self, joint: Tensor, product: Tensor) -> float:
        return float(joint.double().mean())

    def influence(self, joint: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        return _centred(joint.double()), torch.zeros_like(product, dtype=torch.float64)


OBJECTIVES = {
    "donsker-varadhan": DonskerVaradhan,
    "jensen-shannon": JensenShannon,
    "nwj": NWJ,
    "infonce": InfoNCE,
    "smile": SMILE,
}
BOUNDS = {"donsker-varadhan": DonskerVaradhanBound, "nwj": NWJBound, "mean-log-odds": MeanLogOdds}


def _centred(values: Tensor) -> Tensor:
    return values - values.mean()


def _log_mean_exp(scores: Tensor) -> Tensor:
    return torch.logsumexp(scores.flatten(), dim=0) - log(scores.numel())


def _mixed(old: Tensor, new: Tensor, rate: float) -> Tensor:
    """Moving average of e^x, kept as a logarithm so that it cannot overflow."""
    return torch.logaddexp(old + log(1 - rate), new + log(rate))
