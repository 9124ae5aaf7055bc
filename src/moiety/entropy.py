r"""The entropy of a lattice system from its samples.

    s = (1 / V_0) [ sum_bases n S(base) - sum_cuts n M(cut) ]             (Eq. 4)

Small blocks are counted.  The cuts above them are estimated from the smallest upwards,
each starting from the weights of the one before, until the area law holds or a cut is
past what the samples can carry (about log N nats from N samples; McAllester and
Stratos, AISTATS 2020); the rest is extrapolated.  The error adds up

    samples    the spread between samples of their influence on s, all terms together
    base       what the bias correction of the counts may leave
    training   what longer training or more samples may still find, by late gains and
               what calibration mended: under-fitted M make s too large, all levels
               alike, so these add up without cancelling
    folds      the distance between folds beyond what the samples explain
    tail       of the extrapolated cuts, which all err together
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from math import log, prod
from time import perf_counter
from typing import Any

import numpy as np

from . import __version__
from .blocks import BlockCounts, CountedBlock
from .chains import block_labels, jackknife_error, observables, rhat, standard_error, tau_int
from .checks import Crossing, checked
from .conditional import ChainRule, Conditional, estimate_conditional
from .critics import Critic
from .errors import EstimateError, InputError, Stopped
from .geometry import Cut, Ladder, Shape, ladder
from .mutual_information import Estimator, Information, estimate_information
from .objectives import Bound, Objective
from .results import COUNTED, ESTIMATED, EXTRAPOLATED, Base, EntropyResult, Estimate, Level
from .samples import Samples
from .tail import AreaLaw, fit_area_law, is_level
from .training import DIVERGED, Training

__all__ = ["estimate_entropy"]

_LEVEL_RISE = 0.02  # relative change of M / interface below which the area law holds
_FITTED = 4  # cuts that the area law is fitted to
_LEAST_KNOWN = 3  # estimated cuts without which the area law is a guess, wrong by up to all of it
_LEAST_SUPPORT = 10.0  # product pairs that must carry <e^F>
_JACKKNIFE_BLOCKS = 40

Progress = Callable[[float, int, str], None]


def estimate_entropy(
    samples: Samples,
    *,
    critic: Critic | None = None,
    objective: Objective | None = None,
    bound: Bound | None = None,
    training: Training | None = None,
    cross_check: bool = True,
    chain_rule: ChainRule | None = None,
    folds: int = 2,
    excess: bool = False,
    tail: bool = True,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 2,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> EntropyResult:
    """The entropy per site, with its error and its split over length scales.

    Arguments:
        samples: Configurations at one state point.
        critic: Network that scores pairs; `InterfaceCritic()` by default.
        objective: What training minimises; `JensenShannon()` by default.
        bound: What is read out; `DonskerVaradhanBound()` by default.
        training: See `Training`.
        cross_check: Whether the entropy is estimated by the chain rule, too.
        chain_rule: How; `ChainRule()` with these folds, seed, device and threads by default.
        folds: Held-out sets; each sample is held out once.
        excess: Leave out the entropy of the single sites (Eq. 8): -sum M / (2 V).
        tail: Whether levels may be extrapolated where the area law holds.  Levels past
            what the samples can carry always are.
        seed: Of all random numbers.
        device: Where the networks live.
        threads: Trainings side by side.
        progress: Called as (levels done, levels, text).
        stop: Asked often; once it says True, the remaining levels are extrapolated.

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
        raise InputError(f"folds must be from 2 to {samples.n // 4}, a quarter of the samples, not {folds}")
    counts = BlockCounts(samples)
    cuts, bases = rungs.above(counts.is_base)
    counted = perf_counter()
    walk = _Walk(rungs, samples, estimator, _autocorrelation(samples, counts, bases), tail)
    for done, cut in enumerate(reversed(cuts)):
        walk.take(cut, _notifier(progress, done, len(cuts), cut), stop)
    other = None
    if cross_check and not any(why == "stopped" for _, why in walk.beyond):
        rule = chain_rule or ChainRule(folds=folds, seed=seed, device=device, threads=threads)
        other = _crossed(samples, rule, progress and (lambda: progress(len(cuts), len(cuts), "cross-check")), stop)
    timing = {"counting": counted - started, "total": perf_counter() - started}
    return _result(walk, counts, bases, other, excess, timing)


def _crossed(
    samples: Samples, rule: ChainRule, progress: Callable[[], None] | None, stop: Callable[[], bool] | None
) -> Conditional | None:
    """The other route, unless the user stops it."""

    def look() -> None:
        if progress:
            progress()
        if stop and stop():
            raise Stopped("stopped before the cross-check was complete")

    try:
        found = estimate_conditional(samples, rule, progress=look)
    except Stopped:
        return None
    return None if found.status == DIVERGED else found


@dataclass
class _Walk:
    """The way up the ladder: what is known so far, from the smallest cut on."""

    rungs: Ladder
    samples: Samples
    estimator: Estimator
    chain: Mapping[str, float]
    tail: bool
    cuts: list[Cut] = field(default_factory=list)
    found: list[Information] = field(default_factory=list)
    beyond: list[tuple[Cut, str]] = field(default_factory=list)

    def take(self, cut: Cut, progress: Callable[[], None] | None, stop: Callable[[], bool] | None) -> None:
        """Estimate the next cut, or leave it to the area law."""
        if self.beyond:
            self.beyond.append((cut, self.beyond[-1][1]))
        elif self.tail and self.law_holds():
            self.beyond.append((cut, "area law"))
        else:
            self._estimate(cut, progress, stop)

    def _estimate(self, cut: Cut, progress: Callable[[], None] | None, stop: Callable[[], bool] | None) -> None:
        def look() -> None:
            if progress:
                progress()
            if stop and stop():
                raise Stopped("stopped before the estimate was complete")

        first = self.cuts[0].volume if self.cuts else cut.volume
        try:
            found = estimate_information(
                self.samples,
                cut,
                self.estimator,
                tau=self.chain["tau"],
                warm=self.found[-1].modules if self.found else (),
                effort=(first / cut.volume) ** (1 / 3),
                progress=look,
            )
        except Stopped:
            self.beyond.append((cut, "stopped"))
            return
        if found.status == DIVERGED:
            self.beyond.append((cut, DIVERGED))
        elif found.value > self.carried(cut) or (found.support < _LEAST_SUPPORT and found.value > 1):
            self.beyond.append((cut, "past the samples"))
        else:
            self.cuts.append(cut)
            self.found.append(found)

    def carried(self, cut: Cut) -> float:
        """About the most nats that the samples can certify for a cut: log N."""
        places = self.rungs.volume / prod(cut.parent)
        return log(max(self.chain["effective"] * places, 2.0))

    def law_holds(self) -> bool:
        last = self.cuts[-_LEAST_KNOWN:]
        if len(last) < _LEAST_KNOWN or len({cut.interface for cut in last}) < 2:
            return False
        values, errors = zip(*((found.value, found.error) for found in self.found[-_LEAST_KNOWN:]), strict=True)
        return is_level([cut.interface for cut in last], values, errors, rise=_LEVEL_RISE)

    def law(self, counts: BlockCounts) -> AreaLaw:
        """The area law through the last cuts; counted ones help where few were estimated."""
        rows = [(cut.interface, found.value, found.error) for cut, found in zip(self.cuts, self.found, strict=True)]
        if len(rows) < _FITTED:
            inner = [cut for cut in self.rungs.cuts if cut.parent in counts.known and cut.parent not in counts.refused]
            inner = [cut for cut in inner if prod(cut.parent) > 1 and self.samples.kind == "discrete"]
            small = [(cut.interface, *counts.information(cut)) for cut in reversed(inner)]
            rows = [(length, m, _series_error(influence, self.samples)) for length, m, influence in small] + rows
        if not rows:
            raise EstimateError("stopped or diverged before any level was known; train longer or with a lower rate")
        lengths, values, errors = zip(*rows[-_FITTED:], strict=True)
        return fit_area_law(lengths, values, errors, proportional=self.law_holds())


def _autocorrelation(samples: Samples, counts: BlockCounts, bases: Mapping[Shape, int]) -> dict[str, float]:
    """tau_int in draws of the slowest observable, what the samples amount to, R-hat."""
    series = list(observables(samples).values())
    series += [counts[shape].influence.reshape(samples.chains, samples.draws) for shape in bases]
    tau = max(tau_int(one) for one in series)
    ratios = [rhat(one) for one in series]
    return {"tau": tau, "effective": samples.n / (2 * tau), "rhat": float(np.nanmax([1.0, *ratios]))}


def _notifier(progress: Progress | None, done: int, total: int, cut: Cut) -> Callable[[], None] | None:
    """Tells of a level once at its start, and then of the share of its looks that were taken."""
    if progress is None:
        return None
    text = f"{'x'.join(map(str, cut.left))} | {'x'.join(map(str, cut.right))}"
    progress(done, total, text)
    taken = itertools.count(1)
    return lambda: progress(done + 1 - 0.97 ** next(taken), total, text)


def _result(
    walk: _Walk,
    counts: BlockCounts,
    bases: Mapping[Shape, int],
    other: Conditional | None,
    excess: bool,
    timing: dict[str, float],
) -> EntropyResult:
    rungs, samples = walk.rungs, walk.samples
    levels = _levels(walk, counts, bases)
    blocks = {shape: counts[shape] for shape in bases}
    single = counts[(1,) * len(samples.shape)] if excess else None
    site = single.entropy if single else 0.0
    total = sum(count * blocks[shape].entropy for shape, count in bases.items()) / rungs.volume
    above = [level for level in levels if level.source != COUNTED]
    entropy = total - site - sum(level.weight * level.mutual_information for level in above)
    influence = _influence(walk, blocks, bases, single)
    budget = _budget(walk, blocks, bases, single, levels, influence)
    timing["training"] = sum(found.seconds for found in walk.found)
    crossing = None
    if other:
        timing["cross_check"] = other.seconds
        crossing = Crossing(entropy - other.entropy + site, _difference_error(budget, influence, other, samples))
    described = {"n": samples.n, "shape": list(samples.shape), "kind": samples.kind, **walk.chain}
    bases_found = tuple(
        Base(shape, count, blocks[shape].entropy, _block_error(blocks[shape], samples), blocks[shape].windows)
        for shape, count in bases.items()
    )
    return EntropyResult(
        entropy=float(entropy),
        error=float(np.sqrt(sum(part**2 for part in budget.values()))),
        budget=budget,
        levels=levels,
        bases=bases_found,
        status=checked(described, levels, bases_found, budget, counts.refused, crossing),
        samples=described,
        timing=timing,
        provenance=_provenance(walk, excess, other is not None),
        cross_check=other and Estimate(other.entropy - site, _other_error(other, samples)),
    )


def _other_error(other: Conditional, samples: Samples) -> float:
    return float(np.hypot(_series_error(other.influence, samples), other.missing))


def _difference_error(
    budget: Mapping[str, float], influence: np.ndarray, other: Conditional, samples: Samples
) -> float:
    """Of one route minus the other, on the same samples."""
    shared = _series_error(influence - other.influence, samples)
    return float(np.sqrt(shared**2 + other.missing**2 + sum(part**2 for name, part in budget.items() if name != "samples")))


def _levels(walk: _Walk, counts: BlockCounts, bases: Mapping[Shape, int]) -> tuple[Level, ...]:
    """Every cut of the ladder, largest blocks first."""
    rows = [(cut, *_estimated(found)) for cut, found in zip(walk.cuts, walk.found, strict=True)]
    if walk.beyond:
        law, known = walk.law(counts), len(walk.found) >= _LEAST_KNOWN
        for cut, why in walk.beyond:
            m = law(cut.interface)
            rows.append((cut, m, law.error(cut.interface) if known else m, EXTRAPOLATED, why, {}, ()))
    above = {row[0].parent for row in rows}
    for cut in walk.rungs.cuts:
        if cut.parent not in above:
            value, influence = counts.information(cut)
            error = _series_error(influence, walk.samples)
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


def _influence(
    walk: _Walk, blocks: Mapping[Shape, CountedBlock], bases: Mapping[Shape, int], single: CountedBlock | None
) -> np.ndarray:
    """How much each sample moves s, shape `(n,)`."""
    influence = sum(count * _centred(blocks[shape].influence) for shape, count in bases.items()) / walk.rungs.volume
    influence = influence - _centred(single.influence) if single else influence
    for cut, found in zip(walk.cuts, walk.found, strict=True):
        influence = influence - walk.rungs.weight(cut) * found.influence
    return influence


def _budget(
    walk: _Walk,
    blocks: Mapping[Shape, CountedBlock],
    bases: Mapping[Shape, int],
    single: CountedBlock | None,
    levels: Sequence[Level],
    influence: np.ndarray,
) -> dict[str, float]:
    """What the error of s is made of, in nats per site."""
    volume, weight = walk.rungs.volume, walk.rungs.weight
    left_out = single.bias_error if single else 0.0
    pairs = list(zip(walk.cuts, walk.found, strict=True))
    return {
        "samples": _series_error(influence, walk.samples),
        "base": abs(sum(count * blocks[shape].bias_error for shape, count in bases.items()) / volume - left_out),
        "training": sum(weight(cut) * found.missing for cut, found in pairs),
        "folds": float(np.sqrt(sum((weight(cut) * found.spread) ** 2 for cut, found in pairs))),
        "tail": sum(level.weight * level.error for level in levels if level.source == EXTRAPOLATED),
    }


def _block_error(block: CountedBlock, samples: Samples) -> float:
    return float(np.hypot(_series_error(block.influence, samples), block.bias_error))


def _series_error(influence: np.ndarray, samples: Samples) -> float:
    """One standard error of a mean over samples: autocorrelation counted, or a jackknife if that is larger."""
    series = influence.reshape(samples.chains, samples.draws)
    blocks = block_labels(*series.shape, min(_JACKKNIFE_BLOCKS, max(samples.n // 4, 2)))
    return float(max(standard_error(series), jackknife_error(series, blocks)))


def _centred(influence: np.ndarray) -> np.ndarray:
    return influence - influence.mean()


def _provenance(walk: _Walk, excess: bool, crossed: bool) -> dict[str, Any]:
    configuration = {
        name: {"name": type(part).__name__, **asdict(part)} if is_dataclass(part) else part
        for name, part in vars(walk.estimator).items()
    }
    return {
        "version": __version__,
        "seed": walk.estimator.seed,
        "configuration": {**configuration, "excess": excess, "tail": walk.tail, "cross_check": crossed},
        "samples": dict(walk.samples.provenance),
        "symmetries": list(walk.samples.symmetries),
        "periodic": list(walk.samples.periodic),
    }
