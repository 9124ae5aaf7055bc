r"""Free energies where energies are known.

In equilibrium -log p(x) = beta E(x) + log Z.  With the density q of a network, W(x) = -log q(x) -
beta E(x) would be log Z for every x if the network were right.  Averages over samples and over
draws from the network enclose it,

    <W>_q <= log Z <= <W>_p,

and Bennett's acceptance ratio of both (`bennett`) gives log Z without bias, whatever the network.
Without a function of the energy there are no draws; the upper bound, less what training is known
to miss, takes its place.  Then

    F = -T log Z,    S = beta (<E> - F).

The sampling error of S is that of <E> alone.  Energies of another temperature, or of other samples,
are noticed: -log q against E then has another slope than beta.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from ..base.random import Streams
from ..chain_rule.estimate import ChainRuleEstimate
from ..data.statistics import series_error, standard_error
from ..estimation.execution import Execution, Task
from ..estimation.folds import one_thread, side_by_side
from ..results.energies import Bracket, FreeEnergy
from .bennett import Bennett, acceptance_ratio, check_pymbar, effective_draws
from .known_energies import KnownEnergies, evaluated

__all__ = ["free_energy", "free_energy_of"]

_FEWEST, _MOST, _SITES = 512, 8192, 1 << 21  # configurations that a fold compares; sites of them


def free_energy(
    estimate: ChainRuleEstimate,
    energy: object,
    temperature: float,
    *,
    energies: np.ndarray | None = None,
    mean_energy: tuple[float, float] | None = None,
    draws: int | None = None,
    seed: int = 0,
) -> FreeEnergy:
    """Combine an estimate by the chain rule with energies of samples and of draws.

    Each fold's network is compared with samples that it never saw, and with its own draws.

    Args:
        estimate: The estimate, of a single state point or of one of a sweep.
        energy: A function that returns the energy of each of some samples, in the unit of the
            temperature, or a system of moiety.  With None the result has no bracket.
        temperature: Temperature at which the samples were drawn.
        energies: Energy of each sample, shape `(n,)`; by default those of the function.
        mean_energy: Mean energy of a longer record, of the whole lattice, and its error.
        draws: Number of configurations drawn from each fold's network; by default 512 of large
            lattices, up to 8,192 of small ones.
        seed: Seed of the draws.

    Raises:
        InputError: A temperature that is not positive, energies of another number or NaN, or
            networks that draw no configurations.
        EstimateError: Samples and draws are too far apart, or no draw is allowed.

    Example:
        >>> import moiety
        >>> from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule
        >>> from moiety.estimation.training import Training
        >>> model = moiety.system("ising-square", size=4, temperature=3.0)
        >>> quick = ChainRule(evaluations=2**14, training=Training(steps=100))
        >>> estimate = estimate_chain_rule(model.sample(512, seed=1), quick)
        >>> found = free_energy(estimate, model, 3.0)
        >>> abs(found.entropy - model.exact_entropy()) < 4 * found.entropy_error
        True
        >>> found.bracket.lower < found.entropy < found.bracket.upper
        True
    """
    known = KnownEnergies(temperature, energies, energy, mean_energy)  # type: ignore[arg-type]
    return free_energy_of(estimate, known, Execution(seed=seed), draws=draws)


@one_thread()
def free_energy_of(
    estimate: ChainRuleEstimate,
    known: KnownEnergies,
    execution: Execution,
    *,
    draws: int | None = None,
    task: Task | None = None,
) -> FreeEnergy:
    """`free_energy` with its settings as objects.

    Args:
        estimate: The estimate.
        known: Temperature and energies.
        execution: Seed of the draws, and number of folds that are compared side by side.
        draws: Number of configurations drawn from each fold's network; see `free_energy`.
        task: Hooks of this work.
    """
    samples, sites = estimate.samples, estimate.samples.sites
    if known.energy is not None:
        check_pymbar()
    energies = known.of(samples)
    reduced = energies / known.temperature
    most = min(max(_SITES // sites, _FEWEST), _MOST)

    def compare(fold: int, tick: Callable[[], None]) -> _Fold:
        tick()
        return _compared(estimate, fold, known, reduced, (most, draws or most), execution.seed)

    tick = (task or Task()).tick
    folds = side_by_side(compare, len(estimate.modules), execution, tick)
    log_z, log_z_error = _log_z(folds, estimate)
    mean, mean_error = known.mean or (float(energies.mean()), series_error(energies, samples))
    square = (energies - energies.mean()) ** 2 / known.temperature**2 / sites
    slope, slope_error = _slope(folds)
    beta_mean = mean / sites / known.temperature
    return FreeEnergy(
        value=-known.temperature * log_z,
        error=known.temperature * log_z_error,
        temperature=known.temperature,
        energy=mean / sites,
        energy_error=mean_error / sites,
        entropy=beta_mean + log_z,
        entropy_error=float(np.hypot(mean_error / sites / known.temperature, log_z_error)),
        heat_capacity=float(square.mean()),
        heat_capacity_error=series_error(square, samples),
        fitted_temperature=known.temperature / slope,
        fitted_error=known.temperature * slope_error / slope**2,
        bracket=_bracket(folds, beta_mean, sites),
    )


@dataclass(frozen=True, eq=False)
class _Fold:
    """W of samples of one fold, and its comparison with draws.

    Args:
        held_out: W of samples, in nats.
        reduced: beta E of the same samples.
        bennett: The comparison, if the energy of draws is known.
    """

    held_out: np.ndarray
    reduced: np.ndarray
    bennett: Bennett | None


def _compared(
    estimate: ChainRuleEstimate,
    fold: int,
    known: KnownEnergies,
    reduced: np.ndarray,
    numbers: tuple[int, int],
    seed: int,
) -> _Fold:
    """W of a fold; `numbers` are those of samples, at most, and of draws."""
    held_out, (most, draws) = estimate.held_out(fold), numbers
    chosen = held_out[:: -(-len(held_out) // most)]
    samples = estimate.samples
    flat = samples.values.reshape(1, samples.n, *samples.shape)
    kept = samples.replace(values=flat[:, chosen])
    from_samples = -estimate.log_density(kept, fold=fold) - reduced[chosen]
    if known.energy is None:
        return _Fold(from_samples, reduced[chosen], None)
    drawn = estimate.sample(draws, Streams(seed).integer("fold", fold), fold=fold)
    of_draws = evaluated(known.energy, drawn.samples) / known.temperature
    from_draws = -drawn.log_density - of_draws  # minus infinity where forbidden
    return _Fold(from_samples, reduced[chosen], acceptance_ratio(from_samples, from_draws))


def _log_z(folds: Sequence[_Fold], estimate: ChainRuleEstimate) -> tuple[float, float]:
    """Log Z per site and its standard error: by Bennett's ratio, or from above."""
    sites, ratios = estimate.samples.sites, [fold.bennett for fold in folds if fold.bennett]
    if ratios:
        value = float(np.mean([ratio.log_z for ratio in ratios]))
        error = float(np.linalg.norm([ratio.error for ratio in ratios])) / len(ratios)
        return value / sites, error / sites
    upper = float(np.mean([fold.held_out.mean() for fold in folds]))
    spread = float(np.linalg.norm([standard_error(fold.held_out) for fold in folds])) / len(folds)
    return upper / sites - estimate.missing, float(np.hypot(spread / sites, estimate.missing))


def _bracket(folds: Sequence[_Fold], beta_mean: float, sites: int) -> Bracket | None:
    """Bounds of the entropy for a mean energy of `beta_mean` per site."""
    ratios = [fold.bennett for fold in folds if fold.bennett]
    if not ratios:
        return None
    return Bracket(
        lower=beta_mean + float(np.mean([ratio.drawn.mean() for ratio in ratios])) / sites,
        upper=beta_mean + float(np.mean([ratio.held_out.mean() for ratio in ratios])) / sites,
        effective=sum(effective_draws(ratio.drawn) for ratio in ratios),
        overlap=min(ratio.overlap for ratio in ratios),
    )


def _slope(folds: Sequence[_Fold]) -> tuple[float, float]:
    """Slope of -log q against beta E of the samples, and its standard error."""
    slopes, errors = [], []
    for fold in folds:
        centred = fold.reduced - fold.reduced.mean()
        square = float(centred @ centred)
        if square == 0:
            return 1.0, inf
        excess = float(centred @ fold.held_out) / square
        residual = fold.held_out - fold.held_out.mean() - excess * centred
        slopes.append(1 + excess)
        errors.append(float(residual.std()) / sqrt(square))
    return float(np.mean(slopes)), float(np.linalg.norm(errors)) / len(errors)
