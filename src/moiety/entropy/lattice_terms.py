"""The terms of Eq. 4 for a lattice: counted blocks, estimated cuts, extrapolated cuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np

from ..data.samples import Samples
from ..data.statistics import series_error
from ..estimation.windows import windows_of
from ..geometry.cuts import Cut, Ladder, Shape
from ..results.types import Base, Level, Source
from .budget import BaseTerm, EntropySum, TailTerm
from .climb import FEWEST_KNOWN, Climb
from .counted_blocks import BlockCounts, CountedBlock
from .rungs import LadderCut, Row

__all__ = ["LatticeTerms", "ladder_cut"]


def ladder_cut(cut: Cut, ladder: Ladder, samples: Samples, device: str) -> LadderCut[Cut]:
    """A cut of a lattice for the climb.

    The effort of training falls like V^(-1/3): a missing nat costs more in smaller blocks.

    Args:
        cut: The cut.
        ladder: Its ladder.
        samples: Configurations.
        device: Where the samples are kept.
    """
    left, right = ("x".join(map(str, half)) for half in (cut.left, cut.right))
    return LadderCut(
        cut=cut,
        key=cut.parent,
        name=f"{left} | {right}",
        volume=cut.volume,
        interface=cut.interface,
        weight=ladder.weight(cut),
        places=ladder.volume / prod(cut.parent),
        source=partial(windows_of, samples, cut, device),
        effort=cut.volume ** (-1 / 3),
        axis=cut.axis,
    )


@dataclass(frozen=True, eq=False)
class LatticeTerms:
    """Everything that the entropy of a lattice is made of.

    Args:
        ladder: All cuts of the lattice.
        samples: Configurations.
        counts: Counted blocks.
        bases: How often each smallest block occurs.
        single: The single site, if its entropy is left out.
        climb: Estimated and extrapolated cuts.
    """

    ladder: Ladder
    samples: Samples
    counts: BlockCounts
    bases: Mapping[Shape, int]
    single: CountedBlock | None
    climb: Climb[Cut]

    @property
    def site(self) -> float:
        """Entropy that is left out, in nats per site."""
        return self.single.entropy if self.single else 0.0

    def sum(self) -> EntropySum:
        """The sum of all terms."""
        estimated = [(cut.weight, m) for cut, m in self.climb.estimated]
        tail = []
        for cut, _ in reversed(self.climb.extrapolated):
            m, error = self._extrapolated(cut)
            tail.append(TailTerm(cut.weight, m, error))
        return EntropySum(self._base(), estimated, tail, self.samples)

    def _base(self) -> BaseTerm:
        volume, single = self.ladder.volume, self.single
        blocks = [(count, self.counts[shape]) for shape, count in self.bases.items()]
        entropy = sum(count * block.entropy for count, block in blocks) / volume
        terms = [count * _centred(block.influence) for count, block in blocks]
        influence: np.ndarray = sum(terms[1:], terms[0]) / volume
        error = sum(count * block.bias_error for count, block in blocks) / volume
        if single is None:
            return BaseTerm(entropy, influence, abs(error))
        influence = influence - _centred(single.influence)
        return BaseTerm(entropy - single.entropy, influence, abs(error - single.bias_error))

    def _extrapolated(self, cut: LadderCut[Cut]) -> tuple[float, float]:
        """M and its error from the area law; all of M is uncertain if few cuts are known.

        Counted cuts help if few were estimated.
        """
        law = self.climb.law_for(cut, self._counted_rows)
        m = law(cut.interface, cut.rim)
        known = len(self.climb.estimated) >= FEWEST_KNOWN
        return float(m), float(law.error(cut.interface, cut.rim) if known else m)

    def _counted_rows(self) -> list[Row]:
        """Interface, its rim, M and its error of the counted cuts, smallest first."""
        if self.samples.kind != "discrete":
            return []
        rows = []
        for cut in reversed(self._counted_cuts()):
            m, influence = self.counts.mutual_information(cut)
            error = series_error(influence, self.samples)
            rows.append((float(cut.interface), 1.0, m, error))
        return rows

    def _counted_cuts(self) -> list[Cut]:
        """The cuts inside the bases, largest first."""
        above = {cut.key for cut in self.climb.cuts}
        return [cut for cut in self.ladder.cuts if cut.parent not in above]

    def levels(self) -> tuple[Level, ...]:
        """Every cut of the ladder, largest blocks first."""
        levels = {**self._extrapolated_levels(), **self._estimated_levels()}
        for cut in self._counted_cuts():
            m, influence = self.counts.mutual_information(cut)
            error = series_error(influence, self.samples)
            levels[cut.parent] = self._level(cut, m, error, Source.COUNTED, "counted")
        return tuple(levels[cut.parent] for cut in self.ladder.cuts)

    def _extrapolated_levels(self) -> dict[Shape, Level]:
        levels = {}
        for step, reason in self.climb.extrapolated:
            m, error = self._extrapolated(step)
            levels[step.cut.parent] = self._level(step.cut, m, error, Source.EXTRAPOLATED, reason)
        return levels

    def _estimated_levels(self) -> dict[Shape, Level]:
        levels = {}
        for step, m in self.climb.estimated:
            level = self._level(step.cut, m.value, m.error, Source.ESTIMATED, m.status)
            levels[step.cut.parent] = replace(level, bounds=m.bounds, histories=m.histories)
        return levels

    def _level(self, cut: Cut, m: float, error: float, source: Source, status: str) -> Level:
        return Level(
            cut.level,
            cut.left,
            cut.volume,
            cut.interface,
            cut.faces,
            self.ladder.weight(cut),
            float(m),
            float(error),
            source,
            str(status),
        )

    def base_blocks(self) -> tuple[Base, ...]:
        """The counted blocks that the sum starts from."""
        return tuple(
            Base(
                shape,
                count,
                self.counts[shape].entropy,
                self._block_error(self.counts[shape]),
                self.counts[shape].windows,
            )
            for shape, count in self.bases.items()
        )

    def _block_error(self, block: CountedBlock) -> float:
        return float(np.hypot(series_error(block.influence, self.samples), block.bias_error))


def _centred(influence: np.ndarray) -> np.ndarray:
    centred: np.ndarray = influence - influence.mean()
    return centred
