r"""The way up the ladder: cuts are estimated from the smallest upwards, until the area law holds.

Each cut starts from the weights of the one before.  A cut that is past what the samples can
carry (about log N nats from N samples; McAllester and Stratos, AISTATS 2020), and all above
it, are left to the area law, untrained where the law itself expects that.  So is one whose M came
out with an error of a fifth or more that is larger than the law's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import log, prod

from torch import nn

from ..base.errors import EstimateError, Stopped
from ..base.random import Streams
from ..data.samples import Samples
from ..data.statistics import series_error
from ..estimation.critics import TrainedCritic, Weights
from ..estimation.mutual_information import Estimator, Information, estimate_information, from_below
from ..estimation.training import DIVERGED, Watch
from ..geometry.area_law import AreaLaw, fit_area_law, is_level
from ..geometry.cuts import Cut, Ladder
from .counted_blocks import BlockCounts

__all__ = ["LEAST_KNOWN", "Climb", "effort", "halves"]

LEAST_KNOWN = 3  # estimated cuts without which the area law is a guess, wrong by up to all of it
_LEVEL_RISE = 0.02  # relative change of M / interface below which the area law holds
_FITTED = 4  # cuts that the area law is fitted to
_TAIL_ERROR = 5e-4  # nats per site that the area law may err by where more cuts could be estimated
_UNSURE = 0.2  # relative error of an M from which on the area law may be asked instead
_LEAST_SUPPORT = 10.0  # product pairs that must carry <e^F>


def effort(cut: Cut) -> float:
    """Of training, up to a factor that is the same for all cuts: V^(-1/3)."""
    return cut.volume ** (-1 / 3)


def halves(cut: Cut) -> str:
    """What a cut parts, in words."""
    return f"{'x'.join(map(str, cut.left))} | {'x'.join(map(str, cut.right))}"


@dataclass
class Climb:
    """The way up the ladder: what is known so far, from the smallest cut on."""

    rungs: Ladder
    samples: Samples
    estimator: Estimator
    chain: Mapping[str, float]
    tail: bool
    cuts: list[Cut] = field(default_factory=list)
    found: list[Information] = field(default_factory=list)
    beyond: list[tuple[Cut, str]] = field(default_factory=list)
    watch: Watch | None = None

    def take(
        self,
        cut: Cut,
        progress: Callable[[], None] | None,
        stop: Callable[[], bool] | None,
        seconds: float | None = None,
    ) -> None:
        """Estimate the next cut, training for so many seconds at most, or leave it to the area law."""
        if self.beyond:
            self.beyond.append((cut, self.beyond[-1][1]))
        elif self.tail and self.law_holds() and self._law_suffices(cut):
            self.beyond.append((cut, "area law"))
        elif self._is_hopeless(cut):
            self.beyond.append((cut, "past the samples"))
        else:
            self._estimate(cut, progress, stop, seconds)

    def _estimate(
        self,
        cut: Cut,
        progress: Callable[[], None] | None,
        stop: Callable[[], bool] | None,
        seconds: float | None,
    ) -> None:
        def look() -> None:
            if progress:
                progress()
            if stop and stop():
                raise Stopped("stopped before the estimate was complete")

        try:
            critic = self.estimator.critic
            handed = (
                isinstance(critic, TrainedCritic) and critic.networks
            )  # from another estimate, else from the cut below
            warm = self.found[-1].modules if self.found and not handed else ()
            training = from_below(self.estimator.training, cut) if warm else self.estimator.training
            if seconds is not None:
                training = replace(training, seconds=seconds)
            found = self._informed(
                cut, warm, replace(self.estimator, training=training), look, halves(cut)
            )
        except Stopped:
            self.beyond.append((cut, "stopped"))
            return
        if found.status == DIVERGED:
            self.beyond.append((cut, DIVERGED))
        elif found.value > self.carried(cut) or (
            found.support < _LEAST_SUPPORT and found.value > 1
        ):
            self.beyond.append((cut, "past the samples"))
        elif self.tail and self._law_is_surer(cut, found):
            self.beyond.append((cut, "area law"))
        else:
            self.cuts.append(cut)
            self.found.append(found)

    def refine(self, place: int, again: int, look: Callable[[], None]) -> bool:
        """Train the networks of a cut further; whether that made its error smaller, else nothing has changed.

        Arguments:
            place: Of the cut among those that were estimated.
            again: How often it has been refined before; new random numbers each time.
            look: Called often; may raise to stop the work, and then nothing has changed.
        """
        cut, before = self.cuts[place], self.found[place]
        seed = Streams(self.estimator.seed).integer("refine", cut.parent, again)
        found = self._informed(
            cut,
            before.modules,
            replace(self.estimator, seed=seed),
            look,
            f"{halves(cut)}, again {again}",
        )
        if found.status == DIVERGED or found.error >= before.error:
            return False
        self.found[place] = replace(
            found, histories=before.histories, seconds=before.seconds + found.seconds
        )
        return True

    def _informed(
        self,
        cut: Cut,
        warm: Sequence[nn.Module | Weights],
        estimator: Estimator,
        look: Callable[[], None],
        text: str,
    ) -> Information:
        """The smaller the block, the more a missed nat costs the entropy per site, and the longer it is trained."""
        share = effort(cut) / effort(self.cuts[0]) if self.cuts else 1.0
        told = {"progress": look, "watch": self.watch and partial(self.watch, text)}
        return estimate_information(
            self.samples, cut, estimator, tau=self.chain["tau"], warm=warm, effort=share, **told
        )

    def carried(self, cut: Cut) -> float:
        """About the most nats that the samples can certify for a cut: log N."""
        places = self.rungs.volume / prod(cut.parent)
        return log(max(self.chain["effective"] * places, 2.0))

    def law_holds(self) -> bool:
        last = self.cuts[-LEAST_KNOWN:]
        if len(last) < LEAST_KNOWN or len({cut.interface for cut in last}) < 2:
            return False
        values, errors = zip(
            *((found.value, found.error) for found in self.found[-LEAST_KNOWN:]), strict=True
        )
        return is_level([cut.interface for cut in last], values, errors, rise=_LEVEL_RISE)

    def _law_suffices(self, cut: Cut) -> bool:
        """Whether what the law leaves open from this cut on is little for the entropy per site."""
        law = self._fitted(self._rows())
        rest = [other for other in self.rungs.cuts if other.volume >= cut.volume]
        return (
            sum(self.rungs.weight(other) * law.error(other.interface) for other in rest)
            <= _TAIL_ERROR
        )

    def _is_hopeless(self, cut: Cut) -> bool:
        """Whether so much is to be expected that too few of the product pairs there are would carry <e^F>."""
        return self._knows_law() and self._fitted(self._rows())(cut.interface) > self.carried(
            cut
        ) - log(_LEAST_SUPPORT)

    def _law_is_surer(self, cut: Cut, found: Information) -> bool:
        """Whether an M that is hardly known is better known from the cuts below."""
        unsure = found.error > _UNSURE * found.value
        return (
            unsure
            and self._knows_law()
            and self._fitted(self._rows()).error(cut.interface) < found.error
        )

    def _knows_law(self) -> bool:
        return len(self.cuts) >= LEAST_KNOWN and len({known.interface for known in self.cuts}) >= 2

    def law(self, counts: BlockCounts) -> AreaLaw:
        """The area law through the last cuts; counted ones help where few were estimated."""
        rows = self._rows()
        if len(rows) < _FITTED:
            inner = [
                cut
                for cut in self.rungs.cuts
                if cut.parent in counts.known and cut.parent not in counts.refused
            ]
            inner = [
                cut for cut in inner if prod(cut.parent) > 1 and self.samples.kind == "discrete"
            ]
            small = [(cut.interface, *counts.mutual_information(cut)) for cut in reversed(inner)]
            rows = [
                (length, m, series_error(influence, self.samples)) for length, m, influence in small
            ] + rows
        if not rows:
            raise EstimateError(
                "stopped or diverged before any level was known; train longer or with a lower rate"
            )
        return self._fitted(rows)

    def _rows(self) -> list[tuple[int, float, float]]:
        """Interface, M and its error of the cuts that were estimated."""
        return [
            (cut.interface, found.value, found.error)
            for cut, found in zip(self.cuts, self.found, strict=True)
        ]

    def _fitted(self, rows: Sequence[tuple[int, float, float]]) -> AreaLaw:
        """Through interfaces, M and errors of the last cuts."""
        lengths, values, errors = zip(*rows[-_FITTED:], strict=True)
        return fit_area_law(lengths, values, errors, proportional=self.law_holds())
