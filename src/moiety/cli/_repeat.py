"""`moiety repeat`: make a result again from its provenance, and compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..base.errors import EstimateError
from ._options import Json
from ._terminal import Interrupts, note, progress_bar, say

if TYPE_CHECKING:
    from ..entropy.repeat import Repetition

__all__ = ["EXAMPLE", "repeat"]

EXAMPLE = """Example:

\b
  moiety repeat result.nc
  moiety repeat result.nc --samples spins.npy
"""

_Result = Annotated[Path, Argument(metavar="RESULT", help="Result of moiety estimate --out (.nc).")]
_Samples = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="File with the samples; by default the samples are drawn again, if moiety drew them.",
    ),
]


def repeat(result: _Result, samples: _Samples = None, as_json: Json = False) -> None:
    """Make a result again from its provenance, and compare.

    The result records version, seed and configuration, and a digest of its samples.
    Samples that moiety drew are drawn again; others are read from --samples, in the
    way that the result records. On the same machine, with the same versions, every
    number is bitwise the same, with any number of threads.

    Prints both entropies and how far they are apart. The exit code is 0 if every
    number is bitwise the same, otherwise 1.
    """
    from ..entropy.repeat import repeat_result, samples_of
    from ..results.result import EntropyResult

    recorded = EntropyResult.load(result)
    text = "stopping early: the repetition will differ; Ctrl-C again interrupts"
    with progress_bar("samples") as update, Interrupts(text) as stop:
        drawn = samples_of(recorded, samples)
        repetition = repeat_result(recorded, drawn, progress=update, should_stop=stop)
    if not repetition.same_samples:
        note("the samples are not those of the result: their digests differ")
    say(json.dumps(_row(repetition)) if as_json else _lines(repetition))
    if not repetition.is_same:
        raise EstimateError(f"not the same: {repetition}")


def _row(repetition: Repetition) -> dict[str, Any]:
    both = {"recorded": repetition.recorded, "repeated": repetition.repeated}
    rows: dict[str, Any] = {
        name: {"entropy": one.entropy, "error": one.error} for name, one in both.items()
    }
    rows |= {"difference": repetition.difference, "same": repetition.is_same}
    return rows | {"same_samples": repetition.same_samples}


def _lines(repetition: Repetition) -> str:
    from ..base.words import measured

    both = {"recorded": repetition.recorded, "repeated": repetition.repeated}
    lines = [
        f"{name}  s = {measured(one.entropy, one.error)} {one.unit}"
        f"  [moiety {one.provenance.get('version')}, seed {one.provenance.get('seed')}]"
        for name, one in both.items()
    ]
    return "\n".join([*lines, *([str(repetition)] if repetition.is_same else [])])
