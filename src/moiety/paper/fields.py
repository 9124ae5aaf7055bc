"""Rotors in fields by the chain rule: s, and M between two blocks of an eighth of the lattice.

At H = 0.1, M of 32x16 sites is 3.03 ± 0.32 nats by critics (T = 0.9, 162 s on one core) and
2.98 ± 0.10 nats by the chain rule (T = 1, 42 s).  Each field is a sequence of state points from
high to low temperature, and each state point is a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, wait
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

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
from .lattices import ROTORS, Effort, Progress, resumable

if TYPE_CHECKING:
    import xarray

__all__ = ["SHARE", "by_chain_rule", "cut_of"]

SHARE = 8  # sites of the lattice per site of a block: 32x16 of 64x64
_TICK = 0.5  # seconds between checks of the workers
_VALUES = {
    "entropy": ("nats/site", "entropy by the chain rule"),
    "error": ("nats/site", "standard error of the entropy"),
    "mutual_information": ("nats", "mutual information of two blocks, by the chain rule"),
    "mutual_information_error": ("nats", "standard error of the mutual information"),
    "seconds": ("s", "wall time on one core, with sampling"),
}


@dataclass(frozen=True)
class _Chain:
    """State points of a field, from high to low temperature."""

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
    """The cut between two open blocks of an eighth of a square lattice.

    Args:
        size: Side of the lattice in sites.

    Example:
        >>> cut_of(64).left
        (16, 32)
    """
    cuts = ladder((size, size), (True, True)).cuts
    return next(cut for cut in cuts if prod(cut.left) * SHARE == size**2)


def by_chain_rule(
    folder: Path, effort: Effort, *, threads: int = 2, progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> xarray.Dataset:  # fmt: skip
    """Estimate s and M over field and temperature; state points with a file are not repeated.

    Args:
        folder: Folder of the files.
        effort: Sizes, temperatures and training; see `lattices.Effort`.
        threads: Number of worker processes.
        progress: Called as `progress(done, total, text)`.
        should_stop: Asked often; once it returns True, `Stopped` is raised.

    Returns:
        Dataset over the fields of `effort` with H = 0, and temperature.

    Raises:
        Stopped: The user stopped; finished state points are kept.
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
    _run_all(chains, folder, threads, progress, should_stop)
    temperatures = sorted(effort.field_temperatures)
    points = [[json.loads(chain.path(t).read_text()) for t in temperatures] for chain in chains]
    return xarray.Dataset(
        {
            name: (
                ("field", "temperature"),
                np.array([[point[name] for point in row] for row in points]),
                {"units": units, "long_name": long_name},
            )
            for name, (units, long_name) in _VALUES.items()
        },
        {"field": [chain.field for chain in chains], "temperature": temperatures},
    )


def _run_all(
    chains: list[_Chain], folder: Path, threads: int, progress: Progress | None,
    should_stop: Callable[[], bool] | None,
) -> None:  # fmt: skip
    """Run what is left of the chains in worker processes."""
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
                    f"a worker died: killed, or out of memory; {resumable(folder)}"
                ) from error
            if progress:
                progress(sum(path.exists() for path in paths), len(paths), "rotors in fields")
            if (
                left and should_stop and should_stop()
            ):  # unfinished state points are lost, a minute each
                raise Stopped(f"stopped; {resumable(folder)}")


def _run(chain: _Chain) -> None:
    """Estimate the missing state points; each starts from the networks of the previous one."""
    previous = None
    for temperature in chain.temperatures:
        networks = chain.path(temperature).with_suffix(".pt")
        if not chain.path(temperature).exists():
            _run_point(chain, temperature, previous, networks)
        previous = networks


def _run_point(chain: _Chain, temperature: float, previous: Path | None, networks: Path) -> None:
    started, cut = perf_counter(), cut_of(chain.size)
    warm = Networks.load(previous).chain_rule if previous else ()
    model = system(ROTORS, size=chain.size, temperature=temperature, field=chain.field)
    seed = Streams(chain.seed).integer("samples", temperature)
    samples = model.sample(chain.samples, seed=seed, threads=1)
    estimate = estimate_chain_rule(
        samples, chain.rule, cuts=[cut], warm_start=warm, seed=chain.seed, threads=1
    )
    m, influence = estimate.mutual_information[cut.parent]
    values = {
        "entropy": estimate.entropy,
        "error": float(np.hypot(series_error(estimate.influence, samples), estimate.missing)),
        "mutual_information": m,
        "mutual_information_error": float(series_error(influence, samples)),
        "seconds": perf_counter() - started,
    }
    Networks(chain_rule=estimate.modules).save(networks)
    with atomic(chain.path(temperature)) as part:
        part.write_text(json.dumps(values))
