r"""The climb up the ladder: cuts are estimated from the smallest upwards until the area law holds.

Each cut starts from the weights of the one below.  A cut beyond what the samples can certify (about
log N nats from N samples; McAllester and Stratos, AISTATS 2020, https://arxiv.org/abs/1811.04251)
is left to the area law with all cuts above it, without training if the law predicts that.  So is a
cut whose M has a relative error above a fifth that is larger than the error of the law.  Where the
axes differ, as in weakly coupled columns, cuts across each axis have a law of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import hypot, log
from typing import Generic

from torch import nn

from ..base.errors import EstimateError, Stopped
from ..estimation.estimator import Estimator, MutualInformation, Round, scale_learning_rate
from ..estimation.execution import Execution, Task
from ..estimation.history import TrainingStatus
from ..estimation.mutual_information import mutual_information_of
from ..estimation.networks import Networks, Weights
from ..estimation.training import Training
from ..geometry.area_law import AreaLaw, fit_area_law, is_level
from ..results.types import Reason
from .rungs import C, ClimbRules, LadderCut, Row, Rung
from .sample_statistics import SampleStatistics

__all__ = ["FEWEST_KNOWN", "Climb"]

FEWEST_KNOWN = 3  # estimated cuts below which the area law is a guess, possibly all wrong
_FITTED = 4  # cuts that the area law is fitted to
_TAIL_ERROR = 5e-4  # nats per site that the law may err by where more cuts could be estimated
_UNSURE = 0.2  # relative error of M above which the area law may replace it
_SIGMAS, _ALIKE = 3.0, 0.03  # errors, and share of M, within which the axes have one law
_FEWEST_PAIRS = 10.0  # effective number of product pairs that must carry <e^F>


class Climb(Generic[C]):
    """The ladder as far as it is known, from the smallest cut on.

    Args:
        cuts: The cuts that are not counted, smallest first.
        estimator: Algorithms.
        execution: Seed, device, threads and folds.
        statistics: Autocorrelation and effective number of the samples.
        shape: Numbers of chains and of draws per chain.
        rules: When the area law takes over.
        warm_start: Networks of an earlier estimate; by default each cut starts from the one below.
    """

    def __init__(
        self,
        cuts: Sequence[LadderCut[C]],
        estimator: Estimator,
        execution: Execution,
        statistics: SampleStatistics,
        shape: tuple[int, int],
        rules: ClimbRules,
        warm_start: Networks | None = None,
    ):
        self.cuts, self.statistics = tuple(cuts), statistics
        self.estimator, self.execution = estimator, execution
        self.shape, self.rules, self.warm_start = shape, rules, warm_start or Networks()
        self.rungs: list[Rung[C]] = []

    @property
    def estimated(self) -> list[tuple[LadderCut[C], MutualInformation]]:
        """The estimated cuts, smallest first."""
        return [(rung.cut, rung.estimate) for rung in self.rungs if rung.estimate is not None]

    @property
    def extrapolated(self) -> list[tuple[LadderCut[C], Reason]]:
        """The cuts left to the area law, smallest first."""
        return [(rung.cut, rung.reason) for rung in self.rungs if rung.reason is not None]

    @property
    def reason(self) -> Reason | None:
        """Why the climb ended; None while every cut was estimated."""
        return self.extrapolated[0][1] if self.extrapolated else None

    @property
    def is_stopped(self) -> bool:
        """Whether the user or a time limit ended the climb."""
        return any(reason == Reason.STOPPED for _, reason in self.extrapolated)

    def take(self, cut: LadderCut[C], task: Task, seconds: float | None = None) -> None:
        """Estimate the next cut, or leave it to the area law.

        Args:
            cut: The cut.
            task: Hooks of this work.
            seconds: Time limit for the training in seconds.
        """
        reason = self._reason_to_skip(cut)
        estimate = None if reason else self._estimated(cut, task, seconds)
        if estimate is not None:
            reason = self._reason_to_reject(cut, estimate)
        elif reason is None:
            reason = Reason.STOPPED
        self.rungs.append(Rung(cut, None if reason else estimate, reason))

    def _reason_to_skip(self, cut: LadderCut[C]) -> Reason | None:
        if self.extrapolated:
            return self.extrapolated[-1][1]
        if self.rules.tail and self.law_holds() and self._law_suffices(cut):
            return Reason.AREA_LAW
        if self.rules.predicts and self._is_hopeless(cut):
            return Reason.BEYOND_SAMPLES
        return None

    def _reason_to_reject(self, cut: LadderCut[C], estimate: MutualInformation) -> Reason | None:
        if estimate.status == TrainingStatus.DIVERGED:
            return Reason.DIVERGED
        few = estimate.support < _FEWEST_PAIRS and estimate.value > 1
        if few or estimate.value > self.certifiable(cut):
            return Reason.BEYOND_SAMPLES
        if self.rules.tail and self._law_is_better(cut, estimate):
            return Reason.AREA_LAW
        return None

    def _estimated(
        self, cut: LadderCut[C], task: Task, seconds: float | None
    ) -> MutualInformation | None:
        """M of the next cut; None if the work was stopped."""
        start = self.warm_start.nearest(cut.key)
        if not start and self.estimated:
            start = self.estimated[-1][1].modules
        try:
            return self._informed(cut, start, Round(self._first_share), task, seconds)
        except Stopped:
            return None

    @property
    def _first_share(self) -> float:
        return 1.0 if self.warm_start.cuts else self.rules.first

    def _training(self, cut: LadderCut[C], interface: float) -> Training:
        """Training with full effort: short from an earlier estimate, slow from the cut below."""
        training = self.estimator.training
        if self.warm_start.cuts:
            return training.warm()
        is_smallest = not self.estimated or cut is self.estimated[0][0]
        if is_smallest or not self.rules.slows_down:
            return training
        return scale_learning_rate(training, interface)

    def refine(self, place: int, again: int, task: Task) -> bool:
        """Train the networks of an estimated cut further.

        Args:
            place: Place of the cut among those that were estimated.
            again: How often it has been refined, this time included: each time doubles the steps.
            task: Hooks of this work.

        Returns:
            Whether the error fell or M without its missing part rose; if not, nothing changed.

        Raises:
            Stopped: The task's tick asked to stop; nothing has changed.
        """
        cut, before = self.estimated[place]
        part = Round(self._first_share * 2 ** (again - 1), again, before)
        after = self._informed(cut, before.modules, part, task)
        rose = after.value - after.missing > before.value - before.missing
        if after.status == TrainingStatus.DIVERGED or not (rose or after.error < before.error):
            return False
        rung = next(k for k, rung in enumerate(self.rungs) if rung.cut is cut)
        self.rungs[rung] = Rung(cut, after)
        return True

    def _informed(
        self,
        cut: LadderCut[C],
        warm_start: Sequence[nn.Module | Weights],
        part: Round,
        task: Task,
        seconds: float | None = None,
    ) -> MutualInformation:
        """Estimate M: the more a missing nat costs, the longer the training."""
        known, source = self.estimated, cut.source()
        training = self._training(cut, source.interface)
        if seconds is not None:
            training = replace(training, seconds=seconds)
        return mutual_information_of(
            source,
            self.shape,
            replace(self.estimator, training=training),
            self.execution,
            tau=self.statistics.tau,
            warm_start=warm_start,
            effort=cut.effort / known[0][0].effort if known else 1.0,
            part=part,
            task=task,
        )

    def certifiable(self, cut: LadderCut[C]) -> float:
        """About the largest M in nats that the samples can certify: log N."""
        return log(max(self.statistics.effective * cut.places, 2.0))

    def law_holds(self) -> bool:
        """Whether M / interface is level for the last cuts, which have different interfaces."""
        rows = self.rows()[-FEWEST_KNOWN:]
        if len(rows) < FEWEST_KNOWN or len({interface for interface, *_ in rows}) < 2:
            return False
        interfaces, _, values, errors = zip(*rows, strict=True)
        return is_level(interfaces, values, errors, rise=self.rules.rise)

    def _law_suffices(self, cut: LadderCut[C]) -> bool:
        """Whether the error of the law from this cut on is small for the entropy."""
        law = self._fitted(self.rows())
        rest = [other for other in reversed(self.cuts) if other.volume >= cut.volume]
        error = sum(other.weight * law.error(other.interface, other.rim) for other in rest)
        return error <= _TAIL_ERROR

    def _is_hopeless(self, cut: LadderCut[C]) -> bool:
        """Whether the law predicts that too few of the product pairs would carry <e^F>."""
        largest = self.certifiable(cut) - log(_FEWEST_PAIRS)
        return self._knows_law() and self.law_for(cut)(cut.interface, cut.rim) > largest

    def _law_is_better(self, cut: LadderCut[C], estimate: MutualInformation) -> bool:
        """Whether an uncertain M is better known from the cuts below."""
        unsure = estimate.error > _UNSURE * estimate.value and self._knows_law()
        return unsure and self.law_for(cut).error(cut.interface, cut.rim) < estimate.error

    def _knows_law(self) -> bool:
        rows = self.rows()
        return len(rows) >= FEWEST_KNOWN and len({interface for interface, *_ in rows}) >= 2

    def law(self, counted: Callable[[], Sequence[Row]] = lambda: ()) -> AreaLaw:
        """The area law through the last cuts.

        Args:
            counted: Returns rows of counted cuts, which help if few cuts were estimated.

        Raises:
            EstimateError: Nothing is known.
        """
        rows = self.rows()
        if len(rows) < _FITTED:
            rows = [*counted(), *rows]
        if not rows:
            raise EstimateError(
                "stopped or diverged before any level was known; train longer or with a lower rate"
            )
        return self._fitted(rows)

    def law_for(
        self, cut: LadderCut[C], counted: Callable[[], Sequence[Row]] = lambda: ()
    ) -> AreaLaw:
        """The area law for a cut: of all last cuts, or of those across its axis if these differ.

        Args:
            cut: The cut.
            counted: See `law`.

        Raises:
            EstimateError: Nothing is known.
        """
        left = self.cuts[len(self.estimated) :]
        own = self._own_law(cut) if any(map(self._has_own_law, left)) else None
        return own or self.law(counted)

    def _has_own_law(self, cut: LadderCut[C]) -> bool:
        """Whether the law of the cuts across this cut's axis differs from that of all cuts."""
        own = self._own_law(cut)
        if own is None:
            return False
        common = self._fitted(self.rows())
        size = cut.interface, cut.rim
        apart = abs(own(*size) - common(*size))
        noise = hypot(own.error(*size), common.error(*size))
        return apart > _SIGMAS * noise + _ALIKE * own(*size)

    def _own_law(self, cut: LadderCut[C]) -> AreaLaw | None:
        """The law through cuts across the same axis, if it can be known and others exist."""
        like = [
            (other.interface, other.rim, m.value, m.error)
            for other, m in self.estimated
            if other.axis == cut.axis
        ]
        if len(like) == len(self.estimated) or len({interface for interface, *_ in like}) < 2:
            return None
        return self._fitted(like)

    def rows(self) -> list[Row]:
        """Interface, its rim, M and its error of the estimated cuts."""
        return [(cut.interface, cut.rim, m.value, m.error) for cut, m in self.estimated]

    def _fitted(self, rows: Sequence[Row]) -> AreaLaw:
        interfaces, rims, values, errors = zip(*rows[-_FITTED:], strict=True)
        proportional = self.rules.proportional and self.law_holds()
        return fit_area_law(interfaces, values, errors, proportional=proportional, rims=rims)
