r"""The entropy of a lattice system from its samples.

    s = (1 / V_0) [ sum_bases n S(base) - sum_cuts n M(cut) ]             (Eq. 4)

Small blocks are counted.  The cuts above them are estimated from the smallest upwards,
see `climb`; the rest is extrapolated.  Then training goes on where most is missing, until
the error is small enough or is not training's.  The error adds up

    samples    the spread between samples of their influence on s, all terms together
    base       what the bias correction of the counts may leave
    training   what longer training or more samples may still find, by late gains and
               what calibration mended: under-fitted M make s too large, all levels
               alike, so these add up without cancelling
    folds      the distance between folds beyond what the samples explain
    tail       of the extrapolated cuts, which all err together
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from torch import nn

from .. import __version__
from ..base.deadline import Clock, Progress, notifier
from ..base.errors import InputError, Stopped
from ..chain_rule.estimate import ChainRule, Conditional, estimate_conditional
from ..data.samples import Samples
from ..data.statistics import observables, rhat, series_error, tau_int
from ..estimation.critics import Critic, TrainedCritic, Weights
from ..estimation.mutual_information import Estimator, Information
from ..estimation.objectives import Bound, Objective
from ..estimation.training import DIVERGED, Training, Watch
from ..geometry.cuts import Shape, ladder
from ..results.result import (
    COUNTED,
    ESTIMATED,
    EXTRAPOLATED,
    Base,
    CrossCheck,
    EntropyResult,
    Level,
)
from .checks import checked
from .climb import LEAST_KNOWN, Climb, effort, halves
from .counted_blocks import BlockCounts, CountedBlock

__all__ = ["estimate_entropy"]

_REFINED = 1  # times that one cut is trained further at most
_CROSSING = 0.25  # share of a time limit that is left for the cross-check


def estimate_entropy(
    samples: Samples,
    *,
    critic: Critic | None = None,
    objective: Objective | None = None,
    bound: Bound | None = None,
    training: Training | None = None,
    cross_check: bool | Conditional = True,
    chain_rule: ChainRule | None = None,
    folds: int = 2,
    excess: bool = False,
    tail: bool = True,
    precision: float = 0.002,
    time_limit: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 2,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    watch: Watch | None = None,
) -> EntropyResult:
    """The entropy per site, with its error and its split over length scales.

    Arguments:
        samples: Configurations at one state point.
        critic: Network that scores pairs; `InterfaceCritic()` by default.  `result.critic` of an
            earlier estimate, of other samples, starts from its networks, those of the chain
            rule included, and needs a third of the steps, but 100 a cut.
        objective: What training minimises; `JensenShannon()` by default.
        bound: What is read out; `DonskerVaradhanBound()` by default.
        training: See `Training`.
        cross_check: Whether the entropy is estimated by the chain rule, too; or what it gave for
            these samples already, as one of the state points of a sweep.
        chain_rule: How; `ChainRule()` with these folds, seed, device and threads by default.
        folds: Held-out sets; each sample is held out once.
        excess: Leave out the entropy of the single sites (Eq. 8): -sum M / (2 V).
        tail: Whether levels may be extrapolated where the area law holds.  Levels past
            what the samples can carry always are.
        precision: Error of s, in nats per site, down to which training goes on where it is
            training that the error comes from.
        time_limit: Seconds, of which each cut and the cross-check get a share; what is then not
            known is extrapolated.
        seed: Of all random numbers.
        device: Where the networks live.
        threads: Trainings side by side.
        progress: Called as (levels done, levels, text).
        stop: Asked often; once it says True, the remaining levels are extrapolated.
        watch: Told `(what is trained, fold, history)` at every look of every training; see `ScalarLog`.

    Raises:
        InputError: A lattice too small to halve, or too few samples for so many folds.
        EstimateError: Training diverged at the smallest estimated level, continuous
            states all equal, or a stop before anything was known.

    Example:
        >>> import moiety
        >>> model = moiety.system("ising-square", size=8, temperature=4.0)
        >>> result = estimate_entropy(model.sample(256, seed=1), training=Training(steps=100), cross_check=False)
        >>> abs(result.entropy - model.exact_entropy()) < 0.03
        True
    """
    started = perf_counter()
    chosen = {"critic": critic, "objective": objective, "bound": bound, "training": training}
    estimator = Estimator(
        **{name: choice for name, choice in chosen.items() if choice is not None},
        folds=folds,
        seed=seed,
        device=device,
        threads=threads,
    )
    rungs = ladder(samples.shape, samples.periodic)
    if not 2 <= folds <= samples.n // 4:
        raise InputError(
            f"folds must be from 2 to {samples.n // 4}, a quarter of the samples, not {folds}"
        )
    if not precision > 0 or not (time_limit is None or time_limit > 0):
        raise InputError(
            f"precision and time_limit must be positive, not {precision} and {time_limit}"
        )
    given = (
        cross_check
        if isinstance(cross_check, Conditional) and cross_check.status != DIVERGED
        else None
    )
    if given and len(given.influence) != samples.n:
        raise InputError(
            f"the cross-check is of {len(given.influence)} samples, not of these {samples.n}"
        )
    crossing = cross_check is True
    clock, share = Clock(started, time_limit, stop), 1 - _CROSSING * crossing
    counts = BlockCounts(samples)
    cuts, bases = rungs.above(counts.is_base)
    counted = perf_counter()
    walk = Climb(
        rungs, samples, estimator, _autocorrelation(samples, counts, bases), tail, watch=watch
    )
    upwards = cuts[::-1]
    for done, cut in enumerate(upwards):
        seconds = clock.ration(share, [effort(other) for other in upwards[done:]])
        walk.take(
            cut,
            notifier(progress, done, len(cuts), halves(cut)),
            lambda: clock.over(share),
            seconds,
        )
    single = counts[(1,) * len(samples.shape)] if excess else None
    terms = _Terms(walk, counts, bases, single)
    ended = _refined(
        terms,
        precision,
        clock,
        share,
        progress and (lambda: progress(len(cuts), len(cuts), "refining")),
    )
    other = (
        replace(given, histories=()) if given else None
    )  # which are of all its state points together
    if crossing and not any(why == "stopped" for _, why in walk.beyond):
        rule = chain_rule or ChainRule(folds=folds, seed=seed, device=device, threads=threads)
        rule = (
            replace(rule, training=replace(rule.training, seconds=clock.ration(1.0, [1.0])))
            if time_limit
            else rule
        )
        warm = critic.rule if isinstance(critic, TrainedCritic) else ()
        other = _crossed(
            samples,
            rule,
            warm,
            progress and (lambda: progress(len(cuts), len(cuts), "cross-check")),
            clock,
            watch,
        )
    timing = {"counting": counted - started, "total": perf_counter() - started}
    return _result(terms, other, ended, {"precision": precision, "time_limit": time_limit}, timing)


@dataclass(frozen=True, eq=False)
class _Terms:
    """All that the sum is made of."""

    walk: Climb
    counts: BlockCounts
    bases: Mapping[Shape, int]
    single: CountedBlock | None

    @property
    def blocks(self) -> dict[Shape, CountedBlock]:
        return {shape: self.counts[shape] for shape in self.bases}

    def budget(self) -> dict[str, float]:
        return _budget(self, _levels(self), _influence(self))


def _refined(
    terms: _Terms, precision: float, clock: Clock, share: float, progress: Callable[[], None] | None
) -> str:
    """Train further where most is missing, until the error is small enough; why that ended."""
    walk, rounds = terms.walk, dict.fromkeys(range(len(terms.walk.found)), 0)

    def look() -> None:
        if progress:
            progress()
        if clock.over(share):
            raise Stopped("stopped while refining")

    while True:
        budget = terms.budget()
        if clock.over(share) or any(why == "stopped" for _, why in walk.beyond):
            return "time limit" if clock.late(share) else "stopped"
        if np.sqrt(sum(part**2 for part in budget.values())) <= precision:
            return "precision"
        late = sum(
            walk.rungs.weight(cut) * found.late
            for cut, found in zip(walk.cuts, walk.found, strict=True)
        )
        rest = {**budget, "training": budget["training"] - late}
        if late <= max(rest.values()):  # more training would help little
            return "training" if rest["training"] == max(rest.values()) else "samples"
        open_ = [place for place, count in rounds.items() if count < _REFINED]
        if not open_:
            return "training"
        place = max(open_, key=lambda one: walk.rungs.weight(walk.cuts[one]) * walk.found[one].late)
        rounds[place] += 1
        try:
            if not walk.refine(place, rounds[place], look):
                rounds[place] = _REFINED
        except Stopped:
            continue


def _crossed(
    samples: Samples,
    rule: ChainRule,
    warm: Sequence[nn.Module | Weights],
    progress: Callable[[], None] | None,
    clock: Clock,
    watch: Watch | None,
) -> Conditional | None:
    """The other route, unless it is stopped."""

    def look() -> None:
        if progress:
            progress()
        if clock.over():
            raise Stopped("stopped before the cross-check was complete")

    try:
        found = estimate_conditional(
            samples, rule, warm=warm, progress=look, watch=watch and partial(watch, "chain rule")
        )
    except Stopped:
        return None
    return None if found.status == DIVERGED else found


def _autocorrelation(
    samples: Samples, counts: BlockCounts, bases: Mapping[Shape, int]
) -> dict[str, float]:
    """tau_int in draws of the slowest observable, what the samples amount to, R-hat."""
    series = list(observables(samples).values())
    series += [counts[shape].influence.reshape(samples.chains, samples.draws) for shape in bases]
    tau = max(tau_int(one) for one in series)
    ratios = [rhat(one) for one in series]
    return {
        "tau": tau,
        "effective": samples.n / (2 * tau),
        "rhat": float(np.nanmax([1.0, *ratios])),
    }


def _result(
    terms: _Terms,
    other: Conditional | None,
    ended: str,
    asked: Mapping[str, float | None],
    timing: dict[str, float],
) -> EntropyResult:
    walk, blocks, rungs, samples = terms.walk, terms.blocks, terms.walk.rungs, terms.walk.samples
    levels, influence = _levels(terms), _influence(terms)
    site = terms.single.entropy if terms.single else 0.0
    total = (
        sum(count * blocks[shape].entropy for shape, count in terms.bases.items()) / rungs.volume
    )
    above = [level for level in levels if level.source != COUNTED]
    entropy = total - site - sum(level.weight * level.mutual_information for level in above)
    budget = _budget(terms, levels, influence)
    timing["training"] = sum(found.seconds for found in walk.found)
    crossed = None
    if other:
        timing["cross_check"] = other.seconds
        error, apart = (
            _other_error(other, samples),
            _difference_error(budget, influence, other, samples),
        )
        # what is shown beside an excess is one, too
        histories = tuple(
            replace(history, bound=[bound + site for bound in history.bound])
            for history in other.histories
        )
        crossed = CrossCheck(
            other.entropy - site, error, float(entropy - other.entropy + site), apart, histories
        )
    described = {"n": samples.n, "shape": list(samples.shape), "kind": samples.kind, **walk.chain}
    bases_found = tuple(
        Base(
            shape,
            count,
            blocks[shape].entropy,
            _block_error(blocks[shape], samples),
            blocks[shape].windows,
        )
        for shape, count in terms.bases.items()
    )
    return EntropyResult(
        entropy=float(entropy),
        error=float(np.sqrt(sum(part**2 for part in budget.values()))),
        budget=budget,
        levels=levels,
        bases=bases_found,
        status=checked(described, levels, bases_found, budget, terms.counts.refused, crossed),
        samples=described,
        ended=ended,
        timing=timing,
        provenance=_provenance(
            walk, {**asked, "excess": terms.single is not None, "cross_check": other is not None}
        ),
        cross_check=crossed,
        critic=_trained(walk, other),
    )


def _trained(walk: Climb, other: Conditional | None) -> TrainedCritic:
    """The networks of this estimate, for another one."""
    critic, rule = walk.estimator.critic, other.modules if other else ()
    networks = {cut.parent: found.modules for cut, found in zip(walk.cuts, walk.found, strict=True)}
    return TrainedCritic(
        critic.critic if isinstance(critic, TrainedCritic) else critic, networks, rule
    )


def _other_error(other: Conditional, samples: Samples) -> float:
    return float(np.hypot(series_error(other.influence, samples), other.missing))


def _difference_error(
    budget: Mapping[str, float], influence: np.ndarray, other: Conditional, samples: Samples
) -> float:
    """Of one route minus the other, on the same samples."""
    shared = series_error(influence - other.influence, samples)
    return float(
        np.sqrt(
            shared**2
            + other.missing**2
            + sum(part**2 for name, part in budget.items() if name != "samples")
        )
    )


def _levels(terms: _Terms) -> tuple[Level, ...]:
    """Every cut of the ladder, largest blocks first."""
    walk, counts = terms.walk, terms.counts
    rows = [(cut, *_estimated(found)) for cut, found in zip(walk.cuts, walk.found, strict=True)]
    if walk.beyond:
        law, known = walk.law(counts), len(walk.found) >= LEAST_KNOWN
        for cut, why in walk.beyond:
            m = law(cut.interface)
            rows.append(
                (cut, m, law.error(cut.interface) if known else m, EXTRAPOLATED, why, {}, ())
            )
    above = {row[0].parent for row in rows}
    for cut in walk.rungs.cuts:
        if cut.parent not in above:
            value, influence = counts.mutual_information(cut)
            error = series_error(influence, walk.samples)
            rows.append((cut, value, error, COUNTED, COUNTED, {}, ()))
    rows.sort(key=lambda row: [cut.parent for cut in walk.rungs.cuts].index(row[0].parent))
    return tuple(
        Level(
            cut.level, cut.left, cut.volume, cut.interface, cut.faces, walk.rungs.weight(cut),
            float(value), float(error), source, status, bounds, histories,
        )
        for cut, value, error, source, status, bounds, histories in rows
    )  # fmt: skip


def _estimated(found: Information) -> tuple[Any, ...]:
    return found.value, found.error, ESTIMATED, found.status, found.bounds, found.histories


def _influence(terms: _Terms) -> np.ndarray:
    """How much each sample moves s, shape `(n,)`."""
    walk, blocks, bases, single = terms.walk, terms.blocks, terms.bases, terms.single
    influence = (
        sum(count * _centred(blocks[shape].influence) for shape, count in bases.items())
        / walk.rungs.volume
    )
    influence = influence - _centred(single.influence) if single else influence
    for cut, found in zip(walk.cuts, walk.found, strict=True):
        influence = influence - walk.rungs.weight(cut) * found.influence
    return influence


def _budget(terms: _Terms, levels: Sequence[Level], influence: np.ndarray) -> dict[str, float]:
    """What the error of s is made of, in nats per site."""
    walk, blocks, bases, single = terms.walk, terms.blocks, terms.bases, terms.single
    volume, weight = walk.rungs.volume, walk.rungs.weight
    left_out = single.bias_error if single else 0.0
    pairs = list(zip(walk.cuts, walk.found, strict=True))
    return {
        "samples": series_error(influence, walk.samples),
        "base": abs(
            sum(count * blocks[shape].bias_error for shape, count in bases.items()) / volume
            - left_out
        ),
        "training": sum(weight(cut) * found.missing for cut, found in pairs),
        "folds": float(np.sqrt(sum((weight(cut) * found.spread) ** 2 for cut, found in pairs))),
        "tail": sum(level.weight * level.error for level in levels if level.source == EXTRAPOLATED),
    }


def _block_error(block: CountedBlock, samples: Samples) -> float:
    return float(np.hypot(series_error(block.influence, samples), block.bias_error))


def _centred(influence: np.ndarray) -> np.ndarray:
    return influence - influence.mean()


def _provenance(walk: Climb, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": __version__,
        "seed": walk.estimator.seed,
        "configuration": {**walk.estimator.described(), "tail": walk.tail, **asked},
        "samples": dict(walk.samples.provenance),
        "symmetries": list(walk.samples.symmetries),
        "periodic": list(walk.samples.periodic),
    }
