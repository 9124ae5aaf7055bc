"""Rotors in fields by the chain rule: s, and M between two blocks of an eighth of the lattice.

At H = 0.1, T = 0.9 critics know M of 32x16 sites as 3.03 +- 0.32 nats after 162 s of one core, the chain rule as
2.98 +- 0.10 (T = 1) after 42 s.  Every field is a chain from high to low temperature, each state point a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, wait
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.atomic import atomic
from ..base.errors import EstimateError, Stopped
from ..base.random import Streams
from ..chain_rule.estimate import ChainRule, estimate_chain_rule
from ..data.statistics import series_error
from ..estimation.networks import Networks
from ..geometry.cuts import Cut, ladder
from ..sweep.executors import processes
from ..systems import system
from .lattices import ROTORS, Effort, Progress

if TYPE_CHECKING:
    import xarray

__all__ = ["SHARE", "by_chain_rule", "cut_of"]

SHARE = 8  # of the lattice's sites that a block has: 32x16 of 64x64
_TICK = 0.5  # seconds between looks at what is done
_VALUES = {
    "entropy": ("nats/site", "entropy by the chain rule"),
    "error": ("nats/site", "one standard error of it"),
    "mutual_information": ("nats", "mutual information of two blocks, by the chain rule"),
    "mutual_information_error": ("nats", "one standard error of it"),
    "seconds": ("s", "wall time of one core, of samples too"),
}


@dataclass(frozen=True)
class _Chain:
    """One field, from high to low temperature."""

    folder: Path
    field: float
    temperatures: tuple[float, ...]
    size: int
    samples: int
    rule: ChainRule
    seed: int

    def path(self, temperature: float) -> Path:
        return self.folder / f"field-{self.field:g}-{temperature:g}.json"


def cut_of(size: int) -> Cut:
    """Between two blocks of an eighth of a square lattice, not round it.

    Example:
        >>> cut_of(64).left
        (16, 32)
    """
    return next(
        cut for cut in ladder((size, size), (True, True)).cuts if prod(cut.left) * SHARE == size**2
    )


def by_chain_rule(
    folder: Path, effort: Effort, *, threads: int = 2, progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """S and M over field and temperature, without a field too, from the files in the folder, or made now.

    Arguments:
        folder, effort, threads, progress, stop: See `fig1.study`.

    Raises:
        Stopped: The user ended it; finished state points are kept.
        EstimateError: A worker was killed.
    """
    import xarray

    training = replace(ChainRule().training, steps=effort.field_steps)
    chains = [
        _Chain(
            folder, h, effort.field_temperatures, effort.size, effort.samples,
            ChainRule(training=training, evaluations=effort.field_sites),
            Streams(effort.seed).integer("chain rule", h),
        )
        for h in (0.0, *effort.fields)
    ]  # fmt: skip
    paths = [chain.path(t) for chain in chains for t in chain.temperatures]
    with processes(threads)() as executor:
        left = {
            executor.submit(_run, chain)
            for chain in chains
            if not all(chain.path(t).exists() for t in chain.temperatures)
        }
        while left:
            ended, left = wait(left, timeout=_TICK)
            try:
                for future in ended:
                    future.result()
            except BrokenExecutor as error:
                raise EstimateError(
                    f"a worker died: killed, or out of memory; what {folder} holds is kept, and the same command goes on"
                ) from error
            if progress:
                progress(sum(path.exists() for path in paths), len(paths), "rotors in fields")
            if left and stop and stop():  # the state points begun are lost, a minute each
                raise Stopped(f"stopped; what {folder} holds is kept, and the same command goes on")
    temperatures = sorted(effort.field_temperatures)
    said = [[json.loads(chain.path(t).read_text()) for t in temperatures] for chain in chains]
    return xarray.Dataset(
        {
            name: (
                ("field", "temperature"),
                np.array([[one[name] for one in row] for row in said]),
                {"units": units, "long_name": told},
            )
            for name, (units, told) in _VALUES.items()
        },
        {"field": [chain.field for chain in chains], "temperature": temperatures},
    )


def _run(chain: _Chain) -> None:
    """The state points of a chain that are left, each from the networks of the one before."""
    cut, before = cut_of(chain.size), None
    for temperature in chain.temperatures:
        path = chain.path(temperature)
        networks = path.with_suffix(".pt")
        if not path.exists():
            started = perf_counter()
            warm = Networks.load(before).chain_rule if before else ()
            samples = system(
                ROTORS, size=chain.size, temperature=temperature, field=chain.field
            ).sample(
                chain.samples,
                seed=Streams(chain.seed).integer("samples", temperature),
                threads=1,
            )
            found = estimate_chain_rule(
                samples, chain.rule, cuts=[cut], warm_start=warm, seed=chain.seed, threads=1
            )
            m, influence = found.mutual_information[cut.parent]
            said: dict[str, Any] = {
                "entropy": found.entropy,
                "error": float(np.hypot(series_error(found.influence, samples), found.missing)),
                "mutual_information": m,
                "mutual_information_error": float(series_error(influence, samples)),
                "seconds": perf_counter() - started,
            }
            Networks(chain_rule=found.modules).save(networks)
            with atomic(path) as part:
                part.write_text(json.dumps(said))
        before = networks
