"""What should hold of the entropy of samples whose sites differ, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..inspection import Finding
from ..results.types import Base, Check, CrossCheck, Status
from .budget import total_error
from .checks import sample_checks
from .own_blocks import BlockBound, below_blocks

__all__ = ["own_status", "trained"]

_SIGMAS = 3.0
_HARMLESS = 1e-3  # nats per site
_MOST_LOSS = 0.02  # nats per site that few samples may cost


def own_status(
    samples: Mapping[str, Any],
    entropy: float,
    base: Base,
    budget: Mapping[str, float],
    other: CrossCheck | None = None,
    findings: Sequence[Finding] = (),
    blocks: BlockBound | None = None,
) -> Status:
    """All checks of an estimate without a ladder.

    Args:
        samples: `n`, `effective`, `tau`, `rhat` and `kind`.
        entropy: Entropy per site in nats.
        base: Mean entropy of the single sites.
        budget: Parts of the error, in nats per site.
        other: The other order of the sites, if it was taken.
        findings: What the inspection of the samples found; these checks come first.
        blocks: Upper bound from small blocks, if any could be counted.
    """
    checks = (
        *(Check(item.name, item.passed, item.message) for item in findings),
        *sample_checks(samples),
        _below_sites(entropy, base, budget),
        *([below_blocks(entropy, total_error(budget), blocks)] if blocks else []),
        trained(budget["training"], budget["samples"]),
        _enough(budget, samples["n"]),
        *([_orders_agree(other)] if other else []),
    )
    return Status(checks)


def _below_sites(entropy: float, base: Base, budget: Mapping[str, float]) -> Check:
    excess = entropy - base.entropy
    passed = bool(excess <= _SIGMAS * total_error(budget))
    figure = f"the mean entropy of a site alone, {base.entropy:.4f} nats"
    verdict = f"s is at most {figure}" if passed else f"s exceeds {figure}: do not trust it"
    return Check("s <= H(site)", passed, verdict)


def trained(late: float, sampling: float) -> Check:
    """Whether training reached its plateau.

    Args:
        late: Late gain in nats per site.
        sampling: Sampling error in nats per site.
    """
    passed = bool(late <= max(_SIGMAS * sampling, _HARMLESS))
    advice = "training was still gaining: use more steps"
    verdict = "training reached its plateau" if passed else advice
    return Check("training", passed, f"{verdict} ({late:.2g} nats/site late)")


def _enough(budget: Mapping[str, float], n: int) -> Check:
    passed = bool(budget["folds"] <= max(_SIGMAS * budget["samples"], _MOST_LOSS))
    cost = f"{budget['folds']:.2g} nats/site"
    fine = f"{n} samples cost {cost} for sites of their own"
    few = f"{n} samples are few for sites of their own, which costs {cost}: take more samples"
    return Check("samples per site", passed, fine if passed else few)


def _orders_agree(other: CrossCheck) -> Check:
    passed = bool(other.sigmas <= _SIGMAS or abs(other.difference) < _HARMLESS)
    size = f"{other.difference:+.2g} nats/site, {other.sigmas:.1f} of its errors"
    fine = "both overestimate s, so agreement does not bracket the truth"
    poor = "the lower value is closer to the truth"
    message = f"two orders of the sites differ by {size}; {fine if passed else poor}"
    return Check("cross-check", passed, message)
