"""KL divergence of the chain rule's networks from systems whose log Z is known."""

from typing import Any

import numpy as np

from moiety.chain_rule.estimate import ChainRuleEstimate
from moiety.data.statistics import series_error
from moiety.exact.thermal import thermal
from moiety.exact.xy_reference import xy_reference_table

__all__ = ["divergence", "log_partition"]

_SAMPLES = 256  # of each fold


def log_partition(model: Any) -> float:
    """Logarithm of Z per site, from the exact entropy and energy or from the table of rotors."""
    temperature = model.temperature
    if model.name == "xy-square":
        table = xy_reference_table(model.field)
        _, entropy, _, energy = table[np.isclose(table[:, 0], temperature)][0]
    else:
        exact = thermal(model)
        entropy, energy = exact.entropy, exact.energy
    return float(entropy - energy / temperature)


def divergence(model: Any, estimate: ChainRuleEstimate) -> tuple[float, float]:
    """KL of the networks per site, the mean over the folds, and its standard error.

    -log q(x) - E(x) / T is log Z plus the network's misfit, for every x.  Its mean over held-out
    samples varies thirty times less than that of -log q.
    """
    samples, known = estimate.samples, log_partition(model)
    flat = samples.values.reshape(1, samples.n, *samples.shape)
    means, errors = [], []
    for fold in range(len(estimate.modules)):
        held_out = estimate.held_out(fold)
        kept = samples.replace(values=flat[:, held_out[:: -(-len(held_out) // _SAMPLES)]])
        reduced = np.ravel(model.energy(kept.values)) / model.temperature
        excess = (-estimate.log_density(kept, fold) - reduced) / samples.sites - known
        means.append(excess.mean())
        errors.append(series_error(excess, kept))
    return float(np.mean(means)), float(np.linalg.norm(errors)) / len(errors)
